"""What leaked, as fast as the file can be looked at: `summary` of generated snapshots against reading them once and against summing all their integers."""
import os
import statistics
import subprocess
import tempfile
import time

from .copy import PROGRAMS
from .ingest import SCRATCH
from .service import HEAPSNAPD

# Megabytes, and the targets of the issue: seconds, resident megabytes.
SIZES = [(20, 0.06, None), (200, 0.45, 300), (1000, 2.6, 1350)]
RUNS = 5


def build():
    """The generator and the yardstick."""
    SCRATCH.mkdir(parents=True, exist_ok=True)
    for name in ("generate-snapshot", "sum-integers"):
        subprocess.run(["cc", "-O2", "-o", str(SCRATCH / name), str(PROGRAMS / f"{name}.c")], check=True)


def run(command):
    """Wall and processor seconds and peak memory of one process and what it starts."""
    start = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"{command[0]}: status {process.returncode}")
    return {"wall": wall, "cpu": usage.ru_utime + usage.ru_stime, "peak": usage.ru_maxrss * 1024}


def measure(quick, say):
    build()
    results = []
    with tempfile.TemporaryDirectory(prefix="heapsnapd-bench-") as work:
        path = work + "/bench.heapsnapshot"
        for megabytes, seconds, peak in SIZES[:2] if quick else SIZES:
            with open(path, "wb") as file:
                subprocess.run([str(SCRATCH / "generate-snapshot"), str(megabytes)], stdout=file, check=True)
            subprocess.run(["zstd", "-q", "-f", "-3", path], check=True)
            summary = [HEAPSNAPD, "summary", path, "--json"]
            ways = {"cat": ["cat", path], "scan": [str(SCRATCH / "sum-integers"), path], "summary": summary, "two": [*summary, "--threads", "2"],
                    "zstd": ["zstd", "-dcq", path + ".zst"], "packed": [HEAPSNAPD, "summary", path + ".zst", "--json"]}
            # In turns, so that what else runs here slows all alike; the first round warms the page cache.
            rounds = [{name: run(command) for name, command in ways.items()} for _ in range(1 + (3 if quick else RUNS))][1:]
            results.append({"megabytes": megabytes, "bytes": os.path.getsize(path), "storedBytes": os.path.getsize(path + ".zst"), "target_s": seconds,
                            "target_mb": peak, "rounds": rounds})
            say({key: value for key, value in results[-1].items() if key != "rounds"} | middle(rounds))
    return results


def middle(rounds):
    """Medians of the rounds; ratios are of one round each."""
    of = lambda name, key: statistics.median(one[name][key] for one in rounds)
    ratio = lambda name: statistics.median(one["summary"]["wall"] / one[name]["wall"] for one in rounds)
    return {"wall": of("summary", "wall"), "cpu": of("summary", "cpu"), "peak": of("summary", "peak"), "cat": of("cat", "wall"), "scan": of("scan", "wall"),
            "to_cat": ratio("cat"), "to_scan": ratio("scan"),
            "cpu_to_scan": statistics.median(one["summary"]["cpu"] / one["scan"]["cpu"] for one in rounds), "zstd": of("zstd", "wall"),
            "packed": of("packed", "wall"), "two": of("two", "wall"),
            "to_packed": statistics.median(one["packed"]["wall"] / (one["summary"]["wall"] + 1.1 * one["zstd"]["wall"]) for one in rounds)}
