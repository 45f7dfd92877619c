import Foundation
import Linux
import Node
import Testing
import Units

/// The Node versions that everything here is tried on; fetched by Tests/Support/bin/fetch-node (make test does it).
let majors = [18, 20, 22, 24, 26]

/// The binary of one major version. A missing one is a failure, not a skipped test.
func node(_ major: Int) throws -> String {
    let home = FileManager.default.homeDirectoryForCurrentUser.path
    let roots = [ProcessInfo.processInfo.environment["HEAPSNAPD_NODES"], "\(home)/.cache/heapsnapd/nodes", "\(home)/nodes"].compactMap { $0 }
    for root in roots {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
        for name in names.sorted() where name == "\(major)" || name.hasPrefix("\(major).") {
            let path = "\(root)/\(name)/bin/node"
            if FileManager.default.isExecutableFile(atPath: path) { return path }
        }
    }
    throw MissingNode(major: major)
}

struct MissingNode: Error, CustomStringConvertible {
    var major: Int
    var description: String { "cannot find Node \(major) below $HEAPSNAPD_NODES: not fetched; run Tests/Support/bin/fetch-node \(major)" }
}

func fixture(_ name: String) throws -> Data {
    try Data(contentsOf: Bundle.module.url(forResource: "Fixtures", withExtension: nil)!.appendingPathComponent(name))
}

/// A directory of its own, gone with the value.
final class Scratch {
    let path: String
    init() throws {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("heapsnapd-node-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }
    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ name: String, _ text: String, mode: Int = 0o644) throws -> String {
        let file = "\(path)/\(name)"
        try FileManager.default.createDirectory(atPath: (file as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try text.write(toFile: file, atomically: false, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file)
        return file
    }
    var files: [String] { ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted() }
}

/// A child that ends with the test. `ready` waits for its first line: no sleeping.
final class Child {
    let process = Process()
    let output = Pipe()
    let errors = Pipe()
    var pid: ProcessID { ProcessID(process.processIdentifier) }

    init(_ command: [String], environment: [String: String] = [:], directory: String? = nil) throws {
        process.executableURL = URL(fileURLWithPath: command[0])
        process.arguments = Array(command.dropFirst())
        process.environment = ["PATH": "/usr/bin:/bin"].merging(environment) { $1 }
        if let directory { process.currentDirectoryURL = URL(fileURLWithPath: directory) }
        process.standardOutput = output
        process.standardError = errors
        process.standardInput = FileHandle.nullDevice
        try process.run()
    }
    deinit { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }

    /// The next bytes of stdout, normally one line that the program printed when it was up.
    func ready() -> String { String(decoding: output.fileHandleForReading.availableData, as: UTF8.self) }

    /// All of both outputs, after the end.
    func finish() -> (output: String, errors: Data) {
        let text = output.fileHandleForReading.readDataToEndOfFile()
        let words = errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (String(decoding: text, as: UTF8.self), words)
    }
}

/// A Node program that prints "up" and stays.
let staying = "console.log('up'); setInterval(() => {}, 1000)"
