public import Units

/// A condition on one process. Text forms: `use=85%`, `rss=400M,600M` (two triggers), `growth=50%`, `timeToLimit=15s`, `latestSafeMoment=15m`,
/// `heap=90%`, `leak`.
public enum Trigger: Sendable, Hashable {
    /// Use as a share of the limit that is fuller.
    case use(Ratio)
    case rss(ByteCount)
    /// RSS above the service's own baseline, the median after warm-up.
    case growth(Ratio)
    /// The limit will be hit within this time.
    case timeToLimit(Duration)
    /// The limit will be hit within this time, and a capture in place will soon not fit any more.
    case latestSafeMoment(within: Duration)
    /// V8's heap as a share of V8's limit.
    case heap(Ratio)
    /// The agent says that the heap has grown over five full collections in a row (as the npm module node-memwatch counts).
    case leak

    /// Starting up looks like a leak; a level is a level from the first sample on.
    var needsWarmUp: Bool {
        switch self {
        case .use, .rss, .heap: false
        case .growth, .timeToLimit, .latestSafeMoment, .leak: true
        }
    }
}

extension Trigger: CustomStringConvertible {
    public var description: String {
        switch self {
        case .use(let share): "use=\(share)"
        case .rss(let size): "rss=\(compact(size))"
        case .growth(let share): "growth=\(share)"
        case .timeToLimit(let time): "timeToLimit=\(compact(time))"
        case .latestSafeMoment(let time): "latestSafeMoment=\(compact(time))"
        case .heap(let share): "heap=\(share)"
        case .leak: "leak"
        }
    }

    /// What is wrong with the text of a trigger, and what it should look like.
    public struct Malformed: Error, Hashable, CustomStringConvertible {
        public let text: String
        public let reason: String
        public var description: String { "cannot read trigger '\(text)': \(reason); write one like use=85%, rss=400M,600M or timeToLimit=15s" }
    }

    /// Several steps, separated by commas, are several triggers.
    public static func parse(_ text: String) throws(Malformed) -> [Trigger] {
        if text.filter({ $0 != " " }) == "leak" { return [.leak] }
        guard let equals = text.firstIndex(of: "=") else { throw Malformed(text: text, reason: "it has no '='") }
        let name = text[..<equals].filter { $0 != " " }
        var triggers: [Trigger] = []
        for part in text[text.index(after: equals)...].split(separator: ",", omittingEmptySubsequences: false) {
            let value = String(part.drop { $0 == " " })
            switch name {
            case "use": triggers.append(.use(try share(value, of: text)))
            case "rss": triggers.append(.rss(try size(value, of: text)))
            case "growth": triggers.append(.growth(try ratio(value, of: text)))
            case "timeToLimit": triggers.append(.timeToLimit(try time(value, of: text)))
            case "latestSafeMoment": triggers.append(.latestSafeMoment(within: try time(value, of: text)))
            case "heap": triggers.append(.heap(try share(value, of: text)))
            default:
                throw Malformed(
                    text: text, reason: "'\(name)' is none of use, rss, growth, timeToLimit, latestSafeMoment, heap, leak")
            }
        }
        return triggers
    }

    private static func ratio(_ value: String, of text: String) throws(Malformed) -> Ratio {
        guard let ratio = Ratio(value), ratio.permyriad > 0 else { throw Malformed(text: text, reason: "'\(value)' is not a share above 0%") }
        return ratio
    }

    private static func share(_ value: String, of text: String) throws(Malformed) -> Ratio {
        let ratio = try ratio(value, of: text)
        guard ratio <= .percent(100) else { throw Malformed(text: text, reason: "'\(value)' is above 100%") }
        return ratio
    }

    private static func size(_ value: String, of text: String) throws(Malformed) -> ByteCount {
        guard let size = ByteCount(value), size > .zero else { throw Malformed(text: text, reason: "'\(value)' is not a size above 0") }
        return size
    }

    private static func time(_ value: String, of text: String) throws(Malformed) -> Duration {
        guard let time = Duration(text: value), time > .zero else { throw Malformed(text: text, reason: "'\(value)' is not a time above 0") }
        return time
    }
}

/// Without spaces, so that it stays one word on a command line; the exact number where the rounded one would not read back the same.
func compact(_ size: ByteCount) -> String {
    let rounded = size.description.filter { $0 != " " }
    return ByteCount(rounded) == size ? rounded : String(size.bytes)
}

func compact(_ time: Duration) -> String {
    let rounded = time.text.filter { $0 != " " }
    return Duration(text: rounded) == time ? rounded : "\(time.inSeconds)s"
}
