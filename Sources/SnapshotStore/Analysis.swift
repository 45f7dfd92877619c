public import Units

extension SnapshotStore {
    /// What was found out of a snapshot, as JSON of whoever found it out; 0600, beside the record, and deleted with it.
    public func keepAnalysis(_ document: some Encodable, of id: SnapshotID) throws {
        try writeFile(try RecordCodec.encode(document), as: "\(id).json", in: part(.analysis))
    }

    /// - Returns: nil: there is none, or it cannot be read.
    public func analysis<Document: Decodable>(_ type: Document.Type, of id: SnapshotID) -> Document? {
        guard let text = try? part(.analysis).read("\(id).json") else { return nil }
        return try? RecordCodec.decode(type, from: text)
    }

    func removeAnalysis(of id: SnapshotID) { _ = try? part(.analysis).remove("\(id).json") }
}
