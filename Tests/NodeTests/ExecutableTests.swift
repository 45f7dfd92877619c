import Foundation
import Linux
import Node
import Testing

@Suite struct NodeExecutableTests {
    @Test(arguments: majors) func realNode(major: Int) throws {
        let path = try node(major)
        let kind = try #require(try NodeExecutable.inspect(path: path))
        let version = try Child([path, "-p", "process.version"]).finish().output.trimmingCharacters(in: .whitespacesAndNewlines)
        #expect(kind == .node(NodeVersion(version)))
        #expect(kind.nodeVersion?.major == major)
    }

    /// Under the name of node, but not Node: what a name proves.
    @Test(arguments: ["/bin/sleep", "/usr/bin/python3"]) func impostors(path: String) throws {
        let scratch = try Scratch()
        try FileManager.default.copyItem(atPath: URL(fileURLWithPath: path).resolvingSymlinksInPath().path, toPath: "\(scratch.path)/node")
        guard case .notNode(let reason) = try NodeExecutable.inspect(path: "\(scratch.path)/node") else {
            Issue.record("\(path) was taken for Node")
            return
        }
        #expect(reason == "neither defines node::Start nor needs libnode.so")
    }

    /// Node under any other name is Node.
    @Test func otherName() throws {
        let scratch = try Scratch()
        try FileManager.default.createSymbolicLink(atPath: "\(scratch.path)/service", withDestinationPath: try node(24))
        #expect(try NodeExecutable.inspect(path: "\(scratch.path)/service")?.nodeVersion?.major == 24)
    }

    @Test func notAnExecutable() throws {
        let scratch = try Scratch()
        #expect(
            try NodeExecutable.inspect(path: try scratch.write("script", "#!/usr/bin/env node\n"))
                == .notNode(reason: "not a 64-bit little-endian ELF file"))
        #expect(try NodeExecutable.inspect(path: try scratch.write("empty", "")) == .notNode(reason: "not a 64-bit little-endian ELF file"))
        #expect(try NodeExecutable.inspect(path: scratch.path) == nil)
        #expect(try NodeExecutable.inspect(path: "/nowhere/node") == nil)
    }

    /// Cut and scribbled-over files must neither trap nor hang.
    @Test func hostileFiles() throws {
        let scratch = try Scratch()
        let whole = try Data(contentsOf: URL(fileURLWithPath: "/bin/sleep"))
        for seed in 0..<200 {
            var generator = SeededGenerator(state: UInt64(seed))
            var bytes = whole.prefix(Int.random(in: 16...whole.count, using: &generator))
            for _ in 0..<64 { bytes[Int.random(in: 6..<min(bytes.count, 4_096), using: &generator)] = UInt8.random(in: 0...255, using: &generator) }
            let path = "\(scratch.path)/\(seed)"
            try bytes.write(to: URL(fileURLWithPath: path))
            _ = try NodeExecutable.inspect(path: path)
        }
    }

    /// A stand-in for Debian's build, which splits Node into a small executable and libnode.so: clang makes one of each kind.
    @Test func sharedLibraryBuild() throws {
        let scratch = try Scratch()
        let library = try scratch.write(
            "libnode.c",
            #"""
            const char version[] = "node.js/v18.20.4";
            int start(int c, char **v) __asm__("_ZN4node5StartEiPPc");
            int start(int c, char **v) { return version[c]; }
            """#
        )
        let program = try scratch.write(
            "node.c",
            "int start(int c, char **v) __asm__(\"_ZN4node5StartEiPPc\"); int main(int c, char **v) { return start(c, v); }")
        try FileManager.default.createDirectory(atPath: "\(scratch.path)/lib", withIntermediateDirectories: true)
        try FileManager.default.createDirectory(atPath: "\(scratch.path)/bin", withIntermediateDirectories: true)
        for command in [
            "clang -shared -fPIC -Wl,-soname,libnode.so.108 -o \(scratch.path)/lib/libnode.so.108 \(library)",
            "clang -o \(scratch.path)/bin/node \(program) \(scratch.path)/lib/libnode.so.108 -Wl,-rpath,'$ORIGIN/../lib' -Wl,--enable-new-dtags",
        ] {
            let child = try Child(["/bin/sh", "-c", command], environment: ["PATH": ProcessInfo.processInfo.environment["PATH"] ?? ""])
            let errors = child.finish().errors
            try #require(child.process.terminationStatus == 0, "\(String(decoding: errors, as: UTF8.self))")
        }
        #expect(try NodeExecutable.inspect(path: "\(scratch.path)/bin/node") == .node(NodeVersion(18, 20, 4)))
        // Without its library it is nothing; a copy, because the first answer is kept.
        try FileManager.default.copyItem(atPath: "\(scratch.path)/bin/node", toPath: "\(scratch.path)/node")
        #expect(try NodeExecutable.inspect(path: "\(scratch.path)/node") == .notNode(reason: "libnode.so.108, which it needs, was not found"))
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014): the same files in each run.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state = (state &+ 0x9E37_79B9_7F4A_7C15)
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }
}
