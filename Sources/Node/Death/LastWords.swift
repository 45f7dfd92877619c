/// What V8 and Node print on stderr before they end a process because of its heap.
public struct LastWords: Sendable, Hashable, Codable {
    public enum Family: String, Sendable, Codable, CaseIterable {
        /// `Reached heap limit Allocation failed`
        case reachedHeapLimit
        /// `Ineffective mark-compacts near heap limit Allocation failed`
        case ineffectiveMarkCompacts
        /// `CALL_AND_RETRY_LAST Allocation failed`, `CALL_AND_RETRY_2` before V8 7
        case callAndRetryLast
        /// `MarkCompactCollector: young object promotion failed Allocation failed`
        case youngObjectPromotionFailed
        /// `MarkCompactCollector: semi-space copy, fallback in old gen Allocation failed`, `Scavenger: semi-space copy Allocation failed`
        case semiSpaceCopy
        /// `invalid array length Allocation failed`, `invalid table size Allocation failed`: one object too large for V8, not a leak.
        case invalidSize
        /// Another place in V8's heap code: still the JavaScript heap.
        case otherHeapLimit
        /// `Zone Allocation failed - process out of memory`: malloc or the address space failed.
        case processOutOfMemory
        /// A fatal error that is not about memory.
        case other

        /// The JavaScript heap met its limit.
        public var isHeapLimit: Bool { ![.invalidSize, .processOutOfMemory, .other].contains(self) }
    }

    /// `Reached heap limit Allocation failed - JavaScript heap out of memory`
    public var fatalError: String
    public var family: Family
    /// As printed, at most 8, oldest first.
    public var lastGCs: [String]
    /// The same, understood; lines that were cut are missing.
    public var collections: [GarbageCollection]
    /// At most 16 frames: `v8::internal::Heap::CollectGarbage(…)`; JavaScript's own where V8 prints them.
    public var stack: [String]

    /// From the tail of stderr. Nil where no fatal error is in it. The last one counts: a supervisor's tail may hold several deaths.
    /// ```
    /// <--- Last few GCs --->
    ///
    /// [10437:0x14001000]       34 ms: Mark-Compact 34.1 (67.0) -> 26.5 (59.1) MB, pooled: 0 MB, 1.92 / 0.00 ms  (average mu …
    ///
    /// <--- JS stacktrace --->
    ///
    /// FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory
    /// ----- Native stack trace -----
    ///
    ///  1: 0x74f963 node::OOMErrorHandler(char const*, v8::OOMDetails const&) [/usr/bin/node]
    /// ```
    public static func parse(_ tail: some Sequence<UInt8>) -> LastWords? {
        let text = String(decoding: Array(tail), as: UTF8.self)
        // By bytes: "\r\n" is one Character.
        let lines = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map(Substring.init)
        guard let fatal = lines.lastIndex(where: { $0.hasPrefix("FATAL ERROR: ") }) else { return nil }
        let marker = lines[..<fatal].lastIndex { $0.hasPrefix("<--- Last few GCs --->") }
        let entries = marker.map { lines[$0..<fatal].flatMap(gcEntries) } ?? []
        let frames = lines[(fatal + 1)...].prefix { !$0.hasPrefix("FATAL ERROR") && !$0.hasPrefix("<---") }
        return LastWords(
            message: String(lines[fatal].dropFirst(13).trimmed), lastGCs: entries.suffix(8).map(String.init),
            collections: entries.suffix(8).compactMap { GarbageCollection($0) }, stack: Array(frames.compactMap(frame).prefix(16)))
    }

    /// From the decoded `header` of a diagnostic report: `"event": "Allocation failed - JavaScript heap out of memory", "trigger":
    /// "OOMError"`. Nil for reports that are no death (signal, API call, exception).
    public static func parse(reportEvent event: String, trigger: String, nativeStack: [String] = []) -> LastWords? {
        guard trigger == "OOMError" || trigger == "FatalError" else { return nil }
        return LastWords(message: event, lastGCs: [], collections: [], stack: Array(nativeStack.prefix(16)))
    }

    private init(message: String, lastGCs: [String], collections: [GarbageCollection], stack: [String]) {
        fatalError = message
        family = Self.family(of: message[...])
        self.lastGCs = lastGCs
        self.collections = collections
        self.stack = stack
    }

    private static func family(of message: Substring) -> Family {
        guard message.range(of: "out of memory") != nil || message.range(of: "Allocation failed") != nil else { return .other }
        if message.range(of: "process out of memory") != nil { return .processOutOfMemory }
        if message.range(of: "young object promotion failed") != nil { return .youngObjectPromotionFailed }
        if message.range(of: "semi-space copy") != nil { return .semiSpaceCopy }
        if message.hasPrefix("Reached heap limit") { return .reachedHeapLimit }
        if message.hasPrefix("Ineffective mark-compacts") { return .ineffectiveMarkCompacts }
        if message.hasPrefix("CALL_AND_RETRY") { return .callAndRetryLast }
        if message.hasPrefix("invalid ") { return .invalidSize }
        return .otherHeapLimit
    }

    /// Usually one line each; but V8's ring may join two (`… finaliz[10326:0x1ee8c840]  122 ms: …`).
    private static func gcEntries(_ line: Substring) -> [Substring] {
        var entries: [Substring] = []
        var rest = line
        while let open = rest.firstIndex(of: "["), let marker = rest[open...].range(of: ":0x") {
            guard !rest[rest.index(after: open)..<marker.lowerBound].isEmpty,
                rest[rest.index(after: open)..<marker.lowerBound].allSatisfy(\.isNumber)
            else {
                rest = rest[rest.index(after: open)...]
                continue
            }
            let next = rest[marker.upperBound...].firstIndex(of: "[") ?? rest.endIndex
            entries.append(rest[open..<next].trimmed)
            rest = rest[next...]
        }
        return entries
    }

    /// ` 1: 0xb78db3 node::OOMErrorHandler(char const*, v8::OOMDetails const&) [/usr/bin/node]` without number, address and file; frames
    /// without a name say nothing.
    private static func frame(_ line: Substring) -> String? {
        let text = line.trimmed
        guard let colon = text.firstIndex(of: ":"), text[..<colon].allSatisfy(\.isNumber), colon != text.startIndex else { return nil }
        let name = text[text.index(after: colon)...].trimmed.drop { $0 != " " }.trimmed
        let end = name.range(of: " [")?.lowerBound ?? name.endIndex
        return name.isEmpty || name.hasPrefix("[") ? nil : String(name[..<end])
    }
}
