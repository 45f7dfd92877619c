extension SnapshotRecord {
    /// Why nothing was captured: a code of the documented list, and the sentence for people.
    public struct Refusal: Codable, Sendable, Hashable {
        public var code: String
        public var message: String

        public init(code: String, message: String) {
            self.code = code
            self.message = message
        }
    }

    /// One step of the ladder of captures, and why it was not taken; `skipped` is nil for the one that was.
    public struct Rung: Codable, Sendable, Hashable {
        public var rung: String
        public var skipped: Refusal?
        /// Of a copy: where it lived, and why not elsewhere.
        public var note: String?

        public init(rung: String, skipped: Refusal? = nil, note: String? = nil) {
            self.rung = rung
            self.skipped = skipped
            self.note = note
        }
    }
}
