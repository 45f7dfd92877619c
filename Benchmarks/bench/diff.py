"""What came and went: how fast two snapshots are compared, and how many objects of two copies of one process are recognised, against the truth."""
import json
import os
import signal
import statistics
import subprocess
import tempfile
import time

from .analysis import SCRATCH, build, run
from .copy import PROGRAMS
from .service import HEAPSNAPD, Service, node, records, wait_for

# Of two snapshots of about 200 MB each; the targets of the issue: seconds, resident megabytes.
SIZES, TARGET = (200, 210), (1.2, 600)
BETWEEN = 5  # seconds of the service's life between its two snapshots
MAJORS = (18, 20, 22, 24, 26)


def speed(quick, say):
    build()
    with tempfile.TemporaryDirectory(prefix="heapsnapd-bench-") as work:
        files = [f"{work}/{megabytes}.heapsnapshot" for megabytes in SIZES]
        for path, megabytes in zip(files, SIZES):
            with open(path, "wb") as file:
                subprocess.run([str(SCRATCH / "generate-snapshot"), str(megabytes)], stdout=file, check=True)
        ways = {"cat": ["cat", *files]} | {way: [HEAPSNAPD, "diff", *files, "--json", "--identity", way] for way in ("ids", "none", "aligned")}
        rounds = [{name: run(command) for name, command in ways.items()} for _ in range(1 + (1 if quick else 5))][1:]
        result = {"bytes": [os.path.getsize(path) for path in files], "target_s": TARGET[0], "target_mb": TARGET[1], "rounds": rounds}
    say({"diff": {way: middle(rounds, way) for way in ("ids", "none", "aligned")}})
    return result


def middle(rounds, way):
    of = lambda key: statistics.median(one[way][key] for one in rounds)
    return {"wall": of("wall"), "cpu": of("cpu"), "peak": of("peak"), "to_cat": statistics.median(one[way]["wall"] / one["cat"]["wall"] for one in rounds)}


def tags(path):
    """-> of each Tagged its object id, by its tag; and all object ids."""
    with open(path) as file:
        snapshot = json.load(file)
    meta, nodes, edges, strings = snapshot["snapshot"]["meta"], snapshot["nodes"], snapshot["edges"], snapshot["strings"]
    fields, links = meta["node_fields"], meta["edge_fields"]
    width, step = len(fields), len(links)
    name, ident, count, to, label = fields.index("name"), fields.index("id"), fields.index("edge_count"), links.index("to_node"), links.index("name_or_index")
    if "Tagged" not in strings or "tag" not in strings:
        raise SystemExit("bench: the snapshot holds no Tagged")
    tagged, tag, own = strings.index("Tagged"), strings.index("tag"), meta["node_types"][0].index("object")
    found, edge = {}, 0
    for at in range(0, len(nodes), width):
        end = edge + nodes[at + count] * step
        if nodes[at + name] == tagged and nodes[at] == own:
            for one in range(edge, end, step):
                text = strings[nodes[edges[one + to] + name]]
                if edges[one + label] == tag and text.startswith("tag-"):
                    found[text] = nodes[at + ident]
        edge = end
    return found, set(nodes[ident::width])


def accuracy(major, say):
    """Two copies of one service; the later one's objects numbered as in the earlier one, as far as they were recognised."""
    work = tempfile.mkdtemp(prefix="heapsnapd-bench-")
    command = [HEAPSNAPD, "run", "--snapshot-dir", work + "/store", "--service", "bench", "--set", "watch.triggers=[]", "--", node(major), str(PROGRAMS / "tagged.js")]
    with Service(command, 1024, work=work) as service:
        if not wait_for(service.healthy, 60, 0.1):
            raise SystemExit(f"bench: the service does not answer: {service.text()}")
        for count in (1, 2):
            time.sleep(BETWEEN)
            os.kill(service.supervisor(), signal.SIGUSR2)
            ended = wait_for(lambda: [record for record in records(work + "/store") if record["state"] == "complete" and record["engine"] == "copyOnWrite"][count - 1:], 60, 0.2)
            if not ended:
                raise SystemExit(f"bench: no copy was taken: {service.text()}")
        store = ["--snapshot-dir", work + "/store"]
        subprocess.run([HEAPSNAPD, "export", "latest~1", "-o", work + "/a.heapsnapshot", *store], check=True, stdout=subprocess.DEVNULL)
        subprocess.run([HEAPSNAPD, "export", "latest", "--devtools-compare", "latest~1", "-o", work + "/b.heapsnapshot", *store], check=True, stdout=subprocess.DEVNULL)
        difference = json.loads(subprocess.run([HEAPSNAPD, "diff", "latest~1", "latest", "--json", "--limit", "0", *store], check=True, capture_output=True).stdout)
        (before, ids), (after, _) = tags(work + "/a.heapsnapshot"), tags(work + "/b.heapsnapshot")
    row = next(row for row in difference["classes"] if row["name"] == "Tagged")
    survivors = before.keys() & after.keys()
    right = sum(1 for tag in survivors if before[tag] == after[tag])
    wrong = sum(1 for tag, number in after.items() if number in ids and before.get(tag) != number)
    result = {"node": major, "identity": difference["identity"], "confidence": difference.get("confidence"), "survivors": len(survivors), "recognised": right, "wrong": wrong,
              "came": len(after.keys() - before.keys()), "went": len(before.keys() - after.keys()), "added": row.get("addedCount"), "removed": row.get("removedCount")}
    say(result)
    return result


def measure(quick, say):
    return {"speed": speed(quick, say), "accuracy": [accuracy(major, say) for major in ((24,) if quick else MAJORS)]}
