"""Runs pytest and ends with what could not be had on this machine, if anything.

Twice, unless told what to run: first all that needs no browser, then what drives Chromium. FEEL's
V8 does not start in a process where Playwright's loop runs, so the two keep apart.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

HALVES = (("-m", "not browser"), ("-m", "browser"))


def main() -> int:
    given = sys.argv[1:]
    cores = str(min(os.cpu_count() or 1, 4))
    # In the order of tests/conftest.py: what takes longest begins first, none is left for last.
    spread = ["-n", cores, "--dist", "loadfile", "--no-loadscope-reorder", "-q"]
    runs = [given] if given else [[*spread, *half] for half in HALVES]
    codes = [
        subprocess.run([sys.executable, "-m", "pytest", *args], check=False).returncode
        for args in runs
    ]
    note = Path("build/missing.txt")
    if note.exists() and (text := note.read_text("utf-8")):
        print(text, end="")
    return max(codes, key=abs)


if __name__ == "__main__":
    raise SystemExit(main())
