import Glibc
import Testing

@testable import HeapSnapshot

@Suite struct ReportPageTests {
    static let attacks = [
        "</script><img src=x onerror=\"window.pwned=1\">", "<svg/onload='window.pwned=1'>", "</style><script>window.pwned=1</script>",
        "\" onfocus=\"window.pwned=1",
        "' autofocus onfocus='window.pwned=1", "]]><!--", "</title></textarea><base href=//evil>", "&lt;b&gt;&amp;#60;", "javascript:window.pwned=1",
        "user\u{202E}gpj.exe", "\u{2066}a\u{2069}\u{200F}b\u{061C}", "nul\u{0}esc\u{1B}[31m\u{7F}\u{85}", "line\u{2028}paragraph\u{2029}\r\n\t",
        "\u{FEFF}zero\u{200B}\u{200D}width",
        "Z\(String(repeating: "\u{0336}\u{0489}", count: 400))", "\u{E000}private\u{FFFF}", "\\u{202E}", "Überläufer", "שלום",
        String(repeating: "long ", count: 40_000),
    ]

    /// The heap of somebody who wants to be executed: every name is an attack, as class, function, property and string.
    static func hostile() throws -> SnapshotGraph {
        var built = ReportHeap()
        for attack in attacks {
            let object = built.add("object", attack, 50_000)
            built.connect(1, object, "property", attack)
            let function = built.add("closure", attack, 40_000)
            built.connect(object, function, "context", attack)
            for kind in ["string", "native", "hidden", "array", "code", "synthetic", "symbol"] {
                let node = built.add(kind, attack, 30_000)
                built.connect(function, node, "internal", attack)
            }
            let plain = (0..<2).map { _ in built.add("object", "Object", 20_000) }
            for node in plain {
                built.connect(object, node, "element", "0")
                built.connect(node, function, "property", attack)
            }
        }
        return try built.graph()
    }

    static func hostileReport() throws -> Report {
        var report = try Report(hostile(), title: attacks[0], showsStrings: true)
        report.facts = attacks.map { Report.Fact($0, $0) }
        report.warnings = attacks
        report.trajectory = (0..<50).map { .init(seconds: Double($0), useBytes: UInt64($0) << 20, limitBytes: $0 == 20 ? nil : 512 << 20) }
        report.suspects = attacks.map {
            .init(title: $0, sentence: $0, bytes: .max, share: .infinity, confidence: .nan, path: [$0, $0], location: $0)
        }
        report.comparison = .init(
            base: attacks[0], identity: attacks[1],
            changes: attacks.enumerated().map {
                .init(
                    name: $1, added: $0 % 3 == 0 ? nil : .max, removed: $0 % 3 == 0 ? nil : 0, delta: .min, allocatedBytes: .max, freedBytes: nil,
                    sizeDelta: .min + Int64($0))
            })
        return report
    }

    @Test func namesOfTheHeapAreOnlyText() throws {
        let page = try Self.hostileReport().page()
        #expect(page.parts("<script").count == 2 && page.parts("</script").count == 2 && page.parts("<style").count == 2)
        #expect(page.parts("</style").count == 2 && page.parts("<title>Heap of").count == 2)
        #expect(page.parts("<base").count == 1 && page.parts("<img").count == 1 && page.parts("<!--").count == 1)
        #expect(page.contains("&lt;/script&gt;&lt;img src=x onerror=&quot;window.pwned=1&quot;&gt;") && page.contains("&amp;lt;b&amp;gt;"))
        #expect(page.contains("user\\u{202E}gpj.exe") && page.contains("nul\\u{0}esc\\u{1B}[31m\\u{7F}\\u{85}") && page.contains("שלום"))
        for scalar in page.unicodeScalars {
            let category = scalar.properties.generalCategory
            #expect(
                scalar == "\n" || category != .control && category != .format && category != .lineSeparator && category != .paragraphSeparator,
                "\(scalar.value)")
        }
        #expect(page.utf8.count < 1_000_000)
    }

    @Test func contentsOfStringsAreShownOnlyWhenAskedFor() throws {
        var built = ReportHeap()
        let secrets = ["password=hunter2", "token-4711", "0x5ecret", "cut-out-of-it", "key-of-a-map", "of-a-symbol", "secret-pattern", "sum-of-two"]
        let map = built.add("object", "WeakMap", 100)
        built.connect(1, map, "property", "sessions")
        for (kind, secret) in zip(["string", "string", "number", "sliced string", "string", "symbol", "regexp", "concatenated string"], secrets) {
            let node = built.add(kind, secret, 10_000)
            built.connect(map, node, "internal", "1 / part of key (\(secret) @7) -> value (\(secret) @9) pair in WeakMap (table @99)")
        }
        let graph = try built.graph()
        let page = try Report(graph, title: "t").page()
        for secret in secrets { #expect(!page.contains(secret), "\(secret)") }
        #expect(page.contains("sessions: WeakMap"))
        let open = try Report(graph, title: "t", showsStrings: true).page()
        #expect(open.contains("password=hunter2") && open.contains("cut-out-of-it"))
    }

    /// 3,000 classes, most of names that need ten bytes a character: the page ends where it must, and says what is missing.
    @Test func thePageStaysSmall() throws {
        var built = ReportHeap()
        var parent = 1
        for index in 0..<3_000 {
            let name = String(repeating: index % 2 == 0 ? "\u{202E}" : "\"", count: 700) + "\(index)"
            let node = built.add(index % 3 == 0 ? "closure" : "object", name, 1_000 + index)
            built.connect(parent, node, "property", name)
            // A tree, of which much is shown: each tenth has the next ten.
            if index % 10 == 9 { parent = index < 300 ? node : 1 }
        }
        var report = try Report(built.graph(), title: String(repeating: "\u{202E}", count: 100_000))
        report.suspects = (0..<500).map { _ in
            let text = String(repeating: "\u{202E}", count: 5_000)
            return .init(title: text, sentence: text, bytes: 1, share: 0.1, confidence: 1, path: Array(repeating: text, count: 300), location: text)
        }
        report.facts = (0..<500).map { Report.Fact("\($0)", String(repeating: "\u{202E}", count: 5_000)) }
        report.comparison = .init(
            base: "b",
            changes: report.classes.map {
                .init(name: $0.name, added: 1, removed: 2, delta: -1, allocatedBytes: 1, freedBytes: 2, sizeDelta: Int64($0.count))
            })
        report.trajectory = (0..<100_000).map { .init(seconds: Double($0), useBytes: UInt64($0), limitBytes: UInt64($0 % 7)) }
        let page = try report.page()
        #expect(page.utf8.count < 1_000_000 && page.utf8.count > 500_000, "\(page.utf8.count)")
        #expect(page.contains("more classes are left out") && page.contains("characters)"))
    }

    @Test(arguments: ["n20-leak-after", "n24-internals", "n26-empty", "n14-empty"])
    func everyClassIsOnThePage(name: String) throws {
        let graph = try SnapshotGraph(reportSnapshot(fixture(name)))
        let page = try Report(graph, title: name).page()
        let summary = graph.summary()
        #expect(summary.count > 30)
        for row in summary.prefix(1_000) {
            let html: HTML = "<tr><th scope=\"row\">\(row.name.shortened(160))</th><td data-v=\"\(row.retainedBytes)\">"
            #expect(page.contains(html.source), "\(row.name)")
        }
        #expect(page.parts("</tr>").count - 1 == page.parts("<tr").count - 1)
        #expect(page.contains(graph.snapshot.edgeCount.grouped) && page.utf8.count < 400_000)
    }

    @Test func aPageOfAPartialSnapshotSaysSo() throws {
        var built = ReportHeap()
        for index in 0..<300 { built.connect(1, built.add("object", "Class\(index)", 1_000), "property", "p\(index)") }
        let whole = try Report(built.graph(), title: "t").page()
        let cut = try Report(built.graph(cut: 2_500), title: "t").page()
        #expect(!whole.contains("ends early") && cut.contains("ends early"))
    }

    @Test func sectionsAppearWithWhatTheyShow() throws {
        var built = ReportHeap()
        built.connect(1, built.add("object", "Cache", 1_000), "property", "cache")
        var report = try Report(built.graph(), title: "one")
        let plain = try report.page()
        for id in ["suspects", "comparison", "memory"] { #expect(!plain.contains("id=\"\(id)\"") && !plain.contains("href=\"#\(id)\"")) }
        #expect(plain.contains("cache: Cache @5"))
        report.suspects = []
        report.comparison = .init(
            base: "zero", identity: "By ids.",
            changes: [
                .init(name: "Shrunk", added: nil, removed: nil, delta: -3, allocatedBytes: nil, freedBytes: nil, sizeDelta: -2_048),
                .init(name: "Grown", added: 1_500, removed: 0, delta: 1_500, allocatedBytes: 10_240, freedBytes: 0, sizeDelta: 10_240),
            ])
        let page = try report.page()
        #expect(page.contains("one, compared with zero") && page.contains("None: nothing holds") && page.contains("By ids."))
        let grown = try #require(page.parts(">Grown<").last?.parts("</tr>").first)
        let shrunk = try #require(page.parts(">Shrunk<").last?.parts("</tr>").first)
        #expect(
            grown
                == "/th><td data-v=\"10240\">+10.0</td><td>+1,500</td><td>1,500</td><td>0</td><td data-v=\"10240\">10.0</td><td data-v=\"0\">0.0</td>"
        )
        #expect(shrunk == "/th><td data-v=\"-2048\">\u{2212}2.0</td><td>\u{2212}3</td><td>–</td><td>–</td><td>–</td><td>–</td>")
        #expect(page.parts(">Grown<")[0].utf8.count < page.parts(">Shrunk<")[0].utf8.count, "largest growth first")
    }

    /// The policy names the style and the script by their hashes; nothing else may apply or run.
    @Test func thePolicyLetsExactlyThisStyleAndScriptRun() throws {
        for (text, hash) in [(ReportStyle.text, ReportStyle.hash), (ReportScript.text, ReportScript.hash)] {
            let file = try temporaryPage(text.source)
            defer { unlink(file) }
            let digest = shellOutput(of: "sha256sum < \(file) | cut -c1-64 | tr -d '\\n' | tr a-f A-F | basenc -d --base16 | base64 | tr -d '\\n'")
            #expect(digest.status == 0 && digest.text.utf8.count == 44)
            #expect(digest.text == hash, "the text was changed: its hash is now \(digest.text)")
        }
        var built = ReportHeap()
        built.connect(1, built.add("object", "Cache", 1_000), "property", "cache")
        let page = try Report(built.graph(), title: "t").page()
        let policy =
            "content=\"default-src 'none'; style-src 'sha256-\(ReportStyle.hash)'; script-src 'sha256-\(ReportScript.hash)'; base-uri 'none'; form-action 'none'\""
        #expect(page.contains(policy))
        #expect(page.parts("<style>").last?.hasPrefix(ReportStyle.text.source + "</style>") == true)
        #expect(page.parts("<script>").last?.hasPrefix(ReportScript.text.source + "</script>") == true)
        #expect(!page.contains("http:") && !page.contains("https:") && !page.contains(" style=") && !page.contains("url("))
    }

    private struct Full: Error {}

    @Test func whatTheOutputThrowsEndsTheWriting() throws {
        let report = try Self.hostileReport()
        var pieces = 0
        #expect(throws: Full.self) {
            try report.write { _ in
                pieces += 1
                if pieces == 2 { throw Full() }
            }
        }
        #expect(pieces == 2)
    }
}

extension String {
    /// Without Foundation.
    func parts(_ separator: String) -> [String] { split(separator: separator, omittingEmptySubsequences: false).map(String.init) }
}
