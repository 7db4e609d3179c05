"""What an upload may be, and what it may not do to the machine."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

import pytest

from tests.unit.bpmn_builder import BPMN, Process, document
from workflows import xml
from workflows.contract import DeploymentError, Finding

HEAD = f'<definitions xmlns="{BPMN}">'


def finding(data: bytes) -> Finding:
    with pytest.raises(DeploymentError) as caught:
        xml.parse(data, "plan.bpmn")
    (found,) = caught.value.findings
    assert found.severity == "error"
    assert found.file == "plan.bpmn"
    return found


def plain() -> bytes:
    return document(Process("p1", "预案").start().end().chain("start", "end"))


def test_a_diagram_is_read() -> None:
    root = xml.parse(plain(), "plan.bpmn")
    assert root.tag == f"{{{BPMN}}}definitions"
    assert [node.get("name") for node in root] == ["预案"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_encodings_a_modeler_or_an_office_editor_writes(encoding: str) -> None:
    declared = encoding.removesuffix("-sig")
    text = f'<?xml version="1.0" encoding="{declared}"?>{HEAD}<process name="预案"/></definitions>'
    root = xml.parse(text.encode(encoding), "plan.bpmn")
    assert root[0].get("name") == "预案"


def zipped() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("word/document.xml", "<w/>")
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty_file"),
        (b" \n\t ", "empty_file"),
        (b"\xef\xbb\xbf", "empty_file"),
        (zipped(), "binary_file"),
        (b"\x89PNG\r\n\x1a\n0000", "binary_file"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1....", "binary_file"),
        (b"%PDF-1.7 ...", "binary_file"),
        (b"\xff\xd8\xff\xe0....", "binary_file"),
        (b"<a>\x00</a>", "binary_file"),
        ("值班员先报告".encode(), "not_xml"),
        (b"{}", "not_xml"),
        (b"<definitions>", "not_xml"),
        (b"<a></b>", "not_xml"),
        (b"<a b=1/>", "not_xml"),
        (b"<a/><b/>", "not_xml"),
        (b"<a>&undefined;</a>", "not_xml"),
        (b"<a x='1' x='2'/>", "not_xml"),
        (b"<html><body/></html>", "not_bpmn"),
        (b"<definitions/>", "not_bpmn"),
        (b'<definitions xmlns="http://example.org/"/>', "not_bpmn"),
        (f'<process xmlns="{BPMN}"/>'.encode(), "not_bpmn"),
        ("<a>预案</a>".encode("gbk"), "wrong_encoding"),
        (b'<?xml version="1.0" encoding="utf-7"?><a/>', "wrong_encoding"),
        (b'<?xml version="1.0" encoding="cp037"?><a/>', "wrong_encoding"),
        (b'<?xml version="1.0" encoding="utf-8"?><a>\xff\xfe</a>', "wrong_encoding"),
        (b"\xff\xfe<\x00a\x00", "not_xml"),
        (b"<!DOCTYPE definitions><definitions/>", "has_dtd"),
        (b"<!DOCTYPE a SYSTEM 'http://127.0.0.1:9/x.dtd'><a/>", "has_dtd"),
        (b"<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>", "has_dtd"),
        (b"<!DOCTYPE a [<!ENTITY % p SYSTEM 'file:///etc/passwd'>%p;]><a/>", "has_dtd"),
    ],
)
def test_refused_with_its_code(data: bytes, code: str) -> None:
    assert finding(data).code == code


def test_the_line_is_named() -> None:
    assert finding(b"<a>\n<b>\n</a>").args["line"] == "3"


def billion_laughs() -> bytes:
    entities = '<!ENTITY a0 "ha">' + "".join(
        f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12)
    )
    return f"<!DOCTYPE a [{entities}]><a>&a11;</a>".encode()


def quadratic_blowup() -> bytes:
    return f'<!DOCTYPE a [<!ENTITY x "{"x" * 50_000}">]><a>{"&x;" * 50_000}</a>'.encode()


def many_attributes() -> bytes:
    return inside("<a " + " ".join(f"b{n}='1'" for n in range(200_000)) + "/>")


def inside(text: str) -> bytes:
    return f"{HEAD}{text}</definitions>".encode()


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (billion_laughs, "has_dtd"),
        (quadratic_blowup, "has_dtd"),
        (lambda: inside("<a>" * 100_000 + "</a>" * 100_000), "too_deep"),
        (lambda: inside("<a>" * 1_000_000), "too_deep"),
        (lambda: inside("<a/>" * 400_000), "too_many_elements"),
        (lambda: inside(f'<a b="{"x" * 4_000_000}"/>'), "attribute_too_long"),
        (lambda: inside(f'<a b="{"x" * 4_000_000}'), "not_xml"),
        (many_attributes, "too_many_attributes"),
        (lambda: inside(f"<a>{'x' * 4_000_000}</a>"), "text_too_long"),
        (lambda: inside(f"<a><![CDATA[{'x' * 4_000_000}]]></a>"), "text_too_long"),
        (lambda: inside("&lt;" * 1_000_000), "text_too_long"),
        (lambda: inside("<a>" + "x" * 6_000_000), "too_large"),
        (lambda: inside(f"<{'x' * 4_000_000}/>"), "name_too_long"),
        (lambda: inside(f'<a xmlns:b="{"x" * 300_000}"/>'), "attribute_too_long"),
        (lambda: b"<" * 5_000_000, "not_xml"),
    ],
)
def test_hostile_input_is_refused(make: Callable[[], bytes], code: str) -> None:
    # Measured: 0.05 to 0.3 s each. Were it to hang, the run would show it.
    assert finding(make()).code == code


def test_depth_at_the_limit_is_read() -> None:
    inner = xml.MAX_DEPTH - 1
    assert len(list(xml.parse(inside("<a>" * inner + "</a>" * inner), "x").iter())) == inner + 1
    assert finding(inside("<a>" * (inner + 1) + "</a>" * (inner + 1))).code == "too_deep"


def test_elements_at_the_limit_are_read() -> None:
    assert len(xml.parse(inside("<a/>" * (xml.MAX_ELEMENTS - 1)), "x")) == xml.MAX_ELEMENTS - 1
    assert finding(inside("<a/>" * xml.MAX_ELEMENTS)).code == "too_many_elements"


def test_processing_instructions_and_comments_are_dropped() -> None:
    root = xml.parse(inside("<!-- a --><?php exec() ?><process/>"), "x")
    assert len(root) == 1


def test_dmn_has_its_own_namespaces() -> None:
    for namespace in sorted(xml.DMN_VERSIONS):
        data = f'<definitions xmlns="{namespace}"/>'.encode()
        assert xml.parse_dmn(data, "grading.dmn").tag == f"{{{namespace}}}definitions"
    with pytest.raises(DeploymentError) as caught:
        xml.parse_dmn(plain(), "grading.dmn")
    assert caught.value.findings[0].code == "not_dmn"
