import Linux
import Synchronization
import Units

/// What is the same for all watches of one turn of the loop: read once, and believed for a moment.
final class Recent<Value: Sendable>: Sendable {
    private let age: Duration
    private let read: @Sendable () -> Value
    private let last = Mutex<(value: Value, at: Duration)?>(nil)

    init(for age: Duration, _ read: @escaping @Sendable () -> Value) {
        self.age = age
        self.read = read
    }

    var value: Value {
        let now = SystemClock.monotonic()
        return last.withLock { last in
            if let last, now - last.at < age { return last.value }
            let value = read()
            last = (value, now)
            return value
        }
    }
}
