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
        var item: RetainedTree.Item
        var rectangle: Rectangle
        var hasChildren: Bool
    }

    /// Parents before their children.
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
        place(tree.items, of: tree.totalBytes, in: Rectangle(x: 0, y: 0, width: width, height: height))
    }

    private mutating func place(_ items: [RetainedTree.Item], of bytes: UInt64, in space: Rectangle) {
        guard bytes > 0, space.width >= Self.smallest, space.height >= Self.smallest else { return }
        let scale = space.width * space.height / Double(bytes)
        let shapes = Treemap.squarified(items.map { Double($0.retainedBytes) * scale }, in: space)
        for (item, shape) in zip(items, shapes) where shape.width >= Self.smallest && shape.height >= Self.smallest {
            let inner = Rectangle(
                x: shape.x + Self.edge, y: shape.y + Self.heading, width: shape.width - 2 * Self.edge, height: shape.height - Self.heading - Self.edge
            )
            let hasRoom = inner.width >= 30 && inner.height >= 14 && !item.children.isEmpty
            tiles.append(Tile(item: item, rectangle: shape, hasChildren: hasRoom))
            if hasRoom { place(item.children, of: item.retainedBytes, in: inner) }
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
        for tile in tiles { parts.append(html(tile)) }
        return """
            <svg class="map \(name)" width="100%" height="\(Int(height))" role="img" aria-label="Treemap of retained sizes. The table below says the same." aria-describedby="\(table)">
            \(parts)</svg>

            """
    }

    private func html(_ tile: Tile) -> HTML {
        let (item, shape) = (tile.item, tile.rectangle)
        let x = (shape.x / width * 100).coordinate, across = (shape.width / width * 100).coordinate
        var label: HTML = ""
        if shape.width >= 28, shape.height >= 14 { label = "<text x=\"4\" y=\"12\">\(item.label)</text>" }
        if !tile.hasChildren, shape.width >= 28, shape.height >= 30 { label = "\(label)<text x=\"4\" y=\"26\" class=\"m\">\(item.size)</text>" }
        return """
            <svg x="\(x)%" y="\(shape.y.coordinate)" width="\(across)%" height="\(shape.height.coordinate)"><title>\(item.label), \(item.size), \(item.kind.label)</title>\
            <rect width="100%" height="100%" class="\(item.kind.rawValue)"/>\(label)</svg>

            """
    }
}

extension RetainedTree.Item {
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
        case .function: "function"
        case .array: "array"
        case .string: "string"
        case .native: "native memory, buffers"
        case .code: "compiled code"
        case .system: "V8's own"
        }
    }
}
