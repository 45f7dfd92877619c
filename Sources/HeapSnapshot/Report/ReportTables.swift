import Units

extension Report {
    /// A table that the script lets sort and search, and that ends after so many bytes: names are the heap's, and can be as long as it likes.
    private struct Table {
        var id: String
        var caption: HTML
        /// Text, and whether it is a number; the one that the rows are sorted by, descending.
        var columns: [(text: String, isNumber: Bool)]
        var sortedBy: Int

        static let mostRows = 1_000

        func start(_ page: inout PageWriter) throws {
            var heads: [HTML] = []
            for (at, column) in columns.enumerated() {
                let sort: HTML = at == sortedBy ? " aria-sort=\"descending\"" : ""
                heads.append(
                    column.isNumber ? "<th scope=\"col\" class=\"n\"\(sort)>\(column.text)</th>" : "<th scope=\"col\"\(sort)>\(column.text)</th>")
            }
            try page.put(
                """
                <div data-table>
                <div class="filter" hidden><label>Filter by name <input type="search" name="\(id)-filter" autocomplete="off" spellcheck="false"></label> <output></output></div>
                <div class="box" role="region" aria-labelledby="\(id)-caption" tabindex="0"><table>
                <caption id="\(id)-caption"><span>\(caption)</span></caption>
                <thead><tr>\(heads)</tr></thead>
                <tbody>

                """)
        }

        /// - Returns: how many rows there was room for.
        func rows<Row>(_ rows: some Sequence<Row>, _ page: inout PageWriter, _ html: (Row) -> HTML) throws -> Int {
            let most = page.byteCount + Room.table
            var shown = 0
            for row in rows.prefix(Self.mostRows) {
                guard try page.put(html(row), upTo: most) else { break }
                shown += 1
            }
            return shown
        }

        func end(_ page: inout PageWriter, leftOut: HTML?) throws {
            try page.put("</tbody>\n</table></div>\n</div>\n")
            if let leftOut { try page.put("<p>\(leftOut)</p>\n") }
        }
    }

    /// DevTools' Summary view and the shares; what is asked for most comes first, for narrow screens.
    func classTable(_ page: inout PageWriter) throws {
        let sorted = classes.sorted { $0.retainedBytes > $1.retainedBytes }
        let table = Table(
            id: "classes", caption: "\(classes.count.grouped) classes. Sizes in KiB and in percent of the heap. Retained sizes overlap.",
            columns: [
                ("Constructor", false), ("Retained", true), ("%", true), ("Shallow", true), ("%", true), ("Count", true), ("Distance", true),
            ], sortedBy: 1)
        try page.put("<section aria-labelledby=\"classes\">\n<h2 id=\"classes\">Classes</h2>\n")
        try table.start(&page)
        let shown = try table.rows(sorted, &page) { row in
            let distance = row.distance < 0 || row.distance >= Distances.system ? "–" : row.distance.grouped
            return """
                <tr><th scope="row">\(row.name.shortened(160))</th>\
                <td data-v="\(row.retainedBytes)">\(row.retainedBytes.kibibytes)</td><td>\(Report.share(row.retainedBytes, of: totalBytes).percent)</td>\
                <td data-v="\(row.shallowBytes)">\(row.shallowBytes.kibibytes)</td><td>\(Report.share(row.shallowBytes, of: totalBytes).percent)</td>\
                <td>\(row.count.grouped)</td><td>\(distance)</td></tr>

                """
        }
        let rest = sorted.dropFirst(shown)
        let bytes = rest.reduce(UInt64(0)) { $0 &+ $1.shallowBytes }
        try table.end(
            &page, leftOut: rest.isEmpty ? nil : "\(rest.count.grouped) more classes are left out, of together \(bytes.kibibytes) KiB shallow size.")
        try page.put("</section>\n")
    }

    func comparisonTable(_ page: inout PageWriter) throws {
        guard let comparison else { return }
        let sorted = comparison.changes.sorted { ($1.sizeDelta, $1.delta, $0.name) < ($0.sizeDelta, $0.delta, $1.name) }
        let table = Table(
            id: "comparison", caption: "\(sorted.count.grouped) classes changed since \(comparison.base.shortened(200)). Sizes in KiB.",
            columns: [
                ("Constructor", false), ("Size delta", true), ("Delta", true), ("New", true), ("Deleted", true), ("Allocated", true), ("Freed", true),
            ], sortedBy: 1)
        try page.put("<section aria-labelledby=\"comparison\">\n<h2 id=\"comparison\">Comparison</h2>\n")
        if let identity = comparison.identity { try page.put("<p>\(identity.shortened(500))</p>\n") }
        try table.start(&page)
        let shown = try table.rows(sorted, &page) { row in
            """
            <tr><th scope="row">\(row.name.shortened(160))</th><td data-v="\(row.sizeDelta)">\(row.sizeDelta.signedKibibytes)</td>\
            <td>\(row.delta.signed)</td><td>\(row.added?.grouped ?? "–")</td><td>\(row.removed?.grouped ?? "–")</td>\
            \(Report.size(row.allocatedBytes))\(Report.size(row.freedBytes))</tr>

            """
        }
        let rest = sorted.count - shown
        try table.end(&page, leftOut: rest == 0 ? nil : "\(rest.grouped) more classes are left out: those that grew least, or shrank.")
        try page.put("</section>\n")
    }

    private static func size(_ bytes: UInt64?) -> HTML { bytes.map { "<td data-v=\"\($0)\">\($0.kibibytes)</td>" } ?? "<td>–</td>" }

    /// What the treemap shows, as text.
    func treeTable(_ page: inout PageWriter) throws {
        try page.put(
            """
            <div class="box" role="region" aria-labelledby="tree-caption" tabindex="0"><table>
            <caption id="tree-caption"><span>The same as a table. Each row is held by the last one above it that is indented less; › leads down to what it holds nearly alone. Sizes in KiB and in percent of the heap.</span></caption>
            <thead><tr><th scope="col">Object or class</th><th scope="col" class="n">Retained</th><th scope="col" class="n">%</th>\
            <th scope="col" class="n">Count</th><th scope="col" class="n">Level</th></tr></thead>
            <tbody>

            """)
        let most = page.byteCount + Room.tree
        var leftOut = 0
        try treeRows(retained.items, level: 1, &page, upTo: most, &leftOut)
        try page.put("\(rest(retained.restCount, retained.restBytes, level: 1))</tbody>\n</table></div>\n")
        if leftOut > 0 { try page.put("<p>\(leftOut.grouped) more rows are left out.</p>\n") }
    }

    private func treeRows(_ items: [RetainedTree.Item], level: Int, _ page: inout PageWriter, upTo most: Int, _ leftOut: inout Int) throws {
        for item in items {
            let row: HTML = """
                <tr><th scope="row" class="l\(level)">\(item.html)</th><td>\(item.retainedBytes.kibibytes)</td>\
                <td>\(Report.share(item.retainedBytes, of: retained.totalBytes).percent)</td><td>\(item.count.grouped)</td><td>\(level)</td></tr>

                """
            if try !page.put(row, upTo: most) { leftOut += 1 }
            try treeRows(item.children, level: level + 1, &page, upTo: most, &leftOut)
            guard item.restBytes >= retained.totalBytes / 500, !item.children.isEmpty else { continue }
            if try !page.put(rest(item.restCount, item.restBytes, level: level + 1), upTo: most) { leftOut += 1 }
        }
    }

    private func rest(_ count: Int, _ bytes: UInt64, level: Int) -> HTML {
        """
        <tr><th scope="row" class="l\(level)">smaller ones</th><td>\(bytes.kibibytes)</td><td>\(Report.share(bytes, of: retained.totalBytes).percent)</td>\
        <td>\(count.grouped)</td><td>\(level)</td></tr>

        """
    }
}

extension RetainedTree.Item {
    /// What is below in one line: level by level, or, where the same comes again, once round.
    fileprivate var html: HTML {
        guard !below.isEmpty else { return "\(label)" }
        let names = below.map { $0.name.shortened(60) }
        let period = (1...4).first { period in
            names.count >= 2 * period && levelsBelow > 2 * period && (period..<names.count).allSatisfy { names[$0] == names[$0 - period] }
        }
        if let period {
            let round = names[..<period].joined(separator: " › ")
            return "\(label) <small>› \(round), and so on, \(levelsBelow.grouped) levels down</small>"
        }
        let steps = zip(names, below).map { name, step in step.id.map { "\(name) @\($0)" } ?? name }
        let rest = levelsBelow - names.count
        return rest > 0
            ? "\(label) <small>› \(steps.joined(separator: " › ")) › \(rest.grouped) more levels</small>"
            : "\(label) <small>› \(steps.joined(separator: " › "))</small>"
    }
}

extension Report.Suspect {
    var html: HTML {
        var parts: [HTML] = []
        if let location { parts.append("<p>Look at <code>\(location.shortened(300))</code></p>\n") }
        if !path.isEmpty {
            // A path as long as this is folded by whoever made it.
            var steps: [HTML] = []
            for step in path.prefix(40) { steps.append("<li>\(step.shortened(300))</li>\n") }
            if path.count > 40 { steps.append("<li>and \((path.count - 40).grouped) more</li>\n") }
            parts.append(
                "<p>Path from the root:</p>\n<div class=\"box\" role=\"region\" aria-label=\"Path from the root\" tabindex=\"0\"><ol class=\"path\">\n\(steps)</ol></div>\n"
            )
        }
        return """
            <li>
            <h3>\(title.shortened(200))</h3>
            <p class="numbers">\(ByteCount(clamping: bytes).description), \(share.percent) % of the heap; confidence \(Int(((confidence.isFinite ? min(max(confidence, 0), 1) : 0) * 100).rounded())) %</p>
            <p>\(sentence.shortened(1_000))</p>
            \(parts)</li>

            """
    }
}
