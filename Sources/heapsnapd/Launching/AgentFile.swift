import Glibc
import Linux
import Node

/// Where the agent lies that belongs to this program.
enum AgentFile {
    /// What `launch.agent` asks for.
    static func wanted(_ setting: Configuration.Launch.Agent, executable: String? = ownExecutable) -> LaunchAgent {
        switch setting {
        case .never: return .absent(reason: "launch.agent is never")
        case .file(let path): return .injected(path: path)
        case .auto:
            guard let executable else { return .absent(reason: "/proc/self/exe cannot be read, and the agent lies beside it; set launch.agent") }
            let places = places(executable: executable)
            guard let found = places.first(where: { access($0, F_OK) == 0 }) else {
                return .absent(reason: "there is no \(places[0]); install it or set launch.agent")
            }
            return .injected(path: found)
        }
    }

    /// As `make install` lays it, and as a build does: `.build/TRIPLE/release/heapsnapd` beside `.build/agent`.
    ///
    /// A directory that is merely called `agent` proves nothing: above /home/me/bin it would be somebody's home.
    static func places(executable: String) -> [String] {
        let parts = executable.split(separator: "/").dropLast()
        let name = "heapsnapd-agent.node"
        let installed = (parts.dropLast() + ["lib", "heapsnapd", Substring(name)]).joined(separator: "/")
        let built = [1, 2].map { parts.dropLast($0) }.filter { $0.last == ".build" }.map { ($0 + ["agent", Substring(name)]).joined(separator: "/") }
        return ([installed] + built).map { "/" + $0 }
    }

    /// Without symbolic links, as the kernel knows it.
    private static var ownExecutable: String? {
        guard let path = realpath("/proc/self/exe", nil) else { return nil }
        defer { free(path) }
        return String(cString: path)
    }
}
