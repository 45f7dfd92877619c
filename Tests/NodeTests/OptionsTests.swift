import Node
import Testing
import Units

@Suite struct NodeOptionsTests {
    @Test(arguments: [
        ("--a --b", ["--a", "--b"]), ("  --a   ", ["--a"]), (#"--require "./a b.js""#, ["--require", "./a b.js"]),
        (#""--require=./a \"b\" \\.js""#, [#"--require=./a "b" \.js"#]), (#"--a=\x"#, [#"--a=\x"#]), (#"a"b c"d"#, ["ab cd"]), ("", []), (#""""#, []),
        ("--a\t--b", ["--a\t--b"]),
    ])
    func splits(text: String, arguments: [String]) { #expect(NodeOptions.split(text) == arguments) }

    @Test(arguments: [#"--a "b"#, #"--a "b\"#]) func refusesWhatNodeRefuses(text: String) { #expect(NodeOptions.split(text) == nil) }

    @Test(arguments: [["--a"], ["--dir=/a b"], [#"--x=a "q" \ b"#], [#"C:\tmp"#, "--y"], ["ü ß", "日本 語"]])
    func joiningIsTheInverse(arguments: [String]) { #expect(NodeOptions.split(NodeOptions.join(arguments)) == arguments) }

    /// Node itself must read the text as we wrote it.
    @Test(arguments: majors) func nodeAgrees(major: Int) throws {
        let scratch = try Scratch()
        let module = try scratch.write(#"a "quoted" \ name with  spaces.js"#, "process.env.SEEN = 'loaded'")
        let child = try Child(
            [try node(major), "-p", "process.env.SEEN"], environment: ["NODE_OPTIONS": NodeOptions.join(["--require", module])])
        #expect(child.finish().output == "loaded\n")
    }
}

@Suite struct NodeFlagsTests {
    @Test func optionsEndAtTheScript() {
        let flags = NodeFlags.parse(
            arguments: [
                "node", "-r", "./hook.js", "--heapsnapshot-signal", "SIGUSR2", "--max_old_space_size=460", "--diagnostic_dir=/d", "--no-addons",
                "server.js",
                "--heapsnapshot-near-heap-limit=3", "--permission",
            ], nodeOptions: nil)
        #expect(flags.heapSnapshotSignal == "SIGUSR2")
        #expect(flags.maxOldSpaceSize == .mebibytes(460))
        #expect(flags.diagnosticDir == "/d")
        #expect(flags.noAddons)
        #expect(flags.script == "server.js")
        #expect(flags.nearHeapLimit == nil)
        #expect(!flags.permission)
    }

    @Test func argvBeatsNodeOptionsAndTheLastWins() {
        let flags = NodeFlags.parse(
            arguments: ["/usr/bin/node", "--heapsnapshot-signal=SIGHUP", "--heapsnapshot-signal=SIGUSR1", "a.js"],
            nodeOptions: #"--heapsnapshot-signal=SIGUSR2 --heapsnapshot-near-heap-limit=2 --diagnostic-dir "/a b" --report-on-fatalerror"#)
        #expect(flags.heapSnapshotSignal == "SIGUSR1")
        #expect(flags.nearHeapLimit == 2)
        #expect(flags.diagnosticDir == "/a b")
        #expect(flags.reportOnFatalError)
        let off = NodeFlags.parse(arguments: ["node", "--no-report-on-fatalerror"], nodeOptions: "--report-on-fatalerror")
        #expect(!off.reportOnFatalError)
    }

    @Test(
        arguments: [
            (["node", "-e", "code", "x"], nil), (["node", "-p", "1"], nil), (["node", "-pe", "1"], nil), (["node", "--run", "start"], nil),
            (["node"], nil),
            (["node", "-"], nil), (["node", "--", "--odd.js"], "--odd.js"), (["node", "--inspect", "a.js"], "a.js"),
            (["node", "--inspect=1:2", "a.js"], "a.js"),
            (["node", "--import", "x", "-C", "dev", "a.js"], "a.js"), (["node", "-c", "a.js"], "a.js"), (["node", "--expose-gc", "a.js"], "a.js"),
            (["node", "--print", "--expose-gc", "1"], "1"),
        ] as [([String], String?)])
    func script(arguments: [String], script: String?) { #expect(NodeFlags.parse(arguments: arguments, nodeOptions: nil).script == script) }

    @Test func permissionModel() {
        let flags = NodeFlags.parse(
            arguments: ["node", "--experimental-permission", "--allow-fs-write=/var/snap", "--allow-fs-write=/tmp/*", "a.js"], nodeOptions: nil)
        #expect(flags.mayWrite(in: "/var/snap") && flags.mayWrite(in: "/var/snap/web") && flags.mayWrite(in: "/tmp/x"))
        #expect(!flags.mayWrite(in: "/var/snapshots") && !flags.mayWrite(in: "/"))
        #expect(NodeFlags.parse(arguments: ["node"], nodeOptions: nil).mayWrite(in: "/"))
        #expect(NodeFlags.parse(arguments: ["node", "--permission", "--allow-fs-write=*"], nodeOptions: nil).mayWrite(in: "/x"))
    }

    /// The table of options that take the next argument is Node's own: asked from each version.
    @Test(arguments: majors) func optionsWithValueAreComplete(major: Int) throws {
        let script = """
            const o = require('internal/test/binding').internalBinding('options'), t = o.types
            const info = (o.getCLIOptionsInfo ?? o.getCLIOptions)(), plain = [t.kNoOp, t.kV8Option, t.kBoolean]
            console.log([...info.options].filter(([, i]) => !plain.includes(i.type)).map(([n]) => n).join(' '))
            """
        let names = try Child([try node(major), "--expose-internals", "-e", script]).finish().output.split(whereSeparator: \.isWhitespace)
        #expect(names.count > 30)
        for name in names {
            let flags = NodeFlags.parse(arguments: ["node", String(name), "value", "script.js"], nodeOptions: nil)
            let isOwnSource = ["--eval", "--run"].contains(name)
            #expect(flags.script == (isOwnSource ? nil : "script.js"), "\(name) of Node \(major)")
        }
    }
}

@Suite struct NodeVersionTests {
    @Test func text() {
        #expect(NodeVersion("v20.20.2") == NodeVersion(20, 20, 2))
        #expect(NodeVersion("26.7.0-rc.1") == NodeVersion(26, 7, 0))
        #expect(NodeVersion("v20.20.2")?.description == "v20.20.2")
        for text in ["", "v", "v20", "20.1", "20.1.2.3", "v20.x.1", "v20.1.2 ", "vv1.2.3", "v1..2"] { #expect(NodeVersion(text) == nil, "\(text)") }
        #expect(NodeVersion(20, 8, 0) < NodeVersion(20, 10, 0))
    }

    @Test func abilities() {
        #expect(!NodeVersion(14, 17, 9).hasNearHeapLimit && NodeVersion(14, 18).hasNearHeapLimit && !NodeVersion(15, 0).hasNearHeapLimit)
        #expect(NodeVersion(15, 1).hasNearHeapLimit && NodeVersion(16, 0).hasNearHeapLimit)
        #expect(!NodeVersion(18, 20).honoursDiagnosticDir && !NodeVersion(20, 7).honoursDiagnosticDir && NodeVersion(20, 8).honoursDiagnosticDir)
        #expect(!NodeVersion(22, 13).hasDisableSigusr1 && NodeVersion(22, 14).hasDisableSigusr1 && !NodeVersion(23, 6).hasDisableSigusr1)
        #expect(!NodeVersion(11, 15).hasHeapSnapshotSignal && NodeVersion(12, 0).hasHeapSnapshotSignal)
    }
}
