"""Changing a task's form inside its file: what changes, and that nothing else does."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from workflows import xml
from workflows.contract import DeploymentError, FormField
from workflows.edits_form import (
    FieldEdit,
    OptionEdit,
    as_edit,
    element_ids,
    form_tasks,
    set_form,
)

LIBRARY = Path("bpmn")
P11 = (LIBRARY / "p11" / "plan.bpmn").read_bytes()
SHAPE = (
    '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"{ns}>\n'
    '  <bpmn:process id="x" isExecutable="true">\n{task}  </bpmn:process>\n</bpmn:definitions>\n'
)
CAMUNDA = ' xmlns:camunda="http://camunda.org/schema/1.0/bpmn"'


def fields_of(data: bytes, task: str) -> tuple[FormField, ...]:
    return next(one.fields for one in form_tasks(data) if one.id == task)


def edits(data: bytes, task: str) -> list[FieldEdit]:
    return [as_edit(one, i) for i, one in enumerate(fields_of(data, task))]


def file_with(task: str, ns: str = CAMUNDA) -> bytes:
    return SHAPE.format(task=task, ns=ns).encode()


def changed_lines(before: bytes, after: bytes) -> list[str]:
    lines = difflib.ndiff(before.decode().splitlines(), after.decode().splitlines())
    return [line for line in lines if line[:2] in ("+ ", "- ")]


NEW = FieldEdit(
    "count", "人数", "long", label_en="People", required=True, default="1", help="约数即可",
    help_en="Roughly", constraints={"min": "0", "max": "10"},
)  # fmt: skip


def test_an_untouched_form_keeps_every_byte_of_every_file_of_the_library() -> None:
    seen = 0
    for path in sorted(LIBRARY.glob("*/*.bpmn")):
        data = path.read_bytes()
        for task in form_tasks(data)[:2]:
            if task.fields:
                assert set_form(data, task.id, edits(data, task.id)) == data, (path, task.id)
                seen += 1
    assert seen > 20


def test_a_changed_label_changes_one_line() -> None:
    given = edits(P11, "triage")
    given[0] = replace(given[0], label="本次研判是")
    made = set_form(P11, "triage", given)
    assert [line.strip("+- \n") for line in changed_lines(P11, made)] == [
        '<camunda:formField id="basis" label="本次研判" type="enum" defaultValue="first">',
        '<camunda:formField id="basis" label="本次研判是" type="enum" defaultValue="first">',
    ]


def test_every_field_of_the_library_reads_back_as_it_was_written() -> None:
    """Each is changed, so that each is written anew: its markup, but not its meaning."""
    for name in ("p11/plan.bpmn", "shared/complaint.bpmn", "p10/lab.bpmn"):
        path = LIBRARY / name
        data = path.read_bytes()
        for task in form_tasks(data):
            if not task.fields:
                continue
            given = [replace(one, label=one.label + "!") for one in edits(data, task.id)]
            made = set_form(data, task.id, given)
            assert edits(made, task.id) == given
            back = [replace(one, label=one.label[:-1]) for one in edits(made, task.id)]
            # Properties of ours come back in their place, so the file is the one it was.
            assert set_form(made, task.id, back) == data, (path, task.id)


def test_fields_are_moved_added_and_deleted() -> None:
    first, second, *rest = edits(P11, "triage")
    made = set_form(P11, "triage", [second, NEW, first, *rest[1:]])
    found = fields_of(made, "triage")
    assert [f.id for f in found[:3]] == ["ours", "count", "basis"]
    assert found[1] == FormField(
        "count", "人数", "long", "People", "1", True, (), "约数即可", "Roughly",
        {"label.en": "People", "help": "约数即可", "help.en": "Roughly"}, {"min": "0", "max": "10"},
    )  # fmt: skip
    assert len(found) == len(fields_of(P11, "triage"))
    assert b'          <camunda:formField id="count"' in made
    # Outside the form nothing changed.
    start, end = made.index(b'id="triage"'), made.index(b"</camunda:formData>")
    assert P11.startswith(made[:start])
    assert P11.endswith(made[end:])


def test_what_we_do_not_know_stays_with_its_field() -> None:
    data = file_with(
        """    <bpmn:userTask id="ask">
      <bpmn:extensionElements>
        <camunda:formData businessKey="a">
          <!-- before a -->
          <camunda:formField id="a" label="A" type="enum" x:own='1' xmlns:x="urn:x">
            <camunda:properties>
              <camunda:property id="colour" value="red" />
            </camunda:properties>
            <camunda:validation>
              <camunda:constraint name="validator" config="x.Y" />
            </camunda:validation>
            <camunda:value id="one" name="One" x:hint="h" />
            <x:more><x:deep /></x:more>
          </camunda:formField>
          <other xmlns="urn:other" />
          <camunda:formField id="b" label="B" type="string"/>
        </camunda:formData>
        <camunda:executionListener class="x" event="start" />
      </bpmn:extensionElements>
    </bpmn:userTask>
"""
    )
    a, b = edits(data, "ask")
    told = replace(
        a, id="c", label="C", required=True, options=(OptionEdit("uno", "Uno", "One", was="one"),)
    )
    made = set_form(data, "ask", [b, told])
    for kept in (
        b"<!-- before a -->", b'x:own="1"', b'value="red"', b'config="x.Y"', b'x:hint="h"',
        b"<x:more>", b"<x:deep />", b'<other xmlns="urn:other" />', b'businessKey="a"',
        b'<camunda:executionListener class="x" event="start" />', b'<camunda:formField id="b" lab',
    ):  # fmt: skip
        assert kept in made, kept
    found = fields_of(made, "ask")
    assert [f.id for f in found] == ["b", "c"]
    assert found[1].options == (("uno", "Uno", "One"),)
    assert found[1].required
    # All gone: the strangers stay, so does what holds them.
    gone = set_form(made, "ask", [])
    assert fields_of(gone, "ask") == ()
    for kept in (b"<!-- before a -->", b'<other xmlns="urn:other" />', b'businessKey="a"'):
        assert kept in gone


@pytest.mark.parametrize(
    "task",
    [
        '    <bpmn:userTask id="ask" name="问" />\n',
        '    <bpmn:userTask id="ask" name="问"></bpmn:userTask>\n',
        '    <bpmn:userTask id="ask">\n      <bpmn:documentation>x</bpmn:documentation>\n'
        "      <bpmn:incoming>f</bpmn:incoming>\n    </bpmn:userTask>\n",
        '    <bpmn:userTask id="ask">\n      <bpmn:extensionElements />\n    </bpmn:userTask>\n',
        '    <bpmn:userTask id="ask">\n      <bpmn:extensionElements>\n'
        "        <camunda:properties />\n      </bpmn:extensionElements>\n    </bpmn:userTask>\n",
        '    <bpmn:userTask id="ask"><bpmn:extensionElements><camunda:formData/>'
        "</bpmn:extensionElements></bpmn:userTask>\n",
    ],
)
def test_a_form_is_made_where_there_is_none_and_taken_away_again(task: str) -> None:
    data = file_with(task)
    made = set_form(data, "ask", [NEW])
    assert [f.id for f in fields_of(made, "ask")] == ["count"]
    root = xml.parse(made, "")
    node = next(root.iter(f"{{{xml.BPMN}}}userTask"))
    names = [str(child.tag).rpartition("}")[2] for child in node]
    assert names in (
        ["extensionElements"],
        ["documentation", "extensionElements", "incoming"],
    )
    gone = set_form(made, "ask", [])
    assert b"formData" not in gone
    assert xml.parse(gone, "") is not None


def test_the_camunda_namespace_is_declared_where_it_is_not() -> None:
    data = file_with('    <bpmn:userTask id="ask" />\n', ns="")
    assert [f.id for f in fields_of(set_form(data, "ask", [NEW]), "ask")] == ["count"]


def _crlf(data: bytes) -> bytes:
    return data.replace(b"\n", b"\r\n")


def _utf16(data: bytes) -> bytes:
    return ("\ufeff" + data.decode().replace('"UTF-8"', '"UTF-16"')).encode("utf-16-le")


def _gbk(data: bytes) -> bytes:
    return data.decode().replace('"UTF-8"', '"GBK"').encode("gb18030")


def _bom(data: bytes) -> bytes:
    return b"\xef\xbb\xbf" + data


@pytest.mark.parametrize("written", [_crlf, _utf16, _gbk, _bom])
def test_line_ends_and_encodings_stay(written: Callable[[bytes], bytes]) -> None:
    data = written(P11)
    given = edits(data, "triage")
    assert set_form(data, "triage", given) == data
    given[1] = replace(given[1], help="一行\n又一行")
    made = set_form(data, "triage", given)
    assert fields_of(made, "triage")[1].help == "一行\n又一行"
    plain = set_form(P11, "triage", given)
    assert made == written(plain)


def test_types_and_what_belongs_to_them() -> None:
    data = file_with('    <bpmn:userTask id="ask" />\n')

    def read(one: FieldEdit) -> FormField:
        return fields_of(set_form(data, "ask", [one]), "ask")[0]

    text = FieldEdit("a", "A", "text")
    assert read(text).type == "text"
    made = set_form(data, "ask", [text])
    line = replace(text, type="string", was=0)
    plain = fields_of(set_form(made, "ask", [line]), "ask")[0]
    assert (plain.type, plain.properties) == ("string", {})
    choice = FieldEdit(
        "a", "A", "enum", options=(OptionEdit("x", "甲", "X"), OptionEdit("y", "乙"))
    )
    assert read(choice).options == (("x", "甲", "X"), ("y", "乙", ""))
    made = set_form(data, "ask", [choice])
    swapped = replace(
        choice, was=0, options=(OptionEdit("y", "乙", "Y", "y"), OptionEdit("z", "丙"))
    )
    found = fields_of(set_form(made, "ask", [swapped]), "ask")[0]
    assert found.options == (("y", "乙", "Y"), ("z", "丙", ""))
    assert found.properties == {"y.en": "Y"}
    no_choice = fields_of(set_form(made, "ask", [replace(line, was=0)]), "ask")[0]
    assert (no_choice.options, no_choice.properties) == ((), {})


def test_hostile_words_are_words() -> None:
    said = '<b a="x">&\'\t]]>'
    one = FieldEdit("a", said, "string", label_en=said, default=said, help=said)
    data = file_with('    <bpmn:userTask id="ask" />\n')
    found = fields_of(set_form(data, "ask", [one]), "ask")[0]
    assert (found.label, found.label_en, found.default, found.help) == (said,) * 4


def test_what_cannot_be_read() -> None:
    with pytest.raises(KeyError):
        set_form(P11, "nothing", [])
    no: Sequence[FieldEdit] = []
    with pytest.raises(DeploymentError):
        set_form(b"<a", "ask", no)
    assert {"triage", "p11"} <= element_ids(P11)
    assert "trend" not in element_ids(P11)


@pytest.mark.parametrize(
    ("before", "said", "after"),
    [
        ("", "true", "true"), ("", "false", "false"), ("true", "", None), ("false", "true", "true"),
        (" True ", "true", " True "), ("maybe", "", "maybe"), ("maybe", "false", "false"),
    ],
)  # fmt: skip
def test_whether_a_field_holds_personal_data_is_said_and_taken_back(
    before: str, said: str, after: str | None
) -> None:
    held = f'<camunda:property id="personal" value="{before}" />' if before else ""
    data = file_with(
        '    <bpmn:userTask id="t">\n      <bpmn:extensionElements>\n        <camunda:formData>\n'
        '          <camunda:formField id="a" label="A" type="string">\n'
        f'            <camunda:properties>{held}<camunda:property id="colour" value="red" />'
        "</camunda:properties>\n          </camunda:formField>\n        </camunda:formData>\n"
        "      </bpmn:extensionElements>\n    </bpmn:userTask>\n"
    )
    changed = set_form(data, "t", [replace(one, personal=said) for one in edits(data, "t")])
    found = fields_of(changed, "t")[0].properties
    assert found.get("personal") == after and found["colour"] == "red"
    assert edits(changed, "t")[0].personal == said, "and reads back as what was said"
    if before == after:
        assert changed == data
