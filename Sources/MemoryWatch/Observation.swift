import Units

/// Everything a trigger is judged by at one instant.
struct Observation {
    let sample: Sample
    /// Of the limit that is hit first.
    let forecast: Forecast?
    let safeMoment: LatestSafeMoment?
    let baseline: ByteCount?
    /// What the agent said since the last sample.
    var leak: String?

    /// `met`: the condition holds. `calm`: far enough from it to arm the trigger again. `between`: neither, or not known.
    enum Standing { case met, between, calm }

    /// A forecast carries a decision over four times its evidence; a tenth of the horizon is enough for the latest safe moment, which nothing
    /// brings back: 90 s for the usual 15 minutes, by which most services have collected garbage once. A leak that is faster than that has
    /// to be captured on less, or never: at 8 MB/s a heap outgrows a pause of 10 s within 20 s, on Node 20.18 within 10, at a fifth of the way to
    /// the limit. Where the limit is less than `fast` away an eighth of the way does: 240 simulated days of teeth up to 80 MB have the
    /// same 3 alarms with it as without; unbounded it adds 23, at the first tooth (docs/decisions/0004).
    private static let reach = (limit: 4, safeMoment: 10, fastSafeMoment: 8)
    private static let fast = Duration.seconds(75)
    /// "Soon": the longest pause between two samples.
    private static let soon = Duration.seconds(10)

    func standing(_ trigger: Trigger, hysteresis: Ratio) -> Standing {
        switch trigger {
        case .use(let share): return standing(of: sample.nearest?.level.share, share, hysteresis)
        case .heap(let share): return standing(of: sample.heap?.share, share, hysteresis)
        case .rss(let size): return standing(of: sample.rss, size, calmBelow: size * (1 - hysteresis.fraction))
        case .growth(let share):
            guard let baseline else { return .between }
            let size = baseline * (1 + share.fraction)
            return standing(of: sample.rss, size, calmBelow: size * (1 - hysteresis.fraction))
        case .leak: return leak == nil ? .calm : .met
        case .timeToLimit(let time):
            guard let forecast else { return .calm }
            if forecast.timeToLimit <= time && forecast.timeToLimit <= forecast.evidence * Observation.reach.limit { return .met }
            return forecast.timeToLimit > time * (1 + hysteresis.fraction) ? .calm : .between
        case .latestSafeMoment(let within):
            guard let forecast, let safeMoment else { return .calm }
            if safeMoment.passed { return .between }
            let reach = forecast.timeToLimit <= Observation.fast ? Observation.reach.fastSafeMoment : Observation.reach.limit
            let isKnown = within <= forecast.evidence * Observation.reach.safeMoment || forecast.timeToLimit <= forecast.evidence * reach
            if isKnown && forecast.timeToLimit <= within && safeMoment.remaining <= Observation.soon { return .met }
            return forecast.timeToLimit > within * (1 + hysteresis.fraction) || safeMoment.remaining > Observation.soon * 2 ? .calm : .between
        }
    }

    private func standing(of share: Ratio?, _ level: Ratio, _ hysteresis: Ratio) -> Standing {
        guard let share else { return .between }
        return standing(of: share, level, calmBelow: Ratio(permyriad: level.permyriad - hysteresis.permyriad))
    }

    private func standing<Value: Comparable>(of value: Value, _ level: Value, calmBelow: Value) -> Standing {
        value >= level ? .met : value < calmBelow ? .calm : .between
    }

    /// Bytes until the trigger's level; nil where it has none or is beyond it.
    func distance(_ trigger: Trigger) -> ByteCount? {
        let distance: ByteCount?
        switch trigger {
        case .use(let share):
            distance = LimitKind.allCases.compactMap { sample.level($0).map { share.of($0.limit) - $0.use } }.min()
        case .heap(let share): distance = sample.heap.map { share.of($0.limit) - $0.use }
        case .rss(let size): distance = size - sample.rss
        case .growth(let share): distance = baseline.map { $0 * (1 + share.fraction) - sample.rss }
        case .timeToLimit(let time):
            distance = forecast.flatMap { forecast in
                sample.level(forecast.kind).map { $0.headroom - forecast.growth * time.inSeconds }
            }
        case .latestSafeMoment, .leak: distance = nil
        }
        return distance.flatMap { $0 > .zero ? $0 : nil }
    }

    /// `use 435 MiB of 512 MiB (85%) crossed 85%; growth 11.2 MiB/s, limit in 7s ± 1s`. Made only when something fires.
    func reason(_ trigger: Trigger) -> String {
        var text: String
        switch trigger {
        case .use(let share): text = "\(describe(sample.nearest?.kind, sample.nearest?.level)) crossed \(share)"
        case .heap(let share): text = "\(describe(.heap, sample.heap)) crossed \(share)"
        case .rss(let size): text = "rss \(sample.rss) crossed \(size)"
        case .growth(let share):
            text = "rss \(sample.rss) grew more than \(share) above its baseline of \(baseline?.description ?? "unknown size")"
        case .timeToLimit(let time):
            text = "\(describe(forecast?.kind, forecast.flatMap { sample.level($0.kind) })) will reach its limit within \(time.text)"
        case .leak: text = leak ?? "leak"
        case .latestSafeMoment:
            text = "a capture in place will not fit any more in \(safeMoment?.remaining.text ?? "?"), bound by \(safeMoment?.boundBy.rawValue ?? "?")"
        }
        if let forecast {
            let error = (forecast.latest - forecast.earliest) / 2
            text += "; growth \(forecast.growth)/s, \(forecast.kind.rawValue) limit in \(forecast.timeToLimit.text) ± \(error.text)"
        }
        return text
    }

    private func describe(_ kind: LimitKind?, _ level: Level?) -> String {
        guard let level else { return "use" }
        return "\(kind == .heap ? "heap" : "use") \(level.use) of \(level.limit) (\(level.share))"
    }
}
