// because dispatch's sources are not marked Sendable on Linux, though libdispatch documents them as safe from any thread
@preconcurrency import Dispatch
import Glibc
import Synchronization
import SystemPackage

/// The service's standard error on its way to ours: unchanged, in order, and the last bytes kept for V8's last words (contract 26).
///
/// One pipe for all runs of the service. We hold its writing end too, so that it never reports an end: grandchildren that keep it open
/// after the service died still have a reader, and we don't wait for them.
///
/// The service must neither be killed nor held up by us, so its pipe is drained whatever becomes of our own standard error. When that is
/// closed (EPIPE, EBADF) the bytes go nowhere. When its reader is slow, up to `backlogLimit` bytes wait, and then the service is as slow as it
/// would be without us. When its reader doesn't take a chunk (64 KiB) in `stallLimit`, what doesn't fit is dropped, and a line in its place says how
/// much. What is kept as tail is never affected.
final class StderrTail: Sendable {
    /// Keeps V8's report (a few KiB with its stack traces) and what the application said before it.
    static let capacity = 65_536
    /// 16 times the capacity of a pipe (pipe(7): 64 KiB).
    static let backlogLimit = 1_048_576

    private struct State {
        var tail: [UInt8] = []
        var backlog = 0
        var dropped = 0
        var chunksPassed = 0
        /// The source is suspended: the backlog is full, and its reader still has time.
        var isPaused = false
        var pauses = 0
        var isStalled = false
        var isOutputClosed = false
    }

    /// Where the service writes.
    let input: FileDescriptor
    private let pipe: FileDescriptor
    private let output: FileDescriptor
    private let stallLimit: DispatchTimeInterval
    private let state = Mutex(State())
    /// Reads and passes on in order; never blocks.
    private let source: any DispatchSourceRead
    private let reading = DispatchQueue(label: "stderr.read")
    /// Writes to `output`, and may block in it as long as it likes.
    private let writing = DispatchQueue(label: "stderr.write")

    /// - Parameter stallLimit: 5 s by default: far longer than a live reader is kept from running on a busy host, and short enough for a
    ///   liveness probe (the kubelet's default kills after 3 failures 10 s apart).
    init(output: FileDescriptor = .standardError, stallLimit: DispatchTimeInterval = .seconds(5)) throws {
        // A closed standard error is to be an answer of write(2), not our death. `spawn` sets it back in the service.
        _ = signal(SIGPIPE, SIG_IGN)
        let ends = try FileDescriptor.pipe()
        for end in [ends.readEnd, ends.writeEnd] { _ = fcntl(end.rawValue, F_SETFD, FD_CLOEXEC) }
        // Only our end is non-blocking: the flag belongs to the open file, and the two ends are two of them.
        _ = fcntl(ends.readEnd.rawValue, F_SETFL, O_NONBLOCK)
        (pipe, input) = ends
        self.output = output
        self.stallLimit = stallLimit
        source = DispatchSource.makeReadSource(fileDescriptor: pipe.rawValue, queue: reading)
        source.setEventHandler { [weak self] in self?.readable() }
        source.activate()
    }

    deinit {
        source.setCancelHandler { [pipe, input] in
            try? pipe.close()
            try? input.close()
        }
        source.cancel()
    }

    /// What the service wrote last, up to now: to be asked for when its end is known.
    func takeTail() -> [UInt8] {
        reading.sync { drain() }
        return state.withLock { state in
            defer { state.tail = [] }
            return state.tail
        }
    }

    /// Waits until everything drained so far is written, at most `patience`: a stalled reader doesn't hold up our exit.
    func flush(patience: Duration) async {
        reading.sync { drain() }
        let milliseconds = Int(patience / .milliseconds(1))
        await withCheckedContinuation { continuation in
            let once = Once { continuation.resume() }
            writing.async { once.fire() }
            reading.asyncAfter(deadline: .now() + .milliseconds(milliseconds)) { once.fire() }
        }
    }

    private func readable() {
        let pause = state.withLock { state -> (number: Int, chunksPassed: Int)? in
            guard state.backlog >= Self.backlogLimit, !state.isStalled, !state.isOutputClosed else { return nil }
            state.isPaused = true
            state.pauses += 1
            source.suspend()  // under the lock, as every resume: the two must not overtake each other
            return (state.pauses, state.chunksPassed)
        }
        guard let pause else { return drain() }
        resumeIfStalled(pause: pause.number, chunksPassed: pause.chunksPassed)
    }

    /// Looks again after `stallLimit`. Holds on to self meanwhile, so the source is never released while suspended, which libdispatch forbids.
    private func resumeIfStalled(pause: Int, chunksPassed: Int) {
        reading.asyncAfter(deadline: .now() + stallLimit) { [self] in
            let now = state.withLock { state -> Int? in
                guard state.isPaused, state.pauses == pause else { return nil }
                guard state.chunksPassed == chunksPassed else { return state.chunksPassed }
                state.isStalled = true
                state.isPaused = false
                source.resume()
                return nil
            }
            if let now { resumeIfStalled(pause: pause, chunksPassed: now) }
        }
    }

    /// One pipe full at most: the source fires again while there is more.
    private func drain() {
        let chunk = [UInt8](unsafeUninitializedCapacity: Self.capacity) { buffer, count in
            count = max(0, read(pipe.rawValue, buffer.baseAddress, buffer.count))
        }
        guard !chunk.isEmpty else { return }
        let mayPass = state.withLock { state in
            state.tail.append(contentsOf: chunk)
            if state.tail.count > Self.capacity { state.tail.removeFirst(state.tail.count - Self.capacity) }
            guard !state.isOutputClosed else { return false }
            guard state.dropped == 0, !state.isStalled || state.backlog + chunk.count <= Self.backlogLimit else {
                state.dropped += chunk.count
                return false
            }
            state.backlog += chunk.count
            return true
        }
        if mayPass { writing.async { [self] in pass(chunk) } }
    }

    private func pass(_ chunk: [UInt8]) {
        let isWritten = writeAll(chunk)
        let dropped = state.withLock { state in
            state.backlog -= chunk.count
            state.chunksPassed += 1
            state.isStalled = false
            state.isOutputClosed = !isWritten
            if state.isPaused && (state.backlog <= Self.backlogLimit / 2 || !isWritten) {
                state.isPaused = false
                source.resume()
            }
            guard state.backlog == 0 else { return 0 }
            defer { state.dropped = 0 }
            return state.dropped
        }
        if dropped > 0 { _ = writeAll(Array("heapsnapd: \(dropped) bytes of standard error dropped: its reader stalled\n".utf8)) }
    }

    /// False: nobody will ever read it.
    private func writeAll(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            do {
                rest = try rest.dropFirst(rest.withUnsafeBytes { try output.write($0) })
            } catch Errno.wouldBlock {  // somebody who shares the open file made it non-blocking
                var ready = pollfd(fd: output.rawValue, events: Int16(POLLOUT), revents: 0)
                _ = poll(&ready, 1, -1)
            } catch {
                return false
            }
        }
        return true
    }
}

/// Two may want to finish the same wait; the first does.
private final class Once: Sendable {
    private let action: Mutex<(@Sendable () -> Void)?>
    init(_ action: @escaping @Sendable () -> Void) { self.action = Mutex(action) }
    func fire() {
        action.withLock { action in
            defer { action = nil }
            return action
        }?()
    }
}
