public import Units

/// What the `snapshot` member at the start of a .heapsnapshot says of the rest.
///
///     "snapshot":{"meta":{"node_fields":["type","name","id","self_size","edge_count","detachedness"],"node_types":[…],
///     "edge_fields":["type","name_or_index","to_node"],…},"node_count":274945,"edge_count":967445,"trace_function_count":0,"extra_native_bytes":24}
public struct SnapshotHeader: Sendable, Hashable {
    public var nodeCount: Int
    public var edgeCount: Int
    /// In the order of the columns of `nodes`; six or seven of them, by Node version.
    public var nodeFields: [String]
    public var edgeFields: [String]
    /// What the numbers in the column `type` stand for; empty where the header does not say.
    public var nodeTypes: [String] = []
    public var edgeTypes: [String] = []
    public var locationFields: [String] = []
    /// Can be smaller than the array it describes when allocation tracking ran in the captured isolate.
    public var traceFunctionCount: Int?
    /// Written by Node 24 and later.
    public var extraNativeBytes: ByteCount?
    /// Strings seen in the body; the header itself does not say. Set when the whole stream was read.
    public var stringCount: Int?
}

extension SnapshotHeader {
    /// What is wrong with a header.
    struct Malformed: Error, Equatable { var reason: String }

    /// - Parameter text: the value of `snapshot`, braces included.
    static func parse(_ text: [UInt8]) throws(Malformed) -> SnapshotHeader {
        guard let header = JSONText.parse(text) else { throw Malformed(reason: "the header is not JSON") }
        func fields(_ key: String) throws(Malformed) -> [String] {
            // 64: V8 has never had more than 7.
            guard let names = header["meta"]?[key]?.strings, (1...64).contains(names.count) else {
                throw Malformed(reason: "the header has no meta.\(key)")
            }
            return names
        }
        func count(_ key: String) throws(Malformed) -> Int {
            guard let count = header[key]?.natural else { throw Malformed(reason: "the header has no \(key)") }
            return count
        }
        let parsed = SnapshotHeader(
            nodeCount: try count("node_count"), edgeCount: try count("edge_count"),
            nodeFields: try fields("node_fields"), edgeFields: try fields("edge_fields"),
            nodeTypes: header["meta"]?["node_types"]?.first?.strings ?? [], edgeTypes: header["meta"]?["edge_types"]?.first?.strings ?? [],
            locationFields: header["meta"]?["location_fields"]?.strings ?? [],
            traceFunctionCount: header["trace_function_count"]?.natural,
            extraNativeBytes: header["extra_native_bytes"]?.natural.map { ByteCount($0) })
        guard parsed.nodeNumbers != nil, parsed.edgeNumbers != nil else { throw Malformed(reason: "the header's counts are beyond any memory") }
        return parsed
    }

    /// Numbers that `nodes` must hold; nil when the product is beyond Int.
    var nodeNumbers: Int? { product(nodeCount, nodeFields.count) }
    var edgeNumbers: Int? { product(edgeCount, edgeFields.count) }

    private func product(_ count: Int, _ fields: Int) -> Int? {
        let (numbers, overflow) = count.multipliedReportingOverflow(by: fields)
        return overflow ? nil : numbers
    }
}
