/// The text of the environment variable NODE_OPTIONS, taken apart and put together as Node does it
/// (src/node_options.cc, ParseNodeOptionsEnvVar).
///
/// Only the space separates; double quotes group; a backslash escapes the next character inside of quotes and is itself outside.
/// Two quotes around nothing are no argument at all.
public enum NodeOptions {
    /// `--require "./a b.js" --trace-warnings` gives three arguments. Nil where Node refuses to start with status 9: a quote
    /// without its end, a backslash as the last character.
    public static func split(_ text: String) -> [String]? {
        var arguments: [String] = []
        var isQuoted = false
        var startsNew = true
        var characters = text.unicodeScalars.makeIterator()
        while var scalar = characters.next() {
            if scalar == "\\" && isQuoted {
                guard let escaped = characters.next() else { return nil }
                scalar = escaped
            } else if scalar == " " && !isQuoted {
                startsNew = true
                continue
            } else if scalar == "\"" {
                isQuoted.toggle()
                continue
            }
            if startsNew {
                arguments.append("")
                startsNew = false
            }
            arguments[arguments.count - 1].unicodeScalars.append(scalar)
        }
        return isQuoted ? nil : arguments
    }

    /// The inverse of `split`. Empty arguments are left out: NODE_OPTIONS cannot hold one.
    public static func join(_ arguments: [String]) -> String {
        arguments.filter { !$0.isEmpty }.map(quoted).joined(separator: " ")
    }

    private static func quoted(_ argument: String) -> String {
        guard argument.unicodeScalars.contains(where: { $0 == " " || $0 == "\"" }) else { return argument }
        var text = "\""
        for scalar in argument.unicodeScalars {
            if scalar == "\"" || scalar == "\\" { text.unicodeScalars.append("\\") }
            text.unicodeScalars.append(scalar)
        }
        return text + "\""
    }
}
