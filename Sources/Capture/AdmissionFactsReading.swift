import Linux
import Node
import Units

extension CaptureSite {
    /// Reads all that admission looks at. Without a bound of the heap that costs 10 to 50 ms (the estimate walks smaps, under the target's mmap lock):
    /// before a decision, never in the loop. Does not touch the process otherwise.
    ///
    /// - Throws: `KernelError` where /proc or the cgroup cannot be read; nil where the process is gone.
    public func facts(for request: CaptureRequest) throws -> AdmissionFacts? {
        let process = request.process
        guard try table.identity(process.identity.pid) == process.identity, let host = try? table.hostMemory() else { return nil }
        let hierarchy = try MemoryHierarchy.of(process.identity.pid, in: table)
        let directory = try FileSystemFacts.at(request.directory)
        let storeFacts = try FileSystemFacts.at(store.path)
        var facts = AdmissionFacts(
            use: try hierarchy.flatMap { try workingSet($0.leaf) } ?? (try table.statm(process.identity.pid)?.rss ?? .zero),
            limit: try hierarchy?.effectiveLimit()?.limit, hostAvailable: host.available, hostTotal: host.total,
            directory: request.directory,
            directoryWritable: directory.map { !$0.readOnly } == true
                && canWrite(directory: request.directory, asUser: process.uid, groups: process.groups + [process.gid]),
            directoryAvailable: directory?.available ?? .zero, storeAvailable: storeFacts?.available ?? .zero,
            storeSharesFileSystem: SmallFile.device(request.directory) == SmallFile.device(store.path))
        facts.rss = try table.statm(process.identity.pid)?.rss
        facts.directoryIsMemory = directory?.isMemory ?? false
        facts.growth = request.growth
        facts.watchdog = process.watchdog
        facts.objection = objection(to: request)
        if let estimate = try request.heapBound ?? HeapEstimate.read(process, table: table)?.bytes {
            let heap = max(estimate, request.heapAtLeast)
            let cost = predictedCost(heap: heap, version: process.version, owner: request.record.owner)
            facts.cost = .init(heap: heap, extra: cost.extra, pause: cost.pause, file: cost.file)
        }
        if let hierarchy, let limit = facts.limit {
            switch try loans.lender(for: hierarchy, limit: limit + .mebibytes(1)) {
            case .success: facts.lendingObstacle = nil
            case .failure(let obstacle): facts.lendingObstacle = obstacle.description
            }
        }
        return facts
    }

    private func objection(to request: CaptureRequest) -> Refusal? {
        let assumes = request.assumesHandler || request.handler == .app
        guard let objection = SignalSafety.objection(to: request.process, signal: request.signal, assumeAsked: assumes) else { return nil }
        return Refusal(objection, process: request.process.identity.pid)
    }
}
