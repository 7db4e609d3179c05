"""Folders read into bundles: aliases, and where their elements come from."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.plan_folder import plan_folders, read_folder
from tests.unit.bpmn_builder import Process, document
from workflows import catalogue
from workflows.contract import DeploymentError
from workflows.definition import Definition, compile_bundle
from workflows.feel import default_feel

TOML = """
key = "t01"
title = "甲"
process = "t01"
calls = ["called"]
kinds = ["school", "company"]
[roles]
duty = { role = "duty", name = "值班员" }
office = { role = "office", name = "办公室" }
[[settings]]
key = "grading"
type = "boolean"
default = true
name = "分级"
"""
ALIAS = """
key = "t05"
title = "乙"
alias = "t01"
kinds = ["school"]
[roles]
office = { role = "office", name = "校办" }
[[provisions]]
key = "watch"
section = "duty"
role = "duty"
text = "看"
[origins]
a = "lost"
c = "lost"
"c/said" = "baseline"
"""


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """t01 with a task, a call of two tasks and an event, and t05 as its alias."""
    outer = Process("t01").start("s").user_task("a", "duty", properties={"clause": "T01-D1"})
    outer.call("c", "called")
    outer.user_task("b", "office").end("e").chain("s", "a", "c", "b", "e")
    inner = Process("called").start("s2").user_task("i", "duty")
    inner.user_task("said", "duty").user_task("put", "duty", properties={"origin": "replaced"})
    inner.end("e2").chain("s2", "i", "said", "put", "e2")
    write(tmp_path, "t01/plan.bpmn", document(outer))
    write(tmp_path, "t01/grading.dmn", DMN)
    write(tmp_path, "t01/plan.toml", TOML.encode())
    write(tmp_path, "t01/clauses.toml", b"headings = [1]\n")
    write(tmp_path, "shared/called.bpmn", document(inner))
    write(tmp_path, "t05/plan.toml", ALIAS.encode())
    write(tmp_path, "t05/clauses.toml", b"headings = [2]\n")
    return tmp_path


DMN = b"""<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d"
    namespace="https://example.org/dmn"/>"""


def write(library: Path, name: str, body: bytes) -> None:
    file = library / name
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(body)


def compiled(library: Path, key: str) -> Definition:
    return compile_bundle(read_folder(library / key), default_feel())


def refused(folder: Path) -> str:
    with pytest.raises(DeploymentError) as error:
        read_folder(folder)
    [finding] = error.value.findings
    return finding.code


def test_an_alias_runs_the_other_plans_diagram_under_its_own_words(library: Path) -> None:
    bundle = read_folder(library / "t05")
    assert sorted(bundle.files) == [
        "alias/plan.toml", "clauses.toml", "grading.dmn", "plan.bpmn", "plan.toml",
        "shared/called.bpmn",
    ]  # fmt: skip
    assert bundle.files["clauses.toml"] == b"headings = [2]\n"
    manifest = bundle.manifest
    assert (manifest["key"], manifest["process"], manifest["title"]) == ("t05", "t01", "乙")
    # A list is replaced as a whole, a table key by key, and what it does not say stands.
    assert manifest["kinds"] == ["school"]
    assert {key: role["name"] for key, role in manifest["roles"].items()} == {
        "duty": "值班员",
        "office": "校办",
    }
    assert [row["key"] for row in manifest["settings"]] == ["grading"]
    assert compiled(library, "t05").process_id == "t01"
    assert [folder.name for folder in plan_folders(library)] == ["t01", "t05"]


def test_what_is_lost_there_is_lost_all_the_way_down(library: Path) -> None:
    found = {p: e.origin for p, e in compiled(library, "t05").elements.items()}
    assert (found["a"], found["b"]) == ("lost", "text")
    # Inside a lost call: lost too, but for what is named itself or is our own replacement.
    assert (found["c"], found["c/i"], found["c/said"], found["c/put"]) == (
        "lost",
        "lost",
        "baseline",
        "replaced",
    )
    # The plan it stands for is as it was.
    own = {path: e.origin for path, e in compiled(library, "t01").elements.items()}
    assert {own[p] for p in ("a", "c", "c/i")} == {"text"}


def test_its_steps_cite_its_own_clauses(library: Path) -> None:
    rows = (("T05-D1", '"a", "roles.duty"'), ("T05-L9", '"a#said", "c/i"'), ("T05-G1", '"c"'))
    text = "".join(f'[[clause]]\nid = "{id}"\nby = [{by}]\n' for id, by in rows)
    write(library, "t05/clauses.toml", text.encode())
    found = {p: e.clauses for p, e in compiled(library, "t05").elements.items() if e.clauses}
    assert found == {"a": ("T05-D1", "T05-L9"), "c": ("T05-G1",), "c/i": ("T05-L9",)}
    assert compiled(library, "t01").elements["a"].clauses == ("T01-D1",)


def test_stored_and_loaded_it_says_the_same(library: Path) -> None:
    bundle = read_folder(library / "t05")
    made = compile_bundle(bundle, default_feel())
    assert Definition.load(made.dump()).elements == made.elements
    read = catalogue.read(bundle.files, bundle.manifest)
    assert {p: e.origin for p, e in read.elements.items()} == {
        p: e.origin for p, e in made.elements.items()
    }


def test_the_hash_covers_both_plans(library: Path) -> None:
    first = read_folder(library / "t05").content_hash
    assert first != read_folder(library / "t01").content_hash
    changes = {
        "t01/plan.toml": TOML.replace('"甲"', '"丙"').encode(),
        "t05/plan.toml": ALIAS.replace("lost", "baseline").encode(),
        "t05/clauses.toml": b"headings = [3]\n",
        "t01/grading.dmn": DMN + b"\n",
    }
    seen = {first}
    for name, body in changes.items():
        write(library, name, body)
        seen.add(read_folder(library / "t05").content_hash)
    assert len(seen) == 5
    # The other plan's clauses are not this one's.
    write(library, "t01/clauses.toml", b"headings = [9]\n")
    assert read_folder(library / "t05").content_hash in seen


def test_an_alias_that_stands_for_nothing_is_refused(library: Path) -> None:
    for name in ("t09", "t05", "../t01", "shared"):
        write(library, "t05/plan.toml", f'key = "t05"\nalias = "{name}"\n'.encode())
        assert refused(library / "t05") == "alias_unknown"
    write(library, "t06/plan.toml", b'key = "t06"\nalias = "t05"\n')
    assert refused(library / "t06") == "alias_of_alias"
    write(library, "t06/plan.toml", b'key = "t06"\nalias = "t01"\n')
    write(library, "t06/plan.bpmn", b"<x/>")
    assert refused(library / "t06") == "alias_has_files"


def test_an_origin_for_no_element_is_a_finding(library: Path) -> None:
    write(library, "t05/plan.toml", ALIAS.replace("a = ", "nothing = ").encode())
    with pytest.raises(DeploymentError) as error:
        compiled(library, "t05")
    [finding] = error.value.findings
    assert (finding.code, finding.file, dict(finding.args)) == (
        "origin_path_unknown",
        "plan.toml",
        {"path": "nothing"},
    )


SHAPES = {
    'number = "1"': "number",
    "number = true": "number",
    "alias = 1": "alias",
    '[origins]\na = "gone"': "origins.a",
    "[cites]\na = 1": "cites.a",
    '[[approvals]]\nkind = "final"\nonce_asked = 1': "approvals 1",
    '[[recipients]]\nkey = "k"\nelements = "a"': "recipients 1",
    '[[provisions]]\nkey = "k"\nsection = "poem"\ntext = "x"': "provisions.k",
    '[[provisions]]\nkey = "k"\nsection = "duty"\nrole = "nobody"\ntext = "x"': "provisions.k",
    '[[provisions]]\nkey = "k"\nsection = "duty"': "provisions 1",
    '[[settings]]\nkey = "k"\ntype = "number"\ndefault = ""\nname = "x"': "settings.k",
    '[[settings]]\nkey = "k"\ntype = "boolean"\ndefault = ""\nname = "x"': "settings.k",
    '[[settings]]\nkey = "k"\ntype = "boolean"\nname = "x"': "settings.k",
    '[[settings]]\nkey = "k"\ntype = "duration"\ndefault = "P1Y"\nname = "x"': "settings.k",
    '[[settings]]\nkey = "k"\ntype = "date"\ndefault = "soon"\nname = "x"': "settings.k",
    '[[settings]]\nkey = "K k"\ntype = "date"\ndefault = ""\nname = "x"': "settings.K k",
    '[[settings]]\nkey = "k"\ntype = "date"\ndefault = ""\nname = "x"\norigin = "no"': "settings.k",
}


@pytest.mark.parametrize("text", SHAPES)
def test_a_table_written_wrongly_is_named(tmp_path: Path, text: str) -> None:
    write(tmp_path, "t01/plan.toml", b'key = "t01"\n' + text.encode())
    with pytest.raises(DeploymentError) as error:
        read_folder(tmp_path / "t01")
    [finding] = error.value.findings
    assert (finding.code, finding.args["name"]) == ("manifest_shape", SHAPES[text])


def test_a_setting_is_known_to_the_expressions_with_its_type(library: Path) -> None:
    asks = Process("t01").start("s").exclusive("g", default="g__e").user_task("a", "duty").end("e")
    asks.flow("s", "g").flow("g", "a", condition="settings.grading = 1").flow("g", "e")
    asks.flow("a", "e")
    write(library, "t01/plan.bpmn", document(asks))
    write(library, "t01/plan.toml", (TOML + '[variables]\nsettings = "context"\n').encode())
    with pytest.raises(DeploymentError) as error:
        compiled(library, "t01")
    assert [f.code for f in error.value.findings if f.severity == "error"] == ["type_mismatch"]
