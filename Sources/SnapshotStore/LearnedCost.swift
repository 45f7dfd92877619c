import SystemPackage
public import Units

/// What captures of one service cost, per byte of heap: the base of the next prediction.
public struct LearnedCost: Codable, Sendable, Hashable {
    public var version = SnapshotRecord.currentVersion
    /// Bytes of memory on top of the use before.
    public var extraPerHeapByte: Double
    /// Seconds.
    public var pausePerHeapByte: Double
    /// Bytes of snapshot.
    public var bytesPerHeapByte: Double
    /// The largest live heap that it was learned at; far beyond it nothing is known.
    public var heap: ByteCount
    /// Captures it was learned from.
    public var samples: Int

    public init(extraPerHeapByte: Double, pausePerHeapByte: Double, bytesPerHeapByte: Double, heap: ByteCount, samples: Int = 1) {
        self.extraPerHeapByte = extraPerHeapByte
        self.pausePerHeapByte = pausePerHeapByte
        self.bytesPerHeapByte = bytesPerHeapByte
        self.heap = heap
        self.samples = samples
    }

    /// Garbage costs nothing and is not in the file, which takes 1.2 to 1.75 bytes per live one: of a heap that was mostly garbage only as much counts as
    /// the file is long.
    ///
    /// - Parameter extra: 0 says that memory of an earlier snapshot was used again, and nothing about the next process.
    /// - Returns: nil when the heap was empty or unknown, or nothing came on top, from which nothing can be learned.
    public init?(heap: ByteCount, extra: ByteCount, pause: Duration, bytes: ByteCount) {
        let live = min(heap, bytes)
        guard live > .zero, extra > .zero, pause >= .zero else { return nil }
        let size = Double(live.bytes)
        self.init(
            extraPerHeapByte: Double(extra.bytes) / size, pausePerHeapByte: pause.inSeconds / size, bytesPerHeapByte: Double(bytes.bytes) / size,
            heap: live)
    }

    /// A higher cost counts at once, a lower one with a tenth: one cheap capture must not make the next one fatal. A lower `extra` does not count at all:
    /// every capture of a process but the first uses again what malloc kept of the one before.
    public func updated(with seen: LearnedCost) -> LearnedCost {
        func biased(_ known: Double, _ new: Double) -> Double { new >= known ? new : known + (new - known) / 10 }
        return LearnedCost(
            extraPerHeapByte: max(extraPerHeapByte, seen.extraPerHeapByte), pausePerHeapByte: biased(pausePerHeapByte, seen.pausePerHeapByte),
            bytesPerHeapByte: biased(bytesPerHeapByte, seen.bytesPerHeapByte), heap: max(heap, seen.heap), samples: samples + seen.samples)
    }
}

extension SnapshotStore {
    /// - Parameter owner: `SnapshotRecord.owner`.
    /// - Returns: nil when nothing was learned yet, or what was cannot be read: then the default prediction holds.
    public func learnedCost(of owner: String) throws(StoreError) -> LearnedCost? {
        let learned = try part(.learned)
        let name = try fileName(of: owner)
        guard let text = try? learned.read(name) else { return nil }
        return try? RecordCodec.decode(LearnedCost.self, from: text)
    }

    /// Captures are one at a time per host (contract 7), so that nothing is written between reading and writing.
    @discardableResult
    public func learn(_ seen: LearnedCost, of owner: String) throws -> LearnedCost {
        let cost = try learnedCost(of: owner)?.updated(with: seen) ?? seen
        try writeFile(try RecordCodec.encode(cost), as: fileName(of: owner), in: part(.learned))
        return cost
    }

    /// A service's name as a file's: what a path could trip over is written `%2F`.
    func fileName(of service: String) throws(StoreError) -> String {
        let plain = service.utf8.map { byte -> String in
            let isPlain = (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || "-_.@".utf8.contains(byte)
            return isPlain ? String(UnicodeScalar(byte)) : "%" + hexadecimal([byte]).uppercased()
        }
        let name = plain.joined()
        // NAME_MAX is 255, the suffix takes 5.
        guard !name.isEmpty, !name.hasPrefix("."), name.utf8.count <= 250 else { throw .badName(service) }
        return name + ".json"
    }
}
