import FoundationEssentials

/// The one place where records become JSON and back. Keys sorted and lines broken in files, so that people and diff can read them.
public enum RecordCodec {
    public static func encode(_ value: some Encodable, pretty: Bool = true) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = pretty ? [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes] : [.sortedKeys, .withoutEscapingSlashes]
        return try Array(encoder.encode(value)) + [UInt8(ascii: "\n")]
    }

    public static func decode<Value: Decodable>(_ type: Value.Type, from text: [UInt8]) throws(UnreadableText) -> Value {
        do {
            let data = Data(text)
            if let version = try JSONDecoder().decode(Versioned.self, from: data).version, version > SnapshotRecord.currentVersion {
                throw UnreadableText.newer(version: version)
            }
            return try JSONDecoder().decode(type, from: data)
        } catch let error as UnreadableText {
            throw error
        } catch let error as DecodingError {
            throw UnreadableText.malformed(reason: describe(error))
        } catch { throw UnreadableText.malformed(reason: "not JSON") }
    }

    /// Why a text is not one of ours.
    public enum UnreadableText: Error, Sendable, Hashable, CustomStringConvertible {
        /// Written by a later heapsnapd; must be left alone.
        case newer(version: Int)
        case malformed(reason: String)

        public var description: String {
            switch self {
            case .newer(let version):
                "written by a later heapsnapd (version \(version) of the record, this one reads \(SnapshotRecord.currentVersion)); use that one"
            case .malformed(let reason): reason
            }
        }
    }

    private struct Versioned: Decodable { var version: Int? }

    /// The place in the JSON without the values there: a record may hold what must not be logged.
    private static func describe(_ error: DecodingError) -> String {
        func path(_ context: DecodingError.Context) -> String { context.codingPath.map(\.stringValue).joined(separator: ".") }
        return switch error {
        case .keyNotFound(let key, let context): "key \((context.codingPath + [key]).map(\.stringValue).joined(separator: ".")) is missing"
        case .typeMismatch(_, let context), .valueNotFound(_, let context): "\(path(context)) has the wrong type"
        case .dataCorrupted(let context): context.codingPath.isEmpty ? "not JSON" : "\(path(context)): \(context.debugDescription)"
        @unknown default: "not a record"
        }
    }
}
