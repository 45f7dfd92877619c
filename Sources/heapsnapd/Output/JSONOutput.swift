import SnapshotStore

/// Standard output for programs: one JSON document, the spelling of contract 4.
enum JSONOutput {
    static func print(_ document: some Encodable) {
        // Our own types encode; an error here is a bug that a test would see.
        guard let bytes = try? RecordCodec.encode(document) else { return }
        Terminal.print(String(decoding: bytes.dropLast(), as: UTF8.self))
    }
}
