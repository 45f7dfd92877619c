"""Taking a snapshot into the store against `zstd -T1 -3` alone, on the same file, in turns: A B A B."""
import json
import os
import resource
import subprocess
import tempfile
import time

from .service import ROOT, node

PACKAGE = ROOT / "Benchmarks/Ingest"
SCRATCH = ROOT / ".build/benchmarks"


def build():
    subprocess.run(["swift", "build", "-c", "release", "--static-swift-stdlib", "--package-path", str(PACKAGE), "--scratch-path", str(SCRATCH)],
                   check=True, stdout=subprocess.DEVNULL)
    return str(SCRATCH / "release/ingest")


def warm(path):
    """Both read from memory: the disk is not what is compared, and the store gives the page cache of what it has read back."""
    with open(path, "rb") as file:
        while file.read(1 << 22):
            pass


def zstd(path, target):
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(["zstd", "-q", "-f", "-T1", "-3", path, "-o", target], check=True)
    wall, after = time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    size = os.path.getsize(target)
    os.unlink(target)
    return {"wall": wall, "cpu": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, "storedBytes": size}


def measure(quick, say):
    ingest = build()
    with tempfile.TemporaryDirectory(prefix="heapsnapd-bench-") as work:
        path = work + "/bench.heapsnapshot"
        subprocess.run([node(24), "--max-old-space-size=4000", str(ROOT / "Benchmarks/programs/write-snapshot.js"), path, "105"], check=True, stdout=subprocess.DEVNULL)
        size = os.path.getsize(path)
        pairs = []
        for _ in range(3 if quick else 7):
            warm(path)
            ours = json.loads(subprocess.run([ingest, path, work + "/store"], check=True, capture_output=True, text=True).stdout)
            warm(path)
            pairs.append({"ingest": ours, "zstd": zstd(path, work + "/bench.zst")})
    result = {"bytes": size, "pairs": pairs}
    say(result)
    return result
