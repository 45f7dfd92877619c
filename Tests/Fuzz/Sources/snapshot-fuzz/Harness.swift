import Glibc
import HeapSnapshot

/// What libFuzzer calls for each input, and what has to hold of all: no trap, no hang (its -timeout), no memory beyond a bound (its -rss_limit_mb).
///
/// The first byte says how the rest is handed over: whole or in pieces, with its size or without, `partial` or not, to one thread or two.
@_cdecl("LLVMFuzzerTestOneInput")
public func snapshotFuzz(_ data: UnsafePointer<UInt8>, _ size: Int) -> CInt {
    guard size > 0 else { return 0 }
    let mode = data[0]
    let bytes = UnsafeRawBufferPointer(start: data + 1, count: size - 1)
    nonisolated(unsafe) let shared = bytes  // because both threads only read it, and have ended when this returns
    let source = { @Sendable () -> ByteSource in
        var position = 0
        let piece = mode & 1 == 0 ? Int.max : Int(mode >> 4) + 1
        return ByteSource(size: mode & 2 == 0 ? shared.count : nil) { buffer in
            let count = min(shared.count - position, buffer.count, piece)
            if count > 0 { buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: shared[position..<position + count])) }
            position += count
            return count
        }
    }
    let both = mode & 8 == 0 ? nil : try? SnapshotReader.readInTwo(source)
    do {
        let snapshot = try SnapshotReader.read(source(), partial: mode & 4 != 0)
        precondition(both == nil || both?.nodeCount == snapshot.nodeCount && both?.edgeCount == snapshot.edgeCount && snapshot.truncation == nil)
        look(snapshot)
    } catch let error as SnapshotError {
        precondition(both == nil, "two threads took it, one does not: \(error)")
        precondition(!error.reason.isEmpty && (0...bytes.count).contains(error.offset), "an error that names no place: \(error)")
    } catch { fatalError("an error of another kind: \(error)") }
    return 0
}

/// All that is computed from what could be read.
private func look(_ snapshot: Snapshot) {
    let graph = SnapshotGraph(snapshot)
    _ = graph.summary(byLocation: true)
    _ = graph.summary(interfaces: false)
    let statistics = graph.statistics()
    precondition(statistics.total == graph.totalBytes)
    for node in 0..<min(snapshot.nodeCount, 64) {
        _ = snapshot.name(of: node)
        precondition(graph.retainedSize(of: node) >= graph.shallowSize(of: node) && graph.dominator(of: node) < snapshot.nodeCount)
    }
}
