import Testing

@testable import heapsnapd

@Suite struct PrekillCallTests {
    private func parse(_ text: String) throws -> PrekillCall { try .parse(Array(text.utf8)) }

    @Test func asSystemdOomdSaysIt() throws {
        let call = try parse(#"{"method":"io.systemd.oom.Prekill.Notify","parameters":{"cgroup":"/system.slice/shop.service"}}"#)
        #expect(call.cgroup == "/system.slice/shop.service")
        #expect(call.reply == Array(#"{"parameters":{}}"#.utf8) + [0])
    }

    @Test func othersAreAnsweredToo() throws {
        let other = try parse(#"{"method":"org.varlink.service.GetInfo"}"#)
        #expect(other.cgroup == nil && other.reply.map { String(decoding: $0, as: UTF8.self) }?.contains("MethodNotFound") == true)
        let oneway = try parse(#"{"method":"io.systemd.oom.Prekill.Notify","parameters":{},"oneway":true}"#)
        #expect(oneway.cgroup == nil && oneway.reply == nil)
        #expect(throws: DecodingError.self) { try parse("garbage") }
    }
}
