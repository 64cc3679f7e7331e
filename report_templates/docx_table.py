"""A table as a Word document, through python-docx: landscape, header rows repeated, footnotes below.

Rows are written as WordprocessingML of their own and put into python-docx's table: its cell by cell way takes seconds
for a table of some hundred rows.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from datetime import datetime
from xml.sax.saxutils import escape

from docx import Document
from docx.document import Document as DocxDocument
from docx.enum.section import WD_ORIENT
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from docx.shared import Pt, Twips

from longwatch.standards.legible import legible
from longwatch.tables.heads import MARGIN, PAGE, USABLE, compute_widths, groups_of, has_groups, titles_of
from longwatch.tables.result import TableResult

_FONT = "Arial"
_INDENT = 200
_CREATED = datetime(2000, 1, 1)  # noqa: DTZ001  python-docx wants a naive one; a table has no date of its own
_NAMES = nsdecls("w")


def render_docx(table: TableResult) -> bytes:
    """The document. The same table gives the same bytes. Invisible characters show as `[U+XXXX]`."""
    document = Document()
    _set_page(document, titles_of(table)[0])
    for place, line in enumerate(titles_of(table)):
        _paragraph(document, line, 11 if place == 0 else 9, bold=place == 0, keep=True)
    widths = compute_widths(table)
    document.element.body.insert(len(document.element.body) - 1, parse_xml(_table(table, widths)))
    _paragraph(document, "", 4)
    for note in table.footnotes:
        _paragraph(document, note, 8)
    return _without_times(document)


def _set_page(document: DocxDocument, title: str) -> None:
    section = document.sections[0]
    section.orientation = WD_ORIENT.LANDSCAPE
    section.page_width, section.page_height = Twips(PAGE[0]), Twips(PAGE[1])
    section.left_margin = section.right_margin = section.top_margin = section.bottom_margin = Twips(MARGIN)
    style = document.styles["Normal"]
    style.font.name = _FONT
    style.paragraph_format.space_after = Pt(2)
    properties = document.core_properties
    properties.title, properties.author, properties.comments = legible(title)[:255], "", ""
    properties.created = properties.modified = _CREATED


def _paragraph(document: DocxDocument, text: str, size: int, *, bold: bool = False, keep: bool = False) -> None:
    paragraph = document.add_paragraph()
    paragraph.paragraph_format.keep_with_next = keep
    run = paragraph.add_run(legible(text))
    run.font.size, run.bold = Pt(size), bold


def _table(table: TableResult, widths: Sequence[int]) -> str:
    rows: list[str] = []
    if has_groups(table):
        cells, place = [_cell("", widths[0], "left", top=True, bold=True)], 1
        for name, span in groups_of(table):
            width = sum(widths[place : place + span])
            cells.append(_cell(name, width, "center", span=span, top=True, bold=True))
            place += span
        rows.append(_row(cells, header=True))
    units = any(column.subheading for column in table.columns)
    heads = [(table.stub, "left"), *((column.heading, "right") for column in table.columns)]
    rows.append(
        _row(
            [
                _cell(text, width, align, top=not has_groups(table), bottom=not units, bold=True)
                for (text, align), width in zip(heads, widths, strict=True)
            ],
            header=True,
        )
    )
    if units:
        below = ["", *(column.subheading for column in table.columns)]
        cells = [_cell(text, width, "right", bottom=True) for text, width in zip(below, widths, strict=True)]
        rows.append(_row(cells, header=True))
    for number, row in enumerate(table.rows, start=1):
        last = number == len(table.rows)
        cells = [_cell(row.label, widths[0], "left", bottom=last, indent=_INDENT * row.level)]
        cells += [_cell(cell, width, "right", bottom=last) for cell, width in zip(row.cells, widths[1:], strict=True)]
        rows.append(_row(cells))
    if not table.rows:
        rows.append(_row([_cell(table.empty_note, USABLE, "left", span=len(widths), bottom=True)]))
    grid = "".join(f'<w:gridCol w:w="{width}"/>' for width in widths)
    return (
        f'<w:tbl {_NAMES}><w:tblPr><w:tblW w:w="{USABLE}" w:type="dxa"/><w:tblLayout w:type="fixed"/>'
        '<w:tblCellMar><w:left w:w="50" w:type="dxa"/><w:right w:w="50" w:type="dxa"/></w:tblCellMar></w:tblPr>'
        f"<w:tblGrid>{grid}</w:tblGrid>{''.join(rows)}</w:tbl>"
    )


def _row(cells: Sequence[str], *, header: bool = False) -> str:
    repeated = "<w:tblHeader/>" if header else ""
    return f"<w:tr><w:trPr><w:cantSplit/>{repeated}</w:trPr>{''.join(cells)}</w:tr>"


def _cell(
    text: str,
    width: int,
    align: str,
    *,
    span: int = 1,
    top: bool = False,
    bottom: bool = False,
    bold: bool = False,
    indent: int = 0,
) -> str:
    line = 'w:val="single" w:sz="6" w:space="0" w:color="auto"'
    borders = (f"<w:top {line}/>" if top else "") + (f"<w:bottom {line}/>" if bottom else "")
    spanned = f'<w:gridSpan w:val="{span}"/>' if span > 1 else ""
    weight = "<w:b/>" if bold else ""
    return (
        f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/>{spanned}<w:tcBorders>{borders}</w:tcBorders>'
        f'<w:vAlign w:val="{"bottom" if bold else "top"}"/></w:tcPr>'
        f'<w:p><w:pPr><w:spacing w:before="10" w:after="10"/><w:ind w:left="{indent}"/><w:jc w:val="{align}"/></w:pPr>'
        f'<w:r><w:rPr>{weight}<w:sz w:val="16"/></w:rPr>'
        f'<w:t xml:space="preserve">{escape(legible(text))}</w:t></w:r></w:p></w:tc>'
    )


def _without_times(document: DocxDocument) -> bytes:
    """The file with one fixed time for all its parts, so that equal documents are equal bytes."""
    made, result = io.BytesIO(), io.BytesIO()
    document.save(made)
    with zipfile.ZipFile(made) as parts, zipfile.ZipFile(result, "w", zipfile.ZIP_DEFLATED) as fixed:
        for name in parts.namelist():
            fixed.writestr(zipfile.ZipInfo(name, (2000, 1, 1, 0, 0, 0)), parts.read(name), zipfile.ZIP_DEFLATED)
    return result.getvalue()
