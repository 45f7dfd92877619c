import Linux

/// The `name` of a package.json, found without a JSON library: Foundation's would cost the resident process more than all of this.
public enum PackageManifest {
    /// The `name` of the nearest package.json at or above `directory` that has one.
    /// - Parameter root: put in front of every path; `/proc/PID/root` for a process in another mount namespace, else empty.
    public static func nearestName(from directory: String, root: String) throws -> String? {
        var path = directory
        // 64 levels: deeper paths than PATH_MAX allows in practice; a bound against a loop of our own making.
        for _ in 0..<64 {
            if let file = try? BinaryFile("\(root)\(path)/package.json"),
                let bytes = file.bytes(at: 0, count: Int(min(file.status.st_size, 1 << 20))), let name = name(in: bytes)
            {
                return name
            }
            guard let slash = path.lastIndex(of: "/"), path != "/" else { return nil }
            path = String(path[..<slash])
        }
        return nil
    }

    /// The string behind the key `name` of the outermost object: `{"private": true, "name": "@acme/api", …}`.
    /// Names hold no escapes (npm: URL-safe, lower case), so a string with a backslash is no name.
    static func name(in bytes: [UInt8]) -> String? {
        var depth = 0
        var key: ArraySlice<UInt8>?
        var isValue = false
        var index = bytes.startIndex
        while index < bytes.endIndex {
            switch bytes[index] {
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
            case UInt8(ascii: ":") where depth == 1: isValue = true
            case UInt8(ascii: ",") where depth == 1: isValue = false
            case UInt8(ascii: "\""):
                let start = index + 1
                index = start
                while index < bytes.endIndex, bytes[index] != UInt8(ascii: "\"") { index += bytes[index] == UInt8(ascii: "\\") ? 2 : 1 }
                guard index < bytes.endIndex else { return nil }
                guard depth == 1 else { break }
                let text = bytes[start..<index]
                if !isValue {
                    key = text
                } else if key.map({ $0.elementsEqual("name".utf8) }) == true {
                    return text.isEmpty || text.contains(UInt8(ascii: "\\")) ? nil : String(decoding: text, as: UTF8.self)
                }
            default: break
            }
            index += 1
        }
        return nil
    }
}
