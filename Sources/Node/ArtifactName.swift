public import Units

/// What a file in a diagnostic directory is, told from its name alone. Names are not unique and say nothing about completeness.
public enum ArtifactName: Sendable, Hashable {
    /// `Heap.20261121.004512.4711.0.001.heapsnapshot` (src/util.cc DiagnosticFilename). The pid is the one inside of the
    /// process's own namespace; `sequence` counts per process.
    case node(pid: ProcessID, tid: Int, sequence: Int)
    /// `heapdump-1763685912.123456.heapsnapshot`: the npm module heapdump, <seconds>.<microseconds> of its own clock.
    case heapdump
    /// `v8-heap-1763685912123.heapsnapshot`: V8's own `--heap-snapshot-on-oom` (Node 22 and later).
    case v8OnOOM
    /// Any other `*.heapsnapshot`: `v8.writeHeapSnapshot(name)` and the like.
    case other
    /// `report.20261121.004512.4711.0.001.json` (or another `report.*.json`): Node's diagnostic report.
    case report

    public init?(_ fileName: String) {
        let parts = fileName.split(separator: ".", omittingEmptySubsequences: false)
        if parts.first == "report", parts.last == "json", parts.count > 2 {
            self = .report
            return
        }
        // A leading dot hides temporary files: ours (`.#name`) and those of copying tools.
        guard parts.count >= 2, parts.last == "heapsnapshot", parts[0] != "" else { return nil }
        if parts.count == 7, parts[0] == "Heap", isDigits(parts[1], count: 8), isDigits(parts[2], count: 6),
            let pid = Int32(parts[3]), let tid = Int(parts[4]), let sequence = Int(parts[5])
        {
            self = .node(pid: ProcessID(pid), tid: tid, sequence: sequence)
        } else if parts.count == 3, parts[0].hasPrefix("heapdump-"), isDigits(parts[0].dropFirst(9)), isDigits(parts[1]) {
            self = .heapdump
        } else if parts.count == 2, parts[0].hasPrefix("v8-heap-"), isDigits(parts[0].dropFirst(8)) {
            self = .v8OnOOM
        } else {
            self = .other
        }
    }

    public var isHeapSnapshot: Bool { self != .report }
}

private func isDigits(_ text: Substring, count: Int? = nil) -> Bool {
    !text.isEmpty && text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } && (count == nil || text.utf8.count == count)
}
