"""Reading a plan's XML without trusting it.

Nothing the file says can make the parser fetch, expand or recurse: DTDs are refused
outright (so are, with them, entities and external references), and size, depth, element
count and attribute lengths are bounded before a tree is built. Expat reads the text first,
as a stream, because libxml2 builds its tree before anybody can count; only text that passed
is given to lxml. Limits are of this product, far above any real plan (a 362-element diagram
is 0.4 MB with its layout).
"""

from __future__ import annotations

import codecs
import re
from typing import Final, NoReturn
from xml.parsers import expat

from lxml import etree

from workflows.contract import DeploymentError, Finding

MAX_BYTES: Final = 5 * 1024 * 1024
MAX_DEPTH: Final = 100
MAX_ELEMENTS: Final = 20_000
MAX_ATTRIBUTES: Final = 100  # of one element
MAX_ATTRIBUTE_LENGTH: Final = 20_000  # characters
MAX_NAME_LENGTH: Final = 1_000  # characters, of an element or an attribute
MAX_TEXT_LENGTH: Final = 200_000  # characters of one run of text

BPMN: Final = "http://www.omg.org/spec/BPMN/20100524/MODEL"
DMN_VERSIONS: Final = frozenset(
    {
        "http://www.omg.org/spec/DMN/20151101/dmn.xsd",
        "http://www.omg.org/spec/DMN/20180521/MODEL/",
        "https://www.omg.org/spec/DMN/20191111/MODEL/",
        "https://www.omg.org/spec/DMN/20211108/MODEL/",
        "https://www.omg.org/spec/DMN/20230324/MODEL/",
    }
)

#: First bytes of what people upload by mistake.
_MAGIC: Final[tuple[tuple[bytes, str], ...]] = (
    (b"PK\x03\x04", "zip"),  # also docx, xlsx, pptx, wps
    (b"PK\x05\x06", "zip"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole"),  # doc, xls, ppt
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"GIF8", "gif"),
    (b"%PDF-", "pdf"),
    (b"Rar!\x1a\x07", "rar"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"\x1f\x8b", "gzip"),
    (b"SQLite format 3\x00", "sqlite"),
    (b"\x7fELF", "elf"),
    (b"MZ", "exe"),
)

_DECLARED: Final = re.compile(
    r"^<\?xml\s[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})[\"']", re.ASCII
)
_DECLARATION: Final = re.compile(r"^<\?xml\s[^>]{0,300}\?>", re.ASCII)


def parse(data: bytes, file: str) -> etree._Element:
    """The root element of a BPMN 2.0 file, ``bpmn:definitions``.

    Raises DeploymentError with one Finding whose code is one of ``empty_file``, ``too_large``,
    ``binary_file``, ``wrong_encoding``, ``not_xml``, ``has_dtd``, ``too_deep``,
    ``too_many_elements``, ``too_many_attributes``, ``attribute_too_long``, ``text_too_long``,
    ``name_too_long``, ``not_bpmn``. ``args`` give the limit, the line or what was found instead.
    """
    return _parse(data, file, frozenset({BPMN}), "not_bpmn")


def parse_dmn(data: bytes, file: str) -> etree._Element:
    """The root element of a DMN file (1.1 to 1.5), under the same limits. Raises as `parse`, with
    ``not_dmn`` in place of ``not_bpmn``."""
    return _parse(data, file, DMN_VERSIONS, "not_dmn")


def _parse(data: bytes, file: str, namespaces: frozenset[str], code: str) -> etree._Element:
    text = _decode(data, file)
    _Gate(file).read(text)
    # Encoded anew without its declaration: libxml2 then has one possible reading.
    clean = _DECLARATION.sub("", text, count=1).encode("utf-8")
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        collect_ids=False,
    )
    try:
        root = etree.fromstring(clean, parser)
    except etree.XMLSyntaxError as error:
        _refuse("not_xml", file, line=str(error.lineno), message=error.msg or "")
    name = etree.QName(root)
    if name.localname != "definitions" or name.namespace not in namespaces:
        _refuse(code, file, found=str(root.tag)[:200])
    return root


def _decode(data: bytes, file: str) -> str:
    if len(data) > MAX_BYTES:
        _refuse("too_large", file, limit=str(MAX_BYTES), size=str(len(data)))
    if not data.strip(b"\xef\xbb\xbf \t\r\n\x00"):
        _refuse("empty_file", file)
    for magic, kind in _MAGIC:
        if data.startswith(magic):
            _refuse("binary_file", file, kind=kind)
    encoding = "utf-8-sig"
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    elif b"\x00" in data:
        _refuse("binary_file", file, kind="unknown")
    else:
        declared = _DECLARED.match(data[:400].decode("latin-1").lstrip("\u00ef\u00bb\u00bf"))
        if declared:
            encoding = _known(declared[1], file)
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        _refuse("wrong_encoding", file, encoding=encoding, offset=str(error.start))
    text = text.lstrip("\ufeff")
    if not text.lstrip().startswith("<"):
        _refuse("not_xml", file, line="1", message="")
    return text


#: What a modeler or a Chinese office editor may declare; anything else (UTF-7, EBCDIC) is refused.
_ENCODINGS: Final = {
    "utf-8": "utf-8-sig",
    "utf8": "utf-8-sig",
    "us-ascii": "ascii",
    "ascii": "ascii",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "gb18030": "gb18030",
    "iso-8859-1": "latin-1",
}


def _known(declared: str, file: str) -> str:
    encoding = _ENCODINGS.get(declared.lower())
    if encoding is None:
        _refuse("wrong_encoding", file, encoding=declared)
    return encoding


class _Stop(Exception):
    """Leaves expat at the first thing refused."""

    def __init__(self, code: str, **args: str) -> None:
        self.code = code
        self.args_ = args
        super().__init__(code)


class _Gate:
    """One pass over the text that counts, and stops at the first limit."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.depth = 0
        self.elements = 0
        self.run = 0

    def read(self, text: str) -> None:
        parser = expat.ParserCreate("utf-8")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.StartDoctypeDeclHandler = self._doctype
        parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        data = _DECLARATION.sub("", text, count=1).encode("utf-8")
        try:
            # Whole, not in pieces: expat reads an unfinished token anew with every piece.
            parser.Parse(data, True)
        except _Stop as stop:
            _refuse(stop.code, self.file, line=str(parser.CurrentLineNumber), **stop.args_)
        except expat.ExpatError as error:
            message = expat.errors.messages.get(error.code, "")
            _refuse("not_xml", self.file, line=str(error.lineno), message=message)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        self.elements += 1
        self.run = 0
        if self.depth > MAX_DEPTH:
            raise _Stop("too_deep", limit=str(MAX_DEPTH))
        if self.elements > MAX_ELEMENTS:
            raise _Stop("too_many_elements", limit=str(MAX_ELEMENTS))
        if len(attributes) > MAX_ATTRIBUTES:
            raise _Stop("too_many_attributes", limit=str(MAX_ATTRIBUTES))
        if len(name) > MAX_NAME_LENGTH or any(len(key) > MAX_NAME_LENGTH for key in attributes):
            raise _Stop("name_too_long", limit=str(MAX_NAME_LENGTH))
        for value in attributes.values():
            if len(value) > MAX_ATTRIBUTE_LENGTH:
                raise _Stop("attribute_too_long", limit=str(MAX_ATTRIBUTE_LENGTH))

    def _end(self, name: str) -> None:
        self.depth -= 1
        self.run = 0

    def _text(self, text: str) -> None:
        self.run += len(text)
        if self.run > MAX_TEXT_LENGTH:
            raise _Stop("text_too_long", limit=str(MAX_TEXT_LENGTH))

    def _doctype(self, name: str, system: str | None, public: str | None, internal: bool) -> None:
        raise _Stop("has_dtd")


def _refuse(code: str, file: str, **args: str) -> NoReturn:
    raise DeploymentError([Finding(code, "error", file, args=args)])
