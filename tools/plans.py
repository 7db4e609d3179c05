"""The plan library as a table, and everything wrong with it: `make plans`.

Writes build/plans.json. Give keys (`python -m tools.plans p06`) to see only those plans. Exit
status 1 where there is a fault.
"""

from __future__ import annotations

import json
import sys
import unicodedata
from pathlib import Path
from typing import Final

from services.library import Row, plain, survey

ROOT: Final = Path(__file__).resolve().parent.parent
LIBRARY: Final = ROOT / "bpmn"
WRITTEN: Final = ROOT / "build" / "plans.json"

VERDICTS: Final = {
    "plan": "预案 plan",
    "alias": "副本 alias",
    "fragment": "残篇 fragment",
    "guidance": "指导文章 guidance",
    "other_emergency": "其他应急 other",
    "none": "无预案 none",
}
HEADS: Final = (
    "篇", "标题 Title", "实为 Verdict", "环节 Elements", "时限 Clocks", "审批 Approvals",
    "条款 Clauses", "问题",
)  # fmt: skip


def main(keys: list[str], library: Path = LIBRARY, written: Path = WRITTEN) -> int:
    found = survey(library)
    table = list(found.rows)
    known = {row.text.key for row in table}
    if unknown := [key for key in keys if key not in known]:
        print(f"没有这份预案 no such plan: {' '.join(unknown)}", file=sys.stderr)
        return 2
    shown = [row for row in table if not keys or row.text.key in keys]
    print_table([HEADS, *(cells(row) for row in shown)])
    print(
        "环节:自有+调用的共用流程;时限:全部(其中计时);审批:原文+稿件;"
        "条款:已落实或已说明/全部\n"
        "Elements: own + called. Clocks: all (timed). Approvals: of the text + of statements."
        " Clauses: covered/all."
    )
    if keys:
        wrong = [*dict.fromkeys(one for row in shown for one in row.faults)]
    else:
        wrong = [*found.faults]
        write(table, written)
    for one in wrong:
        print(f"\n{one.where}: {one.words}\n    {one.code}: {one.words_en}")
    if wrong:
        print(f"\n{len(wrong)} 个问题 faults")
    return 1 if wrong else 0


def cells(row: Row) -> tuple[str, ...]:
    text, counted = row.text, row.figures
    verdict = f"{VERDICTS[text.verdict]}{f' ({row.alias})' if row.alias else ''}"
    if counted is None:
        return (str(text.number), text.title, verdict, "-", "-", "-", "-", str(len(row.faults)))
    return (
        str(text.number),
        text.title,
        verdict,
        f"{counted.elements}+{counted.called}",
        f"{counted.clocks} ({counted.timed})",
        f"{counted.approvals}+{counted.statement_approvals}",
        f"{counted.clauses_covered}/{counted.clauses_covered + counted.uncovered}"
        f" {counted.coverage:.0%}",
        str(len(row.faults)),
    )


def print_table(lines: list[tuple[str, ...]]) -> None:
    widths = [max(width(line[n]) for line in lines) for n in range(len(HEADS))]
    lines.insert(1, tuple("-" * size for size in widths))
    for line in lines:
        padded = (
            cell + " " * (size - width(cell)) for cell, size in zip(line, widths, strict=True)
        )
        print("  ".join(padded).rstrip())


def width(text: str) -> int:
    """Columns of a terminal: a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def write(table: list[Row], written: Path) -> None:
    """The rows as JSON, replaced in one move so that nobody reads half of it."""
    written.parent.mkdir(exist_ok=True)
    half = written.with_suffix(".tmp")
    data = {"plans": [plain(row) for row in table]}
    half.write_text(json.dumps(data, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    half.replace(written)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
