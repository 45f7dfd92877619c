import Foundation
import Testing

extension EndToEnd {
    /// Snapshots from files, pipes and the store, as a shell sees them. What is computed of them is checked against DevTools in HeapSnapshotTests.
    @Suite(.timeLimit(.minutes(5))) struct AnalysisCommandTests {
        private let sandbox: Sandbox
        init() throws { sandbox = try Sandbox() }

        private struct Summary: Decodable {
            struct Row: Decodable { var name: String, count: Int, distance: Int, shallowBytes: Int, retainedBytes: Int }
            var nodeCount: Int, edgeCount: Int, totalBytes: Int, isPartial: Bool?, classes: [Row]
        }

        private static func fixture(_ name: String) -> String {
            EndToEnd.support.deletingLastPathComponent().appending(path: "Fixtures/heapsnapshot/\(name).heapsnapshot.zst").path
        }

        @discardableResult private func shell(_ command: String) async throws -> Program.Outcome {
            let outcome = try await sandbox.start(["/bin/sh", "-c", command]).end()
            #expect(outcome.status == 0, "\(command): \(outcome.error)")
            return outcome
        }

        /// The same from a compressed file, a plain one and a pipe.
        @Test func summaryOfFilesAndPipes() async throws {
            let packed = Self.fixture("n22-8m"), plain = sandbox.directory + "/plain.heapsnapshot"
            try await shell("zstd -q -d -o \(plain) \(packed)")
            let outcome = try await sandbox.heapsnapd("summary", packed, "--json", "--limit", "0")
            #expect(outcome.status == 0, "\(outcome.error)")
            let summary = try JSONDecoder().decode(Summary.self, from: Data(outcome.output.utf8))
            // DevTools 156: aggregates and totalSize of n22-8m.json.
            #expect(summary.nodeCount == 112_182 && summary.edgeCount == 426_043 && summary.totalBytes == 7_278_888)
            let global = try #require(summary.classes.first { $0.name == "global" })
            #expect(global.count == 2 && global.distance == 1 && global.shallowBytes == 7_792 && global.retainedBytes == 6_759_545)

            #expect(try await sandbox.heapsnapd("summary", plain, "--json", "--limit", "0").output == outcome.output)
            for file in [packed, plain] {
                #expect(try await sandbox.heapsnapd("summary", file, "--json", "--limit", "0", "--threads", "2").output == outcome.output)
            }
            #expect(try await sandbox.heapsnapd("summary", plain, "--threads", "3").status == 64)
            let binary = try EndToEnd.binary
            #expect(try await shell("cat \(plain) | \(binary) summary - --json --limit 0").output == outcome.output)
            #expect(try await shell("cat \(packed) | \(binary) summary - --json --limit 0").output == outcome.output)
            // As short as an id: the store has none of this name.
            let short = try await shell("cd \(sandbox.directory) && ln -s \(plain) plain && \(binary) summary plain --json --limit 0")
            #expect(short.output == outcome.output)
            #expect(try await sandbox.heapsnapd("summary", "nothing").status == 4)
        }

        @Test func rowsAreChosenAndSorted() async throws {
            let byCount = try await sandbox.heapsnapd("summary", Self.fixture("n22-8m"), "--sort", "count", "--limit", "2")
            #expect(
                byCount.status == 0 && byCount.output.split(separator: "\n").map { $0.prefix(15) }[2...].contains("(string)       "),
                "\(byCount.output)")
            let filtered = try await sandbox.heapsnapd("summary", Self.fixture("n22-8m"), "--filter", "User", "--json")
            let summary = try JSONDecoder().decode(Summary.self, from: Data(filtered.output.utf8))
            #expect(!summary.classes.isEmpty && summary.classes.allSatisfy { $0.name.contains("User") })
        }

        @Test func statisticsAreDevTools() async throws {
            let outcome = try await sandbox.heapsnapd("statistics", Self.fixture("n22-8m"), "--json")
            let statistics = try JSONDecoder().decode([String: Int].self, from: Data(outcome.output.utf8))
            #expect(
                statistics == [
                    "total": 7_278_888, "native": 64_432, "typedArrays": 54_891, "v8heap": 7_214_456, "code": 2_271_144, "jsArrays": 988_400,
                    "strings": 984_816, "system": 98_536,
                ])
        }

        /// Exit 6 for what is damaged, 4 for what is not there; what a part holds is shown when asked for.
        @Test func damageIsToldAndPartsAreRead() async throws {
            let part = sandbox.directory + "/part.heapsnapshot"
            try await shell("zstd -q -d -c \(Self.fixture("n22-8m")) | head -c 5000000 > \(part)")
            let refused = try await sandbox.heapsnapd("summary", part)
            #expect(refused.status == 6 && refused.error.contains("at byte 5000000") && refused.error.contains("--partial"), "\(refused.error)")
            #expect(try await sandbox.heapsnapd("summary", part, "--threads", "2").error == refused.error)
            let taken = try await sandbox.heapsnapd("summary", part, "--partial", "--json")
            let summary = try JSONDecoder().decode(Summary.self, from: Data(taken.output.utf8))
            #expect(taken.status == 0 && summary.isPartial == true && summary.nodeCount == 112_182)

            let cut = sandbox.directory + "/cut.heapsnapshot.zst"
            try await shell("head -c 500000 \(Self.fixture("n22-8m")) > \(cut)")
            let damaged = try await sandbox.heapsnapd("summary", cut)
            #expect(damaged.status == 6 && damaged.error.contains("within a frame"), "\(damaged.error)")
            let half = try await sandbox.heapsnapd("summary", cut, "--partial", "--json")
            let halfSummary = try JSONDecoder().decode(Summary.self, from: Data(half.output.utf8))
            #expect(half.status == 0 && halfSummary.isPartial == true && halfSummary.nodeCount > 10_000, "\(half.error)")
            #expect(try await sandbox.heapsnapd("summary", "/proc/self/status").status == 6)
            #expect(try await sandbox.heapsnapd("summary", "./nowhere.heapsnapshot").status == 4)
            #expect(try await sandbox.heapsnapd("summary", "latest").status == 4)
            #expect(try await sandbox.heapsnapd("summary", part, "--limit", "-1").status == 64)
        }

        /// The same two snapshots by each way to tell which objects are the same.
        @Test func comparisonByEachIdentity() async throws {
            struct Diff: Decodable {
                struct Row: Decodable { var name: String, addedCount: Int?, countDelta: Int }
                var identity: String, classes: [Row]
            }
            for (identity, added) in [("ids", 300), ("aligned", 300), ("none", nil)] as [(String, Int?)] {
                let outcome = try await sandbox.heapsnapd(
                    "diff", Self.fixture("n20-leak-before"), Self.fixture("n20-leak-after"), "--identity", identity, "--json", "--limit", "0")
                #expect(outcome.status == 0, "\(outcome.error)")
                let diff = try JSONDecoder().decode(Diff.self, from: Data(outcome.output.utf8))
                let row = try #require(diff.classes.first { $0.name == "LeakingClass" })
                #expect(diff.identity == identity && row.addedCount == added && row.countDelta == 300)
            }
            let found = try await sandbox.heapsnapd("diff", Self.fixture("n20-leak-before"), Self.fixture("n20-leak-after"))
            #expect(found.output.hasPrefix("identity: ids ("), "\(found.output)")
            let strangers = try await sandbox.heapsnapd("diff", Self.fixture("n22-8m"), Self.fixture("n20-leak-after"))
            #expect(strangers.output.hasPrefix("identity: none ("), "\(strangers.output)")
            let refused = try await sandbox.heapsnapd("diff", Self.fixture("n22-8m"), Self.fixture("n20-leak-after"), "--format", "heapdiff")
            #expect(refused.status == 3 && refused.output.isEmpty)
            #expect(try await sandbox.heapsnapd("diff", Self.fixture("n22-8m")).status == 64)
            let forced = try await sandbox.heapsnapd(
                "diff", Self.fixture("n22-8m"), Self.fixture("n20-leak-after"), "--format", "heapdiff", "--identity", "ids")
            #expect(forced.status == 3, "two processes have no HeapDiff, whoever asks")
            let three = try await sandbox.heapsnapd(
                "diff", Self.fixture("n22-8m"), Self.fixture("n20-leak-before"), Self.fixture("n20-leak-after"))
            #expect(three.status == 3 && three.error.contains("by ids"), "\(three.error)")
            #expect(try await sandbox.heapsnapd("diff", "-", "-").status == 64)
        }

        @Test func lookingAroundInOneSnapshot() async throws {
            let file = Self.fixture("n22-8m")
            for arguments in [
                ["objects", file, "User"], ["retainers", file, "User"], ["retainers", file, "@95291", "--all"], ["dominators", file, "@95291"],
                ["containment", file], ["strings", file],
            ] {
                let table = try await sandbox.start([EndToEnd.binary] + arguments).end()
                #expect(table.status == 0 && table.output.split(separator: "\n").count > 2, "\(arguments): \(table.error)")
                let json = try await sandbox.start([EndToEnd.binary] + arguments + ["--json"]).end()
                _ = try JSONSerialization.jsonObject(with: Data(json.output.utf8))
            }
            #expect(try await sandbox.heapsnapd("retainers", file, "@4294967295").status == 4)
            #expect(try await sandbox.heapsnapd("retainers", file, "NoSuchClass").status == 4)
            #expect(try await sandbox.heapsnapd("dominators", file, "@x").status == 64)
        }

        @Test func suspectsAndTheirPage() async throws {
            let before = Self.fixture("n20-leak-before"), after = Self.fixture("n20-leak-after")
            let suspects = try await sandbox.heapsnapd("suspects", before, after)
            #expect(suspects.output.hasPrefix("1. each leakMethod's context holds the previous one through originLeakObject"), "\(suspects.output)")
            #expect(try await sandbox.heapsnapd("suspects", before, before).output == "nothing grows\n")
            let page = sandbox.path("report.html")
            #expect(try await sandbox.heapsnapd("report", before, after, "-o", page).status == 0)
            let text = try String(contentsOfFile: page, encoding: .utf8)
            #expect(text.contains("originLeakObject") && text.contains("default-src 'none'") && text.utf8.count < 1_000_000)
            #expect(try FileManager.default.attributesOfItem(atPath: page)[.posixPermissions] as? Int == 0o600)
            #expect(try await sandbox.heapsnapd("report", after, "-o", page).status == 1, "it is not overwritten unasked")
        }

        /// Numbered as an earlier one, it compares by ids as well as the two that V8 numbered alike.
        @Test func exportForChromesComparison() async throws {
            let renumbered = sandbox.path("aligned.heapsnapshot")
            let outcome = try await sandbox.heapsnapd(
                "export", Self.fixture("n20-leak-after"), "--devtools-compare", Self.fixture("n20-leak-before"), "-o", renumbered)
            #expect(outcome.status == 0 && outcome.output == renumbered + "\n", "\(outcome.error)")
            let diff = try await sandbox.heapsnapd(
                "diff", Self.fixture("n20-leak-before"), renumbered, "--identity", "ids", "--filter", "LeakingClass")
            #expect(diff.output.contains("+300"), "\(diff.output)")
            // Onto itself: the input is read to its end before it is replaced.
            let onto = try await sandbox.heapsnapd(
                "export", renumbered, "--devtools-compare", Self.fixture("n20-leak-before"), "-o", renumbered, "--force")
            #expect(onto.status == 0, "\(onto.error)")
            #expect(try await sandbox.heapsnapd("statistics", renumbered).status == 0)
            #expect(try FileManager.default.attributesOfItem(atPath: renumbered)[.posixPermissions] as? Int == 0o600)
        }

        @Test func summaryOfTheStoresNewest() async throws {
            let target = try sandbox.start([EndToEnd.node(24), "--heapsnapshot-signal=SIGUSR2", EndToEnd.program("steady.js")])
            try await eventually("the service to listen") { target.output.contains("listening") ? true : nil }
            #expect(try await sandbox.heapsnapd("dump", "\(target.pid)").status == 0)
            let outcome = try await sandbox.heapsnapd("summary", "latest", "--json")
            let summary = try JSONDecoder().decode(Summary.self, from: Data(outcome.output.utf8))
            let record = try #require(try await sandbox.records().last)
            #expect(outcome.status == 0 && summary.nodeCount == record.nodeCount && summary.classes.count == 30)

            #expect(try await sandbox.heapsnapd("dump", "\(target.pid)").status == 0)
            let analysis = try await sandbox.heapsnapd("analyze", "latest")
            #expect(analysis.status == 0 && analysis.output.contains("since \(record.id)"), "\(analysis.output) \(analysis.error)")
            #expect(try await sandbox.heapsnapd("info", "latest").output.contains("found        " + analysis.output.dropLast()))
            let refused = try await sandbox.heapsnapd("analyze", "latest", "--set", "analysis.memoryMax=1MiB")
            #expect(refused.status == 3, "\(refused.error)")
        }

        /// Two copies of one service number their objects each in its own way; Chrome's own Memory panel, as Chromium ships it, shows of what is exported what
        /// `diff` shows.
        @Test func chromeComparesWhatIsExported() async throws {
            let service = try await ContainedService.start(
                "busy.js", node: 24, in: sandbox, limit: "1G", run: ["--set", "watch.triggers=[]"], environment: ["HEAP_MB": "10"], agent: true)
            for count in 1...2 {
                kill(service.supervisor, SIGUSR2)
                try await eventually("copy \(count)", every: .milliseconds(100)) {
                    try await sandbox.records().count { $0.state == "complete" && $0.engine == "copyOnWrite" } == count ? true : nil
                }
            }
            service.program.signal(SIGTERM)
            _ = try await service.program.end()
            let (base, plain, aligned) = (
                sandbox.directory + "/a.heapsnapshot", sandbox.directory + "/b.heapsnapshot", sandbox.directory + "/c.heapsnapshot"
            )
            #expect(try await sandbox.heapsnapd("export", "latest~1", "-o", base).status == 0)
            #expect(try await sandbox.heapsnapd("export", "latest", "-o", plain).status == 0)
            #expect(try await sandbox.heapsnapd("export", "latest", "--devtools-compare", "latest~1", "-o", aligned).status == 0)

            let summary = try await sandbox.heapsnapd("summary", "latest", "--json")
            let ours = try JSONDecoder().decode(Summary.self, from: Data(summary.output.utf8))
            let opened = try await openInDevTools(plain)
            #expect(opened.nodeCount == ours.nodeCount && opened.totalSize == ours.totalBytes)

            struct Diff: Decodable {
                struct Row: Decodable { var name: String, addedCount: Int?, removedCount: Int? }
                var identity: String, classes: [Row]
            }
            let outcome = try await sandbox.heapsnapd("diff", "latest~1", "latest", "--json", "--limit", "0")
            let diff = try JSONDecoder().decode(Diff.self, from: Data(outcome.output.utf8))
            #expect(diff.identity == "aligned")
            let compared = try await openInDevTools(aligned, base)
            func counts(_ key: KeyPath<Diff.Row, Int?>) -> [String: Int] {
                Dictionary(uniqueKeysWithValues: diff.classes.map { ($0.name, $0[keyPath: key] ?? 0) }).filter { $0.value > 0 }
            }
            #expect(
                compared.added?.filter { $0.value > 0 } == counts(\.addedCount) && compared.removed?.filter { $0.value > 0 } == counts(\.removedCount)
            )
            #expect((compared.added?["Entry"] ?? 0) > 100)
        }

        private struct InDevTools: Decodable { var nodeCount: Int, totalSize: Int, added: [String: Int]?, removed: [String: Int]? }

        private func openInDevTools(_ files: String...) async throws -> InDevTools {
            let outcome = try await sandbox.start([EndToEnd.support.appending(path: "bin/open-in-devtools").path] + files).end(within: .seconds(120))
            #expect(outcome.status == 0, "\(outcome.error)")
            return try JSONDecoder().decode(InDevTools.self, from: Data(outcome.output.utf8))
        }
    }
}
