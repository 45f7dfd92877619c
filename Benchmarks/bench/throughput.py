"""How fast a service allocates before and after one capture, by processor time: V8 keeps the object ids that a snapshot in place gave out, and looks up
every object that it moves from then on (https://github.com/v8/v8/blob/main/src/profiler/heap-snapshot-generator.cc, HeapObjectsMap::MoveObject)."""
import json
import statistics
import subprocess
import tempfile
import urllib.request

from .copy import WAYS, captured, working
from .service import HEAPSNAPD, wait_for

HEAP_MB = 30
# The young generation starts as large as it becomes (MB): while it is small nearly all survive, and V8 decides once for all to allocate them as old.
YOUNG = ["--min-semi-space-size=16"]


def hunt(service, length="10m"):
    subprocess.run([HEAPSNAPD, "dump", str(service.node_pid()), "--snapshot-dir", service.work + "/store", "--exact-ids", length],
                   check=True, stdout=subprocess.DEVNULL)


def hunt_that_ended(service):
    hunt(service)
    hunt(service, "0")


CAPTURES = {"none": lambda service: None, "in place": captured, "copy": captured, "copy, `--exact-ids`, open": hunt,
            "copy, `--exact-ids`, ended": hunt_that_ended}


def throughput(port):
    """Entries per second, the median of five loops after two that warm up."""
    ask = lambda: json.load(urllib.request.urlopen(f"http://127.0.0.1:{port}/throughput", timeout=120))
    return statistics.median([ask() for _ in range(7)][2:])


def one_run(way, capture):
    with working(HEAP_MB, WAYS.get(way, []), tempfile.mkdtemp(prefix="heapsnapd-bench-"), YOUNG) as service:
        if not wait_for(service.healthy, 60, 0.1):
            raise SystemExit(f"bench: the service does not answer: {service.text()}")
        before = throughput(service.port())
        capture(service)
        return {"before": before, "after": throughput(service.port())}


def measure(quick, say):
    results = []
    for way, capture in CAPTURES.items():
        results.append({"way": way, "runs": [one_run(way, capture) for _ in range(1 if quick else 3)]})
        say(results[-1])
    return results
