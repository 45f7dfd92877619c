"""The daemon at rest beside 100 idle services, in the guest of Tests/SystemImage, and the OOM killers of Debian that run there."""
import json
import os
import pathlib
import shutil
import subprocess
import tempfile

from .service import ROOT, node

OTHERS = ("earlyoom", "systemd-oomd")


def measure(quick, say):
    package = subprocess.run([ROOT / "debian/build-package"], check=True, capture_output=True, text=True).stdout.strip()
    with tempfile.TemporaryDirectory() as directory:
        work = pathlib.Path(directory)
        work.chmod(0o755)  # for apt's own user
        shutil.copy(package, work / "first.deb")
        subprocess.run(["strip", "-o", work / "node", node(22)], check=True)
        subprocess.run(["apt-get", "download", *OTHERS], cwd=work, check=True, capture_output=True)
        script = work / "script"
        script.write_text(f"#!/bin/bash\nexec ./resident.sh {20 if quick else 100}\n")
        output = subprocess.run(
            [ROOT / "Tests/SystemImage/guest-run", script, ROOT / "Benchmarks/resident.sh", work / "first.deb", work / "node", *work.glob("*_*.deb")],
            env={**os.environ, "GUEST_MEMORY": "8G", "GUEST_SECONDS": "900"}, check=True, capture_output=True, text=True).stdout
    result = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    say(result)
    return result
