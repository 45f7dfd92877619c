import Logging
import MemoryWatch
import Node
import SnapshotStore
import Supervisor
import Units

/// All that can be set, with every key present. `ConfigurationSchema` says what each means.
struct Configuration: Sendable {
    struct Store: Sendable {
        var dir: String
        var maxUse: ByteCount
        var keepFree: Ratio
        var maxAge: Duration
        var maxCountPerService: Int
        var compression: Compression
        var compressionLevel: Int
    }

    struct Launch: Sendable {
        /// `SIGUSR2`.
        var signal: String
        var nearHeapLimit: Int
        var handler: SnapshotHandler
        var diagnosticDir: String
        var agent: Agent

        enum Agent: Sendable, Hashable {
            case auto, never
            /// Absolute.
            case file(String)

            init(_ text: String) { self = text == "auto" ? .auto : text == "never" ? .never : .file(text) }
        }
    }

    struct Watch: Sendable {
        var triggers: [Trigger]
        var warmUp: Duration
        var hysteresis: Ratio
        var window: Duration
        var kernelEvents: Bool
        var maxInterval: Duration
    }

    struct Capture: Sendable {
        /// 0: none.
        var copyAttempts: Int
        var maxPause: Duration
        var grace: Duration
        var stallTimeout: Duration
        var lend: Bool
        var acceptRisk: Bool
        var extraPerHeapByte: Double
    }

    struct Supervise: Sendable {
        enum TailStderr: String, Sendable { case auto, always, never }
        var restart: RestartPolicy.Condition
        var backOff: Duration
        var backOffMax: Duration
        var startLimit: Int
        /// 0: no limit.
        var startLimitWindow: Duration
        var tailStderr: TailStderr
    }

    struct Hooks: Sendable {
        /// Empty: none.
        var onCapture, onRefusal, onDeath: [String]
        var timeout: Duration
    }

    struct Analysis: Sendable {
        enum AfterCapture: String, Sendable { case auto, always, never }
        var afterCapture: AfterCapture
        var memoryMax: ByteCount
    }

    struct Metrics: Sendable {
        /// nil: off.
        var listen: MetricsAddress?
        /// Absolute; nil: off.
        var textfile: String?
    }

    struct Log: Sendable {
        var level: Logger.Level
    }

    var store: Store
    var launch: Launch
    var watch: Watch
    var limits: Limits
    var actions: [Action]
    var capture: Capture
    var supervise: Supervise
    var hooks: Hooks
    var analysis: Analysis
    var metrics: Metrics
    var log: Log
    /// The default rule (of `watch.triggers`, where there are any), then those of `rules`.
    var rules: [Rule]
    /// By the name of the key, for every key.
    var origins: [String: Origin]
    /// In the order of the schema; `config` prints it.
    var effective: [EffectiveSetting]

    /// One line of `config`.
    struct EffectiveSetting: Sendable, Hashable {
        var key: String
        var value: String
        var origin: Origin
    }
}
