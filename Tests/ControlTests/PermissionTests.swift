import Foundation
import Testing
import Units

@testable import Control

struct PermissionTests {
    private let permission = Permission(group: 900, daemonUser: 0)
    private let root = Peer(pid: nil, uid: 0, groups: [0])
    private let member = Peer(pid: nil, uid: 1_000, groups: [1_000, 900])
    private let owner = Peer(pid: nil, uid: 1_234, groups: [1_234])
    private let other = Peer(pid: nil, uid: 1_235, groups: [1_234, 0])

    private let dump = ControlRequest.dump(DumpRequest(.process(ProcessID(4_711))))
    private let watch = ControlRequest.watch(WatchRequest(.process(ProcessID(4_711)), interval: .seconds(1)))
    private let watchAll = ControlRequest.watch(WatchRequest(nil, interval: .seconds(1)))

    private var risky: ControlRequest {
        var request = DumpRequest(.process(ProcessID(4_711)))
        request.acceptRisk = true
        return .dump(request)
    }

    @Test func rootAndTheGroupMayAll() throws {
        for peer in [root, member] {
            for request in [.status, .reload, dump, risky, watch, watchAll] {
                #expect(try permission.decide(peer, request, ownerOfTarget: 1_234) == .all)
                #expect(try permission.decide(peer, request, ownerOfTarget: nil) == .all)
            }
        }
    }

    @Test func aServicesOwnUserMayItsOwn() throws {
        for request in [dump, watch] { #expect(try permission.decide(owner, request, ownerOfTarget: 1_234) == .ownedBy(1_234)) }
        for request in [.status, watchAll] { #expect(try permission.decide(owner, request, ownerOfTarget: nil) == .ownedBy(1_234)) }
    }

    /// Neither by a group of the owner's name, nor by group root, nor where nobody knows whose it is.
    @Test func othersMayNot() throws {
        for request in [dump, watch] {
            for unfit in [UInt32?.none, 0, 1_234] { try expectDenied(other, request, of: unfit) }
        }
        try expectDenied(owner, .reload, of: nil)
        try expectDenied(owner, risky, of: 1_234)
    }

    @Test func aUsersOwnDaemonIsItsOwn() throws {
        let permission = Permission(group: nil, daemonUser: 1_234)
        #expect(try permission.decide(owner, .reload, ownerOfTarget: nil) == .all)
        #expect(throws: ControlFailure.self) { try permission.decide(other, .reload, ownerOfTarget: nil) }
    }

    @Test func theUnknownIsShownToWhoSeesAll() {
        #expect(Visibility.all.includes(owner: nil))
        #expect(!Visibility.ownedBy(1_234).includes(owner: nil))
        #expect(Visibility.ownedBy(1_234).includes(owner: 1_234))
    }

    private func expectDenied(_ peer: Peer, _ request: ControlRequest, of owner: UInt32?) throws {
        let failure = #expect(throws: ControlFailure.self) { try permission.decide(peer, request, ownerOfTarget: owner) }
        #expect(failure?.code == 3)
        #expect(failure?.refusal == "permissionDenied")
    }

    /// As other users, over the real socket: what the kernel says of them is what counts. Needs root, as the project's tests do.
    @Test(arguments: [
        ("1234", "1234", #"{"type":"dump","version":1,"pid":4711}"#, #""type":"stored""#),
        ("1235", "1234", #"{"type":"dump","version":1,"pid":4711}"#, "permissionDenied"),
        ("1235", "5,900,6", #"{"type":"dump","version":1,"pid":4711}"#, #""type":"stored""#),
        ("1234", "1234", #"{"type":"dump","version":1,"pid":4712}"#, "permissionDenied"),
        ("1234", "1234", #"{"type":"reload","version":1}"#, "permissionDenied"),
        ("1235", "900", #"{"type":"reload","version":1}"#, #""type":"done""#),
        ("1234", "1234", #"{"type":"status","version":1}"#, #""watching":1"#),
        ("1235", "1235", #"{"type":"status","version":1}"#, #""watching":0"#),
        ("0", "0", #"{"type":"status","version":1}"#, #""watching":2"#),
        // More groups than there is room for at first.
        ("1235", (1_001...1_200).map(String.init).joined(separator: ",") + ",900", #"{"type":"reload","version":1}"#, #""type":"done""#),
    ])
    func overTheSocket(user: String, groups: String, request: String, answer: String) async throws {
        try #require(getuid() == 0, "needs root, to be other users")
        try await withServer(group: 900) { server in
            server.daemon.finishDump(.success(StoredSnapshot(path: nil, record: .object([:]))))
            let program = """
                import socket, sys
                s = socket.socket(socket.AF_UNIX)
                s.connect(sys.argv[1])
                s.sendall(sys.argv[2].encode() + b"\\n")
                sys.stdout.write(s.makefile().read())
                """
            let arguments = ["--reuid", user, "--regid", user, "--groups", groups, "/usr/bin/python3", "-I", "-c", program, server.path, request]
            let said = try await output("/usr/bin/setpriv", arguments)
            #expect(said.contains(answer), "\(said)")
        }
    }

    private func output(_ program: String, _ arguments: [String]) async throws -> String {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                let process = Process(), pipe = Pipe()
                process.executableURL = URL(filePath: program)
                process.arguments = arguments
                process.standardOutput = pipe
                do {
                    try process.run()
                    let bytes = try pipe.fileHandleForReading.readToEnd() ?? Data()
                    process.waitUntilExit()
                    continuation.resume(returning: String(decoding: bytes, as: UTF8.self))
                } catch { continuation.resume(throwing: error) }
            }
        }
    }
}
