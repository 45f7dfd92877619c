import Glibc

extension CgroupV2Memory {
    /// One element each time that memory.events changes: a late alarm, the first one comes at the limit itself. Several changes may be one
    /// element. Ends when the cgroup is removed. One consumer.
    public func eventChanges() throws(KernelError) -> AsyncStream<Void> { try changes(of: "memory.events", in: path) }
}

/// kernfs tells inotify when a cgroup file with notification (memory.events, cgroup.events) has a new content. Of a removed cgroup nothing
/// is told to those who watch it or its files, only to those who watch its parent.
func changes(of name: String, in directory: String) throws(KernelError) -> AsyncStream<Void> {
    let components = directory.split(separator: "/", omittingEmptySubsequences: false)
    let parent = components.dropLast().joined(separator: "/"), own = String(components.last!)
    let (stream, continuation) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
    let endFile = try Inotify.shared.watch("\(directory)/\(name)", for: UInt32(IN_MODIFY)) { event in
        if event.mask & UInt32(IN_IGNORED) != 0 { continuation.finish() } else { continuation.yield() }
    }
    do {
        let endParent = try Inotify.shared.watch(parent, for: UInt32(IN_DELETE)) { event in
            if event.mask & UInt32(IN_DELETE) != 0 && event.name == own { continuation.finish() }
        }
        continuation.onTermination = { _ in
            endFile()
            endParent()
        }
    } catch {
        endFile()
        throw error
    }
    return stream
}
