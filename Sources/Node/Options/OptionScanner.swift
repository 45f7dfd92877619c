/// One option of a Node command line: `--diagnostic-dir=/tmp`, `--max_old_space_size=460`, `-r module`, `--no-addons`.
struct NodeOption: Hashable {
    /// With dashes only and in the long form: `--diagnostic-dir`, `--require`; `--no-addons` is `--addons`, negated.
    var name: String
    var value: String?
    var isNegated = false
}

/// Walks a command line as Node's own parser does (src/node_options-inl.h, OptionsParser::Parse): options up to the first
/// argument that is none, `--` ends them, underscores equal dashes, and a value follows `=` or is the next argument.
struct OptionScanner {
    private(set) var options: [NodeOption] = []
    /// The arguments that each option was made of, as they stand: one, or two with a value of its own.
    private(set) var words: [[String]] = []
    /// What follows the options: the script and its own arguments.
    private(set) var rest: ArraySlice<String>

    /// - Parameter arguments: without `argv[0]`.
    init(_ arguments: [String]) {
        rest = arguments[...]
        while let argument = rest.first, argument.utf8.count > 1, argument.hasPrefix("-") {
            rest.removeFirst()
            if argument == "--" { return }
            consume(argument)
        }
    }

    private mutating func consume(_ argument: String) {
        let isLong = argument.hasPrefix("--")
        let equals = isLong ? argument.firstIndex(of: "=") : nil
        var name = String(argument[..<(equals ?? argument.endIndex)])
        var value = equals.map { String(argument[argument.index(after: $0)...]) }
        if isLong { name = "--" + name.dropFirst(2).split(separator: "_", omittingEmptySubsequences: false).joined(separator: "-") }
        name = Self.aliases[name] ?? name

        var own = [argument]
        var isNegated = false
        if name.hasPrefix("--no-") {
            name = "--" + name.dropFirst(5)
            isNegated = true
        }
        // `--print` evaluates the next argument only where that is no option itself ("--print <arg>" among the aliases).
        let takesNext = Self.withValue.contains(name) || (name == "--print" && !(rest.first?.hasPrefix("-") ?? true))
        if value == nil, !isNegated, takesNext, let next = rest.first {
            value = next.hasPrefix("\\-") ? String(next.dropFirst()) : next
            own.append(next)
            rest.removeFirst()
        }
        words.append(own)
        options.append(NodeOption(name: name, value: value, isNegated: isNegated))
    }

    private static let aliases = [
        "-e": "--eval", "-p": "--print", "-pe": "--print", "-r": "--require", "-C": "--conditions", "-c": "--check", "-i": "--interactive",
        "--report-directory": "--report-dir", "--loader": "--experimental-loader", "--debug-port": "--inspect-port",
        "--experimental-permission": "--permission", "--experimental-test-isolation": "--test-isolation",
        "--es-module-specifier-resolution": "--experimental-specifier-resolution", "--security-reverts": "--security-revert",
    ]

    /// Options whose value may be the next argument: every option of type string, string list, integer or host:port in
    /// internalBinding('options') of 18.18.2, 20.20.2, 22.20.0, 24.19.0 and 26.7.0. V8's options are not among them: Node hands them
    /// on as they are, so that `--max-old-space-size 460` is an error of V8.
    static let withValue: Set<String> = [
        "--allow-fs-read", "--allow-fs-write", "--build-sea", "--build-snapshot-config", "--conditions", "--cpu-prof-dir",
        "--cpu-prof-interval", "--cpu-prof-name", "--diagnostic-dir", "--disable-proto", "--disable-warning", "--dns-result-order",
        "--env-file", "--env-file-if-exists", "--eval", "--experimental-config-file", "--experimental-default-type",
        "--experimental-loader", "--experimental-package-map", "--experimental-policy", "--experimental-sea-config",
        "--experimental-specifier-resolution", "--experimental-test-tag-filter", "--heap-prof-dir", "--heap-prof-interval",
        "--heap-prof-name", "--heapsnapshot-near-heap-limit", "--heapsnapshot-signal", "--icu-data-dir", "--import", "--input-type",
        "--inspect-port", "--inspect-publish-uid", "--localstorage-file", "--max-http-header-size", "--max-old-space-size-percentage",
        "--network-family-autoselection-attempt-timeout", "--openssl-config", "--policy-integrity", "--redirect-warnings", "--report-dir",
        "--report-filename", "--report-signal", "--require", "--run", "--secure-heap", "--secure-heap-min", "--security-revert",
        "--snapshot-blob", "--stack-trace-limit", "--test-concurrency", "--test-coverage-branches", "--test-coverage-exclude",
        "--test-coverage-functions", "--test-coverage-include", "--test-coverage-lines", "--test-global-setup", "--test-isolation",
        "--test-name-pattern", "--test-random-seed", "--test-reporter", "--test-reporter-destination", "--test-rerun-failures",
        "--test-shard", "--test-skip-pattern", "--test-timeout", "--title", "--tls-cipher-list", "--tls-keylog",
        "--trace-event-categories", "--trace-event-file-pattern", "--trace-require-module", "--unhandled-rejections", "--use-largepages",
        "--v8-pool-size", "--watch-kill-signal", "--watch-path",
    ]
}
