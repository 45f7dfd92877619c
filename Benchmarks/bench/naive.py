"""What the naive ways leave of a leaking service in 512 MB, and what heapsnapd does of the same one.

flag: --heapsnapshot-near-heap-limit=1, nothing else. 90 %: a watcher sends SIGUSR2 at 90 % of the limit, without asking what a snapshot costs."""
import os
import signal
import tempfile
import threading
import time

from .service import HEAPSNAPD, PROGRAMS, Service, node, records, snapshot_files, wait_for

RATE_MB = 25
PATIENCE = 100  # seconds; a service that sits at its limit that long is not going to answer

LEAKS = {
    "buffers": ("leak-buffers.js", []),
    "objects, --max-old-space-size=460": ("leak-objects.js", ["--max-old-space-size=460"]),
    "objects, V8's default limit": ("leak-objects.js", []),
}


def closes(path):
    """Whether the text ends as a snapshot ends."""
    with open(path, "rb") as file:
        file.seek(max(0, os.path.getsize(path) - 16))
        return file.read().rstrip().endswith(b"]}")


def file_left(directory):
    files = snapshot_files(directory)
    if not files:
        return {"file": "none", "bytes": None}
    largest = max(files, key=os.path.getsize)
    size = os.path.getsize(largest)
    return {"file": "complete" if size and closes(largest) else "truncated" if size else "empty", "bytes": size}


def naive(way, major, program, flags):
    options = ["--heapsnapshot-near-heap-limit=1"] if way == "flag" else ["--heapsnapshot-signal=SIGUSR2"]
    work = tempfile.mkdtemp(prefix="heapsnapd-bench-")
    command = [node(major), *flags, *options, f"--diagnostic-dir={work}", str(PROGRAMS / program)]
    with Service(command, hold=[node(major)], environment={"RATE_MB": str(RATE_MB)}, work=work) as service:
        asked = threading.Event()
        if way == "90 %":
            threading.Thread(target=signal_at_90, args=(service, asked), daemon=True).start()
        deadline = time.monotonic() + PATIENCE
        while service.process.poll() is None and time.monotonic() < deadline:
            if asked.is_set() and file_left(work)["file"] == "complete":
                break
            time.sleep(0.2)
        return {"exit": service.process.poll(), "asked": asked.is_set() if way == "90 %" else None, **file_left(work)}


def signal_at_90(service, asked):
    while service.process.poll() is None:
        try:
            if int(open(service.usage_file).read()) >= 0.9 * service.limit:
                pid = service.node_pid()
                if pid:
                    os.kill(pid, signal.SIGUSR2)
                    return asked.set()
        except OSError:
            return
        time.sleep(0.01)


def guarded(way, major, program, flags):
    work = tempfile.mkdtemp(prefix="heapsnapd-bench-")
    store = work + "/store"
    command = [HEAPSNAPD, "run", "--snapshot-dir", store, "--service", "bench", *(["--no-agent"] if way == "signal" else []), "--", node(major), *flags, str(PROGRAMS / program)]
    with Service(command, hold=[node(major)], environment={"RATE_MB": str(RATE_MB)}, work=work) as service:
        whole = lambda: [record for record in records(store) if record["state"] == "complete"]
        wait_for(lambda: service.process.poll() is not None or whole(), PATIENCE, 0.5)
        answers = None
        if service.process.poll() is None and whole():
            time.sleep(5)
            answers = service.healthy()
        status = service.process.poll()
        kept = whole() or [record for record in records(store) if record.get("bytes")]
        others = [record for record in records(store) if record["state"] == "refused"]
        newest = kept[-1] if kept else {}
        return {"exit": status, "file": newest.get("state", "none"), "bytes": newest.get("bytes"), "answers_after_5_s": answers,
                "reason": newest.get("reason"), "engine": newest.get("engine"), "pause_s": newest.get("actual", {}).get("pause"), "refused": [record["refusal"]["code"] for record in others]}


def measure(quick, say):
    results = []
    for major in (24,) if quick else (20, 24):
        for leak, (program, flags) in LEAKS.items():
            if quick and "default" in leak:
                continue
            for way in ("flag", "90 %", "signal", "copy"):
                if way == "90 %" and "default" in leak:
                    continue  # V8 ends it at about 54 %
                outcome = guarded(way, major, program, flags) if way in ("signal", "copy") else naive(way, major, program, flags)
                results.append({"node": major, "leak": leak, "way": way, **outcome})
                say(results[-1])
    return results
