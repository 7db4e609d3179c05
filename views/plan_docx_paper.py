"""A sheet to write a document on: A4, Chinese official fonts, page numbers, tables, as DOCX.

The same content gives the same bytes: nothing of the moment it is written goes in.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from xml.sax.saxutils import escape

from docx import Document
from docx.enum.section import WD_ORIENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Mm, Pt
from docx.text.paragraph import Paragraph

#: Sizes by their Chinese names, in points.
TITLE: Final = 22  # 二号
CHAPTER: Final = 16  # 三号
STEP: Final = 14  # 四号
BODY: Final = 12  # 小四
CELL: Final = 10.5  # 五号

# Word knows these under their Chinese names too: 宋体, 黑体, 楷体, 仿宋.
_SONG, _HEI, _KAI, _FANG = "SimSun", "SimHei", "KaiTi", "FangSong"
_LATIN: Final = "Times New Roman"
#: Style name -> (Chinese font, size, bold).
_STYLES: Final = {
    "Normal": (_FANG, BODY, False),
    "Title": (_SONG, TITLE, True),
    "Heading 1": (_HEI, CHAPTER, False),
    "Heading 2": (_KAI, 15, True),
    "Heading 3": (_HEI, STEP, False),
    "Heading 4": (_HEI, BODY, False),
    "Heading 5": (_HEI, BODY, False),
}
#: What XML 1.0 does not let stand in a text, in whatever form.
_FORBIDDEN: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
_FIELDS: Final = {"{page}": "PAGE", "{pages}": "NUMPAGES"}
#: Millimetres of a page that text may fill, upright and lying.
_WIDTH: Final = {False: 156, True: 247}


def clean(text: object) -> str:
    """The text without characters no document can hold (an author's file may have them)."""
    return _FORBIDDEN.sub("", str(text))


class Paper:
    """Written from top to bottom. ``lying``: landscape."""

    def __init__(self, *, lying: bool = False) -> None:
        self.document = Document()
        self.lying = lying
        #: What closes the document's body; everything is written before it.
        self._end: Any = self.document.element.body.sectPr
        section = self.document.sections[0]
        size = (Mm(297), Mm(210)) if lying else (Mm(210), Mm(297))
        section.page_width, section.page_height = size
        section.orientation = WD_ORIENT.LANDSCAPE if lying else WD_ORIENT.PORTRAIT
        section.top_margin, section.bottom_margin = (Mm(25), Mm(22)) if lying else (Mm(30), Mm(25))
        section.left_margin, section.right_margin = (Mm(25), Mm(25)) if lying else (Mm(28), Mm(26))
        for name, (font, size_, bold) in _STYLES.items():
            self._style(name, font, size_, bold)

    # ------------------------------------------------------------------ blocks

    def title(self, text: str) -> None:
        """The document's title, in the middle."""
        self._paragraph([(text, False)], style="Title", centred=True)

    def centred(self, text: str, *, size: float = BODY) -> None:
        """A line in the middle, under the title."""
        self._paragraph([(text, False)], centred=True, size=size)

    def heading(self, text: str, level: int) -> None:
        """A heading that stands in the document's outline; ``level`` from 1."""
        self._paragraph([(text, False)], style=f"Heading{min(level, 5)}")

    def line(self, *parts: str | tuple[str, bool], depth: int = 0) -> None:
        """A paragraph; a part given with True is bold. ``depth`` is its indent."""
        told = [(part, False) if isinstance(part, str) else part for part in parts]
        self._paragraph(told, indent=400 * depth)

    def items(self, lines: Iterable[str], *, numbered: bool = False, depth: int = 0) -> None:
        """A list, with figures or dots."""
        for at, text in enumerate(lines, 1):
            self.line(f"{at}. {text}" if numbered else f"· {text}", depth=depth)

    def table(
        self,
        head: Sequence[str],
        rows: Iterable[Sequence[str]],
        widths: Sequence[float],
        *,
        size: float = CELL,
        joined: int | None = None,
    ) -> None:
        """A table whose head stands again on every page. ``widths`` are shares of the page's;
        the cells of the column ``joined`` are one, with the first row's text."""
        total = sum(widths)
        spans = [round(_WIDTH[self.lying] * 56.7 * width / total) for width in widths]
        grid = "".join(f'<w:gridCol w:w="{span}"/>' for span in spans)
        body = [_row(head, spans, size, head=True)]
        body += [
            _row(row, spans, size, joined=joined, first=at == 0) for at, row in enumerate(rows)
        ]
        xml = (
            f'<w:tbl {nsdecls("w")}><w:tblPr><w:tblStyle w:val="TableGrid"/>'
            f'<w:tblW w:w="{sum(spans)}" w:type="dxa"/><w:tblLayout w:type="fixed"/></w:tblPr>'
            f"<w:tblGrid>{grid}</w:tblGrid>{''.join(body)}</w:tbl>"
        )
        self._put(xml)
        # A table right before another would grow into it.
        self._paragraph([("", False)])

    def new_page(self) -> None:
        self._put(f'<w:p {nsdecls("w")}><w:r><w:br w:type="page"/></w:r></w:p>')

    def margins(self, header: str, footer: str) -> None:
        """What stands on every page; ``{page}`` and ``{pages}`` of the footer are filled in by
        whoever shows the document."""
        section = self.document.sections[0]
        top = section.header.paragraphs[0]
        top.text = clean(header)
        top.alignment = WD_ALIGN_PARAGRAPH.RIGHT
        bottom = section.footer.paragraphs[0]
        bottom.alignment = WD_ALIGN_PARAGRAPH.CENTER
        for part in re.split(r"(\{pages?\})", clean(footer)):
            if part in _FIELDS:
                _field(bottom, _FIELDS[part])
            else:
                bottom.add_run(part)
        for paragraph in (top, bottom):
            for run in paragraph.runs:
                run.font.size = Pt(9)

    def save(self, title: str, subject: str, made_at: datetime, language: str) -> bytes:
        """The file. ``made_at`` is when what it tells came into being."""
        own = self.document.core_properties
        moment = made_at.astimezone(UTC).replace(tzinfo=None, microsecond=0)
        own.title, own.subject, own.language = clean(title)[:250], clean(subject)[:250], language
        own.author = own.last_modified_by = "Planroom"
        own.comments = own.keywords = ""
        own.created = own.modified = moment
        own.revision = 1
        written = io.BytesIO()
        self.document.save(written)
        return _timeless(written.getvalue())

    # ------------------------------------------------------------------- parts

    def _paragraph(
        self,
        parts: Iterable[tuple[str, bool]],
        *,
        style: str = "",
        centred: bool = False,
        indent: int = 0,
        size: float = 0,
    ) -> None:
        """Written as XML: the library looks every style up by going through all of them."""
        form = f'<w:pStyle w:val="{style}"/>' if style else ""
        form += f'<w:ind w:left="{indent}"/>' if indent else ""
        form += '<w:jc w:val="center"/>' if centred else ""
        runs = []
        for text, bold in parts:
            marks = ("<w:b/>" if bold else "") + (f'<w:sz w:val="{size * 2:g}"/>' if size else "")
            lines = "<w:br/>".join(
                f'<w:t xml:space="preserve">{escape(line)}</w:t>'
                for line in clean(text).split("\n")
            )
            runs.append(f"<w:r><w:rPr>{marks}</w:rPr>{lines}</w:r>")
        self._put(f"<w:p {nsdecls('w')}><w:pPr>{form}</w:pPr>{''.join(runs)}</w:p>")

    def _put(self, xml: str) -> None:
        self._end.addprevious(parse_xml(xml))

    def _style(self, name: str, font: str, size: float, bold: bool) -> None:
        style: Any = self.document.styles[name]
        style.font.name, style.font.size, style.font.bold = _LATIN, Pt(size), bold
        style.font.italic = False
        style.font.color.rgb = None
        fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
        for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
            fonts.attrib.pop(qn(f"w:{theme}"), None)
        fonts.set(qn("w:eastAsia"), font)
        fonts.set(qn("w:hAnsi"), _LATIN)
        for color in style.element.rPr.findall(qn("w:color")):
            style.element.rPr.remove(color)
        format_ = style.paragraph_format
        format_.line_spacing = 1.25
        format_.space_after = Pt(4)
        if name != "Normal":
            format_.space_before = Pt(0 if name == "Title" else 10)
            format_.keep_with_next = True
        borders = style.element.find(qn("w:pPr"))
        if borders is not None:  # the stock title is underlined
            for line in borders.findall(qn("w:pBdr")):
                borders.remove(line)


def _row(
    cells: Sequence[str],
    spans: Sequence[int],
    size: float,
    *,
    head: bool = False,
    joined: int | None = None,
    first: bool = True,
) -> str:
    repeat = "<w:tblHeader/>" if head else ""
    found = []
    for at, (text, span) in enumerate(zip(cells, spans, strict=True)):
        join = ""
        if joined == at:
            join = '<w:vMerge w:val="restart"/>' if first else "<w:vMerge/>"
            text = text if first else ""
        paragraphs = "".join(
            _cell_paragraph(line, size, head) for line in (clean(text).split("\n") or [""])
        )
        found.append(
            f'<w:tc><w:tcPr><w:tcW w:w="{span}" w:type="dxa"/>{join}</w:tcPr>{paragraphs}</w:tc>'
        )
    return f"<w:tr><w:trPr><w:cantSplit/>{repeat}</w:trPr>{''.join(found)}</w:tr>"


def _cell_paragraph(text: str, size: float, head: bool) -> str:
    half = round(size * 2)
    font = _HEI if head else _FANG
    place = '<w:jc w:val="center"/>' if head else ""
    return (
        f'<w:p><w:pPr><w:spacing w:before="20" w:after="20" w:line="240" w:lineRule="auto"/>'
        f'{place}</w:pPr><w:r><w:rPr><w:rFonts w:ascii="{_LATIN}" w:hAnsi="{_LATIN}" '
        f'w:eastAsia="{font}"/><w:sz w:val="{half}"/></w:rPr>'
        f'<w:t xml:space="preserve">{escape(text)}</w:t></w:r></w:p>'
    )


def _field(paragraph: Paragraph, code: str) -> None:
    """A field the reader's program fills in: PAGE, NUMPAGES."""
    for kind in ("begin", "", "separate", "1", "end"):
        run = paragraph.add_run()
        if kind == "":
            instruction: Any = OxmlElement("w:instrText")
            instruction.set(qn("xml:space"), "preserve")
            instruction.text = f" {code} "
            run._r.append(instruction)
        elif kind == "1":
            run.text = "1"
        else:
            mark: Any = OxmlElement("w:fldChar")
            mark.set(qn("w:fldCharType"), kind)
            run._r.append(mark)


def _timeless(body: bytes) -> bytes:
    """The same archive with every file dated alike."""
    written = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(body)) as old,
        zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for entry in old.infolist():
            plain = zipfile.ZipInfo(entry.filename, _EPOCH)
            plain.compress_type = zipfile.ZIP_DEFLATED
            plain.external_attr = 0o600 << 16
            new.writestr(plain, old.read(entry))
    return written.getvalue()
