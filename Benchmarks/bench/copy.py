"""One capture of a service at work, in place (by signal) and by copy: what its clients notice, what it takes, and what it leaves behind."""
import json
import os
import signal
import statistics
import subprocess
import tempfile
import threading
import time
import urllib.request

from .service import HEAPSNAPD, ROOT, Service, node, records, wait_for

RATE = 100  # requests a second: far from what the service can answer, so that latency is not a queue of the harness's making
BASELINE = 10  # seconds of load before the capture
WAYS = {"in place": ["--no-agent"], "copy": []}
PROGRAMS = ROOT / "Benchmarks/programs"


class Load:
    """`with Load(port) as load`: requests at a fixed rate; afterwards `answered` and `failed`."""

    def __init__(self, port):
        self.process = subprocess.Popen([node(24), str(PROGRAMS / "requests.js"), port, str(RATE)], stdout=subprocess.PIPE)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGINT)
        self.outcomes = [(due / 1e3, latency) for due, latency in json.loads(self.process.communicate(timeout=60)[0])]

    def between(self, begin, end):
        """Of the requests that were due then. The gap is between two answers one after the other, of which the later came after `begin`."""
        latencies = sorted(latency for due, latency in self.outcomes if begin <= due < end and latency is not None)
        answers = sorted(due + latency / 1e3 for due, latency in self.outcomes if latency is not None)
        gaps = [later - earlier for earlier, later in zip(answers, answers[1:]) if later > begin and earlier < end]
        at = lambda share: latencies[min(len(latencies) - 1, int(len(latencies) * share))] if latencies else None
        failed = sum(1 for due, latency in self.outcomes if begin <= due < end and latency is None)
        return {"requests": len(latencies) + failed, "failed": failed, "p50_ms": at(0.5), "p99_ms": at(0.99), "max_ms": at(1), "gap_s": max(gaps, default=None)}


class PeakUse:
    """`with PeakUse(service) as peak`: the highest use in samples 20 ms apart."""

    def __init__(self, service):
        self.service, self.before, self.highest, self.is_over = service, service.use(), 0, threading.Event()
        self.thread = threading.Thread(target=self.watch)

    def watch(self):
        while not self.is_over.wait(0.02):
            self.highest = max(self.highest, self.service.use())

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.is_over.set()
        self.thread.join()


def throughput(port):
    """Entries per second, the median of three loops after one that warms up."""
    ask = lambda: json.load(urllib.request.urlopen(f"http://127.0.0.1:{port}/throughput", timeout=120))
    return statistics.median([ask() for _ in range(4)][1:])


def one_run(heap_mb, flags):
    work = tempfile.mkdtemp(prefix="heapsnapd-bench-")
    store = work + "/store"
    command = [HEAPSNAPD, "run", *flags, "--snapshot-dir", store, "--service", "bench", "--set", "watch.triggers=[]", "--max-pause", "10m", "--",
               node(24), f"--max-old-space-size={2 * heap_mb + 200}", str(PROGRAMS / "working.js")]
    # Room for both ways: ten times the heap is what admission counts for a snapshot in place.
    limit_mib = 15 * heap_mb + 512
    with Service(command, limit_mib, environment={"HEAP_MB": str(heap_mb)}, work=work) as service:
        if not wait_for(service.healthy, 180, 0.1):
            raise SystemExit(f"bench: the service does not answer: {service.text()}")
        port = service.port()
        before = throughput(port)
        with Load(port) as load, PeakUse(service) as peak:
            began = time.monotonic()
            time.sleep(BASELINE)
            asked = time.monotonic()
            peak.before = service.use()
            os.kill(service.supervisor(), signal.SIGUSR2)
            ended = wait_for(lambda: [record for record in records(store) if record["state"] not in ("requested", "generating", "writing")], 590, 0.5)
            if not ended or ended[0]["state"] != "complete":
                raise SystemExit(f"bench: no complete snapshot: {ended} {service.text()}")
            record = ended[0]
            time.sleep(2)  # what had to wait is answered
        actual = record["actual"]
        return {
            "engine": record["engine"], "pause_s": actual["pause"], "duration_s": actual["duration"], "bytes": record["bytes"], "stored_bytes": record["storedBytes"],
            "attempts": actual.get("attempts"), "rewritten": actual.get("rewritten"), "use_before": peak.before, "charged": peak.highest - peak.before,
            "copy_peak": actual.get("copyPeak"), "without": load.between(began + 1, asked), "during": load.between(asked, asked + actual["duration"]),
            "throughput_before": before, "throughput_after": throughput(port),
        }


def measure(quick, say):
    results = []
    for heap_mb, runs in ((100, 1),) if quick else ((100, 3), (500, 3), (1000, 1)):
        for way, flags in WAYS.items():
            outcomes = [one_run(heap_mb, flags) for _ in range(runs)]
            results.append({"heap_mb": heap_mb, "way": way, "runs": outcomes})
            say(results[-1])
    return results
