import Units

/// The sentence of a suspect: what is held, by what, how much of it.
struct SuspectWording {
    let kind: Suspect.Kind
    let count: Int
    let bytes: UInt64
    let share: Double
    let growth: Suspect.Growth?
    let className: String
    /// `Array recentResults`; nil where nothing has a name.
    let holder: String?
    /// What the kind makes of it: the function of a listener, the variable of a chain.
    var detail: String?
    var secondDetail: String?

    var sentence: String {
        let by = holder.map { " in \($0)" } ?? ""
        let more = detail.map { ": \($0)" } ?? ""
        let what: String
        switch kind {
        case .chain where className == "(concatenated string)":
            what = "one string\(by) is put together of \(count) pieces"
        case .chain:
            if let detail, let secondDetail {
                what = "each \(detail)'s context holds the previous one through \(secondDetail), \(count) links"
            } else {
                what = "each \(className) holds the next one\(detail.map { " through \($0)" } ?? ""), \(count) links"
            }
        case .collection where secondDetail != nil: what = "\(holder ?? "one \(className)") is large by itself"
        case .collection where detail != nil: what = "\(count) \(className)\(by) keep each \(detail ?? "")"
        case .collection: what = holder.map { "\($0) holds \(count) \(className)" } ?? "\(count) \(className) are held together"
        case .listeners: what = "\(count) listeners stay\(holder.map { " on \($0)" } ?? "")\(more)"
        case .timers: what = "\(count) timers (\(className)) wait\(more)"
        case .promises: what = "\(count) promises\(by) are never settled\(detail.map { ", \($0) waits for them" } ?? "")"
        case .asyncContext:
            what = "\(count) \(className)\(by) keep the async context that they were made in\(detail.map { ", with its \($0)" } ?? "")"
        case .closures: what = "\(count) functions \(className)\(by) are kept\(detail.map { ", the context of each holds \($0)" } ?? "")"
        case .contexts: what = "\(count) contexts are kept\(by)"
        case .buffers: what = "\(count) \(className)\(by) keep memory outside of V8's heap"
        case .duplicatedStrings: what = "\(count) strings\(by) are the same few\(more)"
        case .object: what = "\(holder ?? "one \(className)") is large by itself"
        }
        var text = "\(what), \(ByteCount(clamping: bytes)) (\(SuspectWording.percent(share)) of the heap)"
        if let growth, growth.bytes > 0 {
            text += "; \(growth.count > 0 ? "\(growth.count) and " : "")\(ByteCount(growth.bytes)) more than in the first snapshot"
            if growth.steps > 1 { text += ", and more in each" }
        }
        return text
    }

    static func percent(_ share: Double) -> String { share > 0 && share < 0.01 ? "under 1 %" : "\(Int((share * 100).rounded())) %" }
}
