"""The controller's side of the agent's protocol (docs/agent-protocol.md), for the tests. Standard library only."""

import array, json, os, select, socket, struct, threading, time


def start_time(pid):
    with open(f"/proc/{pid}/stat") as stat:
        return int(stat.read().rpartition(")")[2].split()[19])


def frame(message):
    body = message if isinstance(message, bytes) else json.dumps(message).encode()
    return struct.pack("<I", len(body)) + body


class Closed(Exception):
    pass


class Frames:
    """Messages of a stream or seqpacket socket."""

    def __init__(self, sock):
        self.sock, self.buffer = sock, b""

    def next(self, timeout=10):
        deadline = time.monotonic() + timeout
        while True:
            if len(self.buffer) >= 4:
                length = struct.unpack_from("<I", self.buffer)[0]
                if len(self.buffer) >= 4 + length:
                    body, self.buffer = self.buffer[4 : 4 + length], self.buffer[4 + length :]
                    return json.loads(body)
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.sock], [], [], left)[0]:
                raise TimeoutError("no message")
            try:
                data = self.sock.recv(65540)
            except OSError:  # reset, or closed by the test
                data = b""
            if not data:
                raise Closed()
            self.buffer += data


class Agent:
    """A connection to the agent: its controller, unless told to observe only. `hello` is what it said first, or why it does not take us."""

    def __init__(self, pid, wait=10, control=True):
        self.pid, self.ids, self.kept = pid, 0, []
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        name = f"\0heapsnapd.{pid}.{start_time(pid)}"
        deadline = time.monotonic() + wait
        while True:
            try:
                self.sock.connect(name)
                break
            except ConnectionRefusedError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.01)
        self.frames = Frames(self.sock)
        self.hello = self.frames.next()
        if control and self.hello["type"] == "hello":
            answer = self.ask("control")
            if answer["type"] != "controls":
                self.hello = answer

    def send(self, type, descriptors=(), **fields):
        self.ids += 1
        data = frame({"type": type, "id": self.ids, **fields})
        ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))] if descriptors else []
        self.sock.sendmsg([data], ancillary)
        return self.ids

    def message(self, test, timeout=10):
        """The first message that passes the test; the others are kept for later."""
        for at, message in enumerate(self.kept):
            if test(message):
                return self.kept.pop(at)
        deadline = time.monotonic() + timeout
        while True:
            message = self.frames.next(max(0.001, deadline - time.monotonic()))
            if test(message):
                return message
            self.kept.append(message)

    def reply(self, id, *types, timeout=10):
        return self.message(lambda m: m.get("id") == id and (not types or m["type"] in types), timeout)

    def ask(self, type, **fields):
        return self.reply(self.send(type, **fields))

    def capture(self, **fields):
        return Capture(self, "capture", **fields)

    def arm(self, **fields):
        return Capture(self, "arm", kind="nearHeapLimit", **fields)

    def close(self):
        self.sock.close()


class Capture:
    """One capture as heapsnapd drives it: pipe and control socket, `go` on `ready`, bytes until the end."""

    def __init__(self, agent, type, go=True, kind_of_socket=socket.SOCK_SEQPACKET, output=None, **fields):
        self.agent, self.go, self.messages, self.data = agent, go, [], bytearray()
        self.reader, writer = os.pipe() if output is None else (None, output)
        self.control, theirs = socket.socketpair(socket.AF_UNIX, kind_of_socket)
        self.id = agent.send(type, [writer, theirs.fileno()], **fields)
        os.close(writer)
        theirs.close()
        self.begun = time.monotonic()

    def read_control(self, timeout=600):
        """All that the copy says; answers when its end is closed."""
        frames = Frames(self.control)
        while True:
            try:
                message = frames.next(timeout)
            except Closed:
                return
            self.messages.append(message)
            if message["type"] == "ready" and self.go:
                try:
                    self.control.send(frame({"type": "go"}))
                except OSError:
                    pass

    def read_output(self):
        while True:
            chunk = os.read(self.reader, 1 << 20)
            if not chunk:
                return
            self.data += chunk

    def forked(self, timeout=10):
        return self.agent.reply(self.id, "forked", "failed", timeout=timeout)

    def ended(self, timeout=120):
        return self.agent.reply(self.id, "ended", timeout=timeout)

    def start(self):
        self.threads = [threading.Thread(target=self.read_control, daemon=True)]
        if self.reader is not None:
            self.threads.append(threading.Thread(target=self.read_output, daemon=True))
        for thread in self.threads:
            thread.start()

    def run(self, timeout=120):
        """(forked, ended); ended is None where nothing was forked."""
        self.start()
        forked = self.forked()
        ended = self.ended(timeout) if forked["type"] == "forked" else None
        for thread in self.threads:
            thread.join(timeout)
        self.close()
        return forked, ended

    def close(self):
        try:
            self.control.shutdown(socket.SHUT_RDWR)  # a thread may be reading: closing alone would wait for it
        except OSError:
            pass
        for thread in getattr(self, "threads", []):
            thread.join(20)  # or it would read from whoever gets the descriptor's number next
        self.control.close()
        if self.reader is not None:
            os.close(self.reader)
            self.reader = None

    def said(self, type):
        return [message for message in self.messages if message["type"] == type]

    def verified(self):
        """The snapshot, once it has proven to be whole."""
        snapshot = json.loads(self.data)
        header = snapshot["snapshot"]
        meta = header["meta"]
        nodes, edges = len(snapshot["nodes"]), len(snapshot["edges"])
        assert nodes == header["node_count"] * len(meta["node_fields"]), "nodes"
        assert edges == header["edge_count"] * len(meta["edge_fields"]), "edges"
        assert header["node_count"] > 1000, "too few nodes"
        assert self.said("done")[-1]["bytes"] == len(self.data), "bytes"
        return snapshot
