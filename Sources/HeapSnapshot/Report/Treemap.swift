import Units

/// Where the tiles of a treemap lie: squarified, as Bruls, Huizing and van Wijk describe it (Squarified Treemaps, 2000).
///
/// Across in percent of the width, which the reader's window decides; down in pixels, so that labels have a size of their own on any screen.
struct Treemap: Sendable {
    struct Rectangle: Sendable, Hashable {
        var x: Double
        var y: Double
        var width: Double
        var height: Double
    }

    struct Tile: Sendable {
        enum Content: Sendable {
            case item(RetainedTree.Item)
            /// What is too small for tiles of its own: how many objects, and their bytes.
            case rest(Int, UInt64)
        }
        var content: Content
        var rectangle: Rectangle
        var hasChildren = false
        var level: Int
    }

    /// Level by level.
    private(set) var tiles: [Tile] = []
    let width: Double
    let height: Double

    /// Pixels: the line of text that a tile with tiles in it keeps for its own name, and the space around those.
    private static let heading = 17.0
    private static let edge = 2.0
    /// Less in either direction cannot be told from a line.
    private static let smallest = 4.0

    /// - Parameter width: pixels that the shapes are made for.
    init(_ tree: RetainedTree, width: Double, height: Double) {
        (self.width, self.height) = (width, height)
        place(
            tree.items, rest: (tree.restCount, tree.restBytes), of: tree.totalBytes, in: Rectangle(x: 0, y: 0, width: width, height: height), level: 1
        )
        // Where there is not room for all, the deepest are left out.
        tiles.sort { $0.level < $1.level }
    }

    private mutating func place(_ items: [RetainedTree.Item], rest: (count: Int, bytes: UInt64), of bytes: UInt64, in space: Rectangle, level: Int) {
        guard bytes > 0, space.width >= Self.smallest, space.height >= Self.smallest else { return }
        let scale = space.width * space.height / Double(bytes)
        let shapes = Treemap.squarified(items.map { Double($0.retainedBytes) * scale } + [Double(rest.bytes) * scale], in: space)
        for (item, shape) in zip(items, shapes) where shape.width >= Self.smallest && shape.height >= Self.smallest {
            let inner = Rectangle(
                x: shape.x + Self.edge, y: shape.y + Self.heading, width: shape.width - 2 * Self.edge, height: shape.height - Self.heading - Self.edge
            )
            let hasRoom = inner.width >= 30 && inner.height >= 14 && !item.children.isEmpty
            tiles.append(Tile(content: .item(item), rectangle: shape, hasChildren: hasRoom, level: level))
            if hasRoom { place(item.children, rest: (item.restCount, item.restBytes), of: item.retainedBytes, in: inner, level: level + 1) }
        }
        if let shape = shapes.last, rest.count > 0, shape.width >= 2 * Self.smallest, shape.height >= 2 * Self.smallest {
            tiles.append(Tile(content: .rest(rest.count, rest.bytes), rectangle: shape, level: level))
        }
    }

    /// - Parameters:
    ///   - areas: descending; together at most the space. What is left stays free, on the right or below.
    /// - Returns: as many rectangles, in the same order.
    static func squarified(_ areas: [Double], in space: Rectangle) -> [Rectangle] {
        var result: [Rectangle] = []
        var space = space
        var start = 0
        while start < areas.count {
            let side = min(space.width, space.height)
            guard side > 0, areas[start] > 0 else {
                result.append(Rectangle(x: space.x, y: space.y, width: 0, height: 0))
                start += 1
                continue
            }
            // A row takes the next area as long as its worst shape gets better by that.
            var end = start + 1
            var sum = areas[start]
            while end < areas.count, areas[end] > 0 {
                let wider = sum + areas[end]
                guard worst(areas[start], areas[end], wider, side) <= worst(areas[start], areas[end - 1], sum, side) else { break }
                sum = wider
                end += 1
            }
            let isColumn = space.width >= space.height
            let thickness = min(sum / side, isColumn ? space.width : space.height)
            var along = 0.0
            for area in areas[start..<end] {
                let length = sum > 0 ? side * area / sum : 0
                result.append(
                    isColumn
                        ? Rectangle(x: space.x, y: space.y + along, width: thickness, height: length)
                        : Rectangle(x: space.x + along, y: space.y, width: length, height: thickness))
                along += length
            }
            if isColumn {
                space = Rectangle(x: space.x + thickness, y: space.y, width: space.width - thickness, height: space.height)
            } else {
                space = Rectangle(x: space.x, y: space.y + thickness, width: space.width, height: space.height - thickness)
            }
            start = end
        }
        return result
    }

    /// The longest side over the shortest of the largest and the smallest area of a row of this sum.
    private static func worst(_ largest: Double, _ smallest: Double, _ sum: Double, _ side: Double) -> Double {
        max(side * side * largest / (sum * sum), sum * sum / (side * side * smallest))
    }
}

extension Treemap {
    /// - Parameter name: of the class that shows it on screens of its width only.
    func html(_ name: String, describedBy table: String) -> HTML {
        var parts: [HTML] = []
        var room = Report.Room.treemap
        for tile in tiles {
            let part = html(tile)
            room -= part.source.utf8.count
            guard room >= 0 else { break }
            parts.append(part)
        }
        return """
            <svg class="map \(name)" width="100%" height="\(Int(height))" role="img" aria-label="Treemap of retained sizes. The table below says the same." aria-describedby="\(table)">
            \(parts)</svg>

            """
    }

    private func html(_ tile: Tile) -> HTML {
        let shape = tile.rectangle
        let (short, long, size, paint): (String, String, String, String)
        switch tile.content {
        case .item(let item): (short, long, size, paint) = (item.shortLabel, "\(item.label), \(item.kind.label)", item.size, item.kind.rawValue)
        case .rest(let count, let bytes):
            (short, size, paint) = ("\(count.grouped) smaller", ByteCount(clamping: bytes).description, "rest")
            long = short
        }
        var label: HTML = ""
        if shape.width >= 28, shape.height >= 14 { label = "<text x=\"4\" y=\"12\">\(short)</text>" }
        if !tile.hasChildren, shape.width >= 28, shape.height >= 30 { label = "\(label)<text x=\"4\" y=\"26\">\(size)</text>" }
        return """
            <svg x="\((shape.x / width * 100).coordinate)%" y="\(shape.y.coordinate)" width="\((shape.width / width * 100).coordinate)%" \
            height="\(shape.height.coordinate)"><title>\(long), \(size)</title><rect width="100%" height="100%" class="\(paint)"/>\(label)</svg>

            """
    }
}

extension RetainedTree.Item {
    /// What a tile has room for: V8's own are told by their colour, and the id stands in the table.
    var shortLabel: String {
        let name = name.hasPrefix("system / ") ? String(name.dropFirst(9)) : name
        let own = (property.map { "\($0.shortened(40)): \(name.shortened(60))" } ?? name.shortened(60)) + (count > 1 ? " × \(count.grouped)" : "")
        guard let last = below.last else { return own }
        return levelsBelow > below.count
            ? "\(own) › … \(levelsBelow.grouped) levels" : "\(own) › \(levelsBelow > 1 ? "… " : "")\(last.name.shortened(60))"
    }

    var label: String {
        var text = property.map { "\($0.shortened(40)): \(name.shortened(80))" } ?? name.shortened(80)
        if let content = self.text { text += " \"\(content)\"" }
        if let id { text += " @\(id)" }
        if count > 1 { text += " × \(count.grouped)" }
        return text
    }

    var size: String { ByteCount(clamping: retainedBytes).description }
}

extension RetainedTree.Kind {
    /// For the legend.
    var label: String {
        switch self {
        case .object: "object"
        case .function: "function, its variables"
        case .array: "array"
        case .string: "string"
        case .native: "native memory, buffers"
        case .code: "compiled code"
        case .system: "V8's own"
        }
    }
}
