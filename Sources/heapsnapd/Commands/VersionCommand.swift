import ArgumentParser

struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "version", abstract: "Print the version of heapsnapd.")

    @OptionGroup var options: GlobalOptions

    func run() {
        options.json ? JSONOutput.print(["version": Self.text]) : Terminal.print("heapsnapd \(Self.text)")
    }

    static let text = "0.1.0"
}
