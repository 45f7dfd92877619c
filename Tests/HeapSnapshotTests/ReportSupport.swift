import Glibc

@testable import HeapSnapshot

/// A graph out of a few nodes, as V8 would write it; strings of any content.
struct ReportHeap {
    private var kinds = [
        "hidden", "array", "string", "object", "code", "closure", "regexp", "number", "native", "synthetic", "concatenated string", "sliced string",
        "symbol",
    ]
    private let edgeKinds = ["context", "element", "property", "internal", "hidden", "shortcut", "weak"]
    private var strings: [String] = []
    private var numbers: [String: Int] = [:]
    private var nodes: [(kind: Int, name: Int, size: Int)] = []
    private var edges: [[(kind: Int, name: Int, target: Int)]] = []

    /// With a root, and `global` (node 1) below it by a shortcut.
    init() {
        add("synthetic", "", 0)
        add("object", "global", 16)
        connect(0, 1, "shortcut", "global")
    }

    private mutating func string(_ text: String) -> Int {
        if let known = numbers[text] { return known }
        numbers[text] = strings.count
        strings.append(text)
        return strings.count - 1
    }

    /// - Returns: its ordinal.
    @discardableResult
    mutating func add(_ kind: String, _ name: String, _ size: Int) -> Int {
        nodes.append((kinds.firstIndex(of: kind)!, string(name), size))
        edges.append([])
        return nodes.count - 1
    }

    mutating func connect(_ from: Int, _ to: Int, _ kind: String = "property", _ name: String = "x") {
        edges[from].append((edgeKinds.firstIndex(of: kind)!, string(name), to))
    }

    /// - Parameter cut: bytes at the end that are left away.
    func graph(cut: Int = 0) throws -> SnapshotGraph {
        var text = """
            {"snapshot":{"meta":{"node_fields":["type","name","id","self_size","edge_count","detachedness"],"node_types":[\(quoted(kinds)),"string","number",\
            "number","number","number"],"edge_fields":["type","name_or_index","to_node"],"edge_types":[\(quoted(edgeKinds)),"string_or_number","node"]},\
            "node_count":\(nodes.count),"edge_count":\(edges.reduce(0) { $0 + $1.count })},"nodes":[
            """
        text += zip(nodes, edges).enumerated().map { "\($1.0.kind),\($1.0.name),\($0 * 2 + 1),\($1.0.size),\($1.1.count),0" }.joined(separator: ",")
        text += "],\"edges\":[" + edges.joined().map { "\($0.kind),\($0.name),\($0.target * 6)" }.joined(separator: ",")
        text += "],\"strings\":" + quoted(strings) + "}"
        return try SnapshotGraph(reportSnapshot(Array(text.utf8.dropLast(cut)), partial: cut > 0))
    }

    private func quoted(_ texts: [String]) -> String {
        "["
            + texts.map { text in
                "\""
                    + text.utf16.map { unit in
                        if (0x20...0x7E).contains(unit), unit != 0x22, unit != 0x5C { return String(UnicodeScalar(UInt8(unit))) }
                        let digits = String(unit, radix: 16)
                        return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                    }.joined() + "\""
            }.joined(separator: ",") + "]"
    }
}

func reportSnapshot(_ bytes: [UInt8], partial: Bool = false) throws -> Snapshot {
    var position = 0
    let source = ByteSource(size: bytes.count) { buffer in
        let count = min(buffer.count, bytes.count - position)
        bytes.withUnsafeBytes { buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[position..<position + count])) }
        position += count
        return count
    }
    return try SnapshotReader.read(source, partial: partial)
}

extension Report {
    func page() throws -> String {
        var page = ""
        try write { page += $0 }
        return page
    }
}

/// What a program says, and how it ended.
func shellOutput(of command: String) -> (text: String, status: Int32) {
    guard let stream = popen(command, "r") else { return ("", -1) }
    var text: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4_096)
    while case let count = fread(&buffer, 1, buffer.count, stream), count > 0 { text += buffer[..<count] }
    return (String(decoding: text, as: UTF8.self), pclose(stream))
}

/// Writes a file of its own in the temporary directory.
/// - Returns: its path; whoever asked removes it.
func temporaryPage(_ text: String, suffix: String = "") throws -> String {
    var path = Array("/tmp/heapsnapd-report-XXXXXX\(suffix)".utf8CString)
    let descriptor = mkstemps(&path, Int32(suffix.utf8.count))
    let name = String(decoding: path.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    guard descriptor >= 0, let stream = fdopen(descriptor, "w") else { throw Missing(file: name) }
    fputs(text, stream)
    fclose(stream)
    return name
}
