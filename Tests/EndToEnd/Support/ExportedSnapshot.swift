import Foundation
import Testing

/// A plain .heapsnapshot file, read independently of heapsnapd: the header by a JSON parser, the nodes by counting their numbers.
///
///     {"snapshot":{"meta":{"node_fields":["type","name","id","self_size","edge_count","detachedness"],…},"node_count":41245,"edge_count":160032,…},
///     "nodes":[9,1,1,0,6,0,9,2,3,0,21,0,…],
struct ExportedSnapshot {
    var nodeCount: Int
    var edgeCount: Int
    /// What really is in the array of nodes.
    var nodesFound: Double
    var isClosed: Bool

    init(_ path: String) throws {
        let data = try Data(contentsOf: URL(filePath: path), options: .alwaysMapped)
        let nodes = try #require(data.range(of: Data("\"nodes\":[".utf8)), "no nodes in \(path)")
        let header = String(decoding: data[..<nodes.lowerBound], as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines).dropLast() + "}"
        struct Header: Decodable {
            struct Meta: Decodable { var node_fields: [String] }
            struct Snapshot: Decodable { var meta: Meta, node_count: Int, edge_count: Int }
            var snapshot: Snapshot
        }
        let snapshot = try JSONDecoder().decode(Header.self, from: Data(header.utf8)).snapshot
        (nodeCount, edgeCount) = (snapshot.node_count, snapshot.edge_count)
        let end = try #require(data.range(of: Data("]".utf8), in: nodes.upperBound..<data.endIndex), "the nodes of \(path) do not end")
        nodesFound = Double(Self.commas(in: data[nodes.upperBound..<end.lowerBound]) + 1) / Double(snapshot.meta.node_fields.count)
        isClosed = data.suffix(2).elementsEqual("]}".utf8)
    }

    private static func commas(in data: Data) -> Int {
        data.withUnsafeBytes { bytes in
            var count = 0
            var start = 0
            while let next = memchr(bytes.baseAddress! + start, Int32(UInt8(ascii: ",")), bytes.count - start) {
                count += 1
                start = UnsafeRawPointer(next) - bytes.baseAddress! + 1
            }
            return count
        }
    }
}
