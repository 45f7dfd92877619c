import Glibc

/// Where the daemon listens: a path that it binds itself, or what systemd's socket activation passes on.
public struct ListeningSocket: Sendable {
    public let descriptor: Int32
    /// To be removed at the end; nil: it is systemd's.
    let path: String?

    /// - Parameter descriptor: of a bound Unix stream socket; the server's from now on.
    public init(passedOn descriptor: Int32) {
        self.descriptor = descriptor
        path = nil
    }

    private init(_ descriptor: Int32, at path: String) {
        self.descriptor = descriptor
        self.path = path
    }

    /// Binds and listens. What a dead daemon left there is replaced.
    ///
    /// Makes the directory (0755) where there is none; one that exists is left as it is. Of two daemons that start at once one has to be kept away by
    /// its own lock.
    /// - Parameters:
    ///   - mode: 0666 is for those that the kernel tells apart when they connect.
    ///   - group: whose it is then; nil: ours.
    /// - Throws: with code 1 where another daemon listens there, or the path cannot be bound.
    public static func bind(_ path: String, mode: UInt32 = 0o666, group: UInt32? = nil) throws(ControlFailure) -> ListeningSocket {
        makeDirectory(of: path)
        guard try !answers(path) else { throw failure("listen at", path, "another heapsnapd daemon runs; stop it first (systemctl stop heapsnapd)") }
        guard var address = sockaddr_un(path: path) else { throw failure("listen at", path, "its name is too long for a socket") }
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
        unlink(path)
        // Reachable only from listen on, when the mode is right.
        guard descriptor >= 0, address.with({ Glibc.bind(descriptor, $0, $1) }) == 0, group.map({ chown(path, .max, $0) == 0 }) ?? true,
            chmod(path, mode) == 0, listen(descriptor, 128) == 0
        else {
            let reason = String(cString: strerror(errno))
            if descriptor >= 0 { close(descriptor) }
            throw failure("listen at", path, reason)
        }
        return ListeningSocket(descriptor, at: path)
    }

    public func removePath() { if let path { unlink(path) } }

    /// Whether somebody listens there: systemd, too, for a daemon that is not running.
    private static func answers(_ path: String) throws(ControlFailure) -> Bool {
        var status = stat()
        guard var address = sockaddr_un(path: path), lstat(path, &status) == 0 else { return false }
        // It would refuse a connection as a stale socket does, and is not ours to remove.
        guard status.st_mode & S_IFMT == S_IFSOCK else { throw failure("listen at", path, "it is no socket; remove it, or name another path") }
        let probe = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
        guard probe >= 0 else { throw failure("open a socket for", path, String(cString: strerror(errno))) }
        defer { close(probe) }
        if address.with({ connect(probe, $0, $1) }) == 0 { return true }
        switch errno {
        case ENOENT, ECONNREFUSED: return false
        // A full queue.
        case EAGAIN: return true
        default: throw failure("listen at", path, String(cString: strerror(errno)))
        }
    }

    private static func makeDirectory(of path: String) {
        var made = ""
        for component in path.split(separator: "/").dropLast() {
            made += "/\(component)"
            if mkdir(made, 0o755) == 0 { chmod(made, 0o755) }
        }
    }

    private static func failure(_ verb: String, _ path: String, _ reason: String) -> ControlFailure {
        ControlFailure("cannot \(verb) \(path): \(reason)")
    }
}

extension sockaddr_un {
    /// nil: the name is longer than the 107 bytes that fit.
    init?(path: String) {
        self.init()
        sun_family = sa_family_t(AF_UNIX)
        let fits = withUnsafeMutableBytes(of: &sun_path) { room in
            guard path.utf8.count < room.count else { return false }
            room.copyBytes(from: path.utf8)
            return true
        }
        if !fits { return nil }
    }

    mutating func with(_ call: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        withUnsafePointer(to: &self) { $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { call($0, socklen_t(MemoryLayout<sockaddr_un>.size)) } }
    }
}
