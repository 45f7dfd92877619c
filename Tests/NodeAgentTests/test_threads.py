"""Workers: each an isolate of its own, that may end at any moment."""

import threading

from service import *
from test_capture import complete

TWO = """
  const {Worker} = require('worker_threads');
  for (const name of ['one', 'two'])
    new Worker(`globalThis.kept = 'kept-by-' + process.argv[2]; setInterval(() => {}, 1e6);
      require('worker_threads').parentPort.postMessage('runs')`, {eval: true, argv: [name]}).on('message', console.log);
  setInterval(() => {}, 1e6)"""


def test_each_worker_can_be_chosen(node):
    with Service(node, TWO) as service:
        assert [service.line(), service.line()] == ["runs", "runs"]
        agent = service.agent()
        listed = agent.ask("isolates")["isolates"]
        assert [isolate["main"] for isolate in listed] == [True, False, False], listed
        assert all(isolate["heap"]["usedHeapSize"] > 1 << 20 for isolate in listed), listed
        only = agent.ask("isolates", isolate=listed[1]["id"])["isolates"]
        assert [isolate["id"] for isolate in only] == [listed[1]["id"]] and only[0]["heap"], only
        assert agent.ask("isolates", isolate=77)["isolates"] == []
        found = []
        for isolate in listed[1:]:
            _, capture = complete(agent, isolate=isolate["id"])
            found += [text for text in strings(capture.verified()) if text in ("kept-by-one", "kept-by-two")]
        assert sorted(found) == ["kept-by-one", "kept-by-two"], found


def test_an_isolate_that_is_not_there(node):
    with Service(node, "setInterval(() => {}, 1e6)") as service:
        forked, _ = service.agent().capture(isolate=7).run()
        assert forked["code"] == "noSuchIsolate", forked


def test_loaded_only_in_a_worker_that_ends(node):
    script = """
      const {Worker} = require('worker_threads');
      const worker = new Worker(`require(${JSON.stringify(process.argv[1])})`, {eval: true});
      worker.on('exit', () => console.log('ended'));
      setInterval(() => {}, 1e6)"""
    with Service(node, script, agent=None, arguments=["--", AGENT]) as service:
        assert service.line() == "ended"
        agent = service.agent()
        assert agent.hello["isolates"] == [], agent.hello
        assert agent.capture().run()[0]["code"] == "noSuchIsolate"
        assert service.lives()


def test_a_thousand_workers_while_captures_run(node):
    count = 1000 if FULL else 120
    script = f"""
      const {{Worker}} = require('worker_threads');
      let left = {count}, running = 0;
      function more() {{
        while (left > 0 && running < 4) {{
          left--; running++;
          const worker = new Worker('let x = 0; const end = Date.now() + Math.random() * 30; while (Date.now() < end) x++', {{eval: true}});
          worker.on('error', error => {{ console.log('error ' + error); process.exit(3) }});
          if (left % 3 === 0) setTimeout(() => worker.terminate(), Math.random() * 40);
          worker.on('exit', () => {{ running--; more(); if (!left && !running) console.log('all ended') }});
        }}
      }}
      more(); setInterval(() => {{}}, 1e6)"""
    with Service(node, script) as service:
        agent = service.agent()
        ended = threading.Event()
        threading.Thread(target=lambda: (service.line() == "all ended") and ended.set(), daemon=True).start()
        outcomes = {}
        while not ended.is_set():
            assert service.lives(), service.stderr()
            isolates = agent.ask("isolates")["isolates"]
            # the youngest: the one that most probably ends now
            capture = agent.capture(isolate=isolates[-1]["id"], timeout=0.5)
            forked, ended_ = capture.run()
            key = forked.get("code", "forked")
            if ended_ is not None and ended_.get("exitCode") != 0:
                key = f"exit {ended_.get('exitCode', ended_.get('signal'))}"
            outcomes[key] = outcomes.get(key, 0) + 1
        until(lambda: len(agent.ask("isolates")["isolates"]) == 1)
        _, capture = complete(agent)
        capture.verified()
        assert service.lives(), service.stderr()
        return str(outcomes)
