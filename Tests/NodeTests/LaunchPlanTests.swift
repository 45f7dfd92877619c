import Foundation
import Linux
import Testing
import Units

@testable import Node

private func options(
    _ handler: SnapshotHandler = .node, count: Int = 2, directory: String = "/snap", report: Bool = false
) -> LaunchOptions {
    LaunchOptions(
        handler: handler, signal: "SIGUSR2", nearHeapLimit: count, diagnosticDirectory: directory, reportOnFatalError: report,
        agent: .absent(reason: "none here"))
}

@Suite struct LaunchDecisionTests {
    private func plan(_ command: [String], _ nodeOptions: String? = nil, _ options: LaunchOptions = options(), target: CommandTarget) -> LaunchPlan {
        LaunchPlan.plan(
            command: command, environment: nodeOptions.map { ["NODE_OPTIONS": $0] } ?? [:], workingDirectory: "/srv", options: options, target: target
        )
    }

    @Test func nodeItselfGetsThemInArgv() {
        let plan = plan(["node", "--expose-gc", "a.js"], target: .node(NodeVersion(24)))
        #expect(plan.via == .argv && plan.environment.isEmpty)
        #expect(
            plan.arguments == [
                "node", "--heapsnapshot-signal=SIGUSR2", "--diagnostic-dir=/snap", "--heapsnapshot-near-heap-limit=2", "--expose-gc", "a.js",
            ])
        #expect(plan.artifactDirectories == ["/snap"] && plan.signal == "SIGUSR2" && plan.skipped.map(\.reason) == ["none here"])
    }

    @Test func runnersGetThemThroughNodeOptions() {
        let plan = plan(["npm", "start"], "--trace-warnings", options(directory: "/a b"), target: .runner(node: NodeVersion(22)))
        #expect(plan.via == .nodeOptions && plan.arguments == ["npm", "start"])
        #expect(
            NodeOptions.split(plan.environment["NODE_OPTIONS"]!) == [
                "--heapsnapshot-signal=SIGUSR2", "--diagnostic-dir=/a b", "--heapsnapshot-near-heap-limit=2", "--trace-warnings",
            ])
    }

    @Test func whatTheUserSetWins() {
        let plan = plan(
            ["node", "--diagnostic-dir=out", "a.js"], "--heapsnapshot-signal=SIGHUP --heapsnapshot-near-heap-limit=1 --report-directory=r",
            options(report: true), target: .node(NodeVersion(24)))
        #expect(plan.injected == ["--report-on-fatalerror"])
        #expect(plan.signal == "SIGHUP" && plan.artifactDirectories == ["/srv/out", "/srv/r"])
        #expect(plan.skipped.map(\.reason).contains("already set to SIGHUP"))
    }

    @Test func noFlagThatTheVersionDoesNotKnow() {
        let old = plan(["node", "a.js"], target: .node(NodeVersion(14, 17)))
        #expect(old.injected == ["--heapsnapshot-signal=SIGUSR2", "--diagnostic-dir=/snap"])
        #expect(old.artifactDirectories == ["/snap", "/srv"])
        #expect(plan(["node", "a.js"], target: .node(NodeVersion(10))).injected.isEmpty)
        #expect(plan(["node", "a.js"], target: .node(nil)).via == .nothing)
        #expect(plan(["sh", "-c", "x"], target: .runner(node: nil)).via == .nothing)
        #expect(plan(["gone"], target: .missing).arguments == ["gone"])
        #expect(plan(["node", "a.js"], nil, options(count: 0), target: .node(NodeVersion(18))).artifactDirectories == ["/snap", "/srv"])
    }

    @Test func handlerAppAddsNothing() {
        let plan = plan(["node", "a.js"], nil, options(.app, report: true), target: .node(NodeVersion(24)))
        #expect(plan.via == .nothing && plan.arguments == ["node", "a.js"] && plan.injected.isEmpty && plan.skipped.count == 1)
        #expect(plan.artifactDirectories == ["/srv"] && plan.signal == "SIGUSR2")
    }

    @Test func malformedNodeOptionsAreLeftAlone() {
        let plan = plan(["npm", "start"], #"--require "x"#, target: .runner(node: NodeVersion(22)))
        #expect(plan.via == .nothing && plan.environment["NODE_OPTIONS"] == #"--require "x"# && plan.skipped.count == 4)
    }

    @Test func permissionModelWithoutWritingGetsNoSignal() {
        let plan = plan(["node", "--permission", "a.js"], target: .node(NodeVersion(24)))
        #expect(plan.injected == ["--diagnostic-dir=/snap", "--heapsnapshot-near-heap-limit=2"] && plan.signal == nil)
    }
}

@Suite struct LaunchTests {
    private let environment = ProcessInfo.processInfo.environment

    @Test func resolvesAsExecDoes() throws {
        let scratch = try Scratch()
        try FileManager.default.createDirectory(atPath: "\(scratch.path)/bin", withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(atPath: "\(scratch.path)/bin/node", withDestinationPath: try node(22))
        let script = try scratch.write("bin/tool", "#!/usr/bin/env node\n", mode: 0o755)
        _ = try scratch.write("not/node", "text", mode: 0o644)
        func resolve(_ command: String, _ path: String?) throws -> CommandTarget {
            try CommandTarget.resolve(command, searchPath: path, workingDirectory: scratch.path)
        }
        guard case .node(let version) = try resolve("node", "/nowhere:\(scratch.path)/not:\(scratch.path)/bin") else {
            Issue.record("not found")
            return
        }
        #expect(version?.major == 22)
        #expect(try resolve("node", "not::bin") == .node(version))
        #expect(try resolve("bin/node", nil) == .node(version))
        #expect(try resolve(script, "\(scratch.path)/bin") == .runner(node: version))
        #expect(try resolve("tool", "bin") == .runner(node: version))
        #expect(try resolve("/bin/sh", "/nowhere") == .runner(node: nil))
        #expect(try resolve("nothing-of-that-name", "/bin") == .missing)
    }

    /// Each version takes the flags, and its file appears where the plan says.
    @Test(arguments: majors, [true, false]) func realLaunch(major: Int, direct: Bool) async throws {
        let scratch = try Scratch()
        let directory = "\(scratch.path)/dir with space"
        let work = "\(scratch.path)/work"
        for path in [directory, work] { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
        let path = try node(major)
        let script = try scratch.write("service.js", staying)
        let command = direct ? [path, script] : ["/bin/sh", "-c", "\"\(path)\" '\(script)'; exit $?"]
        let plan = try LaunchPlan.make(
            command: command, environment: ["PATH": (path as NSString).deletingLastPathComponent + ":/usr/bin:/bin"], workingDirectory: work,
            options: options(directory: directory, report: true), prove: { _ in "not asked" })
        #expect(plan.via == (direct ? .argv : .nodeOptions) && plan.injected.count == 5 && plan.nodeVersion?.major == major)
        #expect(plan.artifactDirectories == (major == 18 ? [directory, work] : [directory]))

        let child = try Child(plan.arguments, environment: plan.environment, directory: work)
        #expect(child.ready() == "up\n")
        let table = ProcessTable()
        let service = direct ? child.pid : try #require(try table.children(of: child.pid).first)
        guard case .node(let process) = try NodeProcess.read(service, table: table) else {
            Issue.record("not Node")
            return
        }
        #expect(SignalSafety.objection(to: process, signal: SIGUSR2, assumeAsked: false) == nil)
        let place = try #require(SignalSafety.snapshotDirectory(of: process))
        #expect(place == URL(fileURLWithPath: major == 18 ? work : directory).resolvingSymlinksInPath().path)
        let watch = try DirectoryWatch(place)
        kill(service.rawValue, SIGUSR2)
        var written: ArtifactName?
        for await case .closedAfterWriting(let name) in watch.events {
            written = ArtifactName(name)
            break
        }
        #expect(written == .node(pid: ProcessID(process.namespacePID), tid: 0, sequence: 1))
        kill(service.rawValue, SIGKILL)
        child.process.waitUntilExit()
    }
}
