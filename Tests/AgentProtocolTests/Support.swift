import Foundation
import Testing

/// The root of the package: Tests/AgentProtocolTests/Support.swift is three steps below it.
func packageRoot(path: String = #filePath) -> URL {
    URL(filePath: path).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
}

/// A message as it lies in Tests/Fixtures/agent-protocol, which the agent's own tests read too.
func golden(_ name: String) throws -> [UInt8] {
    Array(try Data(contentsOf: packageRoot().appending(path: "Tests/Fixtures/agent-protocol/\(name).json")))
}

func goldenNames() throws -> Set<String> {
    let files = try FileManager.default.contentsOfDirectory(atPath: packageRoot().appending(path: "Tests/Fixtures/agent-protocol").path)
    return Set(files.map { $0.hasSuffix(".json") ? String($0.dropLast(5)) : $0 })
}

/// JSON as a value, in which neither the order of members nor the way a number is written counts, and `false` is not 0.
indirect enum JSON: Decodable, Hashable {
    case null
    case bool(Bool)
    case number(Double)
    case text(String)
    case list([JSON])
    case object([String: JSON])

    init(_ text: [UInt8]) throws { self = try JSONDecoder().decode(JSON.self, from: Data(text)) }

    init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if value.decodeNil() {
            self = .null
        } else if let bool = try? value.decode(Bool.self) {
            self = .bool(bool)
        } else if let number = try? value.decode(Double.self) {
            self = .number(number)
        } else if let text = try? value.decode(String.self) {
            self = .text(text)
        } else if let list = try? value.decode([JSON].self) {
            self = .list(list)
        } else {
            self = .object(try value.decode([String: JSON].self))
        }
    }
}

func framed(_ text: some Collection<UInt8>) -> [UInt8] { withUnsafeBytes(of: UInt32(text.count).littleEndian) { Array($0) } + text }
