/// The agent lives in the service, and whoever controls the service can speak in its place: what it says goes into logs and onto terminals.
extension String {
    private static let mostScalars = 200

    /// Without what moves a cursor, ends a line or turns the direction of writing, and not longer than 200 characters.
    var printable: String {
        var text = String.UnicodeScalarView()
        for scalar in unicodeScalars.prefix(Self.mostScalars) { text.append(scalar.isPrintable ? scalar : "?") }
        return String(text) + (unicodeScalars.count > Self.mostScalars ? "…" : "")
    }
}

extension Unicode.Scalar {
    fileprivate var isPrintable: Bool {
        switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: false
        default: true
        }
    }
}

extension AgentHello {
    var printable: AgentHello {
        var hello = self
        hello.agent = agent.printable
        hello.node = node.printable
        hello.missing = missing?.prefix(64).map(\.printable)
        return hello
    }
}

extension AgentLeak {
    var printable: AgentLeak {
        var leak = self
        leak.reason = reason.printable
        return leak
    }
}
