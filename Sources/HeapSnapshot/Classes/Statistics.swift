/// DevTools' Statistics view: bytes by kind. The parts do not add up to the total.
public struct SnapshotStatistics: Sendable, Hashable, Codable {
    public var total: UInt64
    public var native: UInt64
    public var typedArrays: UInt64
    public var v8heap: UInt64
    public var code: UInt64
    public var jsArrays: UInt64
    public var strings: UInt64
    public var system: UInt64
}

extension SnapshotGraph {
    /// Cost: one pass over the nodes, and one over the edges for the arrays' elements (DevTools: calculateStatistics).
    public func statistics() -> SnapshotStatistics {
        let columns = snapshot.columns
        let links = Links(columns)
        let strings = snapshot.strings
        let backingStore = strings.index(of: "system / JSArrayBufferData"), array = strings.index(of: "Array"), elements = strings.index(of: "elements")
        var result = SnapshotStatistics(total: totalBytes, native: 0, typedArrays: 0, v8heap: 0, code: 0, jsArrays: 0, strings: 0, system: 0)
        var arrays: [Int] = []
        for node in 0..<links.nodeCount {
            let size = sizes.size(node)
            let name = links.name[node]
            switch links.kind[node] {
            case NodeKind.hidden: result.system &+= size
            case NodeKind.native:
                result.native &+= size
                if name == backingStore { result.typedArrays &+= size }
            case NodeKind.code: result.code &+= size
            case NodeKind.string, NodeKind.concatenatedString, NodeKind.slicedString: result.strings &+= size
            default:
                guard name == array else { continue }
                result.jsArrays &+= size
                arrays.append(node)
            }
        }
        // 1: the elements of some array; then one more for each edge that leads there.
        let holders = Column<UInt8>(links.nodeCount)
        var tables: [Int] = []
        for node in arrays {
            for edge in links.edges(node) where links.edgeKind(edge) == EdgeKind.internal && columns.edgeLabel(edge) == elements {
                tables.append(Int(links.target[edge]))
                holders[Int(links.target[edge])] = 1
                break
            }
        }
        let count = holders.pointer
        for edge in 0..<links.edgeCount {
            let child = Int(links.target[edge])
            if count[child] != 0, count[child] < 3 { count[child] &+= 1 }
        }
        for table in tables where holders[table] == 2 { result.jsArrays &+= sizes.size(table) }
        result.native &+= UInt64(clamping: snapshot.header.extraNativeBytes?.bytes ?? 0)
        result.v8heap = totalBytes &- result.native
        return result
    }
}
