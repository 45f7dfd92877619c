import SeededNumbers
import Testing

@testable import AgentProtocol

struct FrameTests {
    /// A stream socket cuts where it likes: one byte at a time, in the middle of a length, many messages at once.
    @Test(arguments: 0..<64 as Range<UInt64>)
    func anySplitGivesTheSameMessages(seed: UInt64) throws {
        var numbers = SeededNumbers(seed: seed)
        let messages = (0..<Int.random(in: 1...12, using: &numbers)).map { _ in
            let length = Bool.random(using: &numbers) ? Int.random(in: 1...8, using: &numbers) : Int.random(in: 1...Frame.mostBytes, using: &numbers)
            return (0..<length).map { _ in UInt8.random(in: .min ... .max, using: &numbers) }
        }
        let stream = messages.flatMap { framed($0) }
        var decoder = FrameDecoder()
        var (found, at): ([[UInt8]], Int) = ([], 0)
        let longest = [1, 5, 100, 70_000, stream.count][Int(seed % 5)]
        // One byte at a time through half a megabyte proves no more than through the first thousand of it.
        while at < stream.count {
            let piece = at > 1_000 ? max(longest, 4_096) : longest
            let end = min(stream.count, at + .random(in: 0...piece, using: &numbers))
            found += try decoder.append(stream[at..<end])
            at = end
        }
        #expect(found == messages)
        #expect(try decoder.append([]) == [], "nothing is left over")
    }

    @Test func aMessageComesWithItsLastByte() throws {
        var decoder = FrameDecoder()
        let bytes = framed(Array("{}".utf8)) + framed(Array("[]".utf8))
        for byte in bytes[..<5] { #expect(try decoder.append([byte]) == []) }
        #expect(try decoder.append(bytes[5...5]) == [Array("{}".utf8)])
        #expect(try decoder.append(bytes[6...]) == [Array("[]".utf8)])
    }

    @Test func theLongestIsTaken() throws {
        var decoder = FrameDecoder()
        let longest = [UInt8](repeating: 32, count: Frame.mostBytes)
        #expect(try decoder.append(framed(longest)) == [longest])
    }

    /// Told by the length alone: nobody waits for 4 GiB.
    @Test(arguments: [0, 65_537, 0x7b22_7479, .max] as [UInt32])
    func lengthsOutsideAreBroken(length: UInt32) {
        var decoder = FrameDecoder()
        let bytes = withUnsafeBytes(of: length.littleEndian) { Array($0) }
        #expect(throws: FrameDecoder.Broken(length: length, messages: [])) { try decoder.append(bytes) }
        #expect(throws: FrameDecoder.Broken(length: length, messages: []), "it stays broken") { try decoder.append([1, 0, 0, 0, 32]) }
    }

    /// Whether the break comes in the same piece as a message before it is chance; the message counts, and counts once.
    @Test(arguments: 1...13)
    func whatWasWholeBeforeABreakIsNotLost(piece: Int) {
        let first = Array("{}".utf8)
        let stream = framed(first) + [0, 0, 0, 0] + framed(first)
        var decoder = FrameDecoder()
        var found: [[UInt8]] = []
        var isBroken = false
        for at in stride(from: 0, to: stream.count, by: piece) {
            do { found += try decoder.append(stream[at..<min(stream.count, at + piece)]) } catch {
                found += error.messages
                isBroken = true
            }
        }
        #expect(isBroken)
        #expect(found == [first])
    }

    @Test func saysWhatIsAllowed() {
        #expect("\(FrameDecoder.Broken(length: 0, messages: []))" == "a message of 0 bytes; 1 to 65536 are allowed")
    }
}
