import CZstd
import Glibc
import HeapSnapshot

/// A real snapshot below Tests/Fixtures/heapsnapshot, uncompressed.
func fixture(_ name: String) throws -> [UInt8] { try fixture(file: "\(name).heapsnapshot") }

/// Any file there, uncompressed; its name without `.zst`.
func fixture(file name: String, path: String = #filePath) throws -> [UInt8] {
    let tests = path.split(separator: "/").dropLast(2).joined(separator: "/")
    let file = "/\(tests)/Fixtures/heapsnapshot/\(name).zst"
    guard let stream = fopen(file, "rb") else { throw Missing(file: file) }
    defer { fclose(stream) }
    fseek(stream, 0, SEEK_END)
    var packed = [UInt8](repeating: 0, count: ftell(stream))
    rewind(stream)
    guard fread(&packed, 1, packed.count, stream) == packed.count else { throw Missing(file: file) }
    // `zstd` the tool writes the content's size into the frame.
    var content = [UInt8](repeating: 0, count: Int(ZSTD_getFrameContentSize(packed, packed.count)))
    guard ZSTD_decompress(&content, content.count, packed, packed.count) == content.count else { throw Missing(file: file) }
    return content
}

struct Missing: Error { var file: String }

/// The verdict on `bytes`, handed over in pieces whose sizes `next` gives.
func verdict(on bytes: [UInt8], pieces next: () -> Int = { .max }) -> StreamVerifier.Verdict {
    var verifier = StreamVerifier()
    bytes.withUnsafeBytes { all in
        var rest = all[...]
        while !rest.isEmpty {
            let piece = rest.prefix(next())
            verifier.consume(UnsafeRawBufferPointer(rebasing: piece))
            rest = rest.dropFirst(piece.count)
        }
    }
    return verifier.finish()
}

func verdict(on text: String) -> StreamVerifier.Verdict { verdict(on: Array(text.utf8)) }

/// A snapshot of `nodes` records of six fields and one edge each; its lists are long enough for the fast path when `nodes` > 200.
func smallSnapshot(nodes: Int = 3, lineBreaks: Bool = false) -> String {
    let end = lineBreaks ? "\n" : ""
    let nodeList = (0..<nodes).map { "\($0 == 0 ? "" : ",")3,\($0),\($0 * 2 + 1),\($0 * 37 % 1_000),1,0\(end)" }.joined()
    let edgeList = (0..<nodes).map { "\($0 == 0 ? "" : ",")2,\($0),\($0 * 6)\(end)" }.joined()
    return """
        {"snapshot":{"meta":{"node_fields":["type","name","id","self_size","edge_count","detachedness"],"node_types":[["hidden","array"],"string"],\
        "edge_fields":["type","name_or_index","to_node"]},"node_count":\(nodes),"edge_count":\(nodes),"trace_function_count":0},
        "nodes":[\(nodeList)],
        "edges":[\(edgeList)],
        "trace_function_infos":[],"trace_tree":[1,0,2,48,[2,0,1,8,[]]],"samples":[],"locations":[0,1,-1,2],
        "strings":["<dummy>","a\\"b\\\\","\\u00FC{}[]"]}

        """
}

/// Deterministic; SplitMix64 (Steele, Lea, Flood 2014).
struct SplitMix: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
