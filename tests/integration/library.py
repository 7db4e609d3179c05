"""A small plan library on disk: a school's plan, a utility's with a role of its own, an alias."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.unit.bpmn_builder import Process, document

REAL = Path(__file__).resolve().parents[2] / "bpmn"

_SCHOOL = """
number = 2
key = "s01"
title = "校园预案"
title_en = "School plan"
kinds = ["school"]
process = "s01"
[roles]
watch = { role = "duty", name = "值周教师", name_en = "Teacher on duty" }
head = { role = "leader", name = "校长室", name_en = "Head's office" }
"""
_UTILITY = """
number = 1
key = "u01"
title = "抢修预案"
title_en = "Repair plan"
kinds = ["utility", "company"]
process = "u01"
[roles]
watch = { role = "duty", name = "值班员" }
lab = { role = "lab", name = "水质化验" }
"""
_ALIAS = """
number = 3
key = "s02"
title = "校园预案残本"
alias = "s01"
[origins]
a = "lost"
"""


def small_library(folder: Path) -> Path:
    """The library under ``folder``, with the standard kinds and roles."""
    for name in ("kinds.toml", "roles.toml"):
        shutil.copyfile(REAL / name, folder / name)
    for key, text, group in (("s01", _SCHOOL, "watch"), ("u01", _UTILITY, "lab")):
        plan = Process(key).start("s").user_task("a", group).end("e").chain("s", "a", "e")
        (folder / key).mkdir()
        (folder / key / "plan.bpmn").write_bytes(document(plan))
        (folder / key / "plan.toml").write_text(text, "utf-8")
    (folder / "s02").mkdir()
    (folder / "s02" / "plan.toml").write_text(_ALIAS, "utf-8")
    return folder
