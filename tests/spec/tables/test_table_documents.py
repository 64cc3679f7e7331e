"""A table alone as HTML, RTF and Word: the same cells as the table has, whatever stands in them."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from docx import Document
from docx.enum.section import WD_ORIENT

from longwatch.derive import AnalysisDatasets
from longwatch.standards.legible import legible
from longwatch.study import Study
from longwatch.tables.catalogue import OUTPUTS, make_table
from longwatch.tables.heads import USABLE, compute_widths
from longwatch.tables.html import as_html
from longwatch.tables.result import TableColumn, TableResult, TableRow
from longwatch.tables.rtf import as_rtf
from report_templates.docx_table import render_docx
from report_templates.html_table import render_html_table
from tests.spec.tables.read_back import Rows, read_docx, read_html, read_rtf

READERS: dict[str, Callable[[TableResult], tuple[Rows, Rows]]] = {
    "html": lambda table: read_html(render_html_table(table).decode()),
    "rtf": lambda table: read_rtf(as_rtf(table)),
    "docx": lambda table: read_docx(render_docx(table)),
}
HOSTILE = (
    "<b>bold</b><script>alert(1)</script>",
    "&amp; & &lt;",
    "\"quoted\" and 'quoted'",
    "{\\rtf1 \\par}",
    "C:\\temp\\u8364?",
    "注射部位疼痛",
    "صداع",
    "כאב ראש",
    "𝔘nicode beyond 16 bits 🧬",
    "é at  two blanks",
    "x" * 500,
    "a long term of words " * 24 + "end",
)


def made_of(texts: tuple[str, ...], *, group: str = "") -> TableResult:
    """A table whose every text is one of these."""
    columns = tuple(TableColumn(str(place), text, text, group) for place, text in enumerate(texts[:3]))
    rows = tuple(TableRow(text, (text, text, text), level % 3) for level, text in enumerate(texts))
    return TableResult("AET02", texts[0], texts[1], texts[2], columns, rows, (), texts)


def cells_of(table: TableResult) -> Rows:
    """What a document's rows must hold."""
    return [[row.label, *row.cells] for row in table.rows] or [[table.empty_note]]


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("code", sorted(OUTPUTS))
def test_each_output_has_its_cells(pilot: AnalysisDatasets, pilot_study: Study, code: str, name: str) -> None:
    """Every label and cell of every output of CDISCPILOT01; the columns' headings and N stand in the header."""
    table = make_table(code, pilot, pilot_study)
    head, body = READERS[name](table)
    assert body == cells_of(table)
    heading = " ".join(text for row in head for text in row)
    for column in table.columns:
        assert column.heading in heading
        assert column.subheading in heading
        assert column.group in heading


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("group", ["", "<i>Group</i> & {more}"])
def test_what_comes_from_data_is_never_markup(name: str, group: str) -> None:
    """Tags, entities, RTF control words, other scripts, 500 letters without a blank: each arrives as it is."""
    table = made_of(HOSTILE, group=group)
    head, body = READERS[name](table)
    assert body == cells_of(table)
    assert [group] == [text for text in head[0] if text not in ("", table.stub)] if group else head


@pytest.mark.parametrize("name", READERS)
def test_what_cannot_be_seen_is_shown(name: str) -> None:
    """A character that hides, turns the direction or is none at all prints as its code, as in the PDF."""
    hidden = ("a\u202eb", "bell\u0007", "zero\u200bwidth", "none\uffff", "nul\x00")
    _, body = READERS[name](made_of(hidden))
    assert [row[0] for row in body] == [legible(text) for text in hidden]
    assert body[0][0] == "a[U+202E]b"


@pytest.mark.parametrize("name", READERS)
def test_a_table_without_rows_says_so(name: str) -> None:
    """Its header stands, and one line below it."""
    table = TableResult("AET02", "Title", "Safety population", "Stub", (TableColumn("a", "Arm", "N=3"),), (), ())
    head, body = READERS[name](table)
    assert body == [["No events met the criteria"]]
    assert "Arm" in head[0][-1]


def test_html_fetches_nothing_and_names_its_headers() -> None:
    """No address in it; a caption; each header says what it heads."""
    page = as_html(made_of(HOSTILE, group="Arm"))
    assert "http:" not in page
    assert "https:" not in page
    assert "<script" not in page
    assert page.count("<caption>") == 1
    assert 'scope="colgroup" class="g" colspan="3">Arm<' in page
    assert page.count('scope="row"') == len(HOSTILE)


def test_rtf_is_ascii_landscape_and_repeats_its_header() -> None:
    """Three header rows: groups, headings, units. The same table, the same text."""
    table = made_of(HOSTILE, group="Arm")
    text = as_rtf(table)
    assert text.isascii()
    assert "\\landscape" in text
    assert text.count("\\trhdr") == 3
    assert text == as_rtf(table)


def test_docx_is_landscape_with_its_footnotes_below() -> None:
    """The footnotes are paragraphs after the table; the same table, the same bytes; no date but a fixed one."""
    table = made_of(HOSTILE)
    content = render_docx(table)
    document = Document(io.BytesIO(content))
    assert document.sections[0].orientation == WD_ORIENT.LANDSCAPE
    assert [paragraph.text for paragraph in document.paragraphs][-len(HOSTILE) :] == list(HOSTILE)
    assert document.core_properties.created.year == 2000
    assert render_docx(table) == content


@pytest.mark.parametrize("texts", [HOSTILE, ("a", "b", "c")])
def test_the_columns_fill_the_page(texts: tuple[str, ...]) -> None:
    """Exactly, and none vanishes."""
    widths = compute_widths(made_of(texts))
    assert sum(widths) == USABLE
    assert min(widths) > 300


def test_a_number_is_not_broken(pilot: AnalysisDatasets, pilot_study: Study) -> None:
    """The columns of person-years are as wide as their longest number: about 90 twips for a digit of 8 points."""
    table = make_table("AET05", pilot, pilot_study)
    for place, width in enumerate(compute_widths(table)[1:]):
        longest = max(len(word) for row in table.rows for word in row.cells[place].split())
        assert width >= 90 * longest + 100
