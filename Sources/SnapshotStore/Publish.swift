import CLinux
import Glibc
import SystemPackage
import Units

extension SnapshotStore {
    /// Writes the record, new or in place of the one of the same id. Its rename is the commit point: before it, there is no capture.
    ///
    /// - Parameter replacing: false leaves a record that is already there as it is.
    /// - Throws: `StoreError`; `alreadyExists` when not replacing.
    public func publish(_ record: SnapshotRecord, replacing: Bool = true) throws {
        if let file = record.file, !isSnapshotName(file, of: record.id) { throw StoreError.badName(file) }
        try writeFile(try RecordCodec.encode(record), as: "\(record.id).json", in: directory, replacing: replacing, step: step)
        label(record)
    }

    /// Whole or not at all; also for state and learned files.
    func writeFile(
        _ text: [UInt8], as name: String, in directory: Directory, replacing: Bool = true, step: (Step) throws -> Void = { _ in }
    ) throws {
        let subject = "\(directory.path)/\(name)"
        do {
            try step(.createRecord)
            let file = try StagedFile(in: directory, replacing: replacing, allowUnnamed: allowsUnnamedFiles)
            try step(.writeRecord)
            _ = try text.withUnsafeBytes { try file.descriptor.writeAll($0) }
            try step(.syncRecord)
            try file.sync()
            try step(.renameRecord)
            try file.link(as: name, replacing: replacing)
            try step(.syncRecordDirectory)
            try directory.sync()
        } catch let error as Errno {
            throw error == .fileExists ? StoreError.alreadyExists(path: subject) : StoreError.write(subject, error)
        }
    }

    /// Extended attributes in the manner of systemd-coredump: a copy for people who look at the file alone; nothing here ever reads them,
    /// and a file system without them is none the worse.
    private func label(_ record: SnapshotRecord) {
        guard let name = record.file, let file = try? directory.open(name) else { return }
        defer { try? file.close() }
        let labels = [
            "service": record.service, "pid": record.pid.map { "\($0)" }, "reason": record.reason, "state": record.state.rawValue,
        ]
        for (key, value) in labels {
            guard let value else { continue }
            _ = Array(value.utf8).withUnsafeBytes { fsetxattr(file.rawValue, "user.heapsnapd.\(key)", $0.baseAddress, $0.count, 0) }
        }
    }

    func isSnapshotName(_ name: String, of id: SnapshotID) -> Bool {
        Compression.allCases.contains { name == id.text + $0.suffix }
    }
}
