import CLinux
import Glibc
import Synchronization
import SystemPackage
import Units

/// The directories of a cgroup hierarchy as they come: a service that starts gets a new one. inotify(7) on every directory of the tree.
///
/// cgroupfs tells of mkdir and rmdir (v1 and v2), not of processes that join.
public struct CgroupTree: Sendable {
    /// Directories that were made, with those that already lay in them. Empty: events were lost, or watches ran out: look at everything. One consumer.
    public let arrivals: AsyncStream<[String]>
    /// Of watches; a host with more cgroups finds the services in the others by looking.
    private static let capacity = 4_096

    /// - Parameter root: directory of the hierarchy's root.
    /// - Throws: `KernelError`.
    public init(_ root: String) throws(KernelError) {
        let inotify = try OwnedDescriptor(linux_inotify_open(), opening: "inotify")
        let watched = WatchedDirectories(inotify.descriptor, capacity: Self.capacity)
        _ = watched.add(root)
        arrivals = Linux.events(of: inotify) { descriptor in
            let new = readInotify(descriptor).map(watched.take)
            return new.contains(nil) ? [[]] : [new.flatMap { $0 ?? [] }].filter { !$0.isEmpty }
        }
    }

    /// Where the memory controller's hierarchy, or v2's, is mounted; nil: nowhere.
    public static func root(in table: ProcessTable) throws(KernelError) -> String? {
        let mounts = try table.mounts()
        let mount = mounts.first { $0.fileSystem == "cgroup" && $0.superOptions.contains("memory") } ?? mounts.first { $0.fileSystem == "cgroup2" }
        return mount.map { table.root.path($0.mountPoint) }
    }
}

/// Which watch is for which directory.
private final class WatchedDirectories: Sendable {
    private let descriptor: FileDescriptor
    private let capacity: Int
    private let paths = Mutex<[Int32: String]>([:])

    init(_ descriptor: FileDescriptor, capacity: Int) {
        self.descriptor = descriptor
        self.capacity = capacity
    }

    /// With all below it. A directory that is made between the watch and the listing is seen twice, which harms nobody.
    /// - Returns: all that are watched now; nil: not all could be.
    func add(_ path: String) -> [String]? {
        guard paths.withLock({ $0.count }) < capacity else { return nil }
        let watch = inotify_add_watch(descriptor.rawValue, path, UInt32(IN_CREATE) | UInt32(IN_ONLYDIR) | UInt32(IN_DONT_FOLLOW))
        guard watch >= 0 else { return Errno.last.meansGone ? [] : nil }
        paths.withLock { $0[watch] = path }
        var added: [String]? = [path]
        for name in (try? SmallFile.directories(in: path)) ?? [] {
            guard let below = add("\(path)/\(name)") else {
                added = nil
                continue
            }
            added?.append(contentsOf: below)
        }
        return added
    }

    func take(_ event: InotifyEvent) -> [String]? {
        if event.mask & UInt32(IN_Q_OVERFLOW) != 0 { return nil }
        if event.mask & UInt32(IN_IGNORED) != 0 {
            paths.withLock { _ = $0.removeValue(forKey: event.watch) }
            return []
        }
        guard event.mask & UInt32(IN_ISDIR) != 0, let parent = paths.withLock({ $0[event.watch] }) else { return [] }
        return add("\(parent)/\(event.name)")
    }
}
