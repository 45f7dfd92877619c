"""A 40 MB heap under HTTP load, with old-space churn, two busy workers and thread-pool traffic."""

import http.client, json, os, statistics, threading, time

from service import *


def test_captures_under_load(node):
    captures, attempts = (100 if FULL else 5), 4
    with Service(node, "", file=os.path.join(PROGRAMS, "churn.js")) as service:
        port = int(service.line())
        stopping, answered, failures = threading.Event(), [0], []

        def load():
            client = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            while not stopping.is_set():
                try:
                    client.request("GET", "/")
                    assert client.getresponse().read() == b"ok"
                    answered[0] += 1
                except Exception as error:
                    failures.append(repr(error))
                    client = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

        threads = [threading.Thread(target=load, daemon=True) for _ in range(2)]
        for thread in threads:
            thread.start()
        agent, pauses, ends = service.agent(), [], {}
        for _ in range(captures):
            for attempt in range(attempts):
                capture = agent.capture()
                forked, ended = capture.run()
                end = ended.get("exitCode", f"signal {ended.get('signal')}") if ended else forked["code"]
                if end == 0:
                    break
                ends[end] = ends.get(end, 0) + 1
            assert end == 0, (forked, ended, ends)
            capture.verified()
            pauses.append(forked["pause"] * 1000)
        stopping.set()
        for thread in threads:
            thread.join(30)
        assert not failures and service.lives(), (failures, service.stderr())
        return f"{captures} captures, retries {ends or 'none'}, {answered[0]} requests, pause {statistics.median(pauses):.1f} ms, most {max(pauses):.1f} ms"
