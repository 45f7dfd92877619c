public import Units

/// The flags of a Node process that are in force: those of its command line before those of NODE_OPTIONS, and of several the last.
public struct NodeFlags: Sendable, Hashable {
    /// `SIGUSR2`, as written.
    public var heapSnapshotSignal: String?
    public var nearHeapLimit: Int?
    public var diagnosticDir: String?
    /// The flag counts MiB. Zero is V8's word for "not set".
    public var maxOldSpaceSize: ByteCount?
    /// Of the memory that Node sees; beats `--max-old-space-size`, whatever the order (measured on 24 and 26).
    public var maxOldSpaceSizePercentage: Double?
    public var maxSemiSpaceSize: ByteCount?
    public var maxHeapSize: ByteCount?
    public var optimizeForSize = false
    public var reportOnFatalError = false
    public var reportDirectory: String?
    public var permission = false
    /// `--allow-fs-write`, once for each use; `*` is everything.
    public var writablePaths: [String] = []
    public var noAddons = false
    public var allowAddons = false
    /// `--require`, once for each use.
    public var required: [String] = []
    /// With `--snapshot-blob` or `--build-snapshot`: what runs at the start is not the script alone.
    public var startsFromOwnSnapshot = false
    public var disableSigusr1 = false
    /// The first argument that is no option; nil with `-e`, `-p`, `--run` and in the interactive shell.
    public var script: String?

    public init() {}

    /// - Parameters:
    ///   - arguments: the command line with `argv[0]`; empty where it is unknown.
    ///   - nodeOptions: the text of NODE_OPTIONS. One that Node refuses counts for nothing.
    public static func parse(arguments: [String], nodeOptions: String?) -> NodeFlags {
        var flags = NodeFlags()
        let scanner = OptionScanner(Array(arguments.dropFirst()))
        for option in OptionScanner(nodeOptions.flatMap(NodeOptions.split) ?? []).options { flags.apply(option) }
        for option in scanner.options { flags.apply(option) }
        let hasOwnSource = scanner.options.contains { ["--eval", "--run"].contains($0.name) || ($0.name == "--print" && $0.value != nil) }
        if !hasOwnSource, let first = scanner.rest.first, first != "-" { flags.script = first }
        return flags
    }

    private mutating func apply(_ option: NodeOption) {
        let isOn = !option.isNegated
        switch option.name {
        case "--heapsnapshot-signal": heapSnapshotSignal = option.value
        case "--heapsnapshot-near-heap-limit": nearHeapLimit = option.value.flatMap { Int($0) }
        case "--diagnostic-dir": diagnosticDir = option.value
        case "--max-old-space-size": maxOldSpaceSize = option.mebibytes
        case "--max-old-space-size-percentage":
            maxOldSpaceSizePercentage = option.value.flatMap { Double($0) }.flatMap { $0 > 0 && $0 <= 100 ? $0 : nil }
        case "--max-semi-space-size": maxSemiSpaceSize = option.mebibytes
        case "--max-heap-size": maxHeapSize = option.mebibytes
        case "--optimize-for-size": optimizeForSize = isOn
        case "--report-on-fatalerror": reportOnFatalError = isOn
        case "--report-dir": reportDirectory = option.value
        case "--permission": permission = isOn
        case "--allow-fs-write": writablePaths += option.value.map { [$0] } ?? []
        case "--addons": noAddons = !isOn
        case "--allow-addons": allowAddons = isOn
        case "--require": required += option.value.map { [$0] } ?? []
        case "--snapshot-blob", "--build-snapshot", "--build-snapshot-config": startsFromOwnSnapshot = true
        case "--disable-sigusr1": disableSigusr1 = isOn
        default: break
        }
    }
}

extension NodeOption {
    /// A size in V8's unit; nil for zero (V8 takes it as not set), for what is no number, and above 16 TiB.
    fileprivate var mebibytes: ByteCount? {
        guard let count = value.flatMap({ Int($0) }), count > 0, count < 1 << 24 else { return nil }
        return .mebibytes(count)
    }
}

extension NodeFlags {
    /// Whether the permission model lets the process create files in `directory` (an absolute path). True without `--permission`.
    ///
    /// The rule of src/permission/fs_permission.cc in short: an entry covers itself and, where it is a directory, all below;
    /// `*` at the end matches any suffix. Relative entries are taken as they stand and so match nothing: the answer errs towards no.
    public func mayWrite(in directory: String) -> Bool {
        guard permission else { return true }
        return writablePaths.contains { entry in
            if entry.hasSuffix("*") { return (directory + "/").hasPrefix(entry.dropLast()) }
            let prefix = entry.hasSuffix("/") ? entry : entry + "/"
            return (directory + "/").hasPrefix(prefix)
        }
    }
}
