public import Units

extension ProcessTable {
    /// argv as it stands in memory now, lossy UTF-8; empty for kernel threads and zombies. Setting process.title overwrites it: then the
    /// rest of the old area shows as empty arguments.
    public func commandLine(_ pid: ProcessID) throws(KernelError) -> [String]? {
        try KernelFile.read(path(pid, "cmdline")).map(parseNulTerminated)
    }

    /// envp as it was at exec; later changes by the process are not seen. `KernelError.denied` where we may not look.
    public func environment(_ pid: ProcessID) throws(KernelError) -> [String: String]? {
        try KernelFile.read(path(pid, "environ")).map(parseEnvironment)
    }
}

/// `node\0--max-old-space-size=460\0app.js\0`; the last terminator may be missing.
func parseNulTerminated(_ bytes: [UInt8]) -> [String] {
    var parts = bytes.split(separator: 0, omittingEmptySubsequences: false)
    if parts.last?.isEmpty == true { parts.removeLast() }
    return parts.map(\.text)
}

/// `PATH=/usr/bin\0NODE_OPTIONS=--inspect\0`. As getenv(3), the first of two equal names counts.
func parseEnvironment(_ bytes: [UInt8]) -> [String: String] {
    var environment: [String: String] = [:]
    for entry in bytes.split(separator: 0) {
        guard let equals = entry.firstIndex(of: UInt8(ascii: "=")) else { continue }
        let name = entry[..<equals].text
        if environment[name] == nil { environment[name] = entry[(equals + 1)...].text }
    }
    return environment
}
