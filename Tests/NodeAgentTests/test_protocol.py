"""Whatever is sent to the socket, the service goes on."""

import os, random, socket, struct, time

from agent import Agent, Closed, Frames, frame, start_time
from service import *
from test_capture import IDLE, complete
from test_hunt import controlling

GOLDEN = os.path.join(ROOT, "Tests/Fixtures/agent-protocol")


def connected(pid):
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.connect(f"\0heapsnapd.{pid}.{start_time(pid)}")
    return sock


def refused(pid, data):
    """The agent answers `error` and closes, or closes."""
    sock = connected(pid)
    frames = Frames(sock)
    assert frames.next()["type"] == "hello"
    try:
        sock.sendall(data)
        message = frames.next(5)
        assert message["type"] == "error" and message["code"] == "invalid", message
        frames.next(5)
    except (Closed, OSError):
        pass
    sock.close()
    time.sleep(0.002)


def test_hostile_messages(node):
    deep = b"[" * 5000
    with Service(node, IDLE) as service:
        for body in (b"", b"{", b"null", b"[]", b'"x"', b"{}", b'{"type":"capture"}', b'{"id":1}', b'{"type":1,"id":-1}', deep,
                     b'{"id":1,"type":' + deep, b'{"a":' * 100, b"\xff\xfe", b'{"id":1,"type":"x"}}', b'{"id":99999999999999999999,"type":"x"}',
                     b'{' + b",".join(b'"k%d":1' % i for i in range(40)) + b"}", b'{"id":1,"type":"\\u12"}', b"\0" * 100):
            refused(service.pid, frame(body))
        for header in (b"\0\0\0\0", b"\xff\xff\xff\xff", b"\1\0\1\0" + b"x" * 65537):
            refused(service.pid, header)
        random.seed(3)
        for _ in range(2000 if FULL else 200):
            sock = connected(service.pid)
            data = random.randbytes(random.randrange(300))
            try:
                sock.sendall(data if random.random() < 0.5 else frame(data + b" "))
                if random.random() < 0.5:
                    sock.recv(10)
            except OSError:
                pass
            sock.close()
        assert service.lives(), service.stderr()
        time.sleep(0.1)
        complete(service.agent())[1].verified()


def test_unknown_requests_are_answered(node):
    with Service(node, IDLE) as service:
        agent = service.agent()
        assert agent.ask("dance", steps=[{"left": 1}, "right"])["code"] == "unknownType"
        assert agent.ask("capture")["code"] == "descriptors"
        assert agent.ask("arm", kind="nearHeapLimit")["code"] == "descriptors"
        assert agent.ask("cancel", capture=77)["code"] == "noSuchCapture"
        assert agent.ask("disarm", guard=77)["code"] == "notArmed"
        assert agent.ask("statistics")["isolates"] == []


def test_descriptors_that_nobody_asked_for_are_closed(node):
    with Service(node, IDLE) as service:
        time.sleep(0.3)
        agent = service.agent()
        count = lambda: len(os.listdir(f"/proc/{service.pid}/fd"))
        before = count()
        for _ in range(20):
            agent.reply(agent.send("dance", [0, 1, 2, 0, 1, 2, 0, 1]))
        until(lambda: count() == before)
        complete(agent)[1].verified()


def test_messages_in_pieces_and_in_one(node):
    with Service(node, IDLE) as service:
        agent = service.agent()
        data = frame({"type": "dance", "id": 5}) + frame({"type": "statistics", "id": 6})
        for byte in data:
            agent.sock.sendall(bytes([byte]))
        assert agent.reply(5)["code"] == "unknownType" and agent.reply(6)["type"] == "statistics"
        agent.sock.sendall(data)
        assert agent.reply(5)["code"] == "unknownType" and agent.reply(6)["type"] == "statistics"


def test_one_controller_at_a_time(node):
    with Service(node, IDLE) as service:
        first = service.agent()
        second = service.agent()
        assert second.hello["type"] == "failed" and second.hello["code"] == "busy", second.hello
        assert first.ask("statistics")["type"] == "statistics"
        assert first.ask("control")["type"] == "controls", "it is already"
        first.close()
        until(lambda: second.ask("control")["type"] == "controls")


def test_observers_see_and_change_nothing(node):
    with Service(node, IDLE + "; setInterval(() => gc(), 20)", flags=["--expose-gc"]) as service:
        observers = [service.agent(control=False) for _ in range(4)]
        for observer in observers:
            for type in ("capture", "arm", "disarm", "cancel", "forgetIds", "dance"):
                assert observer.ask(type)["code"] == "observer", type
        surplus = service.agent(control=False)
        assert surplus.ask("isolates")["code"] == "busy", "the fifth place is the controller's"
        assert service.agent(control=False).hello == {"type": "busy"}
        assert surplus.ask("control")["type"] == "controls"
        # Each has its own subscription, and hears nothing of what others ask.
        assert observers[0].ask("subscribe", events=["gc"])["type"] == "subscribed"
        assert observers[1].ask("subscribe", events=["gc"])["type"] == "subscribed"
        observers[0].message(lambda m: m["type"] == "gc")
        observers[0].close()
        for _ in range(3):
            observers[1].message(lambda m: m["type"] == "gc")
        # While a copy lives and the controller is busy with it.
        capture = surplus.capture()
        capture.start()
        assert capture.forked()["type"] == "forked"
        for observer in observers[1:]:
            assert observer.ask("isolates")["isolates"][0]["heap"]["usedHeapSize"] > 1 << 20
        assert capture.ended()["exitCode"] == 0
        capture.close()
        assert all(message["type"] == "gc" for message in observers[1].kept), observers[1].kept
        assert not observers[2].kept and not surplus.kept, (observers[2].kept, surplus.kept)
        observers[2].sock.sendall(frame(b"?"))
        assert observers[2].message(lambda m: m["type"] == "error")["code"] == "invalid"
        assert surplus.ask("isolates")["type"] == "isolates", "one that is refused takes nobody with it"
        until(lambda: service.agent(control=False).ask("isolates")["type"] == "isolates")


def test_lists_asked_for_at_once_have_their_full_time_each(node):
    with Service(node, "require('child_process').execSync('sleep 3'); setInterval(() => {}, 1e6) // blocks") as service:
        time.sleep(0.2)
        first, second = service.agent(control=False), service.agent(control=False)
        id = first.send("isolates")
        time.sleep(1.5)
        late = second.send("isolates")
        assert first.reply(id)["isolates"][0]["notInterruptible"]
        assert "heap" in second.reply(late)["isolates"][0], "reached within its own 2 s"


def test_the_end_of_a_copy_is_not_told_to_the_next_controller(node):
    with Service(node, IDLE, agent=FAULTS) as service:
        first = service.agent()
        capture = first.capture(fault="spin")
        capture.start()
        child = capture.forked()["childPid"]
        until(lambda: capture.said("ready"))
        first.close()
        second = controlling(service)
        assert second.ask("cancel", capture=capture.id)["code"] == "noSuchCapture"
        capture.close()
        until(lambda: not os.path.exists(f"/proc/{child}"))
        second.ask("statistics")
        assert not second.kept, second.kept


def test_another_user_is_not_heard(node):
    with Service(node, IDLE) as service:
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            os.setgid(65534)
            os.setuid(65534)
            try:
                sock = connected(service.pid)
                os.write(writer, b"closed" if sock.recv(10) == b"" else b"heard")
            except OSError as error:
                os.write(writer, str(error).encode())
            os._exit(0)
        os.waitpid(child, 0)
        os.close(writer)
        assert os.read(reader, 100) in (b"closed", b"[Errno 104] Connection reset by peer")
        os.close(reader)


def test_a_controller_that_does_not_read_is_left(node):
    with Service(node, IDLE) as service:
        sock = connected(service.pid)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        request = frame({"type": "dance", "id": 1})
        sock.settimeout(2)
        try:
            for _ in range(200000):
                sock.sendall(request)
        except OSError:
            pass
        until(lambda: service.agent().hello["type"] == "hello", what="control")
        sock.close()


def shape(value):
    """What two messages of one kind share: names in their order, and kinds of values."""
    if isinstance(value, dict):
        return {key: shape(item) for key, item in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return "number" if isinstance(value, (int, float)) and not isinstance(value, bool) else type(value).__name__


def golden(name):
    import json
    with open(os.path.join(GOLDEN, name + ".json")) as file:
        return json.load(file)


def test_messages_look_as_the_golden_files_say(node):
    seen = {}

    def note(name, message):
        wanted, found = golden(name), message
        assert list(shape(found).items()) == list(shape(wanted).items()) or name in ("hello", "statistics", "isolates"), (found, wanted)
        assert list(found) == list(wanted), (found, wanted)
        for list_name in ("isolates",):
            if wanted.get(list_name) and found.get(list_name):
                assert shape(found[list_name][0]) == shape(wanted[list_name][0]), (found, wanted)
        seen[name] = found

    script = IDLE + "; setInterval(() => { kept.push(...Array.from({length: 5000}, (_, i) => ({i}))); gc() }, 20)"
    with Service(node, script, agent=FAULTS, flags=["--expose-gc"]) as service:
        agent = service.agent()
        note("hello", agent.hello)
        observers = [service.agent(control=False) for _ in range(4)]
        note("busy", service.agent(control=False).hello)
        note("failed-observer", observers[0].ask("capture"))
        for observer in observers:
            observer.close()

        def ask(name, **descriptors):  # the golden request as it is, but for its number
            request = golden("request-" + name)
            return agent.ask(request.pop("type"), **{key: value for key, value in request.items() if key != "id"}, **descriptors)

        note("controls", ask("control"))
        note("isolates", ask("isolates"))
        note("subscribed", ask("subscribe"))
        note("leak", agent.message(lambda m: m["type"] == "leak"))
        note("gc", agent.message(lambda m: m["type"] == "gc"))
        note("statistics", ask("statistics"))
        note("failed", ask("cancel"))
        note("forgotten", ask("forgetIds"))
        note("masked", ask("mask"))
        armed = agent.arm()
        note("armed", agent.reply(armed.id))
        note("disarmed", agent.ask("disarm", guard=armed.id))
        armed.close()
        capture = agent.capture(**{key: value for key, value in golden("request-capture").items() if key not in ("type", "id")})
        forked, ended = capture.run()
        note("forked", forked)
        note("ended", ended)
        for message in capture.messages:
            note({"progress": f"copy-progress-{message.get('phase')}"}.get(message["type"], "copy-" + message["type"]), message)
        capture = agent.capture(**{key: value for key, value in golden("request-capture-exact").items() if key not in ("type", "id")})
        note("forked-exact", capture.run()[0])
        note("isolates-exact", agent.ask("isolates"))
        capture = agent.capture(fault="segv")
        note("ended-signal", capture.run()[1])
        capture = agent.capture(fault="deadlock")
        capture.start()
        capture.forked()
        note("cancelled", agent.ask("cancel", capture=capture.id))
        agent.sock.sendall(frame(b"?"))
        note("error", agent.message(lambda m: m["type"] == "error"))
    files = {name[:-5] for name in os.listdir(GOLDEN) if not name.startswith("request-")}
    assert files - set(seen) == {"copy-go", "failed-near-limit", "forked-near-limit", "isolates-more"}, files ^ set(seen)
