import Glibc
import HeapSnapshot

/// What libFuzzer calls for each input, and what has to hold of all: no trap, no hang (its -timeout), no memory beyond a bound (its -rss_limit_mb).
///
/// The first byte says how the rest is handed over: whole or in pieces, with its size or without, `partial` or not.
@_cdecl("LLVMFuzzerTestOneInput")
public func snapshotFuzz(_ data: UnsafePointer<UInt8>, _ size: Int) -> CInt {
    guard size > 0 else { return 0 }
    let mode = data[0]
    let bytes = UnsafeRawBufferPointer(start: data + 1, count: size - 1)
    var position = 0
    let piece = mode & 1 == 0 ? Int.max : Int(mode >> 4) + 1
    let source = ByteSource(size: mode & 2 == 0 ? bytes.count : nil) { buffer in
        let count = min(bytes.count - position, buffer.count, piece)
        if count > 0 { buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[position..<position + count])) }
        position += count
        return count
    }
    do { look(try SnapshotReader.read(source, partial: mode & 4 != 0)) } catch let error as SnapshotError {
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
