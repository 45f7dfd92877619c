/// The library inside Node: which one, or why none.
public enum LaunchAgent: Sendable, Hashable {
    /// Absolute.
    case injected(path: String)
    /// The rest of a sentence that begins with "without the agent:".
    case absent(reason: String)

    static let fileName = "heapsnapd-agent.node"
    /// The versions that it was made for and is tested with.
    private static let oldest = 18

    var flag: String {
        switch self {
        case .injected(let path): "--require=\(path)"
        case .absent: "--require=\(Self.fileName)"
        }
    }

    /// What can be told from flags and version alone against loading it; a node that is handed an agent it cannot load exits before the
    /// service's first line (measured with each of these on 20, 24 and 26).
    func objection(user: NodeFlags, version: NodeVersion?) -> String? {
        if case .absent(let reason) = self { return reason }
        guard let version else { return "the version of Node is unknown: no node was found in PATH" }
        if version.major < Self.oldest { return "Node \(version) is older than \(Self.oldest)" }
        if user.noAddons { return "--no-addons forbids it" }
        if user.permission && !user.allowAddons { return "--permission without --allow-addons forbids it" }
        if user.startsFromOwnSnapshot { return "Node starts from a snapshot or builds one, so that loading it cannot be tried" }
        return nil
    }

    /// The path by which the user's own flags load it already; a copy elsewhere counts, since two would do everything twice.
    func alreadyRequired(by user: NodeFlags, workingDirectory: String) -> String? {
        user.required.first { module in
            if case .injected(let path) = self, absolutePath(module, in: workingDirectory) == path { return true }
            return module == Self.fileName || module.hasSuffix("/" + Self.fileName)
        }
    }
}
