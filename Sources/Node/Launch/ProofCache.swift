import Glibc
import Linux

/// What has been proven: one line each in a small file, the latest first. A file that cannot be read counts as empty, one that cannot be
/// written is no loss.
struct ProofCache: Sendable {
    static let capacity = 32
    let path: String

    /// Node, agent and everything else that decides whether the one takes the other. Of flags and environment only a fingerprint is kept.
    struct Key: Hashable, CustomStringConvertible {
        let node: FileStamp
        let agent: FileStamp
        let fingerprint: UInt64

        /// Nil where one of the files is gone.
        init?(_ trial: AgentTrial, uid: UInt32 = geteuid(), gid: UInt32 = getegid()) {
            guard let node = FileStamp(trial.node), let agent = FileStamp(trial.agent) else { return nil }
            (self.node, self.agent) = (node, agent)
            // Of the environment what Node and the loader read; the rest changes with every start.
            let variables = trial.environment.filter { $0.key.hasPrefix("NODE_") || $0.key.hasPrefix("LD_") }.map { "\($0.key)=\($0.value)" }
            // The version stands for the libnode.so of a Node that has its code there.
            let parts =
                ["\(uid):\(gid)", trial.node, trial.nodeVersion?.description ?? "", trial.agent, trial.workingDirectory] + trial.arguments
                + ["--"] + variables.sorted()
            fingerprint = Self.hash(parts)
        }

        /// `24-131090-98765432-1780000000000000000 24-131099-49000-1780000000000000000 cbf29ce484222325`
        var description: String { "\(Self.text(node)) \(Self.text(agent)) \(String(fingerprint, radix: 16))" }

        private static func text(_ stamp: FileStamp) -> String { "\(stamp.device)-\(stamp.inode)-\(stamp.size)-\(stamp.modifiedAt)" }

        /// FNV-1a, each part ended by a zero, which none of them can hold. Swift's own hashes differ from process to process.
        private static func hash(_ parts: [String]) -> UInt64 {
            parts.reduce(0xcbf2_9ce4_8422_2325) { hash, part in
                (Array(part.utf8) + [0]).reduce(hash) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
            }
        }
    }

    func contains(_ key: Key) -> Bool { lines.contains("\(key)") }

    /// Of two processes at once one may lose its line; it is proven again then.
    func add(_ key: Key) {
        let kept = ["\(key)"] + lines.filter { $0 != "\(key)" }.prefix(Self.capacity - 1)
        try? SmallFile.write(path, Array((kept.joined(separator: "\n") + "\n").utf8))
    }

    private var lines: [String] {
        // What we wrote has at most 32 lines of 150 bytes.
        guard let size = SmallFile.size(path), size < .kibibytes(64), let bytes = try? SmallFile.read(path) else { return [] }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
    }
}
