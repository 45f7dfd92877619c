/// The schema as people read it.
extension ConfigurationSchema {
    /// `config/heapsnapd.yaml`: every key, commented out, showing its default. Made from the table; a test compares.
    static var commentedYAML: String {
        var lines = [
            "# Configuration of heapsnapd. Every key is shown with its default; remove the '#' to set it, together with that of its section.",
            "# Read first; then /etc/heapsnapd/conf.d/*.yaml by name, HEAPSNAPD_* variables (HEAPSNAPD_STORE_MAX_USE), flags. What comes later wins.",
            "# Sizes: 512MiB, 10G (binary), 10GB (decimal). Times: 250ms, 30s, 2m, 1h, 30d. Shares: 85%.",
        ]
        var section = ""
        for key in keys {
            let parts = key.name.split(separator: ".")
            let own = parts.count > 1 ? String(parts[0]) : ""
            if own != section || own.isEmpty { lines.append("") }
            if own != section && !own.isEmpty { lines.append("#\(own):") }
            section = own
            let indent = own.isEmpty ? "" : "  "
            lines += wrapped(key.text + choices(key.kind), to: 120).map { (indent.isEmpty ? "# " : "#\(indent)# ") + $0 }
            lines.append("#\(indent)\(parts.last ?? ""): \(key.standard.flatMap { $0.isEmpty ? nil : $0 } ?? "\"\"")")
            if key.kind == .rules { lines += exampleRule }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static let exampleRule = """
        # For example:
        #rules:
        #  - name: api
        #    services: ["api-*"]
        #    triggers: [use=70%, "rss=400M,600M", growth=150%]
        #    actions: [capture, exec]
        #    exec: [/usr/bin/logger, "heap snapshot taken"]
        #    limits: {count: 1, window: 6h, cooldown: 10m}
        #    warmUp: 30s
        """.split(separator: "\n").map(String.init)

    private static func choices(_ kind: ConfigurationKey.Kind) -> String {
        switch kind {
        case .choice(let allowed): " One of \(allowed.joined(separator: ", "))."
        case .choiceOrPath(let allowed): " One of \((allowed + ["an absolute path"]).joined(separator: ", "))."
        default: ""
        }
    }

}

private func wrapped(_ text: String, to width: Int) -> [String] {
    text.split(separator: " ").reduce(into: [""]) { lines, word in
        let last = lines[lines.count - 1]
        if !last.isEmpty && last.count + word.count >= width {
            lines.append(String(word))
        } else {
            lines[lines.count - 1] = last.isEmpty ? String(word) : "\(last) \(word)"
        }
    }
}
