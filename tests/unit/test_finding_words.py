"""Every code a check can give has a sentence in both languages that says what to do."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from flask import Flask
from flask_babel import force_locale

from views import i18n
from views.finding_words import PROBLEMS, SENTENCES, line, sentence
from workflows.contract import Finding

ROOT = Path(__file__).parents[2]
#: Functions a code is given to, and the place it stands in among their arguments.
GIVERS = {
    "Finding": 0, "error": 0, "warning": 0, "_error": 0, "_refuse": 0, "_fault": 0, "_finding": 0,
    "_find": 0, "_Stop": 0, "_expression": 1, "_moment": 1, "_parse": 3,
}  # fmt: skip
#: Not about a plan's text: what evaluating gives, which the engine reports as incidents.
ELSEWHERE = {"decision_hit.py", "feel.py", "timers.py", "step.py", "run.py"}
CODE = re.compile(r"[a-z][a-z0-9_]{4,}")
#: Codes put together from parts: `feel_` + Problem.code, event + `_missing` / `_unknown`.
MADE = {
    *(
        f"feel_{code}"
        for code in (
            "syntax", "too_long", "unknown_name", "type_mismatch", "invalid_literal",
            "moment_without_offset",
        )
    ),
    *(f"{event}_{end}" for event in ("signal", "error", "escalation")
      for end in ("missing", "unknown")),
}  # fmt: skip


def emitted() -> set[str]:
    """The codes the rooms below can put into a finding, read from their source."""
    found = set(MADE)
    files = [*(ROOT / "workflows").rglob("*.py"), *(ROOT / "services").glob("*.py")]
    for path in sorted(files):
        if path.name in ELSEWHERE:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                codes = node.args[GIVERS[name] :][:1] if name in GIVERS else node.args
            elif isinstance(node, ast.Tuple):  # a batch of expressions: (element, code, ...)
                batch = path.name == "check_expressions.py" and len(node.elts) == 4
                codes = node.elts[1:2] if batch else []
            else:
                continue
            given = isinstance(node, ast.Tuple) or name in GIVERS
            for code in codes if given else ():
                if (
                    isinstance(code, ast.Constant)
                    and isinstance(code.value, str)
                    and CODE.fullmatch(code.value)
                ):
                    found.add(code.value)
    return found


@pytest.fixture(scope="module")
def app() -> Flask:
    made = Flask("app", root_path=str(ROOT))
    made.config["BABEL_TRANSLATION_DIRECTORIES"] = str(ROOT / "translations")
    i18n.init_app(made)
    return made


@pytest.fixture(scope="module")
def english() -> Catalog:
    with (ROOT / "translations/en/LC_MESSAGES/messages.po").open("rb") as file:
        return read_po(file, locale="en")


def test_every_code_has_a_sentence_and_no_sentence_is_left_over() -> None:
    found = emitted()
    assert len(found) > 110
    kept = {code.partition(".")[0] for code in SENTENCES}
    assert not found - kept
    assert not kept - found


def test_every_problem_of_an_expression_has_words() -> None:
    text = (ROOT / "workflows/iso8601.py").read_text(encoding="utf-8")
    given = set(re.findall(r'None, "([a-z_0-9]+)"', text))
    given |= set(re.findall(r'problem="([a-z_]+)"', (ROOT / "workflows/check_expressions.py")
                            .read_text(encoding="utf-8")))  # fmt: skip
    kinds = ("date", "duration", "cycle")
    given |= {f"{a}_in_{b}" for a in kinds for b in kinds if a != b}
    assert len(given) > 12
    assert not given - set(PROBLEMS)


def test_each_sentence_says_what_is_wrong_and_what_to_do(english: Catalog, app: Flask) -> None:
    with app.app_context(), force_locale("zh"):
        for code, template in SENTENCES.items():
            chinese = str(template)
            assert chinese.endswith("。"), code
            # One clause that says what is wrong, one that says what to do.
            assert len(re.findall(r"[。;:,]", chinese)) >= 2, code
            message = english.get(chinese)
            assert message is not None and message.string, code
            assert not re.search(r"[\u3400-\u9fff]", str(message.string)), code


def test_a_line_names_file_element_and_what_was_written(app: Flask) -> None:
    finding = Finding(
        "timer_invalid", "error", "plan.bpmn", "hurry",
        {"expression": "1 hour", "problem": "not_iso8601", "name": ""},
    )  # fmt: skip
    with app.app_context():
        with force_locale("zh"):
            chinese = line(finding)
        with force_locale("en"):
            words = line(finding)
    assert chinese.startswith("[错误] plan.bpmn、元素 hurry: ")
    assert "1 hour" in chinese and "不是 ISO 8601" in chinese
    assert words.startswith("[error] plan.bpmn, element hurry: ")
    assert "1 hour" in words and "PT1H" in words


def test_a_percent_sign_or_a_missing_argument_breaks_no_sentence(app: Flask) -> None:
    with app.app_context(), force_locale("en"):
        for code in SENTENCES:
            sentence(Finding(code, "error", args={}))
            hostile = {"name": "%(x)s %d", "expression": "100 %", "message": "%s"}
            sentence(Finding(code, "error", args=hostile))


def test_a_script_task_is_told_apart(app: Flask) -> None:
    with app.app_context(), force_locale("zh"):
        told = sentence(Finding("unsupported_element", "error", args={"kind": "scriptTask"}))
    assert "脚本任务" in told
