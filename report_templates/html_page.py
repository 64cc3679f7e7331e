"""Contents → one self-contained HTML file: nothing is fetched, everything that comes from data is escaped."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from longwatch.reports.contents import BarChart, Block, Paragraphs, PlainTable, ReportContents
from longwatch.standards.legible import legible
from longwatch.tables.html import output_element
from longwatch.tables.result import TableResult
from report_templates.alignment import is_numeric
from report_templates.chart_layout import lay_out_chart
from report_templates.html_table import picture_of
from report_templates.svg import as_svg

CHART_WIDTH = 640.0
STYLE = """
:root{--ink:#1a1d21;--quiet:#5b636c;--line:#d5dade;--page:#fff;--band:#f3f5f7;color-scheme:light dark}
@media(prefers-color-scheme:dark){:root{--ink:#e6e9ec;--quiet:#a3acb5;--line:#3a4149;--page:#15181b;--band:#1e2327}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
main{max-width:70rem;margin:0 auto;padding:1.5rem 1rem 4rem}
h1{font-size:1.7rem;line-height:1.2;margin:.2rem 0 .4rem}
h2{font-size:1.25rem;margin:2.6rem 0 .6rem;border-bottom:2px solid var(--line);padding-bottom:.3rem}
h3{font-size:1rem;margin:1.8rem 0 .5rem}
p{max-width:44rem;margin:.5rem 0}
.quiet,footer{color:var(--quiet);font-size:.9rem}
dl{display:grid;grid-template-columns:minmax(8rem,auto) 1fr;gap:.2rem 1rem;margin:1.2rem 0}
dt{color:var(--quiet)}dd{margin:0;overflow-wrap:anywhere}
.wide{overflow-x:auto;border:1px solid var(--line);border-radius:6px}
table{border-collapse:collapse;width:100%;font-size:.88rem}
th,td{text-align:left;vertical-align:top;padding:.4rem .6rem;border-bottom:1px solid var(--line);unicode-bidi:plaintext;
overflow-wrap:break-word;min-width:3rem;max-width:26rem}
thead th{background:var(--band)}
caption,figcaption{text-align:left;font-weight:600;padding:.5rem .6rem}
tbody th{font-weight:400}
.l1{padding-left:1.8rem}.l2{padding-left:3rem}.l3{padding-left:4.2rem}
th.g{text-align:center}th small,caption small,figcaption small{display:block;font-weight:400;color:var(--quiet)}
tr:last-child td{border-bottom:0}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
svg{width:100%;min-width:34rem;max-width:48rem;height:auto;display:block}
.chart{overflow-x:auto}
svg text{fill:var(--quiet);font:9px system-ui,sans-serif}
.chart .line{stroke:var(--line)}
figure{margin:0 0 1rem;padding:1rem;background:#fff;color:#000;border-radius:6px}
figure small{color:#444}
figure svg{overflow:visible}figure text{fill:#333}
.draft{border:2px solid currentColor;padding:.5rem .8rem;font-weight:600}
@media(max-width:36rem){dl{grid-template-columns:1fr;gap:0}dd{margin-bottom:.5rem}main{padding:1rem .7rem 3rem}}
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def render_html(contents: ReportContents) -> bytes:
    """The page. The same contents give the same bytes. Invisible and direction-changing characters show as `[U+XXXX]`,
    as in the PDF."""
    facts = (*contents.facts, ("Report key", contents.report_key), ("Snapshot id", contents.snapshot_id))
    title = f"{contents.title}: {contents.study_id}"
    parts = [
        "<!doctype html>",
        f'<html lang="{escape(contents.language)}"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{_text(title)}</title><style>{STYLE}</style></head><body><main>",
        f'<div class="quiet">{_text(contents.sponsor or "Sponsor not stated")}</div><h1>{_text(contents.title)}</h1>',
        f"<div><strong>{_text(contents.study_id)}</strong> {_text(contents.study_title)}</div>",
        f"<div>{_text(contents.date_label)} {contents.cutoff.isoformat()}</div>",
    ]
    if contents.is_draft:
        reasons = "".join(f"<li>{_text(reason)}</li>" for reason in contents.draft_reasons)
        parts.append(f'<div class="draft">DRAFT<ul>{reasons}</ul></div>')
    parts.append(
        "<dl>" + "".join(f"<dt>{_text(label)}</dt><dd>{_text(value)}</dd>" for label, value in facts) + "</dl>"
    )
    for number, section in enumerate(contents.sections, start=1):
        parts.append(f"<h2>{number} {_text(section.title)}</h2>")
        parts += [_block(block) for block in section.blocks]
    parts.append(f"<footer><p>Snapshot {contents.snapshot_id[:12]} · Report {contents.report_key[:12]}</p></footer>")
    parts.append("</main></body></html>\n")
    return "\n".join(parts).encode()


def _text(text: str) -> str:
    return escape("\n".join(legible(line) for line in text.split("\n")))


def _block(block: Block) -> str:
    if isinstance(block, Paragraphs):
        return "".join(f"<p>{_text(text)}</p>" for text in block.texts)
    if isinstance(block, BarChart):
        drawn = as_svg(lay_out_chart(block, CHART_WIDTH), themed=True)
        return f'<h3>{_text(block.title)}</h3><div class="chart">{drawn}</div>'
    if isinstance(block, PlainTable):
        return _table(block.title, block.header, block.rows, block.note)
    return _output(block)


def _output(table: TableResult) -> str:
    notes = "".join(f'<p class="quiet">{_text(note)}</p>' for note in table.footnotes)
    return f"{output_element(table, picture_of(table))}{notes}"


def _table(title: str, header: tuple[str, ...], rows: Sequence[tuple[str, ...]], note: str) -> str:
    if not rows:
        return f'<h3>{_text(title)}</h3><p class="quiet">{_text(note)}</p>'
    numeric = [
        is_numeric(row[place] for row in rows) and any(row[place] for row in rows) for place in range(len(header))
    ]
    marks = [' class="n"' if each else "" for each in numeric]
    head = "".join(f"<th{mark}>{_text(text)}</th>" for mark, text in zip(marks, header, strict=True))
    body = "".join(
        "<tr>" + "".join(f"<td{mark}>{_text(cell)}</td>" for mark, cell in zip(marks, row, strict=True)) + "</tr>"
        for row in rows
    )
    rows_of = f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody>"
    return f'<h3>{_text(title)}</h3><div class="wide"><table>{rows_of}</table></div>'
