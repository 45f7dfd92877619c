import CLinux
import Glibc
import SystemPackage

extension CgroupV2Memory {
    /// One element each time that memory.events changes: a late alarm, the first one comes at the limit itself. Several changes may be one
    /// element. Ends when the cgroup is removed. One consumer.
    public func eventChanges() throws(KernelError) -> AsyncStream<Void> { try changes(of: "memory.events", in: path) }
}

/// kernfs tells inotify when a cgroup file with notification (memory.events, cgroup.events) has a new content. Of a removed cgroup nothing
/// is told to those who watch it or its files, only to those who watch its parent.
func changes(of name: String, in directory: String) throws(KernelError) -> AsyncStream<Void> {
    let inotify = try OwnedDescriptor(linux_inotify_open(), opening: "inotify")
    let components = directory.split(separator: "/", omittingEmptySubsequences: false)
    let parent = components.dropLast().joined(separator: "/"), own = String(components.last!)
    for (path, mask) in [("\(directory)/\(name)", IN_MODIFY), (parent, IN_DELETE)] {
        guard inotify_add_watch(inotify.descriptor.rawValue, path, UInt32(mask)) >= 0 else { throw KernelError("watch", path, .last) }
    }
    return events(of: inotify) { descriptor in
        let events = readInotify(descriptor)
        if events.contains(where: { $0.mask & UInt32(IN_DELETE) != 0 && $0.name == own }) { return nil }
        return events.contains { $0.mask & UInt32(IN_MODIFY) != 0 } ? [()] : []
    }
}
