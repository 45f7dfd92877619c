/// Texts that are in the heap more than once. Cost: 12 bytes per text while it works, 3 ns a node.
struct StringWaste {
    /// What could go if each text were there once.
    private(set) var wastedBytes: UInt64 = 0
    private(set) var count = 0
    private(set) var texts = 0
    /// One of the text that wastes most.
    private(set) var worst: Int?

    /// V8 cuts names to 1,024 characters: what is as long may differ behind it.
    private static let longestName = 1_023

    /// - Parameter isMember: which nodes count.
    init(_ graph: SnapshotGraph, where isMember: (Int) -> Bool = { _ in true }) {
        let links = Links(graph.snapshot.columns)
        let strings = graph.snapshot.strings
        let seen = Column<UInt32>(strings.count), bytes = Column<UInt64>(strings.count)
        defer {
            seen.free()
            bytes.free()
        }
        var worstBytes: UInt64 = 0
        for node in 0..<links.nodeCount where links.kind[node] == NodeKind.string {
            let text = Int(links.name[node])
            let size = graph.sizes.size(node)
            guard size > 0, text < strings.count, isMember(node) else { continue }
            count += 1
            let times = seen.pointer[text]
            seen.pointer[text] = times &+ 1
            if times == 0 {
                texts += 1
                continue
            }
            guard strings.raw(text).count < Self.longestName else { continue }
            wastedBytes += size
            bytes.pointer[text] += size
            if bytes.pointer[text] > worstBytes { (worstBytes, worst) = (bytes.pointer[text], node) }
        }
        withExtendedLifetime(graph) {}
    }
}
