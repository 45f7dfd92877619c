"""Garbage collection statistics, with the arithmetic of node-memwatch."""

import time

from service import *
from test_capture import complete

GROWS = "globalThis.kept = []; setInterval(() => { for (let i = 0; i < 20000; i++) kept.push({i}); gc() }, 20)"
STEADY = "setInterval(() => gc(), 20)"


def events(agent, type, count, timeout=20):
    return [agent.message(lambda m: m["type"] == type, timeout) for _ in range(count)]


def test_a_report_after_each_full_collection(node):
    with Service(node, STEADY, flags=["--expose-gc"]) as service:
        agent = service.agent()
        assert agent.ask("subscribe", events=["gc"])["type"] == "subscribed"
        reports = events(agent, "gc", 25)
        recent = ancient = 0
        for number, report in enumerate(reports, 1):
            stats = report["stats"]
            base = stats["current_base"]
            assert stats["num_full_gc"] == stats["heap_compactions"] == number, report
            assert base == report["usedHeapSize"] > 1 << 20, report
            recent = base if number < 10 else (recent * 9 + base) / 10
            ancient = base if number < 10 else (ancient * (number - 1) + base) / number
            assert abs(stats["estimated_base"] - recent) < 2, (report, recent)
            assert abs(stats["usage_trend"] - (recent - ancient) / ancient * 100) < 0.06, report
            assert 0 < report["duration"] < 5 and abs(report["time"] - time.time()) < 5, report
        last = [report["usedHeapSize"] for report in reports[2:]]
        assert (stats["min"], stats["max"]) == (min(last), max(last)), stats
        assert agent.ask("statistics")["isolates"][0]["stats"]["num_full_gc"] >= 25


def test_a_leak_is_told_after_five_growths(node):
    with Service(node, GROWS, flags=["--expose-gc"]) as service:
        agent = service.agent()
        agent.ask("subscribe", events=["leak"])
        begun = time.time()
        [leak] = events(agent, "leak", 1)
        assert leak["isolate"] == 0 and leak["growth"] > 1 << 20, leak
        assert begun - 1 < leak["start"] < leak["end"] < time.time() + 1, leak
        assert leak["reason"].startswith("heap growth over 5 consecutive GCs ("), leak


def test_no_leak_in_a_steady_heap(node):
    with Service(node, STEADY, flags=["--expose-gc"]) as service:
        agent = service.agent()
        agent.ask("subscribe", events=["gc", "leak"])
        events(agent, "gc", 30)
        assert not [message for message in agent.kept if message["type"] == "leak" and message["growth"] > 1 << 20]


def test_minor_collections_are_counted(node):
    with Service(node, "setInterval(() => { globalThis.x = Array.from({length: 1e5}, (_, i) => ({i})); gc() }, 20)",
                 flags=["--expose-gc", "--max-semi-space-size=1"]) as service:
        agent = service.agent()
        agent.ask("subscribe", events=["gc"])
        until(lambda: events(agent, "gc", 1)[0]["stats"]["num_inc_gc"] > 0, what="a minor collection")


def test_workers_too_and_nothing_after_the_subscription(node):
    script = "new (require('worker_threads').Worker)(`setInterval(() => gc(), 20)`, {eval: true});" + STEADY
    with Service(node, script, flags=["--expose-gc"]) as service:
        agent = service.agent()
        agent.ask("subscribe", events=["gc"])
        until(lambda: {0, 1} <= {message["isolate"] for message in events(agent, "gc", 5)})
        agent.ask("subscribe", events=[])
        time.sleep(0.3)
        agent.kept.clear()
        agent.ask("statistics")
        agent.kept.clear()
        time.sleep(0.3)
        agent.ask("statistics")
        assert agent.kept == [], agent.kept
