/// What heapsnapd says in the journal under a fixed id: for `journalctl MESSAGE_ID=…`, for alerts, and for the texts of `journalctl -x`
/// (systemd/heapsnapd.catalog, which is tested against this list). An id stays with its meaning for ever.
public enum JournalEvent: String, CaseIterable, Sendable {
    case started, stopped, reloaded, configurationRefused
    case watching
    case captureBegan, captured, captureRefused, captureFailed
    case death
    case limitLent, limitGivenBack
    /// What a killed heapsnapd left behind.
    case settled
    case hookFailed
    case analysed

    /// Made by `systemd-id128 new`.
    public var messageID: String {
        switch self {
        case .started: "e6bdf8e1036b4b2b958239c919e6ea76"
        case .stopped: "25f96a533dc440a48841674098ce9a47"
        case .reloaded: "0056509ba5ea442099e071400bb2b01a"
        case .configurationRefused: "103e01d08d6f457eaf8cadfe8d539d15"
        case .watching: "0a3589ea9cd041498996cf3b7cf092ef"
        case .captureBegan: "58b6cb8bd31246d080492d636a89f1fa"
        case .captured: "bdd8009115554c5a81b5d79cc1dde2c6"
        case .captureRefused: "ba8131a8c60b46039cfbae206d72de9e"
        case .captureFailed: "10dda914686644418aa815fb90e57d43"
        case .death: "cf12e8c9d8a84af29a30209d744eca8a"
        case .limitLent: "71aff6f526cd47de9e63436178c848cd"
        case .limitGivenBack: "6f46938b34c4440f8cbc468b6b3fde43"
        case .settled: "a9eddd572e8543998e2cc9424ca2c014"
        case .hookFailed: "680180d558c9406ba22b9ef3b6e01414"
        case .analysed: "67c613034128495b9c2588f5fd363389"
        }
    }

    public var priority: JournalEntry.Priority {
        switch self {
        case .started, .stopped, .reloaded, .captureBegan, .captured, .limitLent, .limitGivenBack, .analysed: .notice
        case .watching: .info
        case .captureRefused, .captureFailed, .death, .settled, .hookFailed: .warning
        case .configurationRefused: .error
        }
    }
}
