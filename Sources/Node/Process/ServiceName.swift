/// The name under which everything of one service is kept and learned (contract 1).
public enum ServiceName {
    /// `--service`, else the systemd unit, else the pod or container, else `name` of the nearest package.json, else the script.
    /// Always safe as a file name and never empty: `service` where nothing is known.
    public static func derive(explicit: String?, unit: String?, container: String?, packageName: String?, script: String?) -> String {
        let unitName = unit.map { $0.hasSuffix(".service") ? String($0.dropLast(8)) : $0 }
        let candidates = [explicit, unitName, container, packageName, script.map(scriptName)]
        return candidates.lazy.compactMap { $0.flatMap(sanitise) }.first ?? "service"
    }

    /// Letters, digits, dot, dash and underscore, at most 64 of them, not beginning with a dot or a dash; all else becomes a dash.
    /// Nil where nothing is left. `@acme/api` is `acme-api`, `web@1.service` is `web-1.service`.
    public static func sanitise(_ name: String) -> String? {
        let isSafe = { (byte: UInt8) in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte == 0x2E || byte == 0x5F
        }
        var bytes: [UInt8] = []
        for byte in name.utf8 {
            if isSafe(byte) {
                bytes.append(byte)
            } else if bytes.last != UInt8(ascii: "-") {
                bytes.append(UInt8(ascii: "-"))
            }
        }
        let text = String(decoding: bytes.drop { $0 == 0x2D || $0 == 0x2E }.prefix(64), as: UTF8.self)
        let trimmed = text.reversed().drop { $0 == "-" }.reversed()
        return trimmed.isEmpty ? nil : String(trimmed)
    }

    /// `/srv/api/server.js` is `server`: contract 1 says the base name of the script.
    private static func scriptName(_ script: String) -> String {
        let file = script.split(separator: "/").last.map(String.init) ?? script
        for suffix in [".js", ".cjs", ".mjs", ".ts", ".mts", ".cts"] where file.hasSuffix(suffix) && file.count > suffix.count {
            return String(file.dropLast(suffix.count))
        }
        return file
    }
}
