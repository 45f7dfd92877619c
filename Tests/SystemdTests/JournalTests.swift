import Foundation
import Testing

@testable import Systemd

@Suite struct JournalTests {
    @Test func fields() {
        let entry = JournalEntry(
            "captured", priority: .notice, event: .captured, about: [.service: "shop", .pid: "4711", .unit: "shop.service", .snapshot: "20261121T0"])
        #expect(
            entry.fields.map { "\($0)=\($1)" } == [
                "MESSAGE=captured", "PRIORITY=5", "SYSLOG_IDENTIFIER=heapsnapd", "MESSAGE_ID=bdd8009115554c5a81b5d79cc1dde2c6",
                "HEAPSNAPD_PID=4711", "HEAPSNAPD_SERVICE=shop", "HEAPSNAPD_SNAPSHOT=20261121T0", "HEAPSNAPD_UNIT=shop.service", "OBJECT_PID=4711",
                "OBJECT_SYSTEMD_UNIT=shop.service",
            ])
    }

    @Test func namesAreTheJournals() {
        // systemd.journal-fields(7): upper case, digits, underscores; not beginning with an underscore.
        for field in JournalField.allCases { #expect(field.name.allSatisfy { $0.isUppercase || $0 == "_" } && !field.name.hasPrefix("_")) }
    }

    @Test func idsAreDistinct() {
        let ids = JournalEvent.allCases.map(\.messageID)
        #expect(Set(ids).count == ids.count)
        for id in ids { #expect(id.count == 32 && id.allSatisfy { $0.isHexDigit && !$0.isUppercase }) }
    }
}

/// systemd/heapsnapd.catalog: one text for each event, with the fields that there are.
@Suite struct CatalogTests {
    private let entries: [(id: String, text: Substring)]

    init() throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../systemd/heapsnapd.catalog")
        let text = try String(contentsOf: file, encoding: .utf8)
        entries = text.components(separatedBy: "\n-- ").dropFirst().map { (String($0.prefix(32)), $0.dropFirst(32)) }
    }

    @Test func isTheList() { #expect(entries.map(\.id) == JournalEvent.allCases.map(\.messageID)) }

    @Test func isWellFormed() throws {
        let fields = Set(JournalField.allCases.map(\.name))
        for (id, text) in entries {
            let (header, body) = try #require(text.range(of: "\n\n").map { (text[..<$0.lowerBound], text[$0.upperBound...]) }, "\(id)")
            for line in ["\nSubject: ", "\nDefined-By: heapsnapd\n", "\nDocumentation: man:"] { #expect(header.contains(line), "\(id)") }
            #expect(body.contains("."), "\(id)")
            let parts = text.split(separator: "@", omittingEmptySubsequences: false).enumerated()
            let used = parts.filter { $0.offset % 2 == 1 }.map { String($0.element) }
            #expect(used.allSatisfy(fields.contains), "\(id): \(used)")
        }
    }
}
