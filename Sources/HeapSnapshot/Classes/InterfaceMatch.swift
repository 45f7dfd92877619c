/// Finds for a set of properties the definition with the most of them (DevTools: applyInterfaceDefinitions).
struct InterfaceMatch {
    private let definitions: [InterfaceDefinition]
    /// Definitions by the one of their properties that the fewest of them have.
    private var byRarest: [UInt32: [Int]] = [:]
    private var marks: [UInt32: Int] = [:]
    private var mark = 0

    init(_ definitions: [InterfaceDefinition]) {
        self.definitions = definitions
        var frequency: [UInt32: Int] = [:]
        for definition in definitions { for property in Set(definition.properties) { frequency[property, default: 0] += 1 } }
        for (index, definition) in definitions.enumerated() {
            guard let rarest = definition.properties.min(by: { (frequency[$0] ?? 0, $0) < (frequency[$1] ?? 0, $1) }) else { continue }
            byRarest[rarest, default: []].append(index)
        }
        for property in frequency.keys { marks[property] = 0 }
    }

    /// - Returns: index of the definition whose properties are all among these; of several the one with the most, then the more frequent.
    mutating func best(_ properties: some Sequence<UInt32>) -> Int? {
        mark += 1
        var candidates: [Int] = []
        for property in properties where marks[property] != nil {
            if marks[property] == mark { continue }
            marks[property] = mark
            if let some = byRarest[property] { candidates += some }
        }
        return candidates.filter { definitions[$0].properties.allSatisfy { marks[$0] == mark } }
            .min { (definitions[$1].properties.count, $0) < (definitions[$0].properties.count, $1) }
    }
}
