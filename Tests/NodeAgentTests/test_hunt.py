"""Exact ids: for a bounded time the service itself numbers its objects, and its copies agree."""

import time

from service import *
from test_capture import complete

# On a line of input: more objects that stay, and how many objects are made in a second of processor time, survivors and all.
SCRIPT = """
  class Kept { constructor(i) { this.i = i } }
  globalThis.kept = Array.from({length: 500}, (_, i) => new Kept(i));
  process.stdin.on('data', () => {
    for (let i = 0; i < 500; i++) kept.push(new Kept(i));
    const window = new Array(100000);
    let made = 0;
    const begun = process.cpuUsage();
    let used;
    do {
      for (let i = 0; i < 10000; i++) window[made++ % window.length] = {i};
      used = process.cpuUsage(begun);
    } while (used.user + used.system < 400000);
    console.log(Math.round(made / (used.user + used.system) * 1e6));
  })"""


def speed(service):
    """Objects a second of processor time; and 500 more are kept."""
    service.process.stdin.write("?\n")
    service.process.stdin.flush()
    return int(service.line())


def ids(capture):
    """Of all that is kept, by its number; a field of it, so that one can be known again."""
    snapshot = capture.verified()
    fields = snapshot["snapshot"]["meta"]["node_fields"]
    name, number = fields.index("name"), fields.index("id")
    nodes, texts = snapshot["nodes"], snapshot["strings"]
    return {nodes[at + number] for at in range(0, len(nodes), len(fields)) if texts[nodes[at + name]] == "Kept"}


def controlling(service):
    agent = service.agent(control=False)
    until(lambda: agent.ask("control")["type"] == "controls", what="control")
    return agent


def hunt(agent):
    return agent.ask("isolates")["isolates"][0].get("exactIds")


def test_ids_are_the_same_in_all_copies_of_a_hunt(node):
    with Service(node, SCRIPT) as service:
        agent = service.agent()
        forked, capture = complete(agent, exactIds=600)
        first = ids(capture)
        assert 0 < forked["numbering"] < forked["pause"], forked
        assert abs(forked["exactIds"]["until"] - time.time() - 600) < 5, forked
        speed(service)
        second = ids(complete(agent, exactIds=600)[1])
        assert len(first & second) == len(first) >= 500, (len(first & second), len(first))
        agent.close()  # whoever asks for the next
        agent = controlling(service)
        speed(service)
        forked2, capture = complete(agent, exactIds=600)
        third = ids(capture)
        assert forked2["exactIds"]["since"] == forked["exactIds"]["since"], (forked, forked2)
        assert len(second & third) == len(second) >= 1000, "what was born within the hunt keeps its number, too"
        assert hunt(agent)["since"] == forked["exactIds"]["since"]
        plain, capture = complete(agent)
        assert "exactIds" not in plain, plain
        assert agent.ask("forgetIds")["type"] == "forgotten"
        until(lambda: hunt(agent) is None)
        later, _ = complete(agent, exactIds=7200)
        assert later["exactIds"]["since"] > forked["exactIds"]["since"], "another hunt"
        assert later["exactIds"]["until"] - later["exactIds"]["since"] < 3602, "an hour at most"


def test_a_hunt_ends_by_itself(node):
    with Service(node, SCRIPT) as service:
        agent = service.agent()
        forked, _ = complete(agent, exactIds=1)
        agent.close()
        watcher = service.agent(control=False)
        until(lambda: hunt(watcher) is None, what="its end")
        assert -0.1 < time.time() - forked["exactIds"]["until"] < 5, forked


def test_after_a_hunt_the_service_is_as_fast_as_before(node):
    with Service(node, SCRIPT) as service:
        speed(service)
        before = max(speed(service) for _ in range(3))
        agent = service.agent()
        forked, _ = complete(agent, exactIds=600)
        during = max(speed(service) for _ in range(3))
        assert hunt(agent), "it has ended"
        agent.ask("forgetIds")
        until(lambda: hunt(agent) is None, what="its end")
        after = max(speed(service) for _ in range(3))
        for _ in range(20):  # until nobody else is in the way
            if after > 0.7 * before:
                break
            after = max(after, speed(service))
        figures = (f"objects a second: {before / 1e6:.1f} M before, {during / 1e6:.1f} M within, {after / 1e6:.1f} M after; "
                   f"numbering {forked['numbering'] * 1000:.0f} ms of a pause of {forked['pause'] * 1000:.0f} ms")
        assert after > 0.7 * before and during < 0.9 * before, figures
        return figures
