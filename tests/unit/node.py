"""Node for the tests that need it: the machine's, else the one `make test` has installed."""

from __future__ import annotations

import shutil
import subprocess

from tools.setup import ROOT, node_environment


def node(*arguments: str, given: str = "") -> str:
    """What node prints, run in the project's root with ``given`` as its input."""
    env = node_environment()
    path = shutil.which("node", path=env["PATH"])
    assert path, "no node on this machine"
    done = subprocess.run(
        [path, *arguments], cwd=ROOT, env=env, input=given, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    return done.stdout
