"""Run the benchmarks: ``python -m tests.benchmarks [--only NAME]``.

Prints each figure as it is known and writes them all to ``build/bench.json`` (with ``--only`` to
``build/bench-NAME.json``). Ends with 1 when a benchmark broke or a target was missed.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sqlite3
import sys
import time
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path

from tests.benchmarks import (
    bytes_left,
    compliance,
    durable_step,
    evidence,
    exporting,
    http_steps,
    inbox,
    linting,
    loop,
    replaying,
    searching,
    timers,
    whatif,
)
from tests.benchmarks.figures import Figure, plain

ALL: dict[str, Callable[[], Iterable[Figure]]] = {
    "durable_step": durable_step.measure,
    "loop": loop.measure,
    "bytes_left": bytes_left.measure,
    "http_steps": http_steps.measure,
    "timers": timers.measure,
    "inbox": inbox.measure,
    "linting": linting.measure,
    "compliance": compliance.measure,
    "whatif": whatif.measure,
    "evidence": evidence.measure,
    "exporting": exporting.measure,
    "replaying": replaying.measure,
    "searching": searching.measure,
}
BUILD = Path("build")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks")
    parser.add_argument("--only", choices=sorted(ALL), help="run this one")
    only: str | None = parser.parse_args().only
    print(
        f"{os.cpu_count()} cores, Python {platform.python_version()}, "
        f"SQLite {sqlite3.sqlite_version}"
    )
    figures = [plain("load average when begun", os.getloadavg()[0], "processes")]
    _print(figures[0])
    broken: list[str] = []
    for name in [only] if only else ALL:
        begun = time.monotonic()
        print(f"\n{name}", flush=True)
        try:
            for figure in ALL[name]():
                figures.append(figure)
                _print(figure)
        except Exception:
            traceback.print_exc()
            broken.append(name)
        print(f"  ({time.monotonic() - begun:.0f} s)", flush=True)
    BUILD.mkdir(exist_ok=True)
    file = BUILD / (f"bench-{only}.json" if only else "bench.json")
    text = json.dumps([figure.as_json() for figure in figures], ensure_ascii=False, indent=1)
    file.write_text(text + "\n", encoding="utf-8")
    missed = [figure for figure in figures if figure.holds is False]
    held = sum(figure.holds is True for figure in figures)
    print(f"\n{held} targets hold, {len(missed)} missed; {file}")
    for figure in missed:
        print(f"missed: {figure.name} {figure.figure:g} {figure.unit}, target {figure.target}")
    for name in broken:
        print(f"broken: {name}")
    return 1 if missed or broken else 0


def _print(figure: Figure) -> None:
    words = {True: f"[{figure.target}: holds]", False: f"[{figure.target}: MISSED]", None: ""}
    print(
        f"  {figure.name:<86} {figure.figure:>12,g} {figure.unit:<9} {words[figure.holds]}",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
