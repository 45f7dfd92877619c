import Dispatch

/// Both, the second on a thread of its own where there may be two; without that, one after the other.
///
/// - Parameter threads: 1 or more; more than 2 are not used.
func concurrently<First, Second: Sendable, Failure: Error>(
    _ threads: Int, _ first: () throws(Failure) -> First, _ second: @escaping @Sendable () throws(Failure) -> Second
) throws(Failure) -> (First, Second) {
    guard threads > 1 else { return (try first(), try second()) }
    nonisolated(unsafe) var outcome: Result<Second, Failure>?  // because only the other thread writes it, and it is read once that has ended
    let other = DispatchWorkItem(qos: .userInitiated) { outcome = Result(catching: second) }
    DispatchQueue.global(qos: .userInitiated).async(execute: other)
    let mine = Result(catching: first)
    other.wait()
    guard let outcome else { preconditionFailure("a work item that has ended was run") }
    return (try mine.get(), try outcome.get())
}
