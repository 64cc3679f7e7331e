"""Reports made by hand for the renderer's tests. Run as a program, it prints the SHA-256 of the rendered sample."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from longwatch.reports.contents import Block, Paragraphs, PlainTable, ReportContents, Section
from longwatch.tables.chart import Chart, Corner, Mark, Point, Reference, Series, Strip, linear_axis
from longwatch.tables.result import TableColumn, TableResult, TableRow

REPORT_KEY = "0123456789abcdef" * 4
SNAPSHOT = "fedcba9876543210" * 4
ARMS = ("Placebo", "Xanomeline Low Dose", "Xanomeline High Dose")
FOOTNOTES = (
    "Source: AE, DM and EX of the snapshot; ADSL (SAFFL = Y), ADAE (TRTEMFL = Y).",
    "n: subjects with at least one event; %: of N. MedDRA 27.0.",
)
HOSTILE = (
    "<b>bold</b> & <para>",
    "file:///etc/passwd",
    "http://example.invalid/a?b=1&c=2",
    '<img src="http://example.invalid/x.png"/>',
    "{study_id} %s \\(paren) ) Tj ET",
)


def make_table(
    rows: tuple[TableRow, ...] = (),
    *,
    arms: int = 3,
    code: str = "AET02",
    title: str = "Adverse events by system organ class and preferred term",
    footnotes: tuple[str, ...] = FOOTNOTES,
) -> TableResult:
    """An output with an `n (%)` column for each arm."""
    columns = tuple(TableColumn(f"c{number}", ARMS[number % 3], f"N={80 + number}") for number in range(arms))
    return TableResult(code, title, "Safety population", "Preferred term", columns, rows, (), footnotes, number="14")


def make_group(name: str, terms: int, arms: int = 3) -> tuple[TableRow, ...]:
    """A SOC and so many terms under it."""
    head = TableRow(name, tuple(f"{10 + arm} ({12.5 + arm})" for arm in range(arms)), 0, name)
    return (
        head,
        *(
            TableRow(f"{name} TERM {term}", tuple(_cell(term, arm) for arm in range(arms)), 1, name, f"TERM {term}")
            for term in range(1, terms + 1)
        ),
    )


def _cell(term: int, arm: int) -> str:
    count = term * (arm + 3) % 23
    return f"{count} ({count * 1.2:.1f})" if count else "0"


def make_figure() -> TableResult:
    """A figure with everything that can be drawn, and texts that are too long or hostile."""
    name = "a name of an arm that is far too long for the margin of a figure"
    series = (
        Series(name, Mark.STEP, (Point(0, 100), Point(30, 60, 40, 75)), until=90, ticks=((50, 60),)),
        Series(HOSTILE[0], Mark.LINE, (Point(10, 20, 10, 30), Point(80, 40, 30, 60))),
        Series("日本語", Mark.POINT, (Point(40, 50, 20, 140), Point(99, 70, ring=True, label=HOSTILE[4]))),
    )
    at = (0.0, 50.0, 100.0)
    chart = Chart(
        HOSTILE[3], linear_axis("Days", 100), linear_axis("Share, %", 100), series,
        (Reference("x", 60, HOSTILE[1]), Reference("y", 50, "half")), (Corner("upper right", "α ≥ 3× ULN"),),
        Strip("Number at risk", at, tuple((each.name, ("1", "2", "3")) for each in series)), ("|: censored",),
    )  # fmt: skip
    return replace(make_table(make_group("EYE", 2), code="FIG", title="A figure"), chart=chart, number="Fig 4")


def make_listing(rows: int = 4, title: str = "Open errors, record by record") -> PlainTable:
    """Findings as a listing."""
    return PlainTable(
        title,
        ("Rule", "Records", "Subject", "What was found"),
        tuple(
            ("SR03", f"{number * 997:,}", f"01-701-{1000 + number}", "AEOUT is FATAL and AESER is N. " * 3)
            for number in range(rows)
        ),
        (0.7, 0.7, 1.2, 4.0),
    )


def make_contents(*sections: tuple[Block, ...], draft: bool = True, page_size: str = "letter") -> ReportContents:
    """A report of these sections; without any, the sample of one output and one listing."""
    blocks = sections or (
        (Paragraphs(("What this report rests on. " * 12,)), make_listing()),
        (make_table((*make_group("CARDIAC DISORDERS", 30), *make_group("EYE DISORDERS", 12))),),
    )
    return ReportContents(
        study_id="STUDY-1",
        study_title="A study of islets (in adults) with a title that is long enough not to fit on one line of a page",
        sponsor="A sponsor",
        title="Safety summary",
        report_key=REPORT_KEY,
        snapshot_id=SNAPSHOT,
        cutoff=date(2024, 1, 31),
        facts=(("Safety population", "254 subjects"), ("Made with", "Longwatch")),
        sections=tuple(Section(f"Section {number}", each) for number, each in enumerate(blocks, start=1)),
        draft_reasons=("ST02: 1 open error. Trial summary states the start of the study.",) if draft else (),
        page_size=page_size,
    )


def make_stress() -> ReportContents:
    """Everything that can be too long, too wide, too many or hostile."""
    long_term = "UNCODED: " + "pain in the left upper arm after the infusion, " * 60
    odd_rows = (
        TableRow(long_term, ("1 (1.2)", "0", "81 (100)"), 0, "UNCODED"),
        TableRow("X" * 900, ("1 (<0.1)", "0", "80 (>99.9)"), 0),
        *(TableRow(text, ("0", "1 (1.2)", "0"), 0) for text in HOSTILE),
        TableRow("日本語の有害事象名が長く続くときは行を折り返します。" * 4, ("0", "0", "0"), 1),
        TableRow("α-fetoprotein ≥ 3× ULN, −1.5 µg/L, ½ Å; Привет", ("NE", "0.0 (NE, NE)", "−8.3 (−12.2, 3.0)"), 1),
        TableRow("אבג \u202eabc\u0000 \U0001f600", ("0", "0", "0"), 0),
    )
    subgroup = tuple(replace(row, level=row.level + 1) for row in make_group("SUBGROUP", 60))
    text_columns = TableResult(
        "DTHT01",
        "Deaths",
        "Safety population",
        "Subject",
        (TableColumn("cause", "Cause of death"), TableColumn("day", "Day of death")),
        tuple(TableRow(f"01-70{n}", ("Cardiogenic shock after a long stay in hospital", str(n)), 0) for n in range(5)),
        (),
        FOOTNOTES,
    )
    wide = make_table((*make_group("CARDIAC DISORDERS", 40, 60),), arms=60, code="WIDE", title="Sixty columns")
    contents = make_contents(
        (
            Paragraphs(tuple("words that fill the page " * 70 for _ in range(6))),
            make_table(make_group("INFECTIONS", 500), code="BIG", title="A system organ class of 500 terms"),
            make_table(odd_rows, code="ODD", title="Odd terms <b>&amp;</b> " + "in a long title " * 20),
            make_table((TableRow("GROUP", ("1", "2", "3"), 0), *subgroup), code="NEST", title="Three levels"),
            make_table((), code="NONE", title="Nothing happened"),
            make_figure(),
            make_table(make_group("EYE", 2), code="FOOT", title="Footnotes", footnotes=("many words " * 60,) * 20),
            make_table((TableRow("no columns", (), 0),), arms=0, code="BARE", title="No columns"),
            text_columns,
            replace(wide, columns=tuple(replace(c, group=f"Cohort {n // 4}") for n, c in enumerate(wide.columns))),
        ),
        (
            make_listing(120),
            make_listing(0, "Nothing found"),
            PlainTable("One tall cell", ("A", "B"), (("x", "word " * 3000),), (1.0, 3.0)),
            PlainTable(
                "Narrow", tuple(f"Col{n}" for n in range(14)), ((*(f"value{n}" for n in range(14)),),), (1.0,) * 14
            ),
        ),
        (),
        page_size="a4",
    )
    return replace(
        contents,
        study_title="T" * 300,
        sponsor="",
        facts=contents.facts * 20,
        draft_reasons=tuple(f"R{number:02}: " + "many open errors " * 12 for number in range(30)),
    )


if __name__ == "__main__":
    from report_templates import render

    print(render(make_contents()).sha256)
