// usage: summary FILE      (- for standard input)
// The analysis alone, without heapsnapd around it: what `heapsnapd summary FILE --json` computes. One line of JSON: seconds of each step, counts.
import Glibc
import HeapSnapshot

guard CommandLine.arguments.count == 2 else { fatalError("usage: summary FILE") }
let path = CommandLine.arguments[1]
let descriptor = path == "-" ? 0 : open(path, O_RDONLY | O_CLOEXEC)
guard descriptor >= 0 else { fatalError("cannot open \(path): \(String(cString: strerror(errno)))") }
var status = stat()
fstat(descriptor, &status)

func seconds(_ span: Duration) -> Double { Double(span.components.seconds) + Double(span.components.attoseconds) / 1e18 }

let source = ByteSource(size: status.st_mode & S_IFMT == S_IFREG ? Int(status.st_size) : nil) { buffer in
    let count = read(descriptor, buffer.baseAddress, buffer.count)
    guard count >= 0 else { fatalError("cannot read \(path): \(String(cString: strerror(errno)))") }
    return count
}
let clock = ContinuousClock()
let start = clock.now
let snapshot = try SnapshotReader.read(source)
let wasRead = clock.now
let graph = SnapshotGraph(snapshot)
let wasGraph = clock.now
let rows = graph.summary()
let end = clock.now
print(
    "{\"nodes\": \(snapshot.nodeCount), \"edges\": \(snapshot.edgeCount), \"totalBytes\": \(graph.totalBytes), \"classes\": \(rows.count), "
        + "\"read\": \(seconds(wasRead - start)), \"graph\": \(seconds(wasGraph - wasRead)), \"summary\": \(seconds(end - wasGraph))}")
