"""A real node with the agent in it, and what the tests need to start one."""

import glob, os, shutil, subprocess, tempfile, time

from agent import Agent

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
BUILT = os.path.join(ROOT, ".build/agent")
AGENT = os.environ.get("HEAPSNAPD_AGENT", os.path.join(BUILT, "heapsnapd-agent.node"))
FAULTS = os.environ.get("HEAPSNAPD_AGENT", os.path.join(BUILT, "heapsnapd-agent-faults.node"))
FULL = bool(os.environ.get("HEAPSNAPD_TEST_FULL"))
PROGRAMS = os.path.join(os.path.dirname(__file__), "programs")


def nodes():
    """The programs to test, by version: HEAPSNAPD_NODES, or what fetch-node has fetched."""
    if os.environ.get("HEAPSNAPD_NODES"):
        paths = os.environ["HEAPSNAPD_NODES"].split(":")
    else:
        cache = os.path.join(os.environ.get("XDG_CACHE_HOME", os.path.expanduser("~/.cache")), "heapsnapd/nodes")
        paths = sorted(glob.glob(os.path.join(cache, "*/*/bin/node")) + glob.glob(os.path.join(cache, "*/bin/node")))
    found = {}
    for path in paths:
        version = subprocess.run([path, "--version"], capture_output=True, text=True).stdout.strip()
        if version:
            found.setdefault(version, path)
    return dict(sorted(found.items(), key=lambda item: [int(part) for part in item[0][1:].split("-")[0].split(".")]))


class Service:
    """`with Service(node, "setInterval(() => {}, 1e6)") as service: service.agent()`"""

    def __init__(self, node, script, agent=AGENT, flags=(), environment=None, file=None, arguments=(), ready=True, **options):
        self.directory = tempfile.mkdtemp(prefix="heapsnapd-agent-")
        require = ["--require", agent] if agent else []
        # A script that never comes back says `// blocks` and is ready before it begins.
        say = ";console.log('ready');" if ready else ""
        program = [file] if file else ["-e", say + script if "// blocks" in script else script + say]
        variables = dict(os.environ, **(environment or {}))
        sanitizer = os.environ.get("HEAPSNAPD_AGENT_PRELOAD")
        if sanitizer:
            variables["LD_PRELOAD"] = sanitizer
        self.process = subprocess.Popen(
            [node, *flags, *require, *program, *arguments], cwd=self.directory, env=variables, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=open(os.path.join(self.directory, "stderr"), "w"), **options)
        self.pid = self.process.pid
        if ready:
            assert self.line() == "ready", self.stderr()

    def line(self):
        return self.process.stdout.readline().strip()

    def agent(self, **options):
        return Agent(self.pid, **options)

    def stderr(self):
        with open(os.path.join(self.directory, "stderr")) as file:
            return file.read()

    def lives(self):
        return self.process.poll() is None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
        shutil.rmtree(self.directory, ignore_errors=True)


def until(test, timeout=10, what="it"):
    deadline = time.monotonic() + timeout
    while not test():
        assert time.monotonic() < deadline, f"{what} did not happen within {timeout} s"
        time.sleep(0.01)


def strings(snapshot):
    return set(snapshot["strings"])
