"""The contents of one report, ready to be laid out: values only, no millimetres."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from longwatch.tables.result import TableResult


@dataclass(frozen=True)
class Paragraphs:
    """A block of running text. It is data: the renderer escapes it."""

    texts: tuple[str, ...]


@dataclass(frozen=True)
class PlainTable:
    """A listing that is no output of its own (findings, sources, severity changes): header and rows of text.

    `rows` may be made when they are asked for, the same ones each time. `widths`: relative column widths. `note`:
    printed where there is no row.
    """

    title: str
    header: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    widths: tuple[float, ...]
    note: str = "None."


@dataclass(frozen=True)
class BarChart:
    """Stacked bars, one a category. `series`: name and a value for each category, from the bottom up. `unit`: what is
    counted. `note`: printed where there is no category. A chart never stands alone: its numbers are in a table."""

    title: str
    categories: tuple[str, ...]
    series: tuple[tuple[str, tuple[int, ...]], ...]
    unit: str
    note: str = "Nothing to show."


Listing = PlainTable | BarChart
"""What a template asks for by a listing's name."""

Block = Paragraphs | PlainTable | BarChart | TableResult


@dataclass(frozen=True)
class Section:
    """A numbered section with its heading; it starts on a new page and has its bookmark."""

    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class ReportContents:
    """All that is printed in one report, and nothing else.

    `date_label`: what `cutoff` is (a desk document has no cut-off, but a day as of which it speaks). `report_key`,
    `snapshot_id`: full 64 digits; the footer prints the first 12. `facts`: the lines of the title page (label, value).
    `draft_reasons`: empty for a candidate; otherwise why the report is a DRAFT.
    """

    study_id: str
    study_title: str
    sponsor: str
    title: str
    report_key: str
    snapshot_id: str
    cutoff: date
    facts: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]
    draft_reasons: tuple[str, ...] = ()
    language: str = "en"
    page_size: str = "letter"
    date_label: str = "Data cut-off"

    @property
    def is_draft(self) -> bool:
        """Whether each page carries the DRAFT mark."""
        return bool(self.draft_reasons)


@dataclass(frozen=True)
class RenderedReport:
    """The unsigned copy: its bytes, their SHA-256, the number of pages."""

    pdf: bytes
    sha256: str
    pages: int
