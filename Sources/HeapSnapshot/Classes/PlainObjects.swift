/// What a plain object, one whose class is just `Object`, looks like: the names of its properties.
struct InterfaceDefinition: Sendable, Hashable {
    /// `{city, prefs}`.
    var name: String
    /// Indexes of strings, in the objects' order.
    var properties: [UInt32]
    /// How many objects look exactly so.
    var count: Int
}

/// The shapes of plain objects (DevTools: inferInterfaceDefinitions): each object's property names as one text.
///
/// A shape is kept as indexes of strings, which are unique in a snapshot; the texts are made for the few that become definitions.
struct PlainObjects {
    /// Ordinals of the plain objects.
    private(set) var nodes: [UInt32] = []
    /// For each, its shape.
    private(set) var shapeOf: [UInt32] = []
    private(set) var shapes: [Shape] = []

    struct Shape {
        /// In `properties` of all shapes.
        var range: Range<Int>
        var count = 0
        /// Some object has more properties than fit into the text, so that objects of this shape may differ in the rest.
        var isCut = false
    }
    private(set) var properties: [UInt32] = []

    /// The text may have as many UTF-16 units without the closing brace.
    private static let longestText = 120

    init(_ snapshot: Snapshot, _ links: Links) {
        guard let object = snapshot.strings.index(of: "Object") else { return }
        let proto = snapshot.strings.index(of: "__proto__")
        var lengths = FormattedLengths(snapshot.strings)
        var found: [UInt64: UInt32] = [:]
        var names: [UInt32] = []
        for node in 0..<links.nodeCount where links.name[node] == object && links.kind[node] == NodeKind.object {
            names.removeAll(keepingCapacity: true)
            var (length, isCut): (Int, Bool) = (1, false)
            var hash: UInt64 = 0xcbf2_9ce4_8422_2325
            for edge in links.edges(node) where links.edgeKind(edge) == EdgeKind.property {
                let name = links.label[edge] & SnapshotColumns.labelMask
                if name == proto { continue }
                // Without the comma before it, and never the first one, as DevTools counts.
                if length > 1, length + lengths[name] > Self.longestText {
                    isCut = true
                    break
                }
                length += lengths[name] + (names.isEmpty ? 0 : 2)
                names.append(name)
                hash = (hash ^ UInt64(name)) &* 0x9E37_79B9_7F4A_7C15
                hash ^= hash >> 29
            }
            nodes.append(UInt32(truncatingIfNeeded: node))
            let shape = shape(names, hash, &found)
            shapes[shape].count += 1
            if isCut { shapes[shape].isCut = true }
            shapeOf.append(UInt32(truncatingIfNeeded: shape))
        }
    }

    private mutating func shape(_ names: [UInt32], _ hash: UInt64, _ found: inout [UInt64: UInt32]) -> Int {
        var hash = hash
        while let known = found[hash] {
            if properties[shapes[Int(known)].range].elementsEqual(names) { return Int(known) }
            hash &+= 1
        }
        found[hash] = UInt32(shapes.count)
        shapes.append(Shape(range: properties.count..<properties.count + names.count))
        properties += names
        return shapes.count - 1
    }

    /// Those that enough objects share: a thousandth of all plain ones, and two at least; the most frequent first, then in the order they were met.
    func definitions(_ strings: StringTable) -> [InterfaceDefinition] {
        let enough = max(2, Double(nodes.count) / 1_000)
        return shapes.indices.filter { !shapes[$0].range.isEmpty && Double(shapes[$0].count) >= enough }
            .sorted { (shapes[$1].count, $0) < (shapes[$0].count, $1) }
            .map { index in
                let names = Array(properties[shapes[index].range])
                let text = names.map { PropertyName.formatted(strings.text(Int($0))) }.joined(separator: ", ")
                return InterfaceDefinition(name: "{\(text)}", properties: names, count: shapes[index].count)
            }
    }
}

enum PropertyName {
    /// In quotes where the text would be ambiguous.
    static func formatted(_ name: String) -> String {
        name.contains { ",'\"{}".contains($0) } ? quoted(name) : name
    }

    /// As JSON.stringify has it.
    static func quoted(_ name: String) -> String {
        var text = "\""
        for scalar in name.unicodeScalars {
            switch scalar {
            case "\"", "\\": text += "\\\(scalar)"
            case "\n": text += "\\n"
            case "\t": text += "\\t"
            case "\r": text += "\\r"
            case "\u{8}": text += "\\b"
            case "\u{c}": text += "\\f"
            case ..<" ": text += "\\u" + String(repeating: "0", count: scalar.value < 16 ? 3 : 2) + String(scalar.value, radix: 16)
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text + "\""
    }
}

/// How long a property's name is in the text of a shape, in UTF-16 units; each is looked at once.
private struct FormattedLengths {
    private let strings: StringTable
    private let known: Column<UInt16>

    init(_ strings: StringTable) {
        self.strings = strings
        known = Column(strings.count + 1)
    }

    subscript(index: UInt32) -> Int {
        mutating get {
            guard index < strings.count else { return 1 }
            let value = known[Int(index)]
            if value > 0 { return Int(value) - 1 }
            let length = PropertyName.formatted(strings.text(Int(index))).utf16.count
            known[Int(index)] = UInt16(clamping: length + 1)
            return length
        }
    }
}
