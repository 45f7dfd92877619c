import ArgumentParser
import Units

struct PruneCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prune", abstract: "Delete what is beyond the bounds of the store (store.maxUse, keepFree, maxAge, maxCountPerService).",
        discussion: """
            The newest snapshot is never deleted, and nothing that cannot be read.

            EXAMPLES
              heapsnapd prune --dry-run
              heapsnapd prune --set store.maxAge=7d
            """)

    @OptionGroup var options: GlobalOptions
    @Flag(help: "Say what would be deleted, and delete nothing.") var dryRun = false

    func run() throws {
        let workplace = try Workplace.open(options)
        let victims = try workplace.site.victims()
        if !dryRun { for victim in victims { try workplace.store.delete(victim.id) } }
        if options.json { return JSONOutput.print(["deleted": victims.map(\.id)]) }
        for victim in victims { Terminal.print("\(victim.id)  \(victim.storedBytes)  beyond \(victim.cause.rawValue)") }
    }
}
