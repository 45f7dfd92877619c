import MemoryWatch
import Testing
import Units

@Suite struct TriggerTests {
    @Test func readsItsTextForms() throws {
        #expect(try Trigger.parse("use=85%") == [.use(.percent(85))])
        #expect(try Trigger.parse("use=0.85") == [.use(.percent(85))])
        #expect(try Trigger.parse("rss=400M,600M") == [.rss(.mebibytes(400)), .rss(.mebibytes(600))])
        #expect(try Trigger.parse("growth=150%") == [.growth(.percent(150))])
        #expect(try Trigger.parse("timeToLimit=15s") == [.timeToLimit(.seconds(15))])
        #expect(try Trigger.parse("latestSafeMoment=15m") == [.latestSafeMoment(within: .seconds(900))])
        #expect(try Trigger.parse("heap = 90%") == [.heap(.percent(90))])
        #expect(try Trigger.parse("leak") == [.leak])
        #expect(try Trigger.parse(" leak ") == [.leak])
    }

    @Test(arguments: [
        "use=85.5%", "rss=400MiB", "rss=1234567", "growth=150%", "timeToLimit=1500ms", "timeToLimit=3723s", "latestSafeMoment=15m", "heap=90%",
        "leak",
    ])
    func writesWhatItReads(text: String) throws {
        let triggers = try Trigger.parse(text)
        #expect(try Trigger.parse(triggers[0].description) == triggers)
    }

    @Test(arguments: [
        "", "use", "use=", "use=101%", "use=0%", "use=-5%", "rss=0", "rss=400M,", "rss=400Q", "timeToLimit=0s", "timeToLimit=soon", "Use=5%",
        "cpu=5%", "heap=1e3", "leak=", "leak=5", "leaks", "Leak", "leak,leak",
    ])
    func refuses(text: String) {
        #expect(throws: Trigger.Malformed.self) { try Trigger.parse(text) }
    }

    @Test func saysWhatToDo() {
        #expect(
            Result { try Trigger.parse("cpu=5%") }.failureText == "cannot read trigger 'cpu=5%': 'cpu' is none of use, rss, growth, timeToLimit, "
                + "latestSafeMoment, heap, leak; write one like use=85%, rss=400M,600M or timeToLimit=15s")
    }

    @Test func filtersByGlob() {
        #expect(Filter().matches(Subject(service: "anything")))
        let filter = Filter(services: ["api-*", "web?.service", "*a*b*c"])
        for service in ["api-", "api-users", "web1.service", "aabbcc", "xaxbxc"] { #expect(filter.matches(Subject(service: service)), "\(service)") }
        for service in ["api", "web.service", "web12.service", "cba", ""] { #expect(!filter.matches(Subject(service: service)), "\(service)") }
        #expect(!Filter(services: [String(repeating: "*a", count: 30)]).matches(Subject(service: String(repeating: "a", count: 25) + "b")))
    }
}

extension Result {
    var failureText: String? { if case .failure(let error) = self { "\(error)" } else { nil } }
}
