"""A table as RTF, which every word processor opens: landscape, header rows repeated, footnotes below.

Written by hand after the RTF specification 1.9.1: a table is rows (`\\trowd … \\row`), each naming the right edges of
its cells (`\\cellx`). The file is ASCII: any other character is `\\uN?`, N a signed 16-bit UTF-16 unit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate

from longwatch.standards.legible import legible
from longwatch.tables.heads import MARGIN, PAGE, USABLE, compute_widths, groups_of, has_groups, titles_of
from longwatch.tables.result import TableResult

_HEAD = (
    "{\\rtf1\\ansi\\ansicpg1252\\uc1\\deff0{\\fonttbl{\\f0\\fswiss\\fcharset0 Arial;}}\n"
    f"\\paperw{PAGE[0]}\\paperh{PAGE[1]}\\landscape"
    f"\\margl{MARGIN}\\margr{MARGIN}\\margt{MARGIN}\\margb{MARGIN}\n"
    f"\\sectd\\lndscpsxn\\pgwsxn{PAGE[0]}\\pghsxn{PAGE[1]}"
    "{\\footer\\pard\\qr\\f0\\fs16 Page {\\field{\\*\\fldinst PAGE}{\\fldrslt 1}}\\par}\n"
)
_INDENT = 200
_BORDER = "\\clbrdr{side}\\brdrs\\brdrw10"


def as_rtf(table: TableResult) -> str:
    """The document, in ASCII. The same table gives the same text. Invisible characters show as `[U+XXXX]`."""
    return _HEAD + "\n".join(_parts(table)) + "}\n"


def _parts(table: TableResult) -> Iterator[str]:
    title, *below = titles_of(table)
    yield f"\\pard\\keepn\\f0\\fs22\\b {_text(title)}\\b0\\par"
    for line in below:
        yield f"\\pard\\keepn\\f0\\fs18 {_text(line)}\\par"
    yield "\\pard\\keepn\\f0\\fs8\\par"
    widths = compute_widths(table)
    edges = list(accumulate(widths))
    if has_groups(table):
        groups = groups_of(table)
        places = list(accumulate((span for _, span in groups), initial=0))[1:]
        lines = [("", "\\ql")] + [(name, "\\qc") for name, _ in groups]
        yield _row(lines, [edges[0], *(edges[place] for place in places)], top=True, header=True)
    heads = [(column.heading, column.subheading) for column in table.columns]
    units = any(unit for _, unit in heads)
    first = [(table.stub, "\\ql"), *((heading, "\\qr") for heading, _ in heads)]
    yield _row(first, edges, top=not has_groups(table), bottom=not units, header=True)
    if units:
        yield _row([("", "\\ql"), *((unit, "\\qr") for _, unit in heads)], edges, bottom=True, header=True)
    last = len(table.rows) - 1
    for number, row in enumerate(table.rows):
        cells = [(row.label, f"\\ql\\li{_INDENT * row.level}"), *((cell, "\\qr") for cell in row.cells)]
        yield _row(cells, edges, bottom=number == last)
    if not table.rows:
        yield _row([(table.empty_note, "\\ql")], [USABLE], bottom=True)
    yield "\\pard\\f0\\fs8\\par"
    for note in table.footnotes:
        yield f"\\pard\\f0\\fs16 {_text(note)}\\par"


def _row(
    cells: Sequence[tuple[str, str]],
    edges: Sequence[int],
    *,
    top: bool = False,
    bottom: bool = False,
    header: bool = False,
) -> str:
    """Cells as text and paragraph format; a header row is repeated on each page, no row is broken over two."""
    border = (_BORDER.format(side="t") if top else "") + (_BORDER.format(side="b") if bottom else "")
    start = "\\trowd\\trgaph50\\trkeep" + ("\\trhdr" if header else "")
    shape = "".join(f"{border}\\clvertal{'b' if header else 't'}\\cellx{edge}" for edge in edges)
    weight = "\\b" if header else ""
    texts = "".join(
        f"\\pard\\intbl\\sb15\\sa15{form}\\f0\\fs16{weight} {_text(text)}\\b0\\cell" for text, form in cells
    )
    return f"{start}{shape}\n{texts}\\row"


def _text(text: str) -> str:
    return "".join(_sign(sign) for sign in legible(text))


def _sign(sign: str) -> str:
    if sign in "\\{}":
        return f"\\{sign}"
    if sign.isascii():
        return sign
    units = sign.encode("utf-16-le")
    numbers = (int.from_bytes(units[place : place + 2], "little", signed=True) for place in range(0, len(units), 2))
    return "".join(f"\\u{number}?" for number in numbers)
