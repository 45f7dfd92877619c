import CLinux
import Glibc
import Synchronization
import SystemPackage

/// The one inotify(7) instance of this program, but for the tree of cgroups: root has 128 for the whole host (fs.inotify.max_user_instances), and a daemon
/// watches more than that.
final class Inotify: Sendable {
    private struct Consumer {
        var mask: UInt32
        var take: @Sendable (InotifyEvent) -> Void
    }
    private struct State {
        /// By the kernel's number of the watch: one for each file or directory, however many consumers it has.
        var watches: [Int32: [UInt64: Consumer]] = [:]
        var numbered: UInt64 = 0
        var descriptor: OwnedDescriptor?
    }

    static let shared = Inotify()
    private let state = Mutex(State())

    /// - Parameters:
    ///   - mask: IN_CREATE and so on. IN_IGNORED, IN_UNMOUNT and IN_Q_OVERFLOW come in any case.
    ///   - take: called on a thread of the pool, one event after the other; must not wait.
    /// - Returns: what ends it.
    /// - Throws: `KernelError.system` with ENOSPC when the user has no watches left (fs.inotify.max_user_watches).
    func watch(_ path: String, for mask: UInt32, _ take: @escaping @Sendable (InotifyEvent) -> Void) throws(KernelError) -> @Sendable () -> Void {
        let (watch, number) = try state.withLock { state throws(KernelError) in
            if state.descriptor == nil { state.descriptor = try start() }
            let watch = inotify_add_watch(state.descriptor!.descriptor.rawValue, path, mask | UInt32(IN_MASK_ADD))
            guard watch >= 0 else { throw KernelError("watch", path, .last) }
            state.numbered += 1
            state.watches[watch, default: [:]][state.numbered] = Consumer(mask: mask, take: take)
            return (watch, state.numbered)
        }
        return { self.end(watch, number) }
    }

    private func end(_ watch: Int32, _ number: UInt64) {
        state.withLock { state in
            guard state.watches[watch]?.removeValue(forKey: number) != nil, state.watches[watch]?.isEmpty == true else { return }
            state.watches[watch] = nil
            if let descriptor = state.descriptor { inotify_rm_watch(descriptor.descriptor.rawValue, watch) }
        }
    }

    /// For the life of the program.
    private func start() throws(KernelError) -> OwnedDescriptor {
        let descriptor = try OwnedDescriptor(linux_inotify_open(), opening: "inotify")
        Task.detached { for await event in events(of: descriptor, drain: { readInotify($0) }) { self.deliver(event) } }
        return descriptor
    }

    private func deliver(_ event: InotifyEvent) {
        let always = UInt32(IN_IGNORED) | UInt32(IN_UNMOUNT)
        let consumers = state.withLock { state -> [Consumer] in
            if event.mask & UInt32(IN_Q_OVERFLOW) != 0 { return state.watches.values.flatMap(\.values) }
            let consumers = state.watches[event.watch]?.values.filter { event.mask & ($0.mask | always) != 0 } ?? []
            if event.mask & UInt32(IN_IGNORED) != 0 { state.watches[event.watch] = nil }
            return consumers
        }
        for consumer in consumers { consumer.take(event) }
    }
}
