import Dispatch
public import SystemPackage

/// One element each time that `descriptor` (eventfd, inotify, pidfd, signalfd, timerfd, pipe) can be read.
///
/// Waits in libdispatch's epoll, which runs Swift's tasks too: no thread of ours. Level-triggered, and armed only while an element is
/// awaited: a slow consumer costs nothing, and one that doesn't read sees the next element at once. Ends when the task is cancelled.
/// The caller keeps `descriptor` open while it awaits, and closes it.
public func readiness(of descriptor: FileDescriptor) -> AsyncStream<Void> {
    AsyncStream { await untilReadable(descriptor) }
}

/// What `drain` reads from a descriptor, in order. `drain` never waits: empty means "not yet", nil ends the stream.
/// Events stay in the kernel until they are awaited. The stream keeps the descriptor open; one consumer.
/// `isLast`: nothing comes after this event.
public func events<Event: Sendable>(
    of owned: OwnedDescriptor, isLast: @escaping @Sendable (Event) -> Bool = { _ in false },
    drain: @escaping @Sendable (FileDescriptor) -> [Event]?
) -> AsyncStream<Event> {
    let queue = EventQueue(isLast: isLast)
    return AsyncStream {
        while await !queue.ended {
            if let event = await queue.next() { return event }
            guard await untilReadable(owned.descriptor) != nil, let drained = drain(owned.descriptor) else { return nil }
            await queue.append(drained)
        }
        return nil
    }
}

private actor EventQueue<Event: Sendable> {
    private var waiting: ArraySlice<Event> = []
    private let isLast: @Sendable (Event) -> Bool
    private(set) var ended = false
    init(isLast: @escaping @Sendable (Event) -> Bool) { self.isLast = isLast }

    func append(_ events: [Event]) { waiting.append(contentsOf: events) }
    func next() -> Event? {
        let event = waiting.popFirst()
        if let event, isLast(event) { ended = true }
        return event
    }
}

/// nil when the task is cancelled first. When it returns, libdispatch has let go of the descriptor.
private func untilReadable(_ descriptor: FileDescriptor) async -> Void? {
    // Unsafe only by its missing annotation: because libdispatch's own locks guard a source, any thread may cancel it.
    nonisolated(unsafe) let source = DispatchSource.makeReadSource(fileDescriptor: descriptor.rawValue, queue: .global())
    await withTaskCancellationHandler {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            source.setEventHandler { source.cancel() }
            source.setCancelHandler { continuation.resume() }
            source.resume()
        }
    } onCancel: {
        source.cancel()
    }
    return Task.isCancelled ? nil : ()
}
