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

/// SplitMix64 (Steele, Lea, Flood 2014): the same numbers in every run of a seed.
struct SeededNumbers: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
