/// The flat lists of numbers: 93 % of a snapshot.
extension SnapshotReader {
    /// Reads the records of one list, whole ones, up to its end.
    ///
    /// - Parameter store: gets the numbers of a record; its answer is what is wrong with them.
    @inline(__always)
    mutating func readRecords(
        _ name: String, fields: Int, atMost limit: Int, store: (_ index: Int, _ record: UnsafePointer<UInt64>) -> String?
    ) throws -> Int {
        try expect("[", "the list of \(name)")
        if try take("]") { return 0 }
        return try withUnsafeTemporaryAllocation(of: UInt64.self, capacity: fields) { record in
            let numbers = record.baseAddress!
            var count = 0
            while true {
                // The window's end may have cut the last number: what ends there is read again behind a refill.
                var place = window.position
                guard IntegerScanner.record(fields, at: &place, into: numbers), place < window.end else {
                    try again(at: place, name)
                    continue
                }
                guard count < limit else { throw failure("more \(name) than the header says (\(limit))") }
                if let wrong = store(count, UnsafePointer(numbers)) { throw failure("\(name) \(count): \(wrong)") }
                count &+= 1
                // Node 22 and older end a line behind each record.
                if place.pointee == 0x0A { place += 1 }
                window.move(to: place)
                if place.pointee == UInt8(ascii: ",") {
                    window.advance()
                    continue
                }
                if try take("]") { return count }
                try expect(",", "',' or ']'")
            }
        }
    }

    /// A record could not be read at the window's position: more is needed, or it is none. `place` is how far it went.
    @inline(never)
    private mutating func again(at place: UnsafePointer<UInt8>, _ name: String) throws {
        // 16 KiB: 64 fields of 20 digits, each with white space around it that nobody writes.
        guard place >= window.end || window.end - window.position < 64, window.end - window.position < 16 << 10 else {
            window.move(to: place)
            throw failure("byte \(window.byte) among the numbers of \(name)")
        }
        if try !window.refill() {
            let missing = place >= window.end || place.pointee == UInt8(ascii: "-") && place + 1 >= window.end
            window.move(to: place)
            throw missing ? truncated("the end of \(name)") : failure("byte \(window.byte) among the numbers of \(name)")
        }
    }

    /// Records that a list of this many bytes can hold at most: a number takes two bytes, comma included. Where the size is not known, a million,
    /// and the columns grow. They grow beyond 64 million (files of 4 GB) too: a compressed file can claim any size.
    func room(for count: Int, fields: Int) -> Int {
        min(count, sourceSize.map { $0 / (2 * fields) + 1 } ?? 1 << 20, 1 << 26)
    }
}

/// Where a type's number in this file leads to.
func kinds(_ names: [String], known: [String], firstUnknown: Int) -> (map: [UInt8], names: [String]) {
    var all = known + Array(repeating: "", count: max(0, firstUnknown - known.count))
    let map = names.map { name -> UInt8 in
        if let index = known.firstIndex(of: name) { return UInt8(index) }
        // Beyond a byte's numbers the rest share the last one.
        if all.count <= Int(UInt8.max) { all.append(name) }
        return UInt8(all.count - 1)
    }
    return (map, all)
}
