"""The measurements as tables for people; ratios are of the same run."""
import platform
import statistics
import subprocess

from .service import HEAPSNAPD, NODES

DASH = "-"


def machine():
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), platform.machine())
    memory = int(open("/proc/meminfo").readline().split()[1]) / 1e6 * 1.024
    count = sum(1 for line in open("/proc/cpuinfo") if line.startswith("processor"))
    return f"{model}, {count} processors, {memory:.0f} GB, Linux {platform.release()}"


def versions():
    found = {"heapsnapd": subprocess.run([HEAPSNAPD, "version"], capture_output=True, text=True).stdout.strip()}
    for path in sorted(NODES.glob("*/bin/node")):
        found[f"node {path.parts[-3]}"] = subprocess.run([str(path), "--version"], capture_output=True, text=True).stdout.strip()
    return found


def table(header, rows):
    cells = [header, *[[str(cell) for cell in row] for row in rows]]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |" for row in cells]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def spread(values, digits=1):
    """median (lowest to highest)"""
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})" if values else DASH


def reaction(results):
    rows = []
    for result in results:
        runs = [run for run in result["runs"] if "failure" not in run]
        rows.append([
            f"{result['rate_mb_s']} MB/s", "v1 thresholds" if result["kernel_events"] else "polled", f"{len(runs)} of {len(result['runs'])}",
            spread([run["crossing_ms"] for run in runs]), spread([run["notice_ms"] for run in runs if run["notice_ms"] is not None]),
            f"{statistics.median([run['growth_mb_s'] for run in runs]):.0f}" if runs else DASH,
            "5 ms" if result["kernel_events"] else "50 ms",
        ])
    return table(["leak", "watch", "runs", "crossing to signal, ms", "kernel's notice to signal, ms", "MB/s seen", "target, median"], rows)


def footprint(result):
    rows = [
        ["anonymous memory", f"{result['rss_anon_mb']:.1f} MB", "8 MB"], ["resident memory", f"{result['rss_mb']:.1f} MB", DASH],
        ["processor", f"{result['cpu_percent']:.2f} % of one", "0.1 %"], ["wake-ups", f"{result['wake_ups_per_minute']:.0f} a minute", DASH],
        ["threads", result["threads"], DASH], ["descriptors", result["descriptors"], DASH],
    ]
    return table([f"`heapsnapd run`, service at rest for {result['seconds']:.0f} s", "measured", "target"], rows)


def ingest(result):
    megabytes = result["bytes"] / 1e6
    ours, theirs = ([megabytes / pair[side]["wall"] for pair in result["pairs"]] for side in ("ingest", "zstd"))
    cpu = [pair["zstd"]["cpu"] / pair["ingest"]["cpu"] for pair in result["pairs"]]
    rows = [
        ["verify + compress + hash + fsync, MB/s", spread(ours, 0), DASH], ["zstd -T1 -3, MB/s", spread(theirs, 0), DASH],
        ["ratio of the pairs", spread([a / b for a, b in zip(ours, theirs)], 2), "0.8"], ["the same in CPU time", spread(cpu, 2), DASH],
    ]
    return table([f"{megabytes:.0f} MB snapshot, {len(ours)} pairs", "measured", "target"], rows)


def naive(results):
    rows = []
    for result in results:
        size = f"{result['bytes'] / 1e6:.0f} MB" if result["bytes"] else "0 bytes" if result["bytes"] == 0 else DASH
        rows.append([
            result["node"], result["leak"], {"flag": "near-heap-limit flag", "90 %": "SIGUSR2 at 90 %", "signal": "heapsnapd, by signal", "copy": "heapsnapd, by copy"}[result["way"]],
            result["file"], size, "runs on" if result["exit"] is None else f"exit {result['exit']}",
            {True: "yes", False: "no", None: DASH}[result.get("answers_after_5_s")],
            f"{result['pause_s']:.2g} s" if result.get("pause_s") is not None else DASH,
        ])
    return table(["node", "leak", "way", "file", "size", "the service", "answers 5 s later", "stop"], rows)


def lines(name, result):
    return {"reaction": reaction, "footprint": footprint, "ingest": ingest, "naive": naive}[name](result)
