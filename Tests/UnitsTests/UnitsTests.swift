import Testing
import Units

@Suite struct UnitsTests {
    @Test(arguments: [("512MiB", 536_870_912), ("512M", 536_870_912), ("1.5G", 1_610_612_736), ("100 KiB", 102_400), ("2MB", 2_000_000), ("17", 17)])
    func sizesAreRead(text: String, bytes: Int64) { #expect(ByteCount(text) == ByteCount(bytes)) }

    @Test(arguments: ["", "M", "12X", "-1M", "1e9", "99999999T", "1..2"])
    func badSizesAreRefused(text: String) { #expect(ByteCount(text) == nil) }

    @Test(arguments: [
        (0, "0 B"), (17, "17 B"), (536_870_912, "512 MiB"), (1_342_177_280, "1.25 GiB"), (-40_960, "-40 KiB"), (1_047_552_000, "999 MiB"),
    ])
    func sizesAreShown(bytes: Int64, text: String) { #expect(ByteCount(bytes).description == text) }

    @Test func arithmeticSaturates() {
        #expect(ByteCount(Int64.max) + ByteCount(1) == ByteCount(Int64.max))
        #expect(ByteCount(Int64.min) - ByteCount(1) == ByteCount(Int64.min))
        #expect(ByteCount(rounding: .infinity) == ByteCount(Int64.max))
        #expect(ByteCount.mebibytes(100) * 7.5 == .mebibytes(750))
    }

    @Test(arguments: [("80%", 8_000), ("0.8", 8_000), ("99.5 %", 9_950), ("150%", 15_000)])
    func ratiosAreRead(text: String, permyriad: Int) { #expect(Ratio(text)?.permyriad == permyriad) }

    @Test func ratios() {
        #expect(Ratio("80m") == nil)
        #expect(Ratio("-1%") == nil)
        #expect(Ratio.percent(85.5).description == "85.5%")
        #expect(Ratio.percent(50).of(.mebibytes(512)) == .mebibytes(256))
        #expect(Ratio(.mebibytes(1), of: .zero).permyriad == 10_000)
    }

    @Test(arguments: [("250ms", 0.25), ("30s", 30), ("1m30s", 90), ("2h", 7_200), ("1d", 86_400), ("5", 5), ("1h 5m", 3_900)])
    func durationsAreRead(text: String, seconds: Double) { #expect(Duration(text: text) == .seconds(seconds)) }

    @Test(arguments: ["", "s", "5x", "1m30", "99999999999s", "-5s"])
    func badDurationsAreRefused(text: String) { #expect(Duration(text: text) == nil) }

    @Test(arguments: [(0.12, "120ms"), (2.5, "2.5s"), (90, "1m 30s"), (3_900, "1h 5m"), (840, "14m"), (172_800, "2d")])
    func durationsAreShown(seconds: Double, text: String) { #expect(Duration.seconds(seconds).text == text) }

    @Test func snapshotIDs() {
        let id = SnapshotID(at: Timestamp(milliseconds: 1_795_221_096_000), random: 0xab)
        #expect(id.text == "20261121T003136-000000ab")
        let later = SnapshotID(at: Timestamp(milliseconds: 1_795_221_096_001), random: 0)
        #expect(SnapshotID(at: Timestamp(milliseconds: 1_795_221_096_000), random: .max) < later)
        #expect(SnapshotID(at: Timestamp(milliseconds: 1_795_221_096_999), random: .max).text == "20261121T003136-f9ffffff")
        #expect(SnapshotID(id.text) == id)
        // A file can claim any time.
        for milliseconds in [Int64.min, -62_135_596_800_001, -1, 253_402_300_799_001, 9_007_199_254_741_999, .max] {
            let odd = SnapshotID(at: Timestamp(milliseconds: milliseconds))
            #expect(SnapshotID(odd.text) == odd, "\(odd)")
        }
        #expect(SnapshotID("20261121T003136-000000AB") == nil)
        #expect(SnapshotID("../etc/passwd") == nil)
        #expect(SnapshotID(at: Timestamp(milliseconds: 1_000), random: 0) < id)
    }

    @Test(arguments: [0, 951_782_400_000, 1_795_221_096_250, -1, 4_102_444_799_999])
    func timestampsRoundTrip(milliseconds: Int64) {
        #expect(Timestamp(Timestamp(milliseconds: milliseconds).description)?.milliseconds == milliseconds)
    }

    @Test func timestampText() {
        #expect(Timestamp(milliseconds: 1_795_221_096_250).description == "2026-11-21T00:31:36.250Z")
        #expect(Timestamp("yesterday") == nil)
    }
}
