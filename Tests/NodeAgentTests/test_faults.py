"""What goes wrong in the copy, or with heapsnapd, never touches the service."""

import os, signal, time

from service import *
from test_capture import IDLE, complete


def outcome(node, fault, after_ready=None):
    with Service(node, IDLE, agent=FAULTS) as service:
        agent = service.agent()
        capture = agent.capture(fault=fault)
        capture.start()
        forked = capture.forked()
        assert forked["type"] == "forked", forked
        if after_ready:
            until(lambda: capture.said("ready"))
            after_ready(agent, capture)
        ended = capture.ended()
        capture.close()
        assert service.lives(), service.stderr()
        if agent.sock.fileno() >= 0:
            complete(agent)[1].verified()
        return ended.get("exitCode", -ended.get("signal", 0))


def test_a_crash(node):
    assert outcome(node, "segv") == -signal.SIGSEGV


def test_a_kill_from_outside(node):
    assert outcome(node, "kill") == -signal.SIGKILL


def test_a_held_lock(node):
    assert outcome(node, "lock") == 76


def test_no_space(node):
    assert outcome(node, "enospc") == 71


def test_a_deadlock_ends_when_the_capture_is_cancelled(node):
    def cancel(agent, capture):
        assert agent.ask("cancel", capture=capture.id)["type"] == "cancelled"
    assert outcome(node, "deadlock", cancel) == -signal.SIGKILL


def test_a_deadlock_ends_with_the_control_socket(node):
    assert outcome(node, "deadlock", lambda _, capture: (time.sleep(0.2), capture.close())) == -signal.SIGIO


def test_no_go(node):
    with Service(node, IDLE) as service:
        capture = service.agent().capture(go=False)
        capture.start()
        begun = time.monotonic()
        assert capture.forked()["type"] == "forked"
        assert capture.ended()["exitCode"] == 78
        assert 4.5 < time.monotonic() - begun < 30
        capture.close()


def test_something_other_than_go(node):
    with Service(node, IDLE) as service:
        capture = service.agent().capture(go=False)
        capture.start()
        until(lambda: capture.said("ready"))
        capture.control.send(b"\2\0\0\0{}")
        assert capture.ended()["exitCode"] == 73
        capture.close()


def test_nobody_reads_the_output(node):
    with Service(node, IDLE) as service:
        capture = service.agent().capture(go=False)
        os.close(capture.reader)
        capture.reader, capture.go = None, True
        forked, ended = capture.run()
        assert ended["exitCode"] == 72, ended


def test_heapsnapd_dies_in_the_middle(node):
    with Service(node, IDLE, agent=FAULTS) as service:
        agent = service.agent()
        capture = agent.capture(fault="deadlock")
        capture.start()
        child = capture.forked()["childPid"]
        until(lambda: capture.said("ready"))
        time.sleep(0.1)
        agent.close()
        capture.close()
        until(lambda: not os.path.exists(f"/proc/{child}"), what="the end of the copy")
        complete(service.agent())[1].verified()


def test_heapsnapd_dies_before_the_fork(node):
    with Service(node, "require('child_process').execSync('sleep 1'); setInterval(() => {}, 1e6) // blocks") as service:
        time.sleep(0.2)
        agent = service.agent()
        before = len(os.listdir(f"/proc/{service.pid}/fd"))
        capture = agent.capture()
        until(lambda: len(os.listdir(f"/proc/{service.pid}/fd")) == before + 2)
        agent.close()
        until(lambda: len(os.listdir(f"/proc/{service.pid}/fd")) == before - 1)
        capture.close()
        time.sleep(1)
        assert open(f"/proc/{service.pid}/task/{service.pid}/children").read().split() == []
        complete(service.agent(), timeout=10)[1].verified()


def test_fork_is_forbidden(node):
    group = f"/sys/fs/cgroup/pids/heapsnapd-agent-{os.getpid()}"
    with Service(node, IDLE) as service:
        time.sleep(0.3)
        os.mkdir(group)
        try:
            with open(f"{group}/cgroup.procs", "w") as file:
                file.write(str(service.pid))
            with open(f"{group}/pids.max", "w") as file:
                file.write("1")
            forked, _ = service.agent().capture().run()
            assert forked.get("code") == "forkFailed" and "unavailable" in forked["message"], forked
            assert service.lives()
        finally:
            service.process.kill()
            service.process.wait()
            os.rmdir(group)
