import Foundation
import Glibc

/// What systemd-oomd (258 and later) asks of a socket in /run/systemd/oomd.prekill.hook before it kills: io.systemd.oom.Prekill.Notify, in Varlink
/// (https://varlink.org/Method-Call): JSON that ends with a NUL.
///
///     {"method":"io.systemd.oom.Prekill.Notify","parameters":{"cgroup":"/system.slice/shop.service"}}
struct PrekillCall: Decodable {
    private struct Parameters: Decodable { var cgroup: String? }

    private static let name = "io.systemd.oom.Prekill.Notify"
    /// Many times what it has.
    private static let mostBytes = 65_536

    private var method: String
    private var parameters: Parameters?
    private var oneway: Bool?

    static func parse(_ bytes: [UInt8]) throws -> PrekillCall { try JSONDecoder().decode(PrekillCall.self, from: Data(bytes)) }

    /// nil: something else is asked for.
    var cgroup: String? { method == Self.name ? parameters?.cgroup : nil }

    /// With its NUL; nil: none is waited for.
    var reply: [UInt8]? {
        guard oneway != true else { return nil }
        let text =
            method == Self.name
            ? #"{"parameters":{}}"# : #"{"error":"org.varlink.service.MethodNotFound","parameters":{}}"#
        return Array(text.utf8) + [0]
    }

    /// Of standard input, which is the connection; nil: it ended before the NUL, or is too long. Blocks.
    static func read() -> [UInt8]? {
        var bytes: [UInt8] = [], byte: UInt8 = 0
        while bytes.count < mostBytes, Glibc.read(STDIN_FILENO, &byte, 1) == 1 {
            if byte == 0 { return bytes }
            bytes.append(byte)
        }
        return nil
    }
}
