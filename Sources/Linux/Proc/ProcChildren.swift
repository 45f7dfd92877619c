public import Units

extension ProcessTable {
    /// `/proc/PID/task/*/comm`, at most 15 bytes each; empty when it is gone.
    public func threadNames(_ pid: ProcessID) throws(KernelError) -> [String] {
        var names: [String] = []
        for thread in try KernelFile.names(in: path(pid, "task")) ?? [] {
            guard let bytes = try KernelFile.read(path(pid, "task/\(thread)/comm")) else { continue }
            names.append(bytes.prefix { $0 != UInt8(ascii: "\n") }.text)
        }
        return names
    }

    /// Cost: one small file per thread where the kernel has CONFIG_PROC_CHILDREN, else one stat per process of the machine. A child that is
    /// born or dies meanwhile may be missing: look again rather than conclude.
    public func children(of pid: ProcessID) throws(KernelError) -> [ProcessID] {
        if let children = try listedChildren(of: pid) { return children }
        return try childrenByParent()[pid] ?? []
    }

    /// Breadth first, without the process itself.
    public func descendants(of pid: ProcessID) throws(KernelError) -> [ProcessID] {
        let byParent = KernelFile.exists(path(pid, "task/\(pid)/children")) ? nil : try childrenByParent()
        var found: [ProcessID] = []
        var next = [pid][...]
        while let parent = next.popFirst() {
            let children = if let byParent { byParent[parent] ?? [] } else { try listedChildren(of: parent) ?? [] }
            // A pid used again while we walk could close a circle.
            let fresh = children.filter { $0 != pid && !found.contains($0) }
            found += fresh
            next += fresh
        }
        return found
    }

    /// `/proc/PID/task/TID/children`: `4712 4713 `. A child belongs to the thread that made it. nil: gone, or the kernel has no such file.
    private func listedChildren(of pid: ProcessID) throws(KernelError) -> [ProcessID]? {
        guard KernelFile.exists(path(pid, "task/\(pid)/children")), let threads = try KernelFile.names(in: path(pid, "task"))
        else { return nil }
        var children: [ProcessID] = []
        for thread in threads {
            guard let bytes = try KernelFile.read(path(pid, "task/\(thread)/children")) else { continue }
            children += bytes.words.compactMap { $0.number(Int32.self).map { ProcessID($0) } }
        }
        return children.sorted()
    }

    private func childrenByParent() throws(KernelError) -> [ProcessID: [ProcessID]] {
        var children: [ProcessID: [ProcessID]] = [:]
        for pid in try pids() {
            if let parent = try stat(pid)?.parent { children[parent, default: []].append(pid) }
        }
        return children
    }
}
