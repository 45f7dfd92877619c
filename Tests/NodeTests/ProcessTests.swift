import Foundation
import Linux
import Testing
import Units

@testable import Node

private let table = ProcessTable()

private func read(_ child: Child) throws -> NodeProcess {
    guard case .node(let process) = try NodeProcess.read(child.pid, table: table) else { throw NotNode() }
    return process
}
private struct NotNode: Error {}

@Suite struct NodeProcessTests {
    @Test(arguments: majors) func aLiveProcess(major: Int) throws {
        let scratch = try Scratch()
        _ = try scratch.write("package.json", #"{"scripts": {"name": "no"}, "name": "@acme/api"}"#)
        _ = try scratch.write("src/server.js", staying)
        let child = try Child(
            [try node(major), "--heapsnapshot-signal=SIGUSR2", "src/server.js", "--name=x"],
            environment: ["NODE_OPTIONS": "--max-old-space-size=300"],
            directory: scratch.path)
        #expect(child.ready() == "up\n")
        let process = try read(child)
        #expect(process.version?.major == major)
        #expect(process.flagsKnown)
        #expect(
            process.flags.heapSnapshotSignal == "SIGUSR2" && process.flags.maxOldSpaceSize == .mebibytes(300)
                && process.flags.script == "src/server.js")
        #expect(process.caughtSignals.contains(SIGUSR2))
        #expect(process.packageName == "@acme/api")
        #expect(process.serviceName() == "acme-api" || process.unit != nil || process.container != nil)
        #expect(process.workingDirectory == URL(fileURLWithPath: scratch.path).resolvingSymlinksInPath().path)
        #expect(process.namespacePID == child.pid.rawValue && process.uid == getuid())
        #expect(SignalSafety.objection(to: process, signal: SIGUSR2, assumeAsked: false) == nil)
        // SIGUSR1 is caught, too: by Node's inspector.
        #expect(SignalSafety.objection(to: process, signal: SIGUSR1, assumeAsked: false)?.code == .notAskedFor)
        let heap = try #require(try HeapEstimate.read(process, table: table))
        #expect(heap.isUpperBound == (major < 20))
        #expect(heap.bytes > .mebibytes(2) && heap.bytes < .mebibytes(80))
    }

    @Test func titleHidesTheFlags() throws {
        let child = try Child([try node(24), "--heapsnapshot-signal=SIGUSR2", "-e", "process.title = 'node'; \(staying)"])
        _ = child.ready()
        let process = try read(child)
        #expect(!process.argumentsKnown && process.environmentKnown)
        #expect(SignalSafety.objection(to: process, signal: SIGUSR2, assumeAsked: false)?.code == .flagsUnreadable)
        #expect(SignalSafety.objection(to: process, signal: SIGUSR2, assumeAsked: true) == nil)
    }

    @Test func titleWithNodeOptionsStillShowsThem() throws {
        let child = try Child(
            [try node(24), "-e", "process.title = 'web worker'; \(staying)"], environment: ["NODE_OPTIONS": "--heapsnapshot-signal=SIGUSR2"])
        _ = child.ready()
        #expect(SignalSafety.objection(to: try read(child), signal: SIGUSR2, assumeAsked: false) == nil)
    }

    @Test func noHandler() throws {
        let child = try Child([try node(22), "-e", staying])
        _ = child.ready()
        #expect(SignalSafety.objection(to: try read(child), signal: SIGUSR2, assumeAsked: true)?.code == .notCaught)
    }

    @Test func handlerOfItsOwn() throws {
        let child = try Child([try node(22), "-e", "process.on('SIGUSR2', () => {}); \(staying)"])
        _ = child.ready()
        let process = try read(child)
        #expect(SignalSafety.objection(to: process, signal: SIGUSR2, assumeAsked: false)?.code == .notAskedFor)
        #expect(SignalSafety.objection(to: process, signal: SIGUSR2, assumeAsked: true) == nil)
    }

    @Test func permissionModel() throws {
        let child = try Child([try node(24), "--permission", "--heapsnapshot-signal=SIGUSR2", "--diagnostic-dir=/tmp", "-e", staying])
        _ = child.ready()
        #expect(SignalSafety.objection(to: try read(child), signal: SIGUSR2, assumeAsked: false)?.code == .permission)
    }

    @Test func whatIsNoNode() throws {
        let child = try Child(["/bin/sh", "-c", "echo up; read x; sleep 60"])
        _ = child.ready()
        guard case .notNode = try NodeProcess.read(child.pid, table: table) else { throw NotNode() }
        guard case .gone = try NodeProcess.read(ProcessID(.max), table: table) else { throw NotNode() }
        // Kernel threads have no executable.
        if let thread = try table.stat(ProcessID(2)), thread.comm == "kthreadd" {
            guard case .notNode = try NodeProcess.read(ProcessID(2), table: table) else { throw NotNode() }
        }
    }

    @Test func originalCommandLines() {
        let path = "/usr/bin/node"
        #expect(NodeProcess.isOriginal(["node", "a.js"], executable: path) && NodeProcess.isOriginal([path], executable: path))
        #expect(NodeProcess.isOriginal(["/opt/service", "x"], executable: "/opt/service (deleted)"))
        #expect(!NodeProcess.isOriginal(["npm start", "", ""], executable: path) && !NodeProcess.isOriginal(["node", "", ""], executable: path))
        #expect(!NodeProcess.isOriginal([], executable: path) && !NodeProcess.isOriginal(["web"], executable: path))
    }
}

@Suite struct ProcessSelectionTests {
    private func candidate(_ pid: Int32, rss: Int, start: UInt64, script: String, title: String? = nil) -> Candidate {
        var flags = NodeFlags()
        if title == nil { flags.script = script }
        let process = NodeProcess(
            identity: ProcessIdentity(pid: ProcessID(pid), startTime: start, bootID: "b"), version: NodeVersion(24), flags: flags,
            arguments: title.map { [$0, "", ""] } ?? ["node", script], executable: "/usr/bin/node", caughtSignals: SignalSet(mask: 0))
        return Candidate(process: process, rss: .mebibytes(rss))
    }

    @Test func contract6() {
        let candidates = [
            candidate(10, rss: 900, start: 1, script: "/usr/lib/node_modules/npm/bin/npm-cli.js"),
            candidate(11, rss: 950, start: 2, script: "", title: "npm run start"),
            candidate(12, rss: 100, start: 3, script: "cluster.js"), candidate(14, rss: 300, start: 5, script: "worker.js"),
            candidate(13, rss: 300, start: 4, script: "worker.js"),
        ]
        #expect(ProcessSelection.largest.choose(from: candidates)?.process.identity.pid == ProcessID(13))
        #expect(ProcessSelection.first.choose(from: candidates)?.process.identity.pid == ProcessID(12))
        #expect(ProcessSelection.pid(ProcessID(10)).choose(from: candidates)?.process.identity.pid == ProcessID(10))
        #expect(ProcessSelection.pid(ProcessID(99)).choose(from: candidates) == nil)
        #expect(ProcessSelection.largest.choose(from: Array(candidates.prefix(2))) == nil)
        #expect(ProcessSelection.largest.mark(candidates).filter(\.chosen).map(\.process.identity.pid) == [ProcessID(13)])
        #expect(
            ProcessSelection("largest") == .largest && ProcessSelection("12") == .pid(ProcessID(12)) && ProcessSelection("0") == nil
                && ProcessSelection("x") == nil)
    }

    @Test(
        arguments: [
            ("/usr/bin/npm", "npm"), ("/usr/lib/node_modules/npm/bin/npx-cli.js", "npx"), (".yarn/releases/yarn-4.1.0.cjs", "yarn"),
            ("/x/pnpm.cjs", "pnpm"),
            ("/x/corepack.js", "corepack"), ("server.js", nil), ("npmlog.js", nil), ("/srv/npm/index.js", nil),
        ] as [(String, String?)])
    func packageManagers(script: String, name: String?) { #expect(PackageManager.name(script: script, arguments: ["node", script]) == name) }
}

@Suite struct ServiceNameTests {
    @Test func orderOfContract1() {
        #expect(ServiceName.derive(explicit: "web", unit: "x.service", container: "c", packageName: "p", script: "s.js") == "web")
        #expect(ServiceName.derive(explicit: nil, unit: "x.service", container: "c", packageName: "p", script: "s.js") == "x")
        #expect(ServiceName.derive(explicit: nil, unit: nil, container: "c", packageName: "p", script: "s.js") == "c")
        #expect(ServiceName.derive(explicit: nil, unit: nil, container: nil, packageName: "@acme/api", script: "s.js") == "acme-api")
        #expect(ServiceName.derive(explicit: nil, unit: nil, container: nil, packageName: nil, script: "/srv/my.server.mjs") == "my.server")
        #expect(ServiceName.derive(explicit: "../..", unit: nil, container: nil, packageName: "///", script: nil) == "service")
    }

    @Test func safeAsFileNames() {
        #expect(ServiceName.sanitise("../../etc/passwd") == "etc-passwd")
        #expect(ServiceName.sanitise("web@1") == "web-1")
        #expect(ServiceName.sanitise("Ünïcode\u{0}\n") == "n-code")
        #expect(ServiceName.sanitise(String(repeating: "a", count: 300))?.count == 64)
        #expect(ServiceName.sanitise("") == nil && ServiceName.sanitise("...") == nil && ServiceName.sanitise("-") == nil)
    }

    @Test func cgroupPlaces() {
        let id = String(repeating: "9f86d081", count: 8)
        #expect(CgroupPlace.parse("/system.slice/web.service") == CgroupPlace(unit: "web.service"))
        #expect(CgroupPlace.parse("/system.slice/web.service/worker") == CgroupPlace(unit: "web.service"))
        #expect(CgroupPlace.parse("/user.slice/user-1000.slice/user@1000.service/app.slice/web.service") == CgroupPlace(userUnit: "web.service"))
        #expect(CgroupPlace.parse("/system.slice/web.service/shop.service") == CgroupPlace(unit: "web.service"), "a name that web.service gave")
        for path in [
            "/", "", "/user.slice/user-1000.slice/session-3.scope", "/user.slice/user-1000.slice/user@1000.service/app.slice/vte.scope",
            "/user.slice/user-1000.slice/session-3.scope/shop.service",
            "/process_api/9f86d081",
        ] {
            #expect(CgroupPlace.parse(path) == CgroupPlace(), "\(path)")
        }
        for path in [
            "/system.slice/docker-\(id).scope", "/docker/\(id)", "/kubepods/burstable/pod12-3/\(id)",
            "/system.slice/containerd.service/kubepods-besteffort-pod1.slice:cri-containerd:\(id)",
            "/kubepods.slice/kubepods-pod1.slice/cri-containerd-\(id).scope", "/machine.slice/libpod-\(id).scope/container",
            "/kubepods.slice/crio-\(id).scope",
        ] {
            #expect(CgroupPlace.parse(path) == CgroupPlace(containerID: id), "\(path)")
        }
    }

    @Test(
        arguments: [
            (#"{"name":"a"}"#, "a"), (#"{ "x": {"name": "inner"}, "y": ["name"], "z": "name", "name" : "outer" }"#, "outer"),
            (#"{"name": 3, "b": "name"}"#, nil),
            (#"{"na\"me": "x", "name": ""}"#, nil), ("", nil), (#"{"name": "unfinished"#, nil), (#"["name", "x"]"#, nil),
            (#"{"a":"\\","name":"ok"}"#, "ok"),
        ] as [(String, String?)])
    func packageNames(text: String, name: String?) { #expect(PackageManifest.name(in: Array(text.utf8)) == name) }
}

@Suite struct ArtifactNameTests {
    @Test func names() {
        #expect(ArtifactName("Heap.20261121.004512.4711.0.001.heapsnapshot") == .node(pid: ProcessID(4_711), tid: 0, sequence: 1))
        #expect(ArtifactName("heapdump-1763685912.123456.heapsnapshot") == .heapdump)
        #expect(ArtifactName("v8-heap-1763685912123.heapsnapshot") == .v8OnOOM)
        for name in [
            "x.heapsnapshot", "Heap.2026.004512.4711.0.001.heapsnapshot", "Heap.20261121.004512.x.0.001.heapsnapshot", "heapdump-a.b.heapsnapshot",
        ] {
            #expect(ArtifactName(name) == .other, "\(name)")
        }
        #expect(ArtifactName("report.20261121.005445.14055.0.002.json") == .report && ArtifactName("report.mine.json") == .report)
        for name in ["", "heapsnapshot", ".heapsnapshot", ".#x.heapsnapshot", "x.heapsnapshot.tmp", "report.json", "x.json", "Heap.heapsnapshot.gz"] {
            #expect(ArtifactName(name) == nil, "\(name)")
        }
    }
}
