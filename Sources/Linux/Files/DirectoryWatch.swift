import Glibc

/// What happened in a watched directory; names are lossy UTF-8.
public enum DirectoryEvent: Sendable, Hashable {
    case created(String)
    case closedAfterWriting(String)
    case movedIn(String)
    case movedOut(String)
    case deleted(String)
    /// Removed, moved away or unmounted: the last event.
    case directoryGone
    /// The kernel's queue was full (fs.inotify.max_queued_events) and events are lost: list the directory.
    case overflow
}

/// inotify(7) on one directory, not on those below. Writing is left out: a log file in a working directory would wake us at every line. Sees nothing on network file systems: ask `FileSystemFacts.hasInotify` first.
public struct DirectoryWatch: Sendable {
    /// Events from the creation of the watch on. Ends after `directoryGone`. One consumer; the watch lives as long as the stream.
    public let events: AsyncStream<DirectoryEvent>

    /// Throws `KernelError.system` with ENOSPC when the user has no watches left (fs.inotify.max_user_watches).
    public init(_ path: String) throws(KernelError) {
        let wanted = [IN_CREATE, IN_CLOSE_WRITE, IN_MOVED_TO, IN_MOVED_FROM, IN_DELETE, IN_DELETE_SELF, IN_MOVE_SELF, IN_ONLYDIR]
        // Who fills a directory faster than its consumer reads is answered as the kernel does: by an overflow.
        let (stream, continuation) = AsyncStream.makeStream(of: DirectoryEvent.self, bufferingPolicy: .bufferingNewest(4_096))
        events = stream
        let end = try Inotify.shared.watch(path, for: wanted.reduce(0) { $0 | UInt32($1) }) { event in
            guard let event = DirectoryEvent(event) else { return }
            if case .dropped = continuation.yield(event) { continuation.yield(.overflow) }
            if event == .directoryGone { continuation.finish() }
        }
        continuation.onTermination = { _ in end() }
    }
}

extension DirectoryEvent {
    init?(_ event: InotifyEvent) {
        switch event.mask & ~UInt32(IN_ISDIR) {
        case UInt32(IN_CREATE): self = .created(event.name)
        case UInt32(IN_CLOSE_WRITE): self = .closedAfterWriting(event.name)
        case UInt32(IN_MOVED_TO): self = .movedIn(event.name)
        case UInt32(IN_MOVED_FROM): self = .movedOut(event.name)
        case UInt32(IN_DELETE): self = .deleted(event.name)
        case UInt32(IN_DELETE_SELF), UInt32(IN_MOVE_SELF), UInt32(IN_UNMOUNT), UInt32(IN_IGNORED): self = .directoryGone
        case UInt32(IN_Q_OVERFLOW): self = .overflow
        default: return nil
        }
    }
}
