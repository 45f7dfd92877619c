/// Which class each node is of, as DevTools' Summary view names it: constructors, `(string)`, `(compiled code)`, `{city, prefs}`.
struct ClassTable: Sendable {
    /// By ordinal, an index of `names`.
    let classOf: Column<UInt32>
    let names: [String]
    let definitions: [InterfaceDefinition]

    /// - Parameters:
    ///   - interfaces: name plain objects by their properties.
    ///   - definitions: those of another snapshot, to compare with it; nil: this one's own.
    init(_ snapshot: Snapshot, detachedness: Column<UInt8>?, interfaces: Bool = true, definitions given: [[String]]? = nil) {
        let (links, strings) = (Links(snapshot.columns), snapshot.strings)
        var naming = ClassNaming(strings)
        let column = Column<UInt32>(links.nodeCount)
        let classes = column.pointer
        let fixed = (0..<snapshot.kindNames.count).map { kind in naming.fixed(UInt8(kind), snapshot.kindNames[kind]) }
        for node in 0..<links.nodeCount {
            let kind = links.kind[node]
            if kind == NodeKind.object || kind == NodeKind.native {
                let isDetached = kind == NodeKind.native && detachedness?[node] == Detachedness.detached
                classes[node] = isDetached ? naming.detached(links.name[node]) : naming.named(links.name[node])
            } else {
                classes[node] = fixed[Int(kind)]
            }
        }
        var definitions: [InterfaceDefinition] = []
        if interfaces {
            let objects = PlainObjects(snapshot, links)
            definitions = given.map { ClassTable.translate($0, strings) } ?? objects.definitions(strings)
            ClassTable.apply(definitions, to: objects, links, &naming, classes)
        }
        (classOf, names, self.definitions) = (column, naming.names, definitions)
        withExtendedLifetime(snapshot) {}
    }

    private static func apply(
        _ definitions: [InterfaceDefinition], to objects: PlainObjects, _ links: Links, _ naming: inout ClassNaming,
        _ classes: UnsafeMutablePointer<UInt32>
    ) {
        guard !definitions.isEmpty else { return }
        var match = InterfaceMatch(definitions)
        let indexes = definitions.map { naming.index(of: $0.name) }
        let ofShape = objects.shapes.map { $0.isCut ? nil : match.best(objects.properties[$0.range]) }
        for (at, node) in objects.nodes.enumerated() {
            let shape = Int(objects.shapeOf[at])
            let best = objects.shapes[shape].isCut ? match.best(PropertyNames(links, Int(node))) : ofShape[shape]
            if let best { classes[Int(node)] = indexes[best] }
        }
    }

    /// Another snapshot's definitions in the strings of this one; what it has no string for no object can have.
    private static func translate(_ definitions: [[String]], _ strings: StringTable) -> [InterfaceDefinition] {
        let wanted = Set(definitions.joined())
        var indexes: [String: UInt32] = [:]
        for index in 0..<strings.count where !wanted.isEmpty {
            let text = strings.text(index)
            if wanted.contains(text) { indexes[text] = UInt32(index) }
        }
        return definitions.compactMap { properties in
            let found = properties.compactMap { indexes[$0] }
            guard found.count == properties.count else { return nil }
            let text = properties.map(PropertyName.formatted).joined(separator: ", ")
            return InterfaceDefinition(name: "{\(text)}", properties: found, count: 0)
        }
    }
}

/// The names of a node's properties.
private struct PropertyNames: Sequence, IteratorProtocol {
    private let links: Links
    private var edges: Range<Int>

    init(_ links: Links, _ node: Int) {
        self.links = links
        edges = links.edges(node)
    }

    mutating func next() -> UInt32? {
        while let edge = edges.popFirst() {
            if links.edgeKind(edge) == EdgeKind.property { return links.label[edge] & SnapshotColumns.labelMask }
        }
        return nil
    }
}

/// Gives each class name a number, once.
struct ClassNaming {
    private let strings: StringTable
    private(set) var names: [String] = []
    private var indexes: [String: UInt32] = [:]
    /// By a string's index: one more than the class, 0 for not seen yet.
    private let seen: Column<UInt32>
    private var seenDetached: [UInt32: UInt32] = [:]

    init(_ strings: StringTable) {
        self.strings = strings
        seen = Column(strings.count + 1)
    }

    mutating func index(of name: String) -> UInt32 {
        if let known = indexes[name] { return known }
        let index = UInt32(names.count)
        indexes[name] = index
        names.append(name)
        return index
    }

    /// Of all nodes of a type whose own name does not matter.
    mutating func fixed(_ kind: UInt8, _ kindName: String) -> UInt32 {
        switch kind {
        case NodeKind.hidden: index(of: "(system)")
        case NodeKind.code: index(of: "(compiled code)")
        case NodeKind.closure: index(of: "Function")
        case NodeKind.regexp: index(of: "RegExp")
        default: index(of: "(\(kindName))")
        }
    }

    mutating func named(_ string: UInt32) -> UInt32 {
        let at = min(Int(string), strings.count)
        if at < strings.count, seen[at] > 0 { return seen[at] - 1 }
        let index = index(of: ClassNaming.cut(strings.text(Int(string))))
        if at < strings.count { seen[at] = index + 1 }
        return index
    }

    mutating func detached(_ string: UInt32) -> UInt32 {
        if let known = seenDetached[string] { return known }
        let index = index(of: ClassNaming.cut("Detached " + strings.text(Int(string))))
        seenDetached[string] = index
        return index
    }

    /// `<div id="x">` is a `<div>`.
    static func cut(_ name: String) -> String {
        guard name.hasPrefix("<") || name.hasPrefix("Detached <") else { return name }
        let tag = name.hasPrefix("<") ? name.startIndex : name.index(name.startIndex, offsetBy: 9)
        guard let space = name[tag...].firstIndex(of: " ") else { return name }
        return String(name[..<space]) + ">"
    }
}
