import Glibc

/// What a command will turn out to be, found as execvpe(3) would find it.
enum CommandTarget: Sendable, Hashable {
    /// The command is Node itself.
    case node(NodeVersion?)
    /// Something that may start Node (npm, sh, a script with `#!/usr/bin/env node`): the version is that of the `node` in its PATH; nil:
    /// there is none, or it is a version manager's shim that decides later.
    case runner(node: NodeVersion?)
    /// Nothing that could be started.
    case missing

    /// Scripts count as runners even where their first line names node: they may be npm, and what they start belongs to them.
    static func resolve(_ command: String, searchPath: String?, workingDirectory: String) throws -> CommandTarget {
        guard let path = find(command, searchPath: searchPath, workingDirectory: workingDirectory),
            let kind = try NodeExecutable.inspect(path: path)
        else { return .missing }
        if case .node(let version) = kind { return .node(version) }
        let node = find("node", searchPath: searchPath, workingDirectory: workingDirectory)
        return .runner(node: try node.flatMap { try NodeExecutable.inspect(path: $0)?.nodeVersion })
    }

    /// The file that is Node for this command: the command itself, or the `node` in PATH. Nil where there is none, or it is a shim.
    static func nodeExecutable(_ command: String, target: CommandTarget, searchPath: String?, workingDirectory: String) -> String? {
        switch target {
        case .node: find(command, searchPath: searchPath, workingDirectory: workingDirectory)
        case .runner(.some): find("node", searchPath: searchPath, workingDirectory: workingDirectory)
        case .runner(nil), .missing: nil
        }
    }

    /// The first executable file of that name; a name with a slash is a path. Links are followed by the kernel when it is opened.
    private static func find(_ command: String, searchPath: String?, workingDirectory: String) -> String? {
        if command.contains("/") { return joined(command, to: workingDirectory) }
        // execvpe's own fallback is confstr(_CS_PATH), which is this in glibc.
        let directories = (searchPath ?? "/bin:/usr/bin").split(separator: ":", omittingEmptySubsequences: false)
        // An empty entry is the working directory.
        return directories.lazy.map { joined($0.isEmpty ? command : "\($0)/\(command)", to: workingDirectory) }
            .first { access($0, X_OK) == 0 && !isDirectory($0) }
    }

    /// By text and without taking out `..`: behind a symbolic link that would be another place.
    private static func joined(_ path: String, to directory: String) -> String { path.hasPrefix("/") ? path : "\(directory)/\(path)" }

    private static func isDirectory(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }
}
