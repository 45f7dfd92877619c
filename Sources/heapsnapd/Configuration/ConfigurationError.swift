/// What is wrong with the configuration, and where: `/etc/heapsnapd/heapsnapd.yaml:4:3: unknown key 'store.maxuse'; did you mean 'store.maxUse'?`
struct ConfigurationError: Error, Hashable, CustomStringConvertible {
    /// A file with line and column, `HEAPSNAPD_STORE_MAX_USE`, or `command line`; nil where the values as such do not go together.
    var place: String?
    var message: String

    var description: String { place.map { "\($0): \(message)" } ?? message }
}

/// Where a value comes from; `config` shows it.
enum Origin: Sendable, Hashable, CustomStringConvertible {
    case builtIn
    case file(path: String, line: Int, column: Int)
    case environment(name: String)
    case commandLine

    var description: String {
        switch self {
        case .builtIn: "default"
        case .file(let path, let line, let column): "\(path):\(line):\(column)"
        case .environment(let name): name
        case .commandLine: "command line"
        }
    }
}
