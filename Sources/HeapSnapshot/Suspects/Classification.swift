/// What kind of thing an accumulation is, by what holds it and by what is below its members.
struct Classification {
    let tree: GroupTree
    let weights: GroupWeights
    let facts: NodeFacts

    /// What is below the members in the last snapshot, members included: how it is held may have been another way before.
    struct Content {
        var backingStoreBytes: Int64 = 0
        var asyncContextBytes: Int64 = 0
        /// Of the stores that async contexts hold, the group that weighs most.
        var store: Int?
        var reactions = 0
        var nativeContexts = 0
        /// Functions that wait for a promise.
        var waiting: Int?
    }

    func text(_ name: UInt32) -> String { name >= GroupTree.Label.first ? "" : facts.graph.snapshot.strings.text(Int(name)) }
    func name(of group: Int) -> String { text(tree.groups[group].key.name) }
    func label(of group: Int) -> String { text(tree.groups[group].key.label) }

    func content(_ members: [Int]) -> Content {
        var content = Content()
        var pending = members.map { (group: $0, inContext: false) }
        while let (group, inContext) = pending.popLast() {
            let name = name(of: group)
            var isContext = inContext
            switch name {
            case "system / JSArrayBufferData": content.backingStoreBytes += Int64(clamping: tree.groups[group].shallowBytes)
            case "system / NativeContext": content.nativeContexts += tree.groups[group].count
            case "system / PromiseReaction": content.reactions += tree.groups[group].count
            case "Generator", "AsyncFunctionObject", "system / JSAsyncFunctionObject", "AsyncGenerator":
                if content.waiting == nil { content.waiting = Int(tree.groups[group].nearest) }
            case "AsyncContextFrame" where !inContext:
                isContext = true
                content.asyncContextBytes += Int64(clamping: tree.groups[group].retainedBytes)
            default: break
            }
            // Node 20 and 22: each resource has the stores as properties of its own.
            if !inContext, label(of: group).contains("kResourceStore") {
                isContext = true
                content.asyncContextBytes += Int64(clamping: tree.groups[group].retainedBytes)
                if content.store.map({ tree.groups[$0].retainedBytes < tree.groups[group].retainedBytes }) ?? true { content.store = group }
            } else if inContext, tree.groups[group].key.kind == NodeKind.object, name != "AsyncLocalStorage" {
                if content.store.map({ tree.groups[$0].retainedBytes < tree.groups[group].retainedBytes }) ?? true { content.store = group }
            }
            pending += tree.groups[group].children.map { (Int($0), isContext) }
        }
        return content
    }

    func kind(_ found: Accumulation, _ content: Content, path: HoldingPath) -> Suspect.Kind {
        let links = facts.links
        let key = tree.groups[found.members[0]].key
        let name = name(of: found.members[0])
        let edges = path.steps.suffix(5).map { $0.edge < 0 ? "" : facts.edgeName($0.edge) }
        // An EventTarget has a Map of lists of Listener.
        if name == "Listener", found.form == .chain || edges.contains("next") || edges.contains("<symbol kEvents>") { return .listeners }
        if found.form == .chain { return .chain }
        let bytes = found.members.reduce(0) { $0 + Int64(clamping: tree.groups[$1].retainedBytes) }
        let count = tree.alike(found.members).reduce(0) { $0 + tree.groups[$1].count }
        let isString = [NodeKind.string, NodeKind.slicedString, NodeKind.concatenatedString].contains(key.kind)
        if found.form == .single {
            return name == "system / JSArrayBufferData"
                ? .buffers : name == "Array" || name == "Map" || name == "Set" || key.kind == NodeKind.array ? .collection : .object
        }
        if ["Timeout", "Immediate"].contains(name) { return .timers }
        let near = path.steps.suffix(5)
        if near.contains(where: { ["TimersList", "ImmediateList"].contains(facts.name($0.node)) && links.kind[$0.node] == NodeKind.object }) {
            return .timers
        }
        // emitter._events.change[]
        if edges.contains("_events"), key.kind == NodeKind.closure || name == "Object" { return .listeners }
        if name == "system / NativeContext" || 2 * content.nativeContexts >= count { return .contexts }
        if 10 * content.asyncContextBytes >= 4 * bytes { return .asyncContext }
        if 2 * content.reactions >= count || name == "Promise" { return .promises }
        if 2 * content.backingStoreBytes >= bytes { return .buffers }
        if isString, found.members.count == 1 || Int64(clamping: tree.groups[found.members[0]].retainedBytes) * 10 >= bytes * 9 {
            let groups = Set(found.members.map { UInt32($0) })
            let duplicates = StringWaste(facts.graph) { groups.contains(tree.groupOf.pointer[$0]) }
            if 2 * Int64(clamping: duplicates.wastedBytes) >= bytes { return .duplicatedStrings }
        }
        return key.kind == NodeKind.closure ? .closures : .collection
    }

    /// V8's and Node's own: never the program's fault in a single snapshot. Code that was compiled, names, tables; what lies in Node's own structures.
    func isInternal(_ found: Accumulation, _ kind: Suspect.Kind, path: HoldingPath, sample: Int) -> Bool {
        let key = tree.groups[found.members[0]].key
        if isBookkeeping(found) { return true }
        if key.kind == NodeKind.closure, facts.isInternal(function: sample) == true { return true }
        switch kind {
        case .timers: return facts.target(sample, "_onTimeout", "_onImmediate").flatMap { facts.isInternal(function: $0) } ?? false
        case .listeners, .promises, .asyncContext: return false
        default: break
        }
        if facts.links.kind[sample] == NodeKind.object, let script = facts.place(of: sample).script, NodeFacts.isInternal(script), !isBuffer(found) {
            return true
        }
        // Held by Node's functions only: some of them on the way, and none of the program's.
        let functions = path.steps.filter { facts.links.kind[$0.node] == NodeKind.closure }.map { facts.isInternal(function: $0.node) }
        return functions.contains(true) && !functions.contains(false) && !path.steps.contains { facts.name($0.node) == "Module" }
    }

    /// Never a suspect, whether it grows or not.
    func isBookkeeping(_ found: Accumulation) -> Bool {
        let key = tree.groups[found.members[0]].key
        if key.kind == NodeKind.object || key.kind == NodeKind.closure || key.kind == NodeKind.native { return false }
        if key.kind == NodeKind.hidden || key.kind == NodeKind.code || key.kind == NodeKind.synthetic || key.kind > 13 { return true }
        // Loose strings, numbers and tables under a root: source texts, names in code.
        return found.holder == 0 || tree.groups[found.holder].key.kind == NodeKind.synthetic || tree.groups[found.holder].key.kind == NodeKind.code
    }

    private func isBuffer(_ found: Accumulation) -> Bool { ["Buffer", "ArrayBuffer", "Uint8Array"].contains(name(of: found.members[0])) }
}
