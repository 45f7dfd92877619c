import Glibc
import Linux
import Synchronization

/// What an executable is, told from its bytes and never by running it.
public enum ExecutableKind: Sendable, Hashable {
    /// Node.js; the version is nil where the bytes do not hold it.
    case node(NodeVersion?)
    case notNode(reason: String)

    public var nodeVersion: NodeVersion? {
        if case .node(let version) = self { version } else { nil }
    }
    public var isNode: Bool {
        if case .node = self { true } else { false }
    }
}

/// Recognises Node.js by the symbol that only it defines, `node::Start(int, char**)`, in the executable itself or in the libnode.so
/// that it names (Debian's build). Bun and Deno export Node-API and some of V8's symbols, but not that one; a name proves nothing.
public enum NodeExecutable {
    static let startSymbol = "_ZN4node5StartEiPPc"

    /// - Parameters:
    ///   - path: the executable; may be `/proc/PID/exe`.
    ///   - libraryRoot: where its libraries are looked for; `/proc/PID/root` for a process in another mount namespace, else empty.
    /// - Returns: nil where no such file is (any more).
    /// - Throws: `KernelError.denied` where the file may not be read.
    ///
    /// 5 to 15 ms for a Node of 100 MB, mostly the search for the version, and then 10 us: the answer is kept by device, inode, size and
    /// time of change. Everything else is known not to be Node within 50 us.
    public static func inspect(path: String, libraryRoot: String = "") throws -> ExecutableKind? {
        guard let file = try BinaryFile(path) else { return nil }
        let key = FileKey(file.status)
        if let known = cache.withLock({ $0[key] }) { return known }
        let kind = try read(file, libraryRoot: libraryRoot)
        // A host has a handful of executables that we look at; the bound is against a host that makes a new one for each start.
        cache.withLock {
            if $0.count >= 256 { $0.removeAll() }
            $0[key] = kind
        }
        return kind
    }

    private static let cache = Mutex<[FileKey: ExecutableKind]>([:])

    private static func read(_ file: BinaryFile, libraryRoot: String) throws -> ExecutableKind {
        guard let image = ElfImage(file) else { return .notNode(reason: "not a 64-bit little-endian ELF file") }
        if image.exports(startSymbol) { return .node(version(in: image)) }
        guard let libraryName = image.neededLibraries.first(where: { $0.hasPrefix("libnode.so") }) else {
            return .notNode(reason: "neither defines node::Start nor needs libnode.so")
        }
        guard let library = try findLibrary(libraryName, of: image, root: libraryRoot) else {
            return .notNode(reason: "\(libraryName), which it needs, was not found")
        }
        guard library.exports(startSymbol) else { return .notNode(reason: "\(library.file.path) does not define node::Start") }
        return .node(version(in: library))
    }

    /// As the loader does it (ld.so(8)): the run path of the executable, then the directories of the system. Not LD_LIBRARY_PATH: a Node
    /// that needs it counts as none.
    private static func findLibrary(_ name: String, of image: ElfImage, root: String) throws -> ElfImage? {
        let executable = root.isEmpty ? canonical(image.file.path) : linkTarget(image.file.path)
        let origin = executable.lastIndex(of: "/").map { String(executable[..<$0]) } ?? "."
        let system =
            ["x86_64-linux-gnu", "aarch64-linux-gnu", "riscv64-linux-gnu"].map { "/usr/lib/" + $0 }
            + ["/usr/lib64", "/usr/lib", "/lib64", "/lib", "/usr/local/lib"]
        let runPaths = image.runPaths.map { path in
            guard let marker = ["${ORIGIN}", "$ORIGIN"].first(where: path.hasPrefix) else { return path }
            return origin + path.dropFirst(marker.count)
        }
        for directory in runPaths + system {
            if let file = try BinaryFile("\(root)\(directory)/\(name)"), let library = ElfImage(file) { return library }
        }
        return nil
    }

    private static func canonical(_ path: String) -> String {
        guard let resolved = realpath(path, nil) else { return path }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    /// What `/proc/PID/exe` says: the path as its process sees it. Following it further here would be another file system.
    private static func linkTarget(_ path: String) -> String {
        var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = buffer.withUnsafeMutableBytes { readlink(path, $0.baseAddress!, $0.count) }
        return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : path
    }

    /// The bytes `node.js/v20.20.2` stand in the read-only data of every Node (18 to 26 seen; process.release and the user agent).
    /// Segments without code first: there it is found within 10 MB.
    private static func version(in image: ElfImage) -> NodeVersion? {
        let executable: UInt32 = 1
        for segment in image.segments.filter({ $0.flags & executable == 0 }) + image.segments.filter({ $0.flags & executable != 0 }) {
            let range = segment.offset..<(segment.offset &+ min(segment.size, 1 << 40))
            guard let bytes = image.file.bytes(after: "node.js/v", in: range, count: 32) else { continue }
            let text = bytes.prefix { (0x21..<0x7F).contains($0) && $0 != UInt8(ascii: "/") }
            if let version = NodeVersion(String(decoding: text, as: UTF8.self)) { return version }
        }
        return nil
    }
}

/// What changes whenever the bytes of a file do.
private struct FileKey: Hashable {
    let device: UInt64, inode: UInt64, size: Int64, seconds: Int, nanoseconds: Int

    init(_ status: stat) {
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        size = Int64(status.st_size)
        seconds = status.st_ctim.tv_sec
        nanoseconds = status.st_ctim.tv_nsec
    }
}
