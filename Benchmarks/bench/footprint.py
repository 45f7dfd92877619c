"""What `heapsnapd run` itself takes while its service is at rest."""
import os
import time

from .service import HEAPSNAPD, ROOT, Service, node, wait_for


def status(pid):
    return dict(line.split(":", 1) for line in open(f"/proc/{pid}/status"))


def kilobytes(text):
    return int(text.split()[0])


def switches(pid):
    """Voluntary context switches of all threads: how often something woke up."""
    total = 0
    for thread in os.listdir(f"/proc/{pid}/task"):
        total += int(dict(line.split(":", 1) for line in open(f"/proc/{pid}/task/{thread}/status"))["voluntary_ctxt_switches"])
    return total


def cpu_seconds(pid):
    """Of all threads, from schedstat, which counts nanoseconds: /proc/PID/stat counts by the tick and misses what is shorter."""
    return sum(int(open(f"/proc/{pid}/task/{thread}/schedstat").read().split()[0]) for thread in os.listdir(f"/proc/{pid}/task")) / 1e9


def measure(quick, say):
    seconds = 20 if quick else 60
    work_program = str(ROOT / "Benchmarks/programs/idle.js")
    with Service([HEAPSNAPD, "run", "--snapshot-dir", "store", "--service", "bench", "--", node(24), work_program]) as service:
        if not wait_for(service.healthy, 20, 0.1):
            raise SystemExit(f"bench: the idle service does not answer: {service.text()}")
        time.sleep(6)  # the warm-up of the rules is over
        pid = service.supervisor()
        before = (cpu_seconds(pid), switches(pid), time.monotonic())
        time.sleep(seconds)
        after = (cpu_seconds(pid), switches(pid), time.monotonic())
        elapsed = after[2] - before[2]
        state = status(pid)
        result = {
            "seconds": round(elapsed, 1), "rss_anon_mb": kilobytes(state["RssAnon"]) / 1e3 * 1.024, "rss_mb": kilobytes(state["VmRSS"]) / 1e3 * 1.024,
            "cpu_percent": (after[0] - before[0]) / elapsed * 100, "wake_ups_per_minute": (after[1] - before[1]) / elapsed * 60,
            "threads": int(state["Threads"]), "descriptors": len(os.listdir(f"/proc/{pid}/fd")),
        }
    say(result)
    return result
