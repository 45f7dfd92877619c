/// Which realm (in a browser a frame, in Node a `vm` context) the heap belongs to.
public struct NativeContexts: Sendable, Hashable, Codable {
    public struct Context: Sendable, Hashable, Codable {
        public var id: UInt32
        public var name: String
        public var attributedBytes: UInt64
        public var retainedBytes: UInt64
        public var shallowBytes: UInt64
    }
    public var contexts: [Context]
    /// Reached from more than one.
    public var sharedBytes: UInt64
    /// Reached from none.
    public var unattributedBytes: UInt64
}

/// DevTools: calculateNativeContextAttribution. An object belongs to the context that its map names; what has no such map to the one it is reached
/// from, or to several.
struct NativeContextAttribution {
    static let none = UInt32.max
    static let shared = UInt32.max - 1
    /// By ordinal: the context's ordinal, or one of the above.
    let owner: Column<UInt32>
    let contexts: [Int]

    init(_ graph: SnapshotGraph) {
        let snapshot = graph.snapshot
        let links = Links(snapshot.columns)
        let owners = Column<UInt32>(links.nodeCount, repeating: Self.none)
        let isFixed = NodeSet(nodeCount: links.nodeCount)
        let names = Self.contextNames(snapshot.strings)
        var contexts: [Int] = []
        // What the first edges `map` and `native_context` of each node lead to; 0: no such edge, as nothing refers to the root.
        let maps = Column<UInt32>(links.nodeCount), natives = Column<UInt32>(links.nodeCount)
        defer {
            maps.free()
            natives.free()
        }
        let (map, native) = (snapshot.strings.index(of: "map"), snapshot.strings.index(of: "native_context"))
        for node in 0..<links.nodeCount {
            if names.contains(links.name[node]) {
                contexts.append(node)
                owners[node] = UInt32(node)
                isFixed.insert(node)
            }
            for edge in links.edges(node) where links.edgeKind(edge) == EdgeKind.internal {
                let label = links.label[edge] & SnapshotColumns.labelMask
                let child = links.target[edge]
                if label == map, maps.pointer[node] == 0 { maps.pointer[node] = child }
                if label == native, natives.pointer[node] == 0, names.contains(links.name[Int(child)]) { natives.pointer[node] = child }
            }
        }
        // A node is on the stack when its owner changed: to a context, and to shared.
        var stack = NodeStack(3 * links.nodeCount)
        for node in 0..<links.nodeCount {
            if !isFixed.contains(node) {
                let map = Int(maps[node])
                let context = map > 0 && maps[map] > 0 ? natives[Int(maps[map])] : 0
                if context == 0 { continue }
                owners[node] = context
                isFixed.insert(node)
            }
            stack.push(node)
        }
        while let node = stack.pop() {
            let its = owners[node]
            for edge in links.edges(node) {
                let kind = links.edgeKind(edge)
                let child = Int(links.target[edge])
                if kind == EdgeKind.shortcut || kind == EdgeKind.weak || child == node || isFixed.contains(child) { continue }
                let before = owners[child]
                let merged = before == Self.none || before == its ? its : Self.shared
                if merged == before { continue }
                owners[child] = merged
                stack.push(child)
            }
        }
        (owner, self.contexts) = (owners, contexts)
        withExtendedLifetime(snapshot) {}
    }

    private static func contextNames(_ table: StringTable) -> Set<UInt32> {
        let plain = "system / NativeContext"
        return Set(
            table.indexes(containing: plain).filter {
                var text = Substring(table.text($0))
                if text.hasPrefix("Detached ") { text = text.dropFirst(9) }
                return text == plain || text.hasPrefix(plain + " / ")
            }.map { UInt32($0) })
    }
}

extension SnapshotGraph {
    /// Cost: 20 ns per edge.
    public func nativeContexts() -> NativeContexts {
        let attribution = NativeContextAttribution(self)
        defer { attribution.owner.free() }
        var bytes: [UInt32: UInt64] = [:]
        var (shared, none): (UInt64, UInt64) = (0, 0)
        for context in attribution.contexts { bytes[UInt32(context)] = 0 }
        var last = (owner: NativeContextAttribution.none, sum: UInt64(0))
        for node in 0..<snapshot.nodeCount {
            let owner = attribution.owner[node]
            if owner != last.owner {
                bytes[last.owner, default: 0] &+= last.sum
                last = (owner, 0)
            }
            last.sum &+= sizes.size(node)
        }
        bytes[last.owner, default: 0] &+= last.sum
        shared = bytes[NativeContextAttribution.shared] ?? 0
        none = bytes[NativeContextAttribution.none] ?? 0
        return NativeContexts(
            contexts: attribution.contexts.map {
                NativeContexts.Context(
                    id: snapshot.id(of: $0), name: snapshot.name(of: $0), attributedBytes: bytes[UInt32($0)] ?? 0,
                    retainedBytes: retainedSize(of: $0),
                    shallowBytes: shallowSize(of: $0))
            }, sharedBytes: shared, unattributedBytes: none)
    }
}
