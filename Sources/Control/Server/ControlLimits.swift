/// How much of the daemon its clients can take up, all of them together: about 80 MB when 64 clients of root's ask for the largest answers and read none.
struct ControlLimits: Sendable {
    var connections = 64
    var connectionsPerUser = 16
    /// What others than root leave for root, who has to get in always.
    var connectionsForRoot = 16
    var requestBytes = 65_536
    /// From the connection to the end of its request.
    var requestTime = Duration.seconds(10)
    /// Of a stream: above it events are dropped until the client has read.
    var unsentBytes = 262_144
    /// Of a last answer: `status` needs about 400 bytes a process.
    var answerBytes = 1_048_576
    /// A client that reads nothing for so long is closed.
    var unreadTime = Duration.seconds(30)

    /// - Parameter others: users of the connections that exist.
    /// - Returns: why not; nil: it may come in.
    func refusal(of user: UInt32, others: some Collection<UInt32>) -> String? {
        if others.count >= connections { return "all \(connections) connections are taken" }
        if others.count(where: { $0 == user }) >= connectionsPerUser { return "user \(user) has \(connectionsPerUser) connections already" }
        let left = connections - connectionsForRoot
        if user != 0, others.count(where: { $0 != 0 }) >= left { return "all \(left) connections for others than root are taken" }
        return nil
    }
}
