/// Something that keeps more than it seems to need, and why it is believed.
public struct Suspect: Sendable, Hashable, Codable {
    public enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
        /// Each holds the one before: a closure whose context holds the previous closure, a list that is never cut.
        case chain
        /// An Array, a Map, a Set, an object as a dictionary with many entries.
        case collection
        case listeners
        case timers
        /// That nobody settles, with the functions that wait for them.
        case promises
        /// What an AsyncLocalStorage keeps for resources that outlive their request.
        case asyncContext
        /// Functions that are kept, with all that their contexts hold.
        case closures
        /// Contexts of `vm`, realms.
        case contexts
        /// Memory outside of V8's heap that views keep.
        case buffers
        case duplicatedStrings
        /// One object that is large by itself.
        case object
    }

    public struct Growth: Sendable, Hashable, Codable {
        public var bytes: Int64
        public var count: Int
        /// In how many steps from one snapshot to the next it grew: in all there are.
        public var steps: Int
        /// Members of the first snapshot that are still there; only where object ids can be compared.
        public var survivors: Int?
    }

    public var kind: Kind
    /// What happens, in words; names of functions, variables and classes are in it, no contents of strings.
    public var sentence: String
    /// Retained by all of it, in the last snapshot.
    public var bytes: UInt64
    /// Of the last snapshot's bytes, 0...1.
    public var share: Double
    /// How many things, or links of a chain.
    public var count: Int
    public var growth: Growth?
    /// What the things are: `SearchResult`, `leakMethod()`, `{url, body}`.
    public var className: String
    /// The variable or property that holds them, and of what class its value is: `recentResults`, `Array`.
    public var holder: String?
    public var holderClass: String?
    /// From the root to one of the things.
    public var path: [SuspectStep]
    /// Where to look, the most telling first.
    public var places: [CodePlace]
    /// 0...1.
    public var confidence: Double
}

/// One reference on the way from the root.
public struct SuspectStep: Sendable, Hashable, Codable {
    /// Name of the edge; `[]` for elements and entries.
    public var edge: String
    /// Class of what it leads to: `Array`, `leakMethod()` for a function, `context`, `{url, body}` for a plain object.
    public var className: String
    /// This step and the `period - 1` behind it come so many times; 1 for most.
    public var repeats = 1
    public var period = 1
}

/// A function, or the constructor of a class.
public struct CodePlace: Sendable, Hashable, Codable, CustomStringConvertible {
    /// Empty for functions without a name.
    public var function: String
    /// Its path or URL, where some function of it is in the snapshot.
    public var script: String?
    public var scriptId: Int32?
    /// From 1, as editors count.
    public var line: Int32?
    public var column: Int32?

    public var description: String {
        let name = function.isEmpty ? "an anonymous function" : function
        guard let line, let column else { return script.map { "\(name) (\($0))" } ?? name }
        return "\(name) (\(script ?? "script \(scriptId ?? 0)"):\(line):\(column))"
    }
}
