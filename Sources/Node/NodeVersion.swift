/// A version of Node.js: `v20.20.2`. Pre-release and build suffixes are dropped: they change no flag.
///
/// What a version can do is asked here and nowhere else; each answer names its source (nodejs.org/api/cli.html is the list of
/// options with "Added in", "measured" is on the binaries 18.18.2, 20.18.0, 20.20.2, 22.20.0, 24.19.0 and 26.7.0).
public struct NodeVersion: Sendable, Hashable, Comparable {
    public var major: Int
    public var minor: Int
    public var patch: Int

    public init(_ major: Int, _ minor: Int = 0, _ patch: Int = 0) {
        self.major = major
        self.minor = minor
        self.patch = patch
    }

    public static func < (a: NodeVersion, b: NodeVersion) -> Bool {
        (a.major, a.minor, a.patch) < (b.major, b.minor, b.patch)
    }

    /// In one of several release lines: `isSince([14: 18, 15: 1])` is 14.18+, 15.1+ and everything after 15.
    private func isSince(_ minorOfLine: [Int: Int]) -> Bool {
        if let minimum = minorOfLine[major] { return minor >= minimum }
        return major > minorOfLine.keys.max() ?? .max
    }
}

extension NodeVersion {
    /// `--heapsnapshot-signal`: cli.html, added in v12.0.0.
    public var hasHeapSnapshotSignal: Bool { major >= 12 }
    /// `--heapsnapshot-near-heap-limit`: cli.html, added in v15.1.0 and v14.18.0.
    public var hasNearHeapLimit: Bool { isSince([14: 18, 15: 1]) }
    /// `--diagnostic-dir` is an option at all: 18 to 26 measured; taken as known from 14, where the near-heap-limit file needs it.
    public var hasDiagnosticDir: Bool { major >= 14 }
    /// The snapshot on a signal goes to `--diagnostic-dir`: measured, 20.18 does, 18.18 writes to the working directory; the
    /// change is in v20.8.0 (lib/internal/heap_utils and process/pre_execution).
    public var honoursDiagnosticDir: Bool { isSince([20: 8]) }
    /// `--report-on-fatalerror` and `--report-directory` without `--experimental-report`: report.html, v13.12.0 and v12.17.0.
    public var hasReportOnFatalError: Bool { isSince([12: 17, 13: 12]) }
    /// V8 marks its pages MADV_DONTFORK (`dc` in VmFlags): measured, 20 to 26 do, 18 does not.
    public var hasDontForkPages: Bool { major >= 20 }
    /// `--disable-sigusr1`: cli.html, v23.7.0 and v22.14.0.
    public var hasDisableSigusr1: Bool { isSince([22: 14, 23: 7]) }
    /// libuv's uv_get_constrained_memory finds the process's own cgroup, v1 and v2 (libuv 1.45, in Node v20.3.0). Before that it
    /// reads one fixed file, `/sys/fs/cgroup/memory/memory.limit_in_bytes` (libuv 1.44 src/unix/linux-core.c).
    public var seesOwnCgroup: Bool { isSince([20: 3]) }
}

extension NodeVersion: LosslessStringConvertible, Codable {
    public var description: String { "v\(major).\(minor).\(patch)" }

    /// `v20.20.2`, `20.20.2`, `v26.0.0-rc.1`.
    public init?(_ text: String) {
        let digits = (text.first == "v" ? text.dropFirst() : text[...]).prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        let rest = text.dropFirst((text.first == "v" ? 1 : 0) + digits.count)
        guard rest.isEmpty || rest.first == "-" || rest.first == "+" else { return nil }
        let parts = digits.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, let major = Int(parts[0]), let minor = Int(parts[1]), let patch = Int(parts[2]) else { return nil }
        self.init(major, minor, patch)
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let version = NodeVersion(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a version of Node.js such as v20.20.2")
        }
        self = version
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
