/// The texts of ropes (`concatenated string`) as hashes: each is made of those of its parts, so that a rope of a million links costs a million
/// steps and not their square.
struct RopeTexts {
    /// Equal for equal texts, up to chance: a polynomial of the text's bytes modulo 2^61 - 1 (Carter, Wegman 1979) at a random point.
    struct Text: Hashable, BitwiseCopyable {
        var hash: UInt64 = 0
        var bytes: UInt32 = 0
        /// UTF-16.
        var units: UInt32 = 0
    }

    private let snapshot: Snapshot
    private let names: NodeNames
    private let base: UInt64
    /// By ordinal of a rope: one more than the place in `texts`; 0: not known; `pending`: being made.
    private let placeOf: Column<UInt32>
    private var texts: [Text] = []
    private static let pending = UInt32.max
    /// Parts that may still be looked at for texts that no earlier one gives; 20 ns each. Ropes that were put together from the right need it.
    private var budget = 20_000_000
    private var isCut = false
    /// What ropes there are after the budget was used up is not known.
    var isComplete: Bool { budget > 0 && !isCut }
    var canGoOn: Bool { budget > 0 }

    init(_ snapshot: Snapshot, _ names: NodeNames) {
        (self.snapshot, self.names) = (snapshot, names)
        placeOf = Column(snapshot.nodeCount)
        base = UInt64.random(in: 1 << 32..<Self.modulus)
    }

    func free() { placeOf.free() }

    /// Its first parts up to 1,024 UTF-16 units and what the last of them has more, as `NodeNames` has it.
    mutating func text(ofRope rope: Int) -> Text {
        var spine: [Int] = []
        var part: Int? = rope
        while let node = part, isRope(node), placeOf[node] == 0 {
            placeOf[node] = Self.pending
            spine.append(node)
            part = names.halves(ofRope: node).first
        }
        var text = part.map { known($0) ?? Text() } ?? Text()
        for node in spine.reversed() {
            if text.units < UInt32(NodeNames.longestName), let second = names.halves(ofRope: node).second { append(second, to: &text) }
            texts.append(text)
            placeOf[node] = UInt32(texts.count)
        }
        return text
    }

    /// Of a string, or of a rope whose text was made before; nil for others.
    private func known(_ node: Int) -> Text? {
        guard isRope(node) else { return text(ofString: Int(snapshot.columns.name[node])) }
        let place = placeOf[node]
        return place == 0 || place == Self.pending ? nil : texts[Int(place) - 1]
    }

    private mutating func append(_ node: Int, to text: inout Text) {
        var stack = [node]
        var left = min(budget, NodeNames.mostParts)
        budget -= left
        defer { budget += left }
        while let part = stack.popLast(), text.units < UInt32(NodeNames.longestName) {
            guard left > 0 else {
                isCut = true
                return
            }
            left -= 1
            // Its own beginning: there is no such rope, but in a file that somebody wrote.
            if placeOf[part] == Self.pending { continue }
            if let known = known(part), !isRope(part) || text.units + known.units < UInt32(NodeNames.longestName) {
                text = joined(text, known)
            } else if isRope(part) {
                let halves = names.halves(ofRope: part)
                if let second = halves.second { stack.append(second) }
                if let first = halves.first { stack.append(first) }
            }
        }
    }

    private func isRope(_ node: Int) -> Bool { snapshot.columns.kind[node] == NodeKind.concatenatedString }

    // MARK: - Hashes

    private static let modulus: UInt64 = (1 << 61) - 1

    /// Escapes stay as the file has them: V8 writes a character always the same way.
    func text(ofString index: Int) -> Text {
        var text = Text()
        let raw = snapshot.strings.raw(index)
        var at = 0
        for byte in raw { text.hash = Self.add(Self.multiply(text.hash, base), UInt64(byte) + 1) }
        while at < raw.count {
            let byte = raw[at]
            if byte == UInt8(ascii: "\\") { at += at + 1 < raw.count && raw[at + 1] == UInt8(ascii: "u") ? 6 : 2 } else { at += 1 }
            // A byte that goes on with a character counts nothing, one that begins one beyond U+FFFF two.
            if byte & 0xC0 != 0x80 { text.units += byte >= 0xF0 ? 2 : 1 }
        }
        text.bytes = UInt32(truncatingIfNeeded: raw.count)
        return text
    }

    private func joined(_ a: Text, _ b: Text) -> Text {
        if b.bytes == 0 { return a }
        return Text(hash: Self.add(Self.multiply(a.hash, power(b.bytes)), b.hash), bytes: a.bytes &+ b.bytes, units: a.units &+ b.units)
    }

    private func power(_ exponent: UInt32) -> UInt64 {
        var (result, square, rest): (UInt64, UInt64, UInt32) = (1, base, exponent)
        while rest > 0 {
            if rest & 1 == 1 { result = Self.multiply(result, square) }
            square = Self.multiply(square, square)
            rest >>= 1
        }
        return result
    }

    private static func multiply(_ a: UInt64, _ b: UInt64) -> UInt64 {
        let (high, low) = a.multipliedFullWidth(by: b)
        return add(low & modulus, high << 3 | low >> 61)
    }

    private static func add(_ a: UInt64, _ b: UInt64) -> UInt64 {
        let sum = a + b
        let once = (sum & modulus) + (sum >> 61)
        return once >= modulus ? once - modulus : once
    }
}
