"""One program in a memory cgroup of its own, by way of Tests/Support/bin/in-cgroup, seen from outside."""
import glob
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAMS = ROOT / "Tests/Support/programs"
HEAPSNAPD = os.environ.get("HEAPSNAPD_BINARY", str(ROOT / ".build/release/heapsnapd"))
NODES = pathlib.Path(os.environ.get("HEAPSNAPD_NODES", pathlib.Path.home() / ".cache/heapsnapd/nodes"))
MIB = 2**20


def node(major):
    return str(NODES / str(major) / "bin/node")


def wait_for(condition, seconds, step=0.01):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(step)
    return None


def reclaimable(statistics):
    """Of the text of memory.stat, v1 or v2, as Sources/Linux/Cgroup/MemoryStatistics.swift counts it."""
    values = dict(line.split() for line in statistics.splitlines())
    count = lambda *names: next((int(values[name]) for name in names if name in values), 0)
    cached = count("total_inactive_file", "inactive_file") + count("total_active_file", "active_file")
    dirty = count("total_dirty", "file_dirty") + count("total_writeback", "file_writeback")
    return max(0, cached - dirty) + count("slab_reclaimable")


class Service:
    """`with Service(["node", ...]) as service`: starts it in a cgroup; at the end it is terminated and everything is removed."""

    def __init__(self, command, limit_mib=512, hold=(), environment=(), work=None):
        self.work = work or tempfile.mkdtemp(prefix="heapsnapd-bench-")
        self.limit = limit_mib * MIB
        self._path_file = self.work + "/cgroup"
        self._port_file = self.work + "/port"
        holds = [word for program in hold for word in ("--hold", program)]
        self.output = open(self.work + "/output", "wb")
        self.process = subprocess.Popen(
            [str(ROOT / "Tests/Support/bin/in-cgroup"), *holds, "--path-file", self._path_file, f"{limit_mib}M", "--", *command],
            cwd=self.work, stdin=subprocess.DEVNULL, stdout=self.output, stderr=subprocess.STDOUT,
            env={**os.environ, "PORT_FILE": self._port_file, **dict(environment)})

    def __enter__(self):
        if not wait_for(lambda: os.path.exists(self._path_file) or self.process.poll() is not None, 20, 0.001) or self.process.poll() is not None:
            raise SystemExit(f"bench: cannot start a service: {self.text()}")
        self.cgroup = pathlib.Path(self._path_file).read_text().strip()
        self.is_v1 = os.path.exists(self.cgroup + "/memory.usage_in_bytes")
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                for pid in self.pids():  # in-cgroup removes the cgroup when its command is gone
                    try:
                        os.kill(pid, signal.SIGKILL)
                    except ProcessLookupError:
                        pass
                self.process.wait(30)
        self.output.close()
        shutil.rmtree(self.work, ignore_errors=True)

    @property
    def usage_file(self):
        return self.cgroup + ("/memory.usage_in_bytes" if self.is_v1 else "/memory.current")

    def pids(self):
        try:
            return [int(line) for line in open(self.cgroup + "/cgroup.procs")]
        except OSError:
            return []

    def node_pid(self):
        """The one whose command line begins with node, not heapsnapd."""
        for pid in self.pids():
            try:
                words = open(f"/proc/{pid}/cmdline", "rb").read().split(b"\0")
            except OSError:
                continue
            if words[0].endswith(b"/node"):
                return pid
        return None

    def supervisor(self):
        """`heapsnapd run`."""
        return next(pid for pid in self.pids() if os.path.samefile(f"/proc/{pid}/exe", HEAPSNAPD))

    def use(self):
        """Bytes charged to the cgroup, less what the kernel can take back."""
        return int(pathlib.Path(self.usage_file).read_text()) - reclaimable(pathlib.Path(self.cgroup + "/memory.stat").read_text())

    def port(self):
        return pathlib.Path(self._port_file).read_text().strip()

    def listening_since(self):
        return os.path.getmtime(self._port_file)

    def healthy(self, timeout=1):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port()}/health", timeout=timeout) as answer:
                return answer.status == 200
        except OSError:
            return False

    def text(self):
        return pathlib.Path(self.work + "/output").read_text(errors="replace")[-2000:]


def records(store):
    listed = subprocess.run([HEAPSNAPD, "list", "--snapshot-dir", store, "--json"], capture_output=True, text=True, timeout=30)
    return json.loads(listed.stdout) if listed.returncode == 0 and listed.stdout.strip() else []


def snapshot_files(directory):
    return glob.glob(directory + "/**/*.heapsnapshot", recursive=True)
