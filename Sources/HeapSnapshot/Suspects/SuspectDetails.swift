/// Names for a suspect, read off one of its members and the way there.
struct SuspectDetails {
    private(set) var className: String
    private(set) var holder: String?
    private(set) var holderClass: String?
    private(set) var detail: String?
    private(set) var secondDetail: String?
    private(set) var places: [CodePlace] = []

    var holderText: String? { holder.map { holder in holderClass.map { "\($0) \(holder)" } ?? holder } }

    init(found: Accumulation, kind: Suspect.Kind, sample: Int, path: HoldingPath, content: Classification.Content, classification: Classification) {
        let facts = classification.facts
        let links = facts.links
        className = facts.className(sample)
        if links.kind[sample] == NodeKind.closure, facts.name(sample).isEmpty { className = "without a name" }
        if kind == .chain {
            describeChain(path, facts)
            return
        }
        if let named = path.named(before: max(0, path.steps.count - (found.form == .single ? 0 : 1)), links) {
            let step = path.steps[named]
            holder = facts.edgeName(step.edge)
            holderClass = facts.className(step.node)
            if kind == .listeners { describeEmitter(path, facts) }
        }
        var functions: [Int] = []
        switch kind {
        case .timers:
            (holder, holderClass) = (nil, nil)
            if let callback = facts.target(sample, "_onTimeout", "_onImmediate") {
                functions.append(callback)
                detail = kept(by: callback, facts).map { "\(facts.className(callback)), whose context holds \($0)" } ?? facts.className(callback)
            }
        case .listeners where className == "Listener":
            if let callback = facts.target(sample, "callback", "listener") {
                functions.append(callback)
                detail = kept(by: callback, facts).map { "\(facts.className(callback)), whose context holds \($0)" } ?? facts.className(callback)
            }
        case .listeners:
            if links.kind[sample] == NodeKind.closure { functions.append(sample) }
            detail = kept(by: sample, facts).map { "\(className), whose context holds \($0)" } ?? className
        case .closures:
            functions.append(sample)
            detail = kept(by: sample, facts)
        case .promises:
            if let waiting = content.waiting.flatMap({ facts.target($0, "function") }) {
                functions.append(waiting)
                detail = facts.className(waiting)
            }
        case .collection where found.form == .single: secondDetail = "itself"
        case .collection where links.kind[sample] == NodeKind.slicedString: detail = "the whole string that it was cut from"
        case .asyncContext: detail = content.store.map { facts.className(Int(classification.tree.groups[$0].nearest)) }
        case .duplicatedStrings:
            let groups = Set(found.members.map { UInt32($0) })
            let strings = StringWaste(facts.graph) { groups.contains(classification.tree.groupOf.pointer[$0]) }
            detail = "\(strings.texts) texts"
        default: break
        }
        // Then the program's last function on the way: it sees the variable.
        if let last = path.steps.dropLast().last(where: { links.kind[$0.node] == NodeKind.closure && facts.isInternal(function: $0.node) == false }) {
            functions.append(last.node)
        }
        if kind == .collection || kind == .asyncContext, links.kind[sample] == NodeKind.object { functions.append(sample) }
        for function in functions {
            let place = facts.place(of: function)
            if place.script != nil || place.line != nil, !places.contains(place) { places.append(place) }
        }
    }

    /// The function whose context holds the previous one, and by which variable; else the edge of the repetition.
    private mutating func describeChain(_ path: HoldingPath, _ facts: NodeFacts) {
        let links = facts.links
        // The end of the chain is the end of the path: two periods are enough.
        let tail = Array(path.steps.suffix(16))
        for (at, step) in tail.enumerated().dropFirst().reversed() where step.edge >= 0 && links.edgeKind(step.edge) == EdgeKind.context {
            guard at >= 2, links.kind[tail[at - 2].node] == NodeKind.closure else { continue }
            className = facts.className(tail[at - 2].node)
            (detail, secondDetail) = (facts.name(tail[at - 2].node), facts.edgeName(step.edge))
            if detail == "" { detail = "anonymous function" }
            places = [facts.place(of: tail[at - 2].node)]
            holder = secondDetail
            return
        }
        if className == "(concatenated string)" {
            (detail, holder) = ("pieces", path.steps.first { facts.className($0.node) == className && $0.edge >= 0 }.map { facts.edgeName($0.edge) })
        } else if let last = tail.last, last.edge >= 0 {
            detail = facts.edgeName(last.edge)
        }
        holder = holder ?? detail
        if let function = path.steps.last(where: { links.kind[$0.node] == NodeKind.closure && facts.isInternal(function: $0.node) == false }) {
            places = [facts.place(of: function.node)]
        }
    }

    /// `EventEmitter configuration, event change`.
    private mutating func describeEmitter(_ path: HoldingPath, _ facts: NodeFacts) {
        guard let events = path.steps.lastIndex(where: { $0.edge >= 0 && ["_events", "<symbol kEvents>"].contains(facts.edgeName($0.edge)) }),
            events > 0
        else { return }
        let event = events + 1 < path.steps.count ? facts.edgeName(path.steps[events + 1].edge) : ""
        let emitter = path.steps[events - 1]
        let name = emitter.edge < 0 ? "" : facts.edgeName(emitter.edge)
        holder = event.isEmpty || event == "[]" || event == "table" ? name : "\(name), event \(event)"
        holderClass = facts.className(emitter.node)
    }

    /// The variable of a function's context that retains most.
    private func kept(by function: Int, _ facts: NodeFacts) -> String? {
        guard facts.links.kind[function] == NodeKind.closure, let context = facts.target(function, "context") else { return nil }
        let variables = facts.links.edges(context).filter { facts.links.edgeKind($0) == EdgeKind.context }
        guard let largest = variables.max(by: { retained($0, facts) < retained($1, facts) }) else { return nil }
        return "\(facts.edgeName(largest)) (\(facts.className(Int(facts.links.target[largest]))))"
    }

    private func retained(_ edge: Int, _ facts: NodeFacts) -> UInt64 { facts.graph.retained[Int(facts.links.target[edge])] }
}
