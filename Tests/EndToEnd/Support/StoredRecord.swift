/// What the tests look at in a record of `list --json` (docs/json.md), read as any other program would read it.
struct StoredRecord: Decodable {
    struct Refusal: Decodable { var code: String, message: String }
    struct Node: Decodable { var version: String?, arguments: [String]?, heapLimit: Int? }
    struct Host: Decodable { var cgroup: String?, limit: Int? }
    struct Sample: Decodable { var use: Int?, limit: Int?, rss: Int? }
    struct Samples: Decodable { var before: [Sample], after: [Sample] }
    struct Prediction: Decodable { var heap: Int?, extra: Int?, pause: Double? }
    struct Actual: Decodable { var peak: Int?, pause: Double?, duration: Double?, copyPeak: Int?, attempts: Int? }
    struct Rung: Decodable { var rung: String, skipped: Refusal?, note: String? }
    struct Loan: Decodable { var from: Int, to: Int }
    struct LastWords: Decodable { var fatalError: String? }
    struct Exit: Decodable { var cause: String, status: Int32?, signal: Int32?, lastWords: LastWords? }
    struct Candidate: Decodable { var pid: Int32, chosen: Bool }

    var id: String
    var state: String
    var service: String
    var pid: Int32?
    var reason: String
    var detail: String?
    var engine: String
    var rule: String?
    var bytes: Int?
    var storedBytes: Int?
    var sha256: String?
    var nodeCount: Int?
    var edgeCount: Int?
    var createdAt: String
    var file: String?
    var refusal: Refusal?
    var isolate: Int?
    var lineage: String?
    var exactIdsUntil: String?
    var rungs: [Rung]?
    var oomKilledCopies: Int?
    var node: Node?
    var host: Host?
    var samples: Samples?
    var prediction: Prediction?
    var actual: Actual?
    var loan: Loan?
    var exit: Exit?
    var candidates: [Candidate]?
}

/// `check --json`.
struct CheckResult: Decodable {
    struct Refusal: Decodable { var code: String, message: String }
    struct Rung: Decodable { var rung: String, allowed: Bool, refusal: Refusal?, raisedLimit: Int?, peak: Int?, pause: Double? }
    struct Isolate: Decodable { var id: Int, main: Bool, heapUsed: Int?, exactIdsUntil: String? }
    var pid: Int32
    var isolates: [Isolate]
    var service: String
    var nodeVersion: String?
    var heap: Int?
    var limit: Int?
    var rungs: [Rung]
}

/// With `--json` an error is this, on standard output.
struct Failure: Decodable {
    struct Body: Decodable { var code: Int32, message: String, refusal: String? }
    var error: Body
}
