import CSystemd
import Glibc

extension systemd_reason {
    var string: String { withUnsafeBytes(of: text, text(ofRoom:)) }
}

/// Up to the NUL byte, or all of it.
func text(ofRoom room: UnsafeRawBufferPointer) -> String { String(decoding: room.prefix { $0 != 0 }, as: UTF8.self) }

/// C's copies of `strings`, with NULL after the last.
func withStrings<Result>(_ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result) -> Result {
    let copies = strings.map { strdup($0) } + [nil]
    defer { copies.forEach { free($0) } }
    return copies.withUnsafeBufferPointer { body($0.baseAddress!) }
}

/// The strings of a list that ends with NULL, which are freed. The list is, too.
func takeStrings(_ list: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) -> [String] {
    var strings: [String] = []
    while let string = list?[strings.count] {
        strings.append(String(cString: string))
        free(string)
    }
    free(list)
    return strings
}
