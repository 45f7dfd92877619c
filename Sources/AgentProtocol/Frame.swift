import FoundationEssentials

/// A length of four bytes, little endian, and so many bytes of JSON: on the agent's socket and on the control socket of a copy.
public enum Frame {
    /// Of the JSON. The agent refuses more, and so do we.
    public static let mostBytes = 65_536

    static func encode(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let text = try encoder.encode(value)
        return withUnsafeBytes(of: UInt32(text.count).littleEndian) { Array($0) } + text
    }
}

/// Puts messages together from what a stream socket brings in pieces.
public struct FrameDecoder: Sendable {
    /// The other side is not one of ours, or lost its place.
    public struct Broken: Error, Sendable, Hashable, CustomStringConvertible {
        public var length: UInt32
        /// What was whole before it: a message counts, wherever the stream was cut.
        public var messages: [[UInt8]]
        public var description: String { "a message of \(length) bytes; 1 to \(Frame.mostBytes) are allowed" }
    }

    private var waiting: [UInt8] = []

    public init() {}

    /// - Returns: the JSON texts that are whole now, in order.
    public mutating func append(_ bytes: some Sequence<UInt8>) throws(Broken) -> [[UInt8]] {
        waiting += bytes
        var messages: [[UInt8]] = []
        var at = 0
        defer { waiting.removeFirst(at) }
        while waiting.count - at >= 4 {
            let length = waiting[at..<at + 4].reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
            guard 1...UInt32(Frame.mostBytes) ~= length else { throw Broken(length: length, messages: messages) }
            let end = at + 4 + Int(length)
            guard end <= waiting.count else { break }
            messages.append(Array(waiting[at + 4..<end]))
            at = end
        }
        return messages
    }
}
