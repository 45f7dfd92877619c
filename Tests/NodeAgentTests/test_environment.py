"""How the agent gets in, and what it leaves for the children of the service."""

import json, os, shutil, subprocess

from service import *
from test_capture import IDLE, complete

PRINT = "console.log(JSON.stringify(require('child_process').execFileSync('/bin/sh', ['-c', 'echo \"${NODE_OPTIONS-undefined}\"']).toString().trim()))"


def seen_by_a_child(node, options, file=None):
    script = PRINT + "; setInterval(() => {}, 1e6)"
    name = None
    with Service(node, "") as holder:
        if file:
            name = os.path.join(holder.directory, file)
            with open(name, "w") as out:
                out.write("console.log('ready');" + script)
        with Service(node, script + "// blocks", agent=None, environment={"NODE_OPTIONS": options}, file=name) as service:
            seen = json.loads(service.line())
            assert service.agent().hello["isolates"], "the agent is not there"
            return seen


def test_the_token_is_not_for_children(node):
    assert seen_by_a_child(node, f"--require {AGENT}") == "undefined"
    assert seen_by_a_child(node, f'--require="{AGENT}" --max-old-space-size=222') == "--max-old-space-size=222"
    assert seen_by_a_child(node, f'--stack-trace-limit=11 -r {AGENT}  --trace-warnings') == "--stack-trace-limit=11 --trace-warnings"


def test_a_path_with_blanks_and_quotes(node):
    with Service(node, "") as holder:
        directory = os.path.join(holder.directory, 'a "b" c')
        os.mkdir(directory)
        path = os.path.join(directory, "agent.node")
        os.symlink(AGENT, path)
        quoted = path.replace("\\", "\\\\").replace('"', '\\"')
        assert seen_by_a_child(node, f'"--require={quoted}" --trace-warnings') == "--trace-warnings"


def test_the_token_of_somebody_else_stays(node):
    with Service(node, "") as holder:
        other = os.path.join(holder.directory, "other.js")
        open(other, "w").close()
        assert seen_by_a_child(node, f"--require {other} --require {AGENT}") == f"--require {other}"


def test_a_package_manager_passes_it_on(node):
    options = f"--require {AGENT}"
    for name in ("npm-cli.js", "npx-cli.js", "yarn.js", "pnpm.cjs", "yarn-4.1.0.cjs"):
        assert seen_by_a_child(node, options, file=name) == options, name
    assert seen_by_a_child(node, options, file="server.js") == "undefined"


def test_loaded_twice(node):
    with Service(node, "") as holder:
        other = os.path.join(holder.directory, "other.node")
        shutil.copy(AGENT, other)
        with Service(node, IDLE, flags=["--require", other], environment={"NODE_OPTIONS": f"--require {AGENT}"}) as service:
            assert len(service.agent().hello["isolates"]) == 1
            names = [open(f"/proc/{service.pid}/task/{t}/comm").read().strip() for t in os.listdir(f"/proc/{service.pid}/task")]
            assert names.count("heapsnapd-agent") == 1, names
            until(lambda: service.agent().hello["type"] == "hello")
        with Service(node, IDLE, agent=AGENT, flags=["--require", AGENT]) as service:
            complete(service.agent())[1].verified()


def test_a_short_program_ends_as_it_would(node):
    for script in ("process.exitCode = 7", "process.exit(7)", "setTimeout(() => process.exit(7), 50)"):
        with Service(node, script, ready=False) as service:
            assert service.process.wait(10) == 7, service.stderr()
    with Service(node, "throw new Error('on purpose')", ready=False) as service:
        assert service.process.wait(10) == 1 and "on purpose" in service.stderr()


def test_it_is_one_file_below_64_kilobytes(node):
    if not os.environ.get("HEAPSNAPD_AGENT"):
        assert os.path.getsize(AGENT) < 65536
