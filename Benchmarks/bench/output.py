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


def heading(report):
    """The load is that of others too: times are worth as much as the machine was ours."""
    load = f"load {report['load_before']:.1f} before and {report['load_after']:.1f} after"
    return f"{report['date']}  {report['machine']}, {load}\n{', '.join(report['versions'].values())}"


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


def resident(result):
    watched = next(line["count"] for line in result if line["name"] == "watched")
    rows = [["target of heapsnapd daemon", "60", "0.2 %", "10 MB", DASH, DASH]]
    for line in result:
        if "absent" in line:
            rows.append([f"{line['name']}: does not run there, without PSI"] + [DASH] * 5)
        elif "wakeups" in line:
            rows.append([line["name"], line["wakeups"], f"{line['cpu_percent']:.2f} %", f"{line['anonymous_kib'] * 1.024 / 1e3:.1f} MB", line["threads"],
                         line["descriptors"]])
    return table([f"{watched} idle services, at rest", "wake-ups a minute", "processor", "anonymous memory", "threads", "descriptors"], rows)


def ingest(result):
    megabytes = result["bytes"] / 1e6
    ours, theirs = ([megabytes / pair[side]["wall"] for pair in result["pairs"]] for side in ("ingest", "zstd"))
    cpu = [pair["zstd"]["cpu"] / pair["ingest"]["cpu"] for pair in result["pairs"]]
    rows = [
        ["verify + compress + hash + fsync, MB/s", spread(ours, 0), DASH], ["zstd -T1 -3, MB/s", spread(theirs, 0), DASH],
        ["ratio of the pairs", spread([a / b for a, b in zip(ours, theirs)], 2), "0.8"], ["the same in CPU time", spread(cpu, 2), DASH],
    ]
    return table([f"{megabytes:.0f} MB snapshot, {len(ours)} pairs", "measured", "target"], rows)


def milliseconds(seconds):
    return DASH if seconds is None else f"{seconds * 1e3:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"


def copy(results):
    """Two tables: what the clients notice, and what it takes. Medians of the runs; of failures the sum, of latencies the highest where it says so."""
    middle = lambda runs, *path: median_of([value_at(run, path) for run in runs])
    pauses = {(result["heap_mb"], result["way"]): middle(result["runs"], "pause_s") for result in results}
    noticed, taken = [], []
    for result in results:
        heap, way, runs = result["heap_mb"], result["way"], result["runs"]
        latency = lambda span: " / ".join(milliseconds(middle(runs, span, f"{at}_ms") / 1e3) for at in ("p50", "p99", "max"))
        noticed.append([
            f"{heap} MB", way, len(runs), milliseconds(pauses[heap, way]), "1" if way == "in place" else f"1/{pauses[heap, 'in place'] / pauses[heap, way]:.0f}",
            milliseconds(middle(runs, "during", "gap_s")), milliseconds(middle(runs, "without", "gap_s")), latency("during"), latency("without"),
            f"{sum(run['during']['failed'] for run in runs)} of {sum(run['during']['requests'] for run in runs)}",
        ])
        taken.append([
            f"{heap} MB", way, megabytes(middle(runs, "charged")), megabytes(middle(runs, "copy_peak")), f"{middle(runs, 'duration_s'):.1f} s",
            megabytes(middle(runs, "bytes")), megabytes(middle(runs, "stored_bytes")),
        ])
    return "\n\n".join([
        table(["heap", "way", "runs", "stop", "ratio", "longest gap between answers", "the same without", "latency during: p50 / p99 / max",
               "without: p50 / p99 / max", "failed requests"], noticed),
        table(["heap", "way", "charged to the service", "peak of the copy", "until stored", "snapshot", "on disk"], taken),
    ])


def throughput(results):
    rows = []
    for result in results:
        runs = result["runs"]
        millions = lambda key: f"{median_of([run[key] for run in runs]) / 1e6:.2f} M/s"
        rows.append([result["way"], len(runs), millions("before"), millions("after"), spread([run["after"] / run["before"] for run in runs], 2)])
    return table(["capture", "runs", "entries allocated before", "after", "ratio"], rows)


def value_at(value, path):
    for key in path:
        value = value[key]
    return value


def median_of(values):
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None


def megabytes(count):
    return DASH if count is None else f"{count / 1e6:.0f} MB"


def survival(results):
    """A row per leak, a column per way; medians, of the stop that of the runs that left a complete snapshot, of the life that of those that ended."""
    ways = {"untouched": "untouched", "flag": "near-heap-limit flag alone", "90 %": "SIGUSR2 at 90 %", "signal": "heapsnapd, in place", "copy": "heapsnapd, copy"}
    cells = {}
    for result in results:
        cells.setdefault(result["leak"], {})[result["way"]] = survival_cell(result["way"], result["runs"])
    shown = [way for way in ways if any(way in row for row in cells.values())]
    return table(["leak", *(ways[way] for way in shown)], [[leak, *(row.get(way, DASH) for way in shown)] for leak, row in cells.items()])


def survival_cell(way, runs):
    share = lambda key: f"{sum(run[key] for run in runs)}/{len(runs)}"
    lived = median_of([run["lived_s"] for run in runs])
    ended = [] if lived is None else [f"lived {lived:.0f} s"]
    if way == "untouched":
        return ", ".join(ended) or "runs on"
    pause = median_of([run["pause_s"] for run in runs if run["complete"]])
    return ", ".join([f"{share('complete')} complete", f"{share('survived')} survived", *ended, *([] if pause is None else [f"stop {milliseconds(pause)}"])])


def analysis(results):
    from .analysis import middle
    rows = []
    for result in results:
        found = middle(result["rounds"])
        rows.append([
            megabytes(result["bytes"]), f"{found['wall']:.3f} s", f"{result['target_s']} s", f"{found['cpu']:.3f} s", megabytes(found["peak"]),
            DASH if result["target_mb"] is None else f"{result['target_mb']} MB", f"{found['to_cat']:.0f}", f"{found['to_scan']:.1f}", f"{found['cpu_to_scan']:.1f}",
            f"{found['packed']:.3f} s", f"{found['to_packed']:.2f}", f"{found['two']:.3f} s",
        ])
    return table(["`heapsnapd summary`", "wall", "target", "processor", "peak", "target", "times `cat`", "times a scan of the integers", "in processor time", "from zstd",
                  "to plain + 1.1 x `zstd -d` (target 1)", "two threads"], rows)


def diff(result):
    from .diff import middle
    speed = result["speed"]
    rows = [[way, f"{found['wall']:.2f} s", f"{speed['target_s']} s", f"{found['cpu']:.2f} s", megabytes(found["peak"]), f"{speed['target_mb']} MB", f"{found['to_cat']:.0f}"]
            for way in ("ids", "none", "aligned") for found in [middle(speed["rounds"], way)]]
    share = lambda part, whole: f"{100 * part / max(1, whole):.2f} %"
    truth = [[f"Node {one['node']}", one["identity"], f"{one['survivors']:,}", share(one["recognised"], one["survivors"]), "95 %",
              share(one["wrong"], one["recognised"] + one["wrong"]), "1 %", f"{one['added']:,} ({one['came']:,})", f"{one['removed']:,} ({one['went']:,})",
              DASH if one["confidence"] is None else f"{one['confidence']:.3f}"] for one in result["accuracy"]]
    return "\n\n".join([
        table([f"`heapsnapd diff`, {' and '.join(megabytes(size) for size in speed['bytes'])}, identity", "wall", "target", "processor", "peak", "target", "times `cat`"], rows),
        table(["two copies of one service", "identity", "objects that survived", "recognised", "target", "wrong", "target", "new (truth)", "deleted (truth)", "confidence"], truth)])


def lines(name, result):
    tables = {"reaction": reaction, "footprint": footprint, "resident": resident, "ingest": ingest, "copy": copy, "throughput": throughput, "survival": survival,
              "survival-copy": survival, "analysis": analysis, "diff": diff}
    return tables[name](result)
