import CLinux
import Glibc
import SystemPackage

extension CgroupV2Memory {
    /// One element each time that memory.events changes: a late alarm, the first one comes at the limit itself. Several changes may be one
    /// element. Ends when the cgroup is removed. One consumer.
    public func eventChanges() throws(KernelError) -> AsyncStream<Void> { try changes(of: file("memory.events")) }
}

/// kernfs tells inotify when a cgroup file with notification (memory.events, cgroup.events) has a new content.
func changes(of path: String) throws(KernelError) -> AsyncStream<Void> {
    let inotify = try OwnedDescriptor(linux_inotify_open(), opening: "inotify")
    guard inotify_add_watch(inotify.descriptor.rawValue, path, UInt32(IN_MODIFY) | UInt32(IN_DELETE_SELF)) >= 0 else {
        throw KernelError("watch", path, .last)
    }
    return events(of: inotify) { descriptor in
        let events = readInotify(descriptor)
        return events.contains { $0.mask & UInt32(IN_IGNORED) != 0 } ? nil : events.isEmpty ? [] : [()]
    }
}
