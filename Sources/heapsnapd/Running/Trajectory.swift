import MemoryWatch
import SnapshotStore
import Units

/// The last minutes of a service's memory, for its records: at most 64 samples, thinned to every second one when full, so that a slow leak shows whole.
struct Trajectory {
    private var samples: [(sample: Sample, at: Timestamp)] = []
    private var spacing = Duration.milliseconds(500)
    private static let capacity = 64

    mutating func add(_ sample: Sample, at: Timestamp) {
        if let last = samples.last, sample.at - last.sample.at < spacing { return }
        if samples.count == Self.capacity {
            samples = samples.enumerated().filter { $0.offset % 2 == 1 }.map(\.element)
            spacing *= 2
        }
        samples.append((sample, at))
    }

    var recorded: [SnapshotRecord.Sample] { samples.map { .init($0.sample, at: $0.at) } }
}
