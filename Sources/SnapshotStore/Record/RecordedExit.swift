extension SnapshotRecord {
    /// How the target ended.
    public struct Exit: Codable, Sendable, Hashable {
        public enum Cause: String, Codable, Sendable, Hashable { case v8HeapLimit, cgroupOOMKill, signal, exited, unknown }

        public var cause: Cause
        /// Exit status, when it exited.
        public var status: Int32?
        /// Number of the signal that ended it.
        public var signal: Int32?
        /// One sentence: what the cause was told from.
        public var detail: String?
        public var lastWords: LastWords?
        /// The cgroup's memory.stat after the death.
        public var memoryStat: [String: Int64]?

        public init(
            cause: Cause, status: Int32? = nil, signal: Int32? = nil, detail: String? = nil, lastWords: LastWords? = nil,
            memoryStat: [String: Int64]? = nil
        ) {
            self.cause = cause
            self.status = status
            self.signal = signal
            self.detail = detail
            self.lastWords = lastWords
            self.memoryStat = memoryStat
        }
    }

    /// What V8 printed before it died.
    public struct LastWords: Codable, Sendable, Hashable {
        /// `FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory`
        public var fatalError: String?
        /// The lines below `<--- Last few GCs --->`.
        public var lastGCs: [String]

        public init(fatalError: String? = nil, lastGCs: [String] = []) {
            self.fatalError = fatalError
            self.lastGCs = lastGCs
        }
    }
}
