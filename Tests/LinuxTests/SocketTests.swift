import Foundation
import SystemPackage
import Testing
import Units

@testable import Linux

/// A socket that listens at an abstract name, as the agent's does; made by the calls that a test is not about.
final class AbstractListener: Sendable {
    let name: String
    let descriptor: Int32

    init(_ name: String = "heapsnapd-test.\(getpid()).\(UInt32.random(in: 0...UInt32.max))", listens: Bool = true) throws {
        self.name = name
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0[1...].copyBytes(from: name.utf8) }
        let size = socklen_t(MemoryLayout<sa_family_t>.size + 1 + name.utf8.count)
        let bound = withUnsafePointer(to: address) { $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, size) } }
        #expect(bound == 0)
        if listens { #expect(listen(descriptor, 8) == 0) }
    }

    deinit { close(descriptor) }

    func accept() throws -> StreamSocket {
        let accepted = try OwnedDescriptor(Glibc.accept(descriptor, nil, nil), opening: name)
        _ = fcntl(accepted.descriptor.rawValue, F_SETFD, FD_CLOEXEC)
        return StreamSocket(accepted)
    }
}

/// A process in a network namespace of its own that listens at `name` there.
private func strangeListener(_ name: String) throws -> Child {
    try Child(
        "/usr/bin/env", "unshare", "--net", "python3", "-c",
        "import socket, time\ns = socket.socket(socket.AF_UNIX)\ns.bind(b'\\0\(name)')\ns.listen(8)\ntime.sleep(600)")
}

struct UnixSocketTableTests {
    /// Of Linux 6.18, whole: a listener with an accepted and a waiting connection (that has no inode yet), a pair without names, a path, a name that is bound
    /// only, and names with a space and with a NUL byte.
    private static let sample = """
        Num       RefCount Protocol Flags    Type St Inode Path
        00000000a6b189d3: 00000003 00000000 00000000 0001 03 3390039
        000000007650c02e: 00000003 00000000 00000000 0001 03 3390040
        000000009362692e: 00000002 00000000 00010000 0001 01 3390038 /tmp/units-path.sock
        0000000039a22552: 00000003 00000000 00000000 0001 02     0 @heapsnapd.4711.135509
        000000004feb36df: 00000003 00000000 00000000 0001 03 3390041
        00000000ad1c526e: 00000002 00000000 00010000 0001 01 3390036 @with a space
        000000009a947ee4: 00000002 00000000 00010000 0001 01 3390037 @nul@inside
        000000004e415d75: 00000002 00000000 00010000 0001 01 3390034 @heapsnapd.4711.135509
        00000000f05db41f: 00000002 00000000 00000000 0001 01 3390035 @bound.only

        """

    @Test func abstractNames() {
        #expect(
            UnixSocketTable.parse(Array(Self.sample.utf8)) == [
                .init(inode: 0, abstractName: "heapsnapd.4711.135509", isListening: false),
                .init(inode: 3_390_036, abstractName: "with a space", isListening: true),
                .init(inode: 3_390_037, abstractName: "nul@inside", isListening: true),
                .init(inode: 3_390_034, abstractName: "heapsnapd.4711.135509", isListening: true),
                .init(inode: 3_390_035, abstractName: "bound.only", isListening: false),
            ])
    }

    /// Where a name ends in a space or is nothing but spaces, that belongs to the name.
    @Test func spacesBelongToTheName() {
        func name(_ path: String) -> String? {
            UnixSocketTable.parse(Array("header\n00: 00000002 00000000 00010000 0001 01    17 \(path)\n".utf8)).first?.abstractName
        }
        #expect(name("@x ") == "x ")
        #expect(name("@ x  y") == " x  y")
        #expect(name("@") == "")
        #expect(name("/run/@x") == nil)
    }

    /// A table that is cut anywhere has fewer entries, or a shorter name in the last.
    @Test func truncated() {
        let whole = UnixSocketTable.parse(Array(Self.sample.utf8))
        for length in 0..<Self.sample.utf8.count {
            let entries = UnixSocketTable.parse(Array(Self.sample.utf8.prefix(length)))
            #expect(entries.dropLast() == whole.prefix(max(0, entries.count - 1)))
            if let last = entries.last { #expect(whole[entries.count - 1].abstractName.hasPrefix(last.abstractName)) }
        }
    }

    @Test(arguments: ["", "\n\n", "Num RefCount", "h\n00: 2 0 zz 0001 01 17 @x", "h\n00: 2 0 10000 0001 01 -17 @x", "h\n00: 2 0 10000 0001 01 @x"])
    func rubbishHasNoEntries(text: String) { #expect(UnixSocketTable.parse(Array(text.utf8)) == []) }
}

struct AbstractListenerTests {
    let table = ProcessTable()
    let own = ProcessID(getpid())

    @Test func ofOurselves() throws {
        var listener: AbstractListener? = try AbstractListener()
        let name = try #require(listener?.name)
        let bound = try AbstractListener(listens: false)
        var found = try #require(try table.abstractListeners(own))
        #expect(found.contains(name))
        #expect(!found.contains(bound.name), "nobody can connect to it")
        listener = nil
        found = try #require(try table.abstractListeners(own))
        #expect(!found.contains(name))
    }

    /// The same network namespace, so the same table: whose a name is, the descriptors tell.
    @Test func notOfOthers() throws {
        let listener = try AbstractListener()
        let child = try Child("/bin/sleep", "600")
        #expect(try table.abstractListeners(child.pid)?.contains(listener.name) == false)
    }

    @Test func ofNobody() async throws {
        let child = try spawn(SpawnRequest(executable: "true"))
        _ = try await ended(child)
        #expect(try table.abstractListeners(child.pid) == nil)
    }

    /// A container's: found through its own table, and connected to by a thread that enters its namespace while we stay in ours.
    @Test func ofAnotherNetwork() async throws {
        let name = "heapsnapd-test.\(UInt32.random(in: 0...UInt32.max))"
        let child = try strangeListener(name)
        #expect(try await eventually { try table.abstractListeners(child.pid) == [name] })
        #expect(try StreamSocket.connect(toAbstract: name, table: table) == nil)
        let before = try KernelFile.link("/proc/self/ns/net")
        let socket = try #require(try StreamSocket.connect(toAbstract: name, networkOf: child.pid, table: table))
        #expect(socket.peer == child.pid)
        #expect(try KernelFile.link("/proc/thread-self/ns/net") == before)
    }
}

@Suite(.timeLimit(.minutes(1))) struct StreamSocketTests {
    let own = ProcessID(getpid())

    @Test func connects() async throws {
        let listener = try AbstractListener()
        let ours = try #require(try StreamSocket.connect(toAbstract: listener.name))
        #expect(ours.peer == own)
        let theirs = try listener.accept()
        try ours.send(Array("question".utf8))
        #expect(await first(of: theirs.received)?.bytes == Array("question".utf8))
        try theirs.send(Array("answer".utf8))
        let answer = await first(of: ours.received)
        #expect(answer?.bytes == Array("answer".utf8))
        #expect(answer?.sender == nil, "only a pair asks who writes")
    }

    @Test func nobodyListens() throws {
        #expect(try StreamSocket.connect(toAbstract: "heapsnapd-test.nobody") == nil)
        let bound = try AbstractListener(listens: false)
        #expect(try StreamSocket.connect(toAbstract: bound.name) == nil)
        #expect(throws: KernelError.system(operation: "open socket @\(String(repeating: "x", count: 108))", .fileNameTooLong)) {
            try StreamSocket.connect(toAbstract: String(repeating: "x", count: 108))
        }
    }

    /// How a copy is found that is in another pid namespace: by the kernel's word, not by its own.
    @Test func aPairTellsWhoWrote() async throws {
        let pair = try StreamSocket.pair()
        let child = try spawn(
            SpawnRequest(executable: "/bin/sh", arguments: ["-c", "echo ready"], standardOutput: FileDescriptor(rawValue: pair.theirs.descriptor)))
        let received = await first(of: pair.ours.received)
        #expect(received?.bytes == Array("ready\n".utf8))
        #expect(received?.sender == child.pid)
        _ = try await ended(child)
        try pair.theirs.send([1])
        #expect(await first(of: pair.ours.received)?.sender == own)
    }

    @Test func allBytesInOrder() async throws {
        let pair = try StreamSocket.pair()
        let pieces = (0..<40).map { piece in (0...piece * 97).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ piece) } }
        let reading = Task { [ours = pair.ours, count = pieces.joined().count] in
            var bytes: [UInt8] = []
            for await chunk in ours.received {
                bytes += chunk.bytes
                if bytes.count >= count { break }
            }
            return bytes
        }
        for piece in pieces { try pair.theirs.send(piece) }
        #expect(await reading.value == Array(pieces.joined()))
    }

    /// What was written before the end is read before it.
    @Test func endOfTheConnection() async throws {
        let ours: StreamSocket
        do {
            let pair = try StreamSocket.pair()
            ours = pair.ours
            try pair.theirs.send([1, 2, 3])
        }
        var bytes: [UInt8] = []
        for await chunk in ours.received { bytes += chunk.bytes }
        #expect(bytes == [1, 2, 3])
    }

    @Test func shutDownIsTheEndForBoth() async throws {
        let pair = try StreamSocket.pair()
        pair.ours.shutDown()
        for await _ in pair.theirs.received { Issue.record("nothing was sent") }
        for await _ in pair.ours.received { Issue.record("nothing was sent") }
        #expect(throws: KernelError.system(operation: "write a socket", .brokenPipe)) { try pair.theirs.send([1]) }
    }

    /// What goes to the agent with `capture`: a pipe's end that works there, and that is not ours any more when we have closed it.
    @Test func descriptorsAreHandedOver() throws {
        let pair = try StreamSocket.pair()
        let (read, write) = try widePipe()
        try pair.ours.send(Array("capture".utf8), descriptors: [write.descriptor.rawValue, pair.theirs.descriptor])
        let (bytes, descriptors) = try receiveWithDescriptors(pair.theirs.descriptor)
        #expect(bytes == Array("capture".utf8))
        try #require(descriptors.count == 2)
        defer { for descriptor in descriptors { close(descriptor) } }
        #expect(Glibc.write(descriptors[0], "hello", 5) == 5)
        var buffer = [UInt8](repeating: 0, count: 16)
        #expect(try buffer.withUnsafeMutableBytes { try read.descriptor.read(into: $0) } == 5)
        #expect(buffer.prefix(5).elementsEqual("hello".utf8))
        #expect(try KernelFile.link("/proc/self/fd/\(descriptors[1])") == KernelFile.link("/proc/self/fd/\(pair.theirs.descriptor)"))
    }

    @Test func fourDescriptorsAtMost() throws {
        let pair = try StreamSocket.pair()
        let one = pair.theirs.descriptor
        try pair.ours.send([1], descriptors: [one, one, one, one])
        #expect(throws: KernelError.system(operation: "write a socket", .invalidArgument)) {
            try pair.ours.send([1], descriptors: [one, one, one, one, one])
        }
    }

    /// A service that answers with descriptors must not fill our table. The pipe is at its end only when nobody holds its other end any more.
    @Test(arguments: 1...4) func descriptorsThatAreSentToUsAreClosed(count: Int) async throws {
        for passesCredentials in [false, true] {
            let pair = try StreamSocket.pair()
            let (from, to) = passesCredentials ? (pair.theirs, pair.ours) : (pair.ours, pair.theirs)
            let read = try sendPipe(to: from, count)
            #expect(await first(of: to.received)?.bytes == [1])
            var poll = pollfd(fd: read.descriptor.rawValue, events: Int16(POLLIN), revents: 0)
            // A child that another test starts at this moment holds everything until its exec.
            #expect(try await eventually(within: 5) { Glibc.poll(&poll, 1, 0) == 1 && poll.revents & Int16(POLLHUP) != 0 }, "\(passesCredentials)")
        }
    }

    /// - Returns: its reading end; the writing end is on its way only.
    private func sendPipe(to socket: StreamSocket, _ count: Int) throws -> OwnedDescriptor {
        let (read, write) = try widePipe()
        try socket.send([1], descriptors: Array(repeating: write.descriptor.rawValue, count: count))
        return read
    }

    @Test func nobodyReads() throws {
        let pair = try StreamSocket.pair()
        let piece = [UInt8](repeating: 7, count: 4_096)
        #expect(throws: KernelError.system(operation: "write a socket", .resourceTemporarilyUnavailable)) {
            for _ in 0..<10_000 { try pair.ours.send(piece) }
        }
    }

    /// The agent is gone: an error of this capture, and not the end of heapsnapd by SIGPIPE.
    @Test func theOtherEndIsClosed() throws {
        let before = signal(SIGPIPE) { _ in brokenPipes += 1 }
        defer { signal(SIGPIPE, before) }
        brokenPipes = 0
        let ours = try StreamSocket.pair().ours
        #expect(throws: KernelError.system(operation: "write a socket", .brokenPipe)) { try ours.send([1]) }
        #expect(brokenPipes == 0)
    }
}

/// SIGPIPE comes to the thread that wrote, before write returns.
nonisolated(unsafe) private var brokenPipes = 0

/// recvmsg(2) with the control message read by hand, as the agent does it: on 64 bits a header of 16 bytes (length, SOL_SOCKET, SCM_RIGHTS), then the numbers.
private func receiveWithDescriptors(_ socket: Int32) throws -> (bytes: [UInt8], descriptors: [Int32]) {
    var bytes = [UInt8](repeating: 0, count: 256)
    var control = [UInt64](repeating: 0, count: 8)
    let (count, length) = bytes.withUnsafeMutableBytes { bytes in
        control.withUnsafeMutableBytes { control in
            var place = iovec(iov_base: bytes.baseAddress, iov_len: bytes.count)
            return withUnsafeMutablePointer(to: &place) { place in
                var message = msghdr()
                (message.msg_iov, message.msg_iovlen) = (place, 1)
                (message.msg_control, message.msg_controllen) = (control.baseAddress, control.count)
                return (recvmsg(socket, &message, Int32(MSG_CMSG_CLOEXEC)), message.msg_controllen)
            }
        }
    }
    try #require(count >= 0)
    let descriptors = control.withUnsafeBytes { control -> [Int32] in
        guard length >= 16, control.load(fromByteOffset: 12, as: Int32.self) == Int32(SCM_RIGHTS) else { return [] }
        return (0..<(control.load(as: Int.self) - 16) / 4).map { control.load(fromByteOffset: 16 + $0 * 4, as: Int32.self) }
    }
    return (Array(bytes.prefix(count)), descriptors)
}
