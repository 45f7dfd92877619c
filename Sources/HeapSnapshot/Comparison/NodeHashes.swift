/// What a node is, as a number that means the same in every snapshot: its type, name and size, and in finer ones what it refers to.
struct NodeHashes {
    let snapshot: Snapshot
    let links: Links
    /// By a string's index, of its text; the lowest bit says that it is a number, as in `elements`' own edges.
    let text: Column<UInt64>
    /// Type, name and V8's own size.
    let own: Column<UInt64>
    /// For a node that one single edge leads to, where from, plus one; 0: none, or several.
    let onlyRetainer: Column<UInt32>

    init(_ snapshot: Snapshot) {
        self.snapshot = snapshot
        links = Links(snapshot.columns)
        text = Column(snapshot.strings.count + 1)
        for index in 0..<snapshot.strings.count { text[index] = NodeHashes.hash(snapshot.strings.raw(index)) }
        // The ids in them differ from snapshot to snapshot.
        for index in snapshot.strings.indexes(containing: " pair in WeakMap (table @") { text[index] = 2 }
        own = Column(links.nodeCount)
        for node in 0..<links.nodeCount {
            let name = min(Int(links.name[node]), snapshot.strings.count)
            let size = snapshot.columns.selfSize.size(node)
            own.pointer[node] = mix(mix(text.pointer[name], UInt64(links.kind[node])), size)
        }
        onlyRetainer = Column(links.nodeCount)
        let several = UInt32.max
        for node in 0..<links.nodeCount {
            for edge in links.edges(node) {
                let child = Int(links.target[edge])
                if child == node { continue }
                onlyRetainer.pointer[child] = onlyRetainer.pointer[child] == 0 ? UInt32(truncatingIfNeeded: node &+ 1) : several
            }
        }
        for node in 0..<links.nodeCount where onlyRetainer.pointer[node] == several { onlyRetainer.pointer[node] = 0 }
    }

    func free() {
        text.free()
        own.free()
        onlyRetainer.free()
    }

    /// One step finer: with the nodes that it leads to. The numbers of elements do not count, nor does the order of edges.
    func finer(_ coarse: Column<UInt64>) -> Column<UInt64> {
        let fine = Column<UInt64>(links.nodeCount)
        for node in 0..<links.nodeCount {
            var sum: UInt64 = 0
            for edge in links.edges(node) where !links.isWeak(edge) {
                let key = key(edge)
                sum &+= mix(isNumber(key) ? 1 : key, coarse.pointer[Int(links.target[edge])])
            }
            fine.pointer[node] = mix(coarse.pointer[node], sum)
        }
        return fine
    }

    /// What an edge is called.
    @inline(__always) func key(_ edge: Int) -> UInt64 {
        let kind = links.edgeKind(edge)
        let label = links.label[edge] & SnapshotColumns.labelMask
        if kind == EdgeKind.element || kind == EdgeKind.hidden { return UInt64(label) << 4 | UInt64(kind) << 1 | 1 }
        let at = min(Int(label), snapshot.strings.count)
        return text.pointer[at] ^ UInt64(kind) << 60
    }

    @inline(__always) func isNumber(_ key: UInt64) -> Bool { key & 1 != 0 }

    /// FNV-1a (Fowler, Noll, Vo), then spread.
    private static func hash(_ raw: UnsafeBufferPointer<UInt8>) -> UInt64 {
        var (hash, digits): (UInt64, Bool) = (0xcbf2_9ce4_8422_2325, !raw.isEmpty)
        for byte in raw {
            hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
            if byte &- 0x30 > 9 { digits = false }
        }
        return mix(hash, 0) & ~1 | (digits ? 1 : 0)
    }
}

/// SplitMix64's finisher (Steele, Lea, Flood 2014) over both.
@inline(__always)
func mix(_ a: UInt64, _ b: UInt64) -> UInt64 {
    var z = (a &* 0x9E37_79B9_7F4A_7C15) ^ (b &+ 0x9E37_79B9_7F4A_7C15)
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
}
