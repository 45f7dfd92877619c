import Foundation
import Linux
import SystemPackage
import Testing

@testable import Systemd

/// The other end of NOTIFY_SOCKET, as pid 1 holds it.
private final class NotifySocket {
    let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    /// As $NOTIFY_SOCKET has it.
    let name: String

    init(abstract: Bool) throws {
        let unique = "heapsnapd-notify-\(UUID().uuidString)"
        name = abstract ? "@\(unique)" : FileManager.default.temporaryDirectory.appending(path: unique).path
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array((abstract ? "\0" + unique : name).utf8)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let size = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count)
        let bound = withUnsafePointer(to: address) { $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, size) } }
        try #require(bound == 0)
    }

    deinit {
        close(descriptor)
        if name.hasPrefix("/") { unlink(name) }
    }

    /// One message: its text, and how many descriptors came with it.
    func receive() -> (text: String, descriptors: [Int32]) {
        var text = [UInt8](repeating: 0, count: 4_096)
        var control = [UInt64](repeating: 0, count: 64)
        let count = text.withUnsafeMutableBytes { text in
            control.withUnsafeMutableBytes { control in
                var vector = iovec(iov_base: text.baseAddress, iov_len: text.count)
                return withUnsafeMutablePointer(to: &vector) { vector in
                    var message = msghdr(
                        msg_name: nil, msg_namelen: 0, msg_iov: vector, msg_iovlen: 1, msg_control: control.baseAddress,
                        msg_controllen: control.count, msg_flags: 0)
                    return recvmsg(descriptor, &message, 0)
                }
            }
        }
        // struct cmsghdr: its length, which counts itself (16 bytes), level and type; then the descriptors.
        let passed = control[0] > 16 ? (Int(control[0]) - 16) / 4 : 0
        let descriptors = control.withUnsafeBytes { bytes in (0..<passed).map { bytes.load(fromByteOffset: 16 + 4 * $0, as: Int32.self) } }
        return (String(decoding: text[..<max(0, count)], as: UTF8.self), descriptors)
    }
}

@Suite struct NotificationTests {
    @Test(arguments: [false, true]) func isHeard(abstract: Bool) throws {
        let socket = try NotifySocket(abstract: abstract)
        let notification = try #require(Notification(socket: socket.name))
        try notification.send(.ready, .status("watching 12,\nnext limit in 14 min"))
        #expect(socket.receive().text == "READY=1\nSTATUS=watching 12, next limit in 14 min")
        try notification.send(.watchdog)
        #expect(socket.receive().text == "WATCHDOG=1")
    }

    @Test func descriptorsTravel() throws {
        let socket = try NotifySocket(abstract: true)
        let pipe = try widePipe()
        try #require(Notification(socket: socket.name)).send(.storeDescriptors([pipe.read, pipe.write], name: "capture"))
        let (text, descriptors) = socket.receive()
        #expect(text == "FDSTORE=1\nFDNAME=capture\nFDPOLL=0")
        try #require(descriptors.count == 2)
        defer { descriptors.forEach { close($0) } }
        // They are the same pipe.
        #expect(write(descriptors[1], "x", 1) == 1)
        var byte: UInt8 = 0
        #expect(read(pipe.read.descriptor.rawValue, &byte, 1) == 1 && byte == UInt8(ascii: "x"))
    }

    @Test(arguments: [
        (Notice.reloading(at: .milliseconds(1_500)), "RELOADING=1\nMONOTONIC_USEC=1500000"),
        (.stopping, "STOPPING=1"),
        (.extendTimeout(.seconds(30)), "EXTEND_TIMEOUT_USEC=30000000"),
        (.dropDescriptors(name: "capture"), "FDSTOREREMOVE=1\nFDNAME=capture"),
    ])
    func says(notice: Notice, text: String) { #expect(notice.text == text) }

    @Test func nobodyListens() throws {
        #expect(Notification(socket: nil) == nil)
        #expect(Notification(socket: "") == nil)
        #expect(Notification(socket: "vsock:2:1234") == nil)
        let error = #expect(throws: SystemdError.self) {
            try Notification(socket: "/nonexistent/notify")?.send(.ready)
        }
        #expect(error?.description.contains("/nonexistent/notify") == true)
    }

    @Test func tooMuch() throws {
        let socket = try NotifySocket(abstract: true)
        let pipe = try widePipe().read
        #expect(throws: SystemdError.self) {
            try Notification(socket: socket.name)?.send(.storeDescriptors(Array(repeating: pipe, count: 33), name: "x"))
        }
        #expect(throws: SystemdError.self) { try Notification(socket: "/" + String(repeating: "x", count: 200))?.send(.ready) }
    }

    @Test func namesOfDescriptors() {
        #expect(Notice.isDescriptorName("capture-17"))
        #expect(!Notice.isDescriptorName("a:b") && !Notice.isDescriptorName("a\nb") && !Notice.isDescriptorName(String(repeating: "x", count: 256)))
    }
}
