/// What Foundation would offer and the standard library does not.
extension Substring {
    func range(of needle: StaticString) -> Range<Index>? {
        let count = needle.utf8CodeUnitCount
        return needle.withUTF8Buffer { pattern in
            var index = utf8.startIndex
            while let hit = utf8[index...].firstIndex(of: pattern[0]) {
                let candidate = utf8[hit...].prefix(count)
                if candidate.elementsEqual(pattern) { return hit..<candidate.endIndex }
                index = utf8.index(after: hit)
            }
            return nil
        }
    }

    var trimmed: Substring { drop { $0 == " " }.prefixUpToTrailingSpace }

    private var prefixUpToTrailingSpace: Substring {
        guard let last = lastIndex(where: { $0 != " " }) else { return "" }
        return self[...last]
    }
}
