/// Command lines that are a package manager at work rather than a service: npm, npx, yarn, pnpm, corepack (contract 6).
public enum PackageManager {
    /// The tool's name, or nil.
    ///
    /// Told from the script (`/usr/lib/node_modules/npm/bin/npm-cli.js`, `/usr/bin/npx`, `.yarn/releases/yarn-4.1.0.cjs`) or, since npm,
    /// yarn and pnpm set process.title, from the first word of a rewritten command line: `npm start`, `npm exec vite`.
    public static func name(script: String?, arguments: [String]) -> String? {
        if let script { return tool(script) }
        return arguments.first?.split(separator: " ").first.flatMap { tool(String($0)) }
    }

    private static func tool(_ path: String) -> String? {
        guard let file = path.split(separator: "/").last else { return nil }
        // `yarn-4.1.0.cjs`: yarn's releases, which a repository carries along.
        let stem = file.hasPrefix("yarn-") ? "yarn" : file.split(separator: ".").first ?? file
        let name = stem.hasSuffix("-cli") ? stem.dropLast(4) : stem
        return ["npm", "npx", "yarn", "yarnpkg", "pnpm", "pnpx", "corepack"].contains(String(name)) ? String(name) : nil
    }
}
