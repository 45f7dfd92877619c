/// A class of one snapshot that was found by its name, or the functions of one name.
public struct ClassMatch: Sendable, Hashable {
    /// Of functions with `()`.
    public let name: String
    let index: Int
    /// Only nodes that V8 calls so: index of a string.
    var nodeName: UInt32?
}

/// What `@123` or `Map` names.
public enum NodeQuery: Sendable, Hashable {
    /// An ordinal.
    case node(Int)
    case members(ClassMatch)
}

/// A text that names nothing, or too much.
public struct NodeQueryError: Error, Sendable, Hashable, CustomStringConvertible {
    public enum Problem: Sendable, Hashable {
        /// `@` and then no number up to 2^32.
        case notAnID
        case noSuchID
        case noSuchClass
        /// Several classes begin so, or have it in their names.
        case ambiguous
        /// `name()`, and no function of exactly this name.
        case noSuchFunction
    }
    public var problem: Problem
    public var query: String
    /// What it could have been; at most 10.
    public var candidates: [String] = []
    /// How many there are.
    public var candidateCount = 0

    public var description: String {
        let shown = DisplayText.safe(DisplayText.cut(query, to: 80))
        let more = candidateCount > candidates.count ? " and \(candidateCount - candidates.count) more" : ""
        let list = candidates.map { DisplayText.safe($0) }.joined(separator: ", ") + more
        switch problem {
        case .notAnID: return "cannot find \(shown): an id is @ and a number below 4,294,967,296"
        case .noSuchID: return "cannot find \(shown): the snapshot has no object of this id; ids are those of one process and not of its copies"
        case .noSuchClass: return "cannot find \(shown): the snapshot has no class with this in its name; the largest are \(list)"
        case .noSuchFunction: return "cannot find \(shown): the snapshot has no function of exactly this name"
        case .ambiguous: return "cannot tell which class is meant by \(shown): \(list); write the whole name"
        }
    }
}

extension SnapshotViews {
    /// `@123` is the object of this id, `name()` all functions of exactly this name. Else a class: of exactly this name, else the only one that begins so, else the only one that contains it;
    /// the last two whatever the case of its letters.
    ///
    /// Cost: one pass over the ids, or over the nodes.
    public func find(_ query: String) throws(NodeQueryError) -> NodeQuery {
        if query.hasPrefix("@") { return .node(try node(query)) }
        if query.hasSuffix("()") { return .members(try functions(query)) }
        return .members(try classNamed(query))
    }

    /// - Parameter query: `@123`.
    /// - Returns: an ordinal.
    public func node(_ query: String) throws(NodeQueryError) -> Int {
        let digits = query.dropFirst()
        guard query.hasPrefix("@"), digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let id = UInt32(digits) else {
            throw NodeQueryError(problem: .notAnID, query: query)
        }
        let ids = snapshot.columns.id.pointer
        for node in 0..<snapshot.nodeCount where ids[node] == id { return node }
        throw NodeQueryError(problem: .noSuchID, query: query)
    }

    /// - Parameter query: `name()`.
    private func functions(_ query: String) throws(NodeQueryError) -> ClassMatch {
        let columns = snapshot.columns
        if let name = snapshot.strings.index(of: String(query.dropLast(2))),
            let node = (0..<columns.nodeCount).first(where: { columns.kind[$0] == NodeKind.closure && columns.name[$0] == name })
        {
            return ClassMatch(name: query, index: Int(classes.classOf[node]), nodeName: name)
        }
        throw NodeQueryError(problem: .noSuchFunction, query: query)
    }

    public func classNamed(_ query: String) throws(NodeQueryError) -> ClassMatch {
        // Of the rows of the Summary view only: other classes have no members of a size.
        let rows = graph.summary(classes, Grouping(classes)).map(\.name)
        let indexes = Dictionary(classes.names.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        func match(_ name: String) -> ClassMatch? { indexes[name].map { ClassMatch(name: name, index: $0) } }
        if rows.contains(query), let found = match(query) { return found }
        let folded = query.lowercased()
        guard !folded.isEmpty else {
            throw NodeQueryError(problem: .noSuchClass, query: query, candidates: Array(rows.prefix(10)), candidateCount: rows.count)
        }
        let lowered = rows.map { ($0, $0.lowercased()) }
        for fits in [{ (name: String) in name == folded }, { (name: String) in name.hasPrefix(folded) }, { (name: String) in name.contains(folded) }]
        {
            let found = lowered.filter { fits($0.1) }.map(\.0)
            if found.count == 1, let only = match(found[0]) { return only }
            if found.count > 1 {
                throw NodeQueryError(problem: .ambiguous, query: query, candidates: Array(found.prefix(10)), candidateCount: found.count)
            }
        }
        throw NodeQueryError(problem: .noSuchClass, query: query, candidates: Array(rows.prefix(10)), candidateCount: rows.count)
    }
}
