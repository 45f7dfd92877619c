import FoundationEssentials

/// One message: a line of JSON.
enum Line {
    static let end = UInt8(ascii: "\n")

    static func encode(_ message: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return try Array(encoder.encode(message)) + [end]
    }

    /// - Throws: a sentence of what is wrong with it.
    static func decode<Message: Decodable>(_ type: Message.Type, from line: some Sequence<UInt8>) throws(Malformed) -> Message {
        do { return try JSONDecoder().decode(type, from: Data(line)) } catch let error as ControlRequest.Unfit {
            throw Malformed(description: error.description)
        } catch let error as DecodingError { throw Malformed(error) } catch { throw Malformed(description: "it is not JSON of this protocol") }
    }

    struct Malformed: Error, Hashable, CustomStringConvertible {
        var description: String

        init(description: String) { self.description = description }

        /// The place, without the values there.
        init(_ error: DecodingError) {
            func path(_ context: DecodingError.Context) -> String { context.codingPath.map(\.stringValue).joined(separator: ".") }
            description =
                switch error {
                case .keyNotFound(let key, _): "\(key.stringValue) is missing"
                case .typeMismatch(_, let context), .valueNotFound(_, let context): "\(path(context)) has the wrong type"
                case .dataCorrupted(let context) where context.codingPath.isEmpty: "it is not JSON of this protocol"
                case .dataCorrupted(let context): "\(path(context)): \(context.debugDescription)"
                @unknown default: "it is not of this protocol"
                }
        }
    }
}
