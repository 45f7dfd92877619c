import Units

extension Report {
    /// Makes the page: one file that loads nothing, reads the same without its script, and stays below 1 MB whatever the heap holds.
    ///
    /// - Parameter output: takes the page's text, a piece of some KB at a time. What it throws ends the writing.
    public func write(to output: (String) throws -> Void) throws {
        try withoutActuallyEscaping(output) { output in
            var page = PageWriter(output)
            try head(&page)
            try facts(&page)
            try suspectList(&page)
            try comparisonTable(&page)
            try retainedSection(&page)
            try classTable(&page)
            try statisticsSection(&page)
            try page.put("</main>\n<script>\(ReportScript.text)</script>\n</body>\n</html>\n")
            try page.finish()
        }
    }

    private var heading: String { comparison.map { "\(title.shortened(120)), compared with \($0.base.shortened(120))" } ?? title.shortened(200) }

    /// The policy comes first: what stands before it would not be bound by it.
    private func head(_ page: inout PageWriter) throws {
        try page.put(
            """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-\(ReportStyle.hash)'; script-src 'sha256-\(ReportScript.hash)'; base-uri 'none'; form-action 'none'">
            <meta name="referrer" content="no-referrer">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <meta name="generator" content="heapsnapd">
            <title>Heap of \(heading)</title>
            <style>\(ReportStyle.text)</style>
            </head>
            <body>
            <main>
            <header>
            <h1>\(heading)</h1>

            """)
        var links: [HTML] = []
        if suspects != nil { links.append("<li><a href=\"#suspects\">Suspects</a></li>") }
        if comparison != nil { links.append("<li><a href=\"#comparison\">Comparison</a></li>") }
        links.append(
            "<li><a href=\"#retained\">Retained</a></li><li><a href=\"#classes\">Classes</a></li><li><a href=\"#statistics\">Statistics</a></li>")
        try page.put("<nav aria-label=\"Sections\"><ul>\(links)</ul></nav>\n</header>\n")
        for warning in warnings.prefix(5) { try page.put("<p class=\"warning\"><strong>Note:</strong> \(warning.shortened(300))</p>\n") }
    }

    private func facts(_ page: inout PageWriter) throws {
        func html(_ fact: Fact) -> HTML { "<div><dt>\(fact.label.shortened(60))</dt><dd>\(fact.value.shortened(300))</dd></div>\n" }
        try page.put("<dl class=\"facts\">\n")
        let most = page.byteCount + Room.facts
        for fact in facts { guard try page.put(html(fact), upTo: most) else { break } }
        try page.put(html(Fact("heap", "\(ByteCount(clamping: totalBytes)) (\(totalBytes.grouped) bytes)")))
        try page.put(html(Fact("nodes", nodeCount.grouped)))
        try page.put(html(Fact("edges", edgeCount.grouped)))
        try page.put("</dl>\n")
        if let chart = TrajectoryChart(trajectory) {
            try page.put("<section aria-labelledby=\"memory\">\n<h2 id=\"memory\">Memory up to the capture</h2>\n\(chart.html)</section>\n")
        }
    }

    private func suspectList(_ page: inout PageWriter) throws {
        guard let suspects else { return }
        try page.put("<section aria-labelledby=\"suspects\">\n<h2 id=\"suspects\">Suspects</h2>\n")
        if suspects.isEmpty { try page.put("<p>None: nothing holds a conspicuous part of this heap.</p>\n") }
        try page.put("<ol class=\"suspects\">\n")
        var shown = 0
        let most = page.byteCount + Room.suspects
        // Ranked: who reads on after the twentieth looks at the tables.
        for suspect in suspects.prefix(20) {
            guard try page.put(suspect.html, upTo: most) else { break }
            shown += 1
        }
        try page.put("</ol>\n")
        if shown < suspects.count { try page.put("<p>\((suspects.count - shown).grouped) more are left out.</p>\n") }
        try page.put("</section>\n")
    }

    private func retainedSection(_ page: inout PageWriter) throws {
        var legend: [HTML] = []
        for kind in RetainedTree.Kind.allCases {
            legend.append(
                "<li><svg width=\"12\" height=\"12\" aria-hidden=\"true\"><rect width=\"12\" height=\"12\" class=\"\(kind.rawValue)\"/></svg> \(kind.label)</li>"
            )
        }
        try page.put(
            """
            <section aria-labelledby="retained">
            <h2 id="retained">What holds the heap</h2>
            <p>Each tile is an object, or all objects of one class at that place, as large as what would be freed with it; what lies in it is held by nothing else. \
            What is below 0.2 % of the heap has no tile.</p>
            \(Treemap(retained, width: 1_100, height: 560).html("wide", describedBy: "tree-caption"))\
            \(Treemap(retained, width: 360, height: 560).html("narrow", describedBy: "tree-caption"))\
            <ul class="legend">\(legend)</ul>

            """)
        try treeTable(&page)
        try page.put("</section>\n")
    }

    private func statisticsSection(_ page: inout PageWriter) throws {
        let known = [
            ("strings", RetainedTree.Kind.string, statistics.strings), ("JavaScript arrays", .array, statistics.jsArrays),
            ("typed arrays, buffers", .native, statistics.typedArrays),
            ("other native memory", .native, statistics.native - min(statistics.native, statistics.typedArrays)),
            ("compiled code", .code, statistics.code),
            ("V8's own (hidden)", .system, statistics.system),
        ]
        let sum = known.reduce(0) { $0 &+ $1.2 }
        let rows = known + [("other objects", .object, statistics.total - min(statistics.total, sum))]
        var (bar, body): ([HTML], [HTML]) = ([], [])
        var at = 0.0
        for (name, kind, bytes) in rows {
            let part = Report.share(bytes, of: max(statistics.total, sum))
            if part > 0 {
                bar.append(
                    "<rect x=\"\((at * 100).coordinate)%\" width=\"\((part * 100).coordinate)%\" height=\"100%\" class=\"\(kind.rawValue)\"><title>\(name)</title></rect>"
                )
            }
            at += part
            body.append(
                "<tr><th scope=\"row\">\(name)</th><td>\(bytes.kibibytes)</td><td>\(Report.share(bytes, of: statistics.total).percent)</td></tr>\n")
        }
        try page.put(
            """
            <section aria-labelledby="statistics">
            <h2 id="statistics">Statistics</h2>
            <svg class="bar" width="100%" height="18" role="img" aria-label="Bytes by kind; the table below says the same.">\(bar)</svg>
            <div class="box" role="region" aria-labelledby="statistics-caption" tabindex="0"><table class="small">
            <caption id="statistics-caption"><span>Shallow bytes by kind</span></caption>
            <thead><tr><th scope="col">Kind</th><th scope="col" class="n">Size, KiB</th><th scope="col" class="n">%</th></tr></thead>
            <tbody>
            \(body)</tbody>
            <tfoot><tr><th scope="row">all</th><td>\(statistics.total.kibibytes)</td><td>\(1.0.percent)</td></tr></tfoot>
            </table></div>
            </section>

            """)
    }
}

extension Report {
    /// Bytes for each part of the page: names are the heap's and as long as it likes, and all together is to be below 1 MB. Parts of real heaps need
    /// a tenth to a half of this.
    enum Room {
        static let facts = 40_000
        static let suspects = 110_000
        static let treemap = 90_000
        static let tree = 110_000
        /// Each of the two large ones; a row has about 250.
        static let table = 220_000
    }
}

/// Collects pieces to some size, and counts.
struct PageWriter {
    private let output: (String) throws -> Void
    private var buffer = ""
    private(set) var byteCount = 0

    init(_ output: @escaping (String) throws -> Void) {
        self.output = output
        buffer.reserveCapacity(20 << 10)
    }

    mutating func put(_ html: HTML) throws {
        buffer += html.source
        byteCount += html.source.utf8.count
        if buffer.utf8.count >= 16 << 10 { try finish() }
    }

    /// Unless the page would be longer than that.
    mutating func put(_ html: HTML, upTo bytes: Int) throws -> Bool {
        guard byteCount + html.source.utf8.count <= bytes else { return false }
        try put(html)
        return true
    }

    mutating func finish() throws {
        guard !buffer.isEmpty else { return }
        try output(buffer)
        buffer.removeAll(keepingCapacity: true)
    }
}
