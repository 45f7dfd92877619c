/// Strings of this snapshot that V8 gives a meaning of their own. Cost: a few passes over all strings, 8 MB in a snapshot of 200.
struct KnownNames: Sendable {
    /// The edges of a WeakMap's entry, from the table and from the key, have a name of their own: `12 / part of key (K @1) -> value (V @3) pair in
    /// WeakMap (table @5)`.
    struct WeakMapPair: Sendable {
        /// The same for both edges of one entry: what is behind the number.
        var entry: Int
        var table: UInt32
    }

    let weakMapPairs: [UInt32: WeakMapPair]
    let nativeContext: UInt32?
    let sloppyFunctionMap: UInt32?
    let mapDescriptors: UInt32?
    let documentTrees: UInt32?
    let externalStringData: UInt32?

    init(_ strings: StringTable) {
        var pairs: [UInt32: WeakMapPair] = [:]
        var entries: [Substring: Int] = [:]
        for index in strings.indexes(containing: " pair in WeakMap (table @") {
            guard let (rest, table) = KnownNames.pair(strings.text(index)) else { continue }
            let entry = entries[rest] ?? entries.count
            entries[rest] = entry
            pairs[UInt32(index)] = WeakMapPair(entry: entry, table: table)
        }
        weakMapPairs = pairs
        nativeContext = strings.index(of: "system / NativeContext")
        sloppyFunctionMap = strings.index(of: "sloppy_function_map")
        mapDescriptors = strings.index(of: "(map descriptors)")
        documentTrees = strings.index(of: "(Document DOM trees)")
        externalStringData = strings.index(of: "system / ExternalStringData")
    }

    /// `^\d+ / (part of key \(.*? @\d+\) -> value \(.*? @\d+\) pair in WeakMap \(table @(\d+)\))$`, as DevTools has it (tryParseWeakMapEdgeName).
    static func pair(_ text: String) -> (rest: Substring, table: UInt32)? {
        guard let slash = text.firstRange(of: " / part of key ("), text[..<slash.lowerBound].allSatisfy(\.isNumber),
            slash.lowerBound > text.startIndex,
            text.hasSuffix(")"), let table = text.firstRange(of: " pair in WeakMap (table @"), text.contains(") -> value ("),
            let id = UInt32(text[table.upperBound...].dropLast())
        else { return nil }
        return (text[slash.upperBound...], id)
    }
}
