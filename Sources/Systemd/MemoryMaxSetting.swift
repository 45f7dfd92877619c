import Units

/// `MemoryMax=` of a unit file or drop-in.
enum MemoryMaxSetting: Sendable, Hashable {
    case bytes(ByteCount)
    case infinity

    /// The last one that counts; nil where the text has none that can be understood.
    /// ```
    /// # This is a drop-in unit file extension, created via "systemctl set-property"
    /// [Service]
    /// MemoryMax=629145600
    /// ```
    /// - Parameter hostMemory: for percentages.
    static func parse(_ text: String, hostMemory: ByteCount) -> MemoryMaxSetting? {
        var setting: MemoryMaxSetting?
        for line in text.split(whereSeparator: \.isNewline) {
            let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, trimmed(parts[0]) == "MemoryMax" else { continue }
            setting = value(trimmed(parts[1]), hostMemory: hostMemory) ?? setting
        }
        return setting
    }

    /// `300M`, `1.5G`, `40%`, `infinity`; nothing takes earlier ones back. (systemd.resource-control(5).)
    static func value(_ text: Substring, hostMemory: ByteCount) -> MemoryMaxSetting? {
        if text.isEmpty || text == "infinity" { return .infinity }
        if text.hasSuffix("%") { return Double(text.dropLast()).map { .bytes(hostMemory * ($0 / 100)) } }
        return ByteCount(String(text)).map(MemoryMaxSetting.bytes)
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text
        while let first = text.first, first.isWhitespace { text.removeFirst() }
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return text
    }
}
