"""What is left of a leaking service in 512 MiB, by the ways that people use and by heapsnapd's two.

untouched: no snapshot at all, to know when the leak itself ends it. flag: --heapsnapshot-near-heap-limit=1, nothing else. 90 %: a watcher sends
SIGUSR2 at 90 % of the limit, without asking what a snapshot costs. signal: heapsnapd run --no-agent. copy: heapsnapd run.
Complete: opened and counted here, whoever wrote it. Survived: 5 s after its snapshot was complete it answers, within 10 s, since near its limit V8's
own collections take seconds; where the leak leaves it unable to, it is still there. No leak stops, so its own end can come before that: `lived_s`,
from listening to the end, says whether it came sooner than untouched."""
import os
import signal
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass, field

from . import snapshot
from .service import HEAPSNAPD, PROGRAMS, ROOT, Service, node, records, snapshot_files, wait_for

PATIENCE = 100  # seconds; a service that sits at its limit that long is not going to answer
RUNS, COPY_RUNS = 3, 10
WAYS = ("untouched", "flag", "90 %", "signal", "copy")


@dataclass
class Leak:
    name: str
    program: str
    flags: list = field(default_factory=list)
    environment: dict = field(default_factory=lambda: {"RATE_MB": "25"})
    answers: bool = True


LEAKS = [
    Leak("JavaScript, `--max-old-space-size=460`", str(PROGRAMS / "leak-objects.js"), ["--max-old-space-size=460"]),
    Leak("JavaScript, V8's default limit", str(PROGRAMS / "leak-objects.js")),
    Leak("Buffers", str(PROGRAMS / "leak-buffers.js")),
    Leak("JavaScript, event loop blocked", str(ROOT / "Benchmarks/programs/leak-blocked.js"), ["--max-old-space-size=460"], answers=False),
    Leak("burst of 500 MB/s (Buffers)", str(PROGRAMS / "leak-buffers.js"), environment={"RATE_MB": "500", "REST_S": "8"}),
]


class Ticks:
    """`with Ticks(service) as ticks`: asks for /health every 20 ms; `gap(until)` is the longest time between two answers."""

    def __init__(self, service):
        self.service, self.answers, self.is_over = service, [], threading.Event()
        self.thread = threading.Thread(target=self.ask, daemon=True)

    def ask(self):
        while not self.is_over.wait(0.02):
            if self.service.healthy(timeout=PATIENCE):
                self.answers.append(time.monotonic())

    def gap(self, until):
        answers = [moment for moment in self.answers if moment <= until]
        return max((later - earlier for earlier, later in zip(answers, answers[1:])), default=None)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.is_over.set()


def by_node(way, leak):
    """The service alone, as its operator would have it; what it leaves is a file."""
    options = {"untouched": [], "flag": ["--heapsnapshot-near-heap-limit=1"], "90 %": ["--heapsnapshot-signal=SIGUSR2"]}[way]
    work = tempfile.mkdtemp(prefix="heapsnapd-bench-")
    command = [node(24), *leak.flags, *options, f"--diagnostic-dir={work}", leak.program]
    with Service(command, hold=[node(24)], environment=leak.environment, work=work) as service, Ticks(service) as ticks:
        if way == "90 %":
            threading.Thread(target=signal_at_90, args=(service,), daemon=True).start()
        whole = lambda: next((path for path in snapshot_files(work) if snapshot.is_closed(path)), None)
        wait_for(lambda: service.process.poll() is not None or whole(), PATIENCE, 0.1)
        outcome = survival(service, leak, whole())
        path = whole()
        gap = ticks.gap(outcome["moment"]) if leak.answers else None
        sizes = [os.path.getsize(file) for file in snapshot_files(work)]
        return {**outcome, "complete": bool(path) and snapshot.is_complete(path), "bytes": max(sizes, default=None),
                "pause_s": gap if path else None, "gap_s": gap}


def signal_at_90(service):
    while service.process.poll() is None:
        try:
            if int(open(service.usage_file).read()) >= 0.9 * service.limit:
                pid = service.node_pid()
                if pid:
                    return os.kill(pid, signal.SIGUSR2)
        except OSError:
            return
        time.sleep(0.01)


def by_heapsnapd(way, leak):
    work = tempfile.mkdtemp(prefix="heapsnapd-bench-")
    store = work + "/store"
    command = [HEAPSNAPD, "run", "--snapshot-dir", store, "--service", "bench", *(["--no-agent"] if way == "signal" else []), "--",
               node(24), *leak.flags, leak.program]
    with Service(command, hold=[node(24)], environment=leak.environment, work=work) as service, Ticks(service) as ticks:
        whole = lambda: next((record for record in records(store) if record["state"] == "complete"), None)
        wait_for(lambda: service.process.poll() is not None or whole(), PATIENCE, 0.2)
        record = whole()
        outcome = survival(service, leak, record)
        listed = records(store)
        record = record or whole() or {}
        return {**outcome, "complete": bool(record) and is_exported_whole(record["id"], store, work), "bytes": record.get("bytes"),
                "pause_s": record.get("actual", {}).get("pause"), "gap_s": ticks.gap(outcome["moment"]) if leak.answers else None,
                "engine": record.get("engine"), "reason": record.get("reason"), "attempts": record.get("actual", {}).get("attempts"),
                "others": [describe(other) for other in listed if other["id"] != record.get("id")],
                "output": None if record else service.text()}


def describe(record):
    return {"state": record["state"], "reason": record.get("reason"), "engine": record.get("engine"), "refusal": record.get("refusal"), "exit": record.get("exit", {}).get("cause"),
            "rungs": [(rung["rung"], rung["skipped"]) for rung in record.get("rungs", []) if "skipped" in rung]}


def is_exported_whole(identifier, store, work):
    path = work + "/exported.heapsnapshot"
    exported = subprocess.run([HEAPSNAPD, "export", identifier, "--snapshot-dir", store, "-o", path], capture_output=True, timeout=60)
    return exported.returncode == 0 and snapshot.is_complete(path)


def survival(service, leak, has_snapshot):
    """To be asked when the snapshot is complete, the service has ended, or patience has."""
    moment = time.monotonic()
    if has_snapshot:
        wait_for(lambda: service.process.poll() is not None, 5, 0.1)
    status = service.process.poll()
    lived = time.time() - service.listening_since() if status is not None else None
    return {"moment": moment, "exit": status, "lived_s": lived, "survived": status is None and (not leak.answers or bool(wait_for(service.healthy, 10, 0.1)))}


def cell(leak, way, runs, say):
    take = by_heapsnapd if way in ("signal", "copy") else by_node
    outcomes = []
    for _ in range(runs):
        began = time.monotonic()
        outcomes.append({**take(way, leak), "took_s": round(time.monotonic() - began, 1)})
        outcomes[-1].pop("moment")
        say({"leak": leak.name, "way": way, **outcomes[-1]})
    return {"leak": leak.name, "way": way, "runs": outcomes}


def measure(quick, say):
    return [cell(leak, way, 1 if quick or way == "untouched" else RUNS, say) for leak in LEAKS for way in WAYS]


def measure_copy(quick, say):
    return [cell(leak, "copy", 1 if quick else COPY_RUNS, say) for leak in LEAKS]
