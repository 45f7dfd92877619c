// usage: ingest FILE STORE
// Takes FILE into the store once, as a capture does (verify, compress, hash, make durable), and prints one line of JSON: wall seconds, CPU seconds,
// bytes. Nothing stays in the store.
import Glibc
public import HeapSnapshot
public import SnapshotStore
import Units

extension StreamVerifier: StreamVerifying {
    public func verdict() -> StreamVerdict {
        switch finish() {
        case .complete(let header): .complete(nodeCount: header.nodeCount, edgeCount: header.edgeCount)
        case .truncated(let offset, let expected): .truncated(at: offset, expected: expected)
        case .invalid(let offset, let reason): .invalid(at: offset, reason: reason)
        }
    }
}

func seconds(_ clock: clockid_t) -> Double {
    var time = timespec()
    clock_gettime(clock, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

guard CommandLine.arguments.count == 3 else { fatalError("usage: ingest FILE STORE") }
let store = try SnapshotStore.open(at: CommandLine.arguments[2])
var verifier = StreamVerifier()
let (wall, cpu) = (seconds(CLOCK_MONOTONIC), seconds(CLOCK_PROCESS_CPUTIME_ID))
let ingested = try store.ingest(fileAt: CommandLine.arguments[1], id: SnapshotID(secondsSinceEpoch: 1_800_000_000), verifier: &verifier)
let spent = (wall: seconds(CLOCK_MONOTONIC) - wall, cpu: seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu)
guard case .complete = ingested.verdict else { fatalError("not a whole snapshot: \(ingested.verdict)") }
try store.discard(ingested)
print("{\"wall\": \(spent.wall), \"cpu\": \(spent.cpu), \"bytes\": \(ingested.bytes.bytes), \"storedBytes\": \(ingested.storedBytes.bytes)}")
