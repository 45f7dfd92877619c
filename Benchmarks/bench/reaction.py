"""From the crossing of a threshold to the signal.

Crossing: the first sample (one a millisecond) in which the cgroup's use less what the kernel can take back is at the level; that is what the rule is
about. Notice: the moment when the kernel tells this harness through an eventfd of its own, where there are such (cgroup v1). Its page counters are
looked at every 512 KiB only, and know nothing of reclaimable memory, so it may be before or after. Signal: noted inside the target, by signal-clock.
V8's own limit is set out of reach, so that only the cgroup's matters. Node's text is held in memory by in-cgroup, outside the cgroup, so that page cache is a few MiB only."""
import os
import select
import struct
import subprocess
import tempfile
import time

from .service import HEAPSNAPD, MIB, PROGRAMS, ROOT, Service, node, reclaimable, wait_for

LEVEL = 0.70
LIMIT_MIB = 512


def build_clock(directory):
    library = directory + "/signal-clock.so"
    subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", library, str(ROOT / "Benchmarks/programs/signal-clock.c"), "-ldl"], check=True)
    return library


def one_run(rate_mb, kernel_events, clock):
    """-> dict of milliseconds, or the reason why there are none."""
    work = tempfile.mkdtemp(prefix="heapsnapd-bench-")
    clock_file = work + "/signal"
    # The slow leak starts 45 MB below the level: waiting 20 s for it says nothing more.
    burst = 270 if rate_mb < 100 else 0
    command = [HEAPSNAPD, "run", "--no-agent", "--snapshot-dir", work + "/store", "--service", "bench", "--trigger", f"use={LEVEL:.0%}", "--set",
               f"watch.kernelEvents={'true' if kernel_events else 'false'}", "--", node(24), "--max-old-space-size=4096", str(PROGRAMS / "leak-buffers.js")]
    environment = {"RATE_MB": str(rate_mb), "BURST": str(burst), "LD_PRELOAD": clock, "SIGNAL_CLOCK": clock_file}
    with Service(command, LIMIT_MIB, hold=[node(24), HEAPSNAPD], environment=environment, work=work) as service:
        crossed, noticed, growth = watch_for_crossing(service, LEVEL * service.limit)
        if crossed is None:
            return {"failure": f"no crossing: {service.text()[-300:]}"}
        if not wait_for(lambda: os.path.exists(clock_file) and os.path.getsize(clock_file) == 8 or service.process.poll() is not None, 10, 0.002):
            return {"failure": f"no signal within 10 s: {service.text()[-300:]}"}
        if service.process.poll() is not None:
            return {"failure": f"killed before the signal: {service.text()[-300:]}"}
        signalled = struct.unpack("q", open(clock_file, "rb").read())[0] / 1e9
        return {"crossing_ms": (signalled - crossed) * 1e3, "notice_ms": (signalled - noticed) * 1e3 if noticed else None, "growth_mb_s": growth}


def watch_for_crossing(service, level):
    """-> moment of crossing, moment of the kernel's notice or None, MB/s over the last second before."""
    usage = os.open(service.usage_file, os.O_RDONLY)
    statistics = os.open(service.cgroup + "/memory.stat", os.O_RDONLY)
    event = arm(service.cgroup, usage, int(level)) if service.is_v1 else None
    samples, noticed, deadline = [], None, time.monotonic() + 60
    try:
        while time.monotonic() < deadline and service.process.poll() is None:
            use = int(os.pread(usage, 32, 0))
            now = time.monotonic()
            if event is not None and noticed is None and select.select([event], [], [], 0)[0]:
                os.eventfd_read(event)
                noticed = now if use >= level else None  # the kernel fires for crossings downwards as well
            # memory.stat costs more than the rest of a sample: only near the level.
            known = use - (reclaimable(os.pread(statistics, 8192, 0).decode()) if use > level - 8 * MIB else 0)
            samples.append((now, use))
            if known >= level:
                past = next(sample for sample in samples if sample[0] >= now - 1)
                growth = (use - past[1]) / 1e6 / max(1e-3, now - past[0])
                return now, noticed, growth
            # Waits for the event and the next millisecond together.
            select.select([event] if event is not None and noticed is None else [], [], [], 0.001)
        return None, None, None
    finally:
        for descriptor in (usage, statistics, event):
            if descriptor is not None:
                os.close(descriptor)


def arm(cgroup, usage, level):
    event = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
    with open(cgroup + "/cgroup.event_control", "w") as control:
        control.write(f"{event} {usage} {level}")
    return event


def measure(quick, say):
    runs = 5 if quick else 20
    results = []
    with tempfile.TemporaryDirectory() as directory:
        clock = build_clock(directory)
        for rate_mb in (15, 500):
            for kernel_events in (True, False):
                outcomes = [one_run(rate_mb, kernel_events, clock) for _ in range(runs)]
                results.append({"rate_mb_s": rate_mb, "kernel_events": kernel_events, "runs": outcomes})
                say(results[-1])
    return results
