"""`python -m bench pdf`: listings of 1,000 and 5,000 pages, beside ReportLab's bare canvas, typst and WeasyPrint.

A listing of adverse events, nine columns of wrapped text in an embedded Unicode font. `longwatch`: the whole render,
rules for submission and PDF/A validation included, twice, each in a process of its own; `on demand`: the same with rows
that are not in memory, but made each time they are asked for, which its seconds contain. The bytes of all must be
equal. `canvas`: the same lines at the same places drawn by ReportLab's canvas alone, one call a line, the breaking of
lines left out. `typst` and `weasyprint`: the same rows as a table of theirs, breaking lines by themselves, so that
their pages are other ones; pages per second say more than seconds. Those two have a limit of memory and of time, and
are told as stopped where they reached one. Imports are in none of the seconds, except in those of the second process
that draws. Memory is the peak of the process and that one together. Printed, and written to docs/bench-pdf.md.

What a page costs in memory is told apart: the rows that are given (resident memory before and after they are made), the
file that is made, and what is held beside these two (the peak without them), in the process and in the second one.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import random
import resource
import signal
import time
from array import array
from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from typing import Any, overload

import psutil

from bench.watched import ROOT, watched

PAGE = ROOT / "docs" / "bench-pdf.md"
OURS = ("longwatch", "on demand")
WAYS = ("longwatch", "longwatch", "on demand", "canvas", "typst", "weasyprint")
ROWS_A_PAGE = 9.48
BLOCK = 500
MEMORY = 8 * 1024**3
HEADER = (
    "Subject",
    "System organ class",
    "Preferred term",
    "Verbatim",
    "Start",
    "Day",
    "Severity",
    "Serious",
    "Outcome",
)
WIDTHS = (1.0, 1.6, 1.6, 1.6, 1.0, 0.5, 1.0, 0.7, 1.5)
CLASSES = ("Gastrointestinal disorders", "General disorders and administration site conditions",
           "Infections and infestations", "Skin and subcutaneous tissue disorders")  # fmt: skip
TERMS = ("Headache", "Nausea", "Application site pruritus", "Upper respiratory tract infection",
         "Electrocardiogram ST segment depression, α-blocker ≥ 3× ULN")  # fmt: skip


Row = tuple[str, ...]


def make_row(dice: random.Random, number: int) -> Row:
    """The row of a number, as the dice have it."""
    return (
        f"01-70{dice.randrange(9)}-{1000 + number // 5}", dice.choice(CLASSES), dice.choice(TERMS),
        f"{dice.choice(TERMS).lower()}, number {number}",
        f"20{dice.randrange(10, 26)}-{dice.randrange(1, 13):02}-{dice.randrange(1, 29):02}",
        str(dice.randrange(900)), dice.choice(("MILD", "MODERATE", "SEVERE")), dice.choice("NY"),
        dice.choice(("RECOVERED/RESOLVED", "NOT RECOVERED/NOT RESOLVED")),
    )  # fmt: skip


def make_rows(pages: int) -> Sequence[Row]:
    """So many rows that our listing has about so many pages; always the same ones."""
    dice = random.Random(1)
    return tuple(make_row(dice, number) for number in range(int(pages * ROWS_A_PAGE)))


class RowsOnDemand(Sequence[Row]):
    """The same rows, of which a few hundred are there at a time."""

    def __init__(self, pages: int) -> None:
        self._count = int(pages * ROWS_A_PAGE)
        self._states: list[array[int]] = []
        dice = random.Random(1)
        for start in range(0, self._count, BLOCK):
            self._states.append(array("L", dice.getstate()[1]))
            for number in range(start, start + BLOCK):
                make_row(dice, number)
        self._block = lru_cache(maxsize=4)(self._make_block)

    def _make_block(self, block: int) -> list[Row]:
        dice = random.Random()
        dice.setstate((dice.VERSION, tuple(self._states[block]), None))
        return [make_row(dice, number) for number in range(block * BLOCK, (block + 1) * BLOCK)]

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> Row: ...
    @overload
    def __getitem__(self, index: slice) -> list[Row]: ...
    def __getitem__(self, index: int | slice) -> Row | list[Row]:
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(self._count))]
        if not 0 <= index < self._count:
            raise IndexError(index)
        return self._block(index // BLOCK)[index % BLOCK]


def measure(way: str, pages: int) -> dict[str, Any]:
    """Seconds, processor seconds, pages, and megabytes of one way, in this process: `given` for its rows, `own` at
    most."""
    work = {"canvas": by_canvas, "typst": by_typst, "weasyprint": by_weasyprint}.get(way, by_longwatch)
    before = psutil.Process().memory_info().rss
    rows = RowsOnDemand(pages) if way == "on demand" else make_rows(pages)
    given = psutil.Process().memory_info().rss - before
    told = work(rows)
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {**told, "given": given / 1024**2, "own": own / 1024**2}


def _timed(work: Any) -> tuple[Any, dict[str, Any]]:
    start, spent = time.perf_counter(), _spent()
    made = work()
    return made, {"seconds": time.perf_counter() - start, "cpu": _spent() - spent}


def _spent() -> float:
    """Processor seconds of this process and of the children that have ended."""
    uses = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(use.ru_utime + use.ru_stime for use in uses)


def _contents(rows: Sequence[Row]) -> Any:
    from longwatch.reports.contents import PlainTable, ReportContents, Section

    listing = PlainTable("Listing of adverse events", HEADER, rows, WIDTHS)
    return ReportContents(
        "BENCH-1", "A study", "A sponsor", "Listings", "a" * 64, "b" * 64, date(2024, 1, 31), (),
        (Section("Listings", (listing,)),),
    )  # fmt: skip


def by_longwatch(rows: Sequence[Row]) -> dict[str, Any]:
    """The whole render."""
    import pikepdf.pdfa  # noqa: F401
    import reportlab.pdfgen.canvas  # noqa: F401

    from report_templates import render

    made, told = _timed(lambda: render(_contents(rows)))
    return {**told, "pages": made.pages, "bytes": len(made.pdf), "sha256": made.sha256}


def by_canvas(rows: Sequence[Row]) -> dict[str, Any]:
    """ReportLab's canvas, given each line at its place."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont
    from reportlab.pdfgen.canvas import Canvas

    from report_templates.document_plan import plan_document
    from report_templates.flow import GridPart
    from report_templates.fonts import load_face

    pdfmetrics.registerFont(TTFont("Noto", io.BytesIO(load_face("NotoR").program)))
    parts = [item for page in plan_document(_contents(rows)).pages for item in page.items if isinstance(item, GridPart)]
    file = io.BytesIO()

    def draw() -> int:
        canvas = Canvas(file, invariant=1, pageCompression=1, pagesize=(792, 612))
        for part in parts:
            canvas.setFont("Noto", 9)
            y = part.top - 30
            for number in range(part.rows.first, part.rows.end):
                for column in part.grid.panels[0].columns:
                    for place, line in enumerate(part.grid.rows[number].cells[column.cell]):
                        canvas.drawString(column.x, y - place * 11.5, line)
                y -= part.grid.boxes[number].height
            canvas.showPage()
        canvas.save()
        return len(parts)

    pages, told = _timed(draw)
    return {**told, "pages": pages, "bytes": len(file.getvalue())}


def by_typst(rows: Sequence[Row]) -> dict[str, Any]:
    """A table of typst's, its rows read from JSON."""
    import typst
    from pypdf import PdfReader

    source = (
        '#set page(paper: "us-letter", flipped: true, margin: 0.75in)\n#set text(font: "Noto Sans", size: 9pt)\n'
        f"#table(columns: ({', '.join(f'{width}fr' for width in WIDTHS)}), stroke: none, "
        "table.header(..json(bytes(sys.inputs.header))), ..json(bytes(sys.inputs.rows)).flatten())\n"
    )
    inputs = {"header": json.dumps(HEADER), "rows": json.dumps(rows)}
    pdf, told = _timed(lambda: typst.compile(source.encode(), sys_inputs=inputs))
    return {**told, "pages": len(PdfReader(io.BytesIO(pdf)).pages), "bytes": len(pdf)}


def by_weasyprint(rows: Sequence[Row]) -> dict[str, Any]:
    """An HTML table."""
    from html import escape

    from pypdf import PdfReader
    from weasyprint import HTML

    def line(cells: tuple[str, ...], tag: str) -> str:
        return "<tr>" + "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells) + "</tr>"

    body = "".join(line(row, "td") for row in rows)
    style = (
        "@page {size: letter landscape; margin: 0.75in} table {font: 9pt 'Noto Sans'; table-layout: fixed; width: 100%}"
    )
    html = f"<style>{style}</style><table><thead>{line(HEADER, 'th')}</thead><tbody>{body}</tbody></table>"
    pdf, told = _timed(lambda: HTML(string=html).write_pdf())
    return {**told, "pages": len(PdfReader(io.BytesIO(pdf)).pages), "bytes": len(pdf)}


def _limit(way: str, seconds: int) -> None:
    """What a way may use of the machine; ours is not limited."""
    if way in ("typst", "weasyprint"):
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        signal.alarm(seconds)


def run(pages: list[int], ways: list[str], seconds: int) -> list[dict[str, Any]]:
    """Every way at every size, the figures of each in a process of its own."""
    told = []
    for size in pages:
        for way in ways:
            try:
                said, peak = watched(
                    ["-m", "bench.pdf", "--measure", way, "--pages", str(size), "--seconds", str(seconds)]
                )
                told.append({**said, "way": way, "asked": size, "peak": peak})
            except SystemExit:
                told.append({"way": way, "asked": size, "pages": 0})
            print(told[-1], flush=True)
    return told


def page_of(told: list[dict[str, Any]], seconds: int) -> str:
    """The page of the documents."""
    lines = [
        "# PDF listings, measured",
        "",
        f"By `python -m bench pdf`, on {os.cpu_count()} cores; `bench/pdf.py` says what each row is. "
        "Ratios travel, seconds do not.",
        "",
        "| way | pages | seconds | processor seconds | pages/s | peak MB | the process | the second one | file MB |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for each in told:
        if not each["pages"]:
            limit = f"stopped at {MEMORY / 1024**3:.0f} GB or {seconds} s"
            lines.append(f"| {each['way']} | about {each['asked']:,} asked | {limit} | | | | | | |")
            continue
        lines.append(
            f"| {each['way']} | {each['pages']:,} | {each['seconds']:.1f} | {each['cpu']:.1f} | "
            f"{each['pages'] / each['seconds']:,.0f} | {each['peak']:,.0f} | "
            f"{each['own']:,.0f} | {each['children']:,.0f} | {each['bytes'] / 1e6:.1f} |"
        )
    ours = [each for each in told if each["way"] in OURS and each["pages"]]
    for size in dict.fromkeys(each["asked"] for each in ours):
        hashes = [each["sha256"] for each in ours if each["asked"] == size]
        same = "the same bytes" if len(set(hashes)) == 1 else "OTHER BYTES"
        lines += ["", f"About {size:,} pages, rendered {len(hashes)} times: {same}."]
    for way in OURS:
        lines += _growth(way, [each for each in ours if each["way"] == way])
    return "\n".join([*lines, ""])


def _growth(way: str, ours: list[dict[str, Any]]) -> list[str]:
    """What one more page costs in memory, from the smallest to the largest listing, told apart."""
    by_pages = sorted(ours, key=lambda each: int(each["pages"]))
    if not by_pages or by_pages[0]["pages"] == by_pages[-1]["pages"]:
        return []
    least, most = by_pages[0], by_pages[-1]

    def more(what: str) -> float:
        grown: float = most[what] - least[what]
        return grown * 1024 / float(most["pages"] - least["pages"])

    file = more("bytes") / 1024**2
    beside = more("own") - more("given") - file
    return [
        "",
        f"`{way}`: {most['pages'] / least['pages']:.1f} times the pages take {most['peak'] / least['peak']:.2f} times "
        "the memory. A page takes",
        f"- {more('given'):.1f} KB for its rows, which are given,",
        f"- {file:.1f} KB for its part of the file, which is handed over whole,",
        f"- {beside:.1f} KB beside these in the process, and {more('children'):.1f} KB in the second one.",
    ]


def main() -> None:
    """Measure, print, write the page; with `--measure` one way alone, as JSON."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--pages", type=int, nargs="+", default=[1000, 5000])
    asked.add_argument("--ways", nargs="+", default=list(WAYS), choices=sorted(set(WAYS)))
    asked.add_argument("--seconds", type=int, default=600, help="after which typst and WeasyPrint are stopped")
    asked.add_argument("--no-page", action="store_true", help="print only")
    asked.add_argument("--measure", choices=sorted(set(WAYS)))
    given = asked.parse_args()
    if given.measure:
        _limit(given.measure, given.seconds)
        print(json.dumps(measure(given.measure, given.pages[0])))
        return
    text = page_of(run(given.pages, given.ways, given.seconds), given.seconds)
    print(text)
    if not given.no_page:
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
