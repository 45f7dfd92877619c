"""A snapshot of a service in each state that it can be in."""

import os, signal, socket, subprocess, time

from service import *

IDLE = "globalThis.kept = Array.from({length: 20000}, (_, i) => ({marker: 'kept-by-service', i})); setInterval(() => {}, 1e6)"


def complete(agent, **fields):
    capture = agent.capture(**fields)
    forked, ended = capture.run()
    assert forked["type"] == "forked", forked
    assert ended.get("exitCode") == 0, (forked, ended, capture.messages[-2:])
    return forked, capture


def test_hello_names_what_is_there(node):
    with Service(node, IDLE) as service:
        hello = service.agent().hello
        version = subprocess.run([node, "--version"], capture_output=True, text=True).stdout.strip()
        assert (hello["type"], hello["protocol"], hello["node"], hello["pid"]) == ("hello", 2, version, service.pid), hello
        assert hello["missing"] == [], hello
        assert hello["isolates"] == [{"id": 0, "main": True, "threadId": service.pid}], hello


def test_isolates_have_the_figures_of_v8(node):
    script = "process.stdin.on('data', () => console.log(JSON.stringify(v8.getHeapStatistics())))"
    with Service(node, script) as service:
        heap = service.agent().ask("isolates")["isolates"][0]["heap"]
        service.process.stdin.write("?\n")
        service.process.stdin.flush()
        own = json_of(service.line())
        assert heap["heapSizeLimit"] == own["heap_size_limit"], (heap, own)
        assert abs(heap["totalHeapSize"] - own["total_heap_size"]) < 4 << 20, (heap, own)
        assert abs(heap["usedHeapSize"] - own["used_heap_size"]) < 4 << 20, (heap, own)
        assert abs(heap["externalMemory"] - own["external_memory"]) < 4 << 20, (heap, own)
        assert heap["nativeContexts"] == own["number_of_native_contexts"], (heap, own)


def json_of(line):
    import json
    return json.loads(line)


def test_idle(node):
    with Service(node, IDLE) as service:
        time.sleep(0.3)  # until nothing of the start is left to run
        forked, capture = complete(service.agent())
        assert "kept-by-service" in strings(capture.verified())
        assert forked["wokenBy"] == "loop", forked
        assert capture.said("progress") and [m["phase"] for m in capture.said("phase")] == ["marking", "walking", "writing"]
        assert service.lives()
        return f"pause {forked['pause'] * 1000:.1f} ms"


def test_loop_that_never_turns(node):
    with Service(node, "globalThis.kept = ['kept-by-loop']; for (;;) Math.sqrt(kept.length) // blocks") as service:
        forked, capture = complete(service.agent())
        assert forked["wokenBy"] == "interrupt", forked
        assert "kept-by-loop" in strings(capture.verified())


def test_exec_sync_is_not_interruptible(node):
    with Service(node, "require('child_process').execSync('sleep 5'); setInterval(() => {}, 1e6) // blocks") as service:
        time.sleep(0.3)
        agent = service.agent()
        begun = time.monotonic()
        forked, _ = agent.capture().run()
        took = time.monotonic() - begun
        assert forked.get("code") == "notInterruptible" and 1.5 < took < 4.5, (forked, took)
        listed = agent.ask("isolates")["isolates"][0]
        assert listed.get("notInterruptible"), listed
        time.sleep(max(0, 5.5 - (time.monotonic() - begun)))
        complete(agent)  # the late interrupt was none


def test_atomics_wait(node):
    with Service(node, "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 4000); setInterval(() => {}, 1e6) // blocks") as service:
        time.sleep(0.2)
        capture = service.agent().capture()
        forked, ended = capture.run()
        if forked["type"] == "forked":
            assert ended.get("exitCode") == 0, ended
            capture.verified()
            return "captured"
        assert forked["code"] == "notInterruptible", forked
        return "notInterruptible"


def test_ten_in_a_row_leave_no_descriptor_and_no_child(node):
    with Service(node, "setInterval(() => {}, 1e6)") as service:
        agent = service.agent()
        time.sleep(0.3)
        complete(agent)
        before = sorted(os.listdir(f"/proc/{service.pid}/fd"))
        for _ in range(10):
            complete(agent)[1].verified()
        after = sorted(os.listdir(f"/proc/{service.pid}/fd"))
        assert after == before, [os.readlink(f"/proc/{service.pid}/fd/{fd}") for fd in set(after) - set(before)]
        assert open(f"/proc/{service.pid}/task/{service.pid}/children").read().split() == []


def test_the_service_hears_nothing_of_the_copy(node):
    script = """
      let chld = 0; process.on('SIGCHLD', () => chld++);
      require('child_process').execFileSync('/bin/true');
      let before; setTimeout(() => { before = chld; console.log('settled') }, 200);
      process.stdin.on('data', () => console.log(chld - before));"""
    with Service(node, script) as service:
        assert service.line() == "settled"
        complete(service.agent())
        service.process.stdin.write("?\n")
        service.process.stdin.flush()
        assert service.line() == "0"


def test_a_copy_holds_no_connection_of_the_service(node):
    script = IDLE + """; require('net').createServer(s => s.on('data', () => s.destroy()))
      .listen(0, function () { console.log(this.address().port) })"""
    with Service(node, script, agent=FAULTS) as service:
        client = socket.create_connection(("127.0.0.1", int(service.line())))
        capture = service.agent().capture(fault="deadlock")
        capture.start()
        assert capture.forked()["type"] == "forked"
        until(lambda: capture.said("ready"))
        client.settimeout(2)
        client.sendall(b"x")
        assert client.recv(1) == b"", "no end of the connection while the copy lives"
        capture.close()


def test_a_signal_to_the_group_is_not_for_the_copy(node):
    with Service(node, IDLE, agent=FAULTS, start_new_session=True) as service:
        capture = service.agent().capture(fault="spin")
        capture.start()
        child = capture.forked()["childPid"]
        until(lambda: capture.said("ready"))
        until(lambda: os.getpgid(child) == child)
        os.killpg(service.pid, signal.SIGTERM)
        service.process.wait(10)
        status = open(f"/proc/{child}/status").read()
        assert "heapsnapd-copy" in status and "State:\tR" in status, status
        assert open(f"/proc/{child}/oom_score_adj").read().strip() == "1000"
        capture.close()  # and its end is the copy's
        until(lambda: not os.path.exists(f"/proc/{child}") or "State:\tZ" in open(f"/proc/{child}/status").read())


def test_an_idle_agent_never_wakes(node):
    with Service(node, "setInterval(() => {}, 1e6)") as service:
        service.agent().close()
        time.sleep(0.3)
        tasks = f"/proc/{service.pid}/task"
        [thread] = [t for t in os.listdir(tasks) if open(f"{tasks}/{t}/comm").read().strip() == "heapsnapd-agent"]

        def switches():
            return [line for line in open(f"{tasks}/{thread}/status") if "ctxt" in line]

        before = switches()
        time.sleep(1)
        assert switches() == before
        blocked = [line for line in open(f"{tasks}/{thread}/status") if line.startswith("SigBlk")][0].split()[1]
        assert int(blocked, 16) & 0x7FFFFFFF == 0x7FFBFEFF, blocked  # all that can be: not KILL, not STOP
