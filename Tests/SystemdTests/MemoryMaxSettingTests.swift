import Testing
import Units

@testable import Systemd

@Suite struct MemoryMaxSettingTests {
    @Test(arguments: [
        ("[Service]\nMemoryMax=300M\n", MemoryMaxSetting.bytes(.mebibytes(300))),
        ("[Service]\nMemoryMax=629145600\n", .bytes(.mebibytes(600))),
        ("[Service]\n  MemoryMax = 1.5G  \nExecStart=/bin/true\n", .bytes(.mebibytes(1_536))),
        ("[Slice]\nMemoryMax=40%\n", .bytes(.mebibytes(400))),
        ("MemoryMax=infinity\n", .infinity),
        ("MemoryMax=300M\nMemoryMax=\n", .infinity),
        ("MemoryMax=300M\nMemoryMax=400M\n", .bytes(.mebibytes(400))),
        ("MemoryMax=300M\nMemoryMax=much\n", .bytes(.mebibytes(300))),  // systemd says so in its log and goes on
    ])
    func parsed(text: String, expected: MemoryMaxSetting) {
        #expect(MemoryMaxSetting.parse(text, hostMemory: .mebibytes(1_000)) == expected)
    }

    @Test(arguments: ["", "#MemoryMax=300M", "MemoryMaxx=1", "MemoryHigh=300M", "MemoryMax"])
    func none(text: String) { #expect(MemoryMaxSetting.parse(text, hostMemory: .gibibytes(1)) == nil) }
}

@Suite struct LendingNoteTests {
    @Test func survivesBeingWritten() throws {
        let note = LendingNote(lent: [.mebibytes(600), .mebibytes(700)])
        let text = note.text(unit: "shop.slice")
        #expect(LendingNote.parse(text) == note)
        #expect(text.contains("[Slice]\nMemoryMax=734003200\n"))
        #expect(MemoryMaxSetting.parse(text, hostMemory: .gibibytes(1)) == .bytes(.mebibytes(700)))
    }

    @Test(arguments: ["", "[Service]\nMemoryMax=1\n", "# lent: nothing\n"])
    func othersAreNone(text: String) { #expect(LendingNote.parse(text) == nil) }
}
