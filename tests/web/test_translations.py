"""Every visible sentence goes through the catalogue, and has its English."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from jinja2 import Environment

from services.history_types import all_types
from views.event_names import EVENT_NAMES
from views.record_words import RECORD_SENTENCES
from views.refusals import FIELD_SENTENCES, SENTENCES
from views.sentences import SENTENCES as SENTENCES_OF_CASES

ROOT = Path(__file__).parents[2]
CHINESE = re.compile(r"[\u3400-\u9fff]")
#: The command line speaks both languages at once.
COMMAND_LINE = frozenset({"cli.py", "launch.py", "founding.py"})
PLACE = re.compile(r"%\((\w+)\)s|\{(\w+)\}")


@pytest.fixture(scope="module")
def messages() -> set[str]:
    found = extract_from_dir(
        str(ROOT),
        [("views/**.py", "python"), ("templates/**.html", "jinja2")],
        {"templates/**.html": {"trimmed": "true"}},
        keywords={"_": None, "_l": None, "gettext": None, "lazy_gettext": None},
    )
    return {message if isinstance(message, str) else message[0] for _, _, message, *_ in found}


@pytest.fixture(scope="module")
def english() -> Catalog:
    with (ROOT / "translations/en/LC_MESSAGES/messages.po").open("rb") as file:
        return read_po(file, locale="en")


def test_every_message_has_its_english(messages: set[str], english: Catalog) -> None:
    assert len(messages) > 400
    missing = [m for m in messages if not (english.get(m) and english[m].string)]
    assert not missing


def test_english_has_no_chinese_and_the_same_places(messages: set[str], english: Catalog) -> None:
    for message in messages & {str(one.id) for one in english if one.id}:
        text = str(english[message].string)
        assert not CHINESE.search(text), message
        assert set(PLACE.findall(message)) == set(PLACE.findall(text)), message


def test_no_bare_chinese_in_templates() -> None:
    env = Environment(extensions=["jinja2.ext.i18n"])
    for path in sorted((ROOT / "templates").rglob("*.html")):
        for line, kind, value in env.lex(path.read_text(encoding="utf-8")):
            if kind == "data":
                assert not CHINESE.search(value), f"{path.name}:{line}: {value.strip()}"


def test_no_bare_words_in_templates() -> None:
    """Text between tags is markup's own punctuation or comes from an expression."""
    env = Environment(extensions=["jinja2.ext.i18n"])
    wordy = re.compile(r"[A-Za-z]{3,}")
    for path in sorted((ROOT / "templates").rglob("*.html")):
        data = "".join(
            value if kind == "data" else "\x00" if kind == "variable_begin" else ""
            for _, kind, value in env.lex(path.read_text(encoding="utf-8"))
        )
        data = re.sub(r"<(script|style)\b.*?</\1>", "", data, flags=re.S)
        text = re.sub(r"<[^<>]*>", "", data)
        text = re.sub(r"[\w-]+=\"[^\"]*\"", "", text)  # a macro may give attributes only
        text = text.replace(" required", "")
        assert not wordy.search(text), f"{path.name}: {wordy.search(text)}"


def test_no_bare_chinese_in_views() -> None:
    """A Chinese string in a view is an argument of a translating function."""
    for path in sorted((ROOT / "views").rglob("*.py")):
        if path.name in COMMAND_LINE:
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        translated: set[int] = set()
        for node in ast.walk(tree):
            name = getattr(getattr(node, "func", None), "id", "")
            if isinstance(node, ast.Call) and name in {"_", "_l"}:
                translated.update(id(part) for part in ast.walk(node))
        documented = {
            id(node.body[0].value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef)
            and node.body
            and isinstance(node.body[0], ast.Expr)
        }
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and CHINESE.search(node.value)
                and node.value != "中文"  # a language is named in itself
            ):
                ok = id(node) in translated or id(node) in documented
                assert ok, f"{path.name}:{node.lineno}: {node.value}"


def _refusals() -> dict[str, str]:
    found: dict[str, str] = {}
    for path in sorted((ROOT / "services").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and node.args:
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                first = node.args[0]
                if name in {"Refusal", "KeptRefusal"} and isinstance(first, ast.Constant):
                    found[str(first.value)] = path.name
    return found


def test_every_refusal_has_a_sentence() -> None:
    found = _refusals()
    assert len(found) > 40
    assert not {code: file for code, file in found.items() if code not in SENTENCES}


def test_every_field_error_has_a_sentence() -> None:
    codes: set[str] = set()
    for path in sorted((ROOT / "services").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "id", "")
                if name == "FieldError" and isinstance(node.args[0], ast.Constant):
                    codes.add(str(node.args[0].value))
                for keyword in node.keywords:
                    if keyword.arg == "errors" and isinstance(keyword.value, ast.Dict):
                        given = keyword.value.values
                        codes.update(str(v.value) for v in given if isinstance(v, ast.Constant))
    assert len(codes) > 15
    assert not codes - set(FIELD_SENTENCES)


def test_every_event_type_has_words_in_both_languages(english: Catalog) -> None:
    told = {key: str(text) for key, (_tone, text) in SENTENCES_OF_CASES.items()}
    assert not set(told) & set(RECORD_SENTENCES)
    told |= {key: str(text) for key, text in RECORD_SENTENCES.items()}
    assert {type_.name for type_ in all_types()} == set(told)
    for key, text in told.items():
        message = english.get(text)
        assert message is not None and message.string, key


def test_every_event_type_has_a_name_of_its_own(english: Catalog) -> None:
    assert {type_.name for type_ in all_types()} == set(EVENT_NAMES)
    names = [str(name) for name in EVENT_NAMES.values()]
    told = [str(english[name].string) for name in names]
    assert len(set(names)) == len(names) and len(set(told)) == len(told)
