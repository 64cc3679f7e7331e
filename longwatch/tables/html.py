"""A table as HTML: one file that fetches nothing, escapes everything that comes from data, and reads on a screen, in
the dark, aloud and on paper."""

from __future__ import annotations

from html import escape

from longwatch.standards.legible import legible
from longwatch.tables.heads import groups_of, has_groups, titles_of
from longwatch.tables.result import TableResult

_STYLE = """
:root{--ink:#1a1d21;--quiet:#5b636c;--line:#d5dade;--page:#fff;--band:#f3f5f7;color-scheme:light dark}
@media(prefers-color-scheme:dark){:root{--ink:#e6e9ec;--quiet:#a3acb5;--line:#3a4149;--page:#15181b;--band:#1e2327}}
body{margin:0;padding:1.5rem 1rem 3rem;background:var(--page);color:var(--ink);font:15px/1.45 system-ui,sans-serif}
main{width:fit-content;max-width:100%;margin:0 auto}
.wide{overflow-x:auto}
table{border-collapse:collapse;font-size:.88rem;border-bottom:1px solid var(--ink)}
caption,figcaption{text-align:left;font-weight:600;font-size:1.05rem;padding:0 .6rem .6rem}
caption small,figcaption small,th small{display:block;font-weight:400;color:var(--quiet);font-size:.88rem}
th,td{padding:.28rem .6rem;vertical-align:top;text-align:right;font-variant-numeric:tabular-nums;unicode-bidi:plaintext}
td{white-space:nowrap}
thead th{background:var(--band);vertical-align:bottom;border-bottom:1px solid var(--ink)}
thead th.g{text-align:center;border-bottom:1px solid var(--line)}
th.s,tbody th,td.note{text-align:left}
figure{margin:0 0 1.5rem;padding:1rem;background:#fff;color:#000;border-radius:6px}
figure small{color:#444}
figure svg{width:100%;min-width:34rem;max-width:56rem;height:auto;display:block;overflow:visible}
figure text{fill:#333;font:9px system-ui,sans-serif}
tbody th{font-weight:400;min-width:12rem;max-width:30rem;overflow-wrap:anywhere}
tbody tr+tr>*{border-top:1px solid var(--line)}
.l1{padding-left:1.8rem}.l2{padding-left:3rem}.l3{padding-left:4.2rem}
footer{color:var(--quiet);font-size:.85rem;padding:.4rem .6rem;max-width:60rem}
footer p{margin:.3rem 0;overflow-wrap:anywhere}
@page{size:landscape;margin:15mm}
@media print{:root{--ink:#000;--quiet:#333;--line:#bbb;--page:#fff;--band:#eee}body{padding:0;font-size:11px}
.wide{overflow:visible}thead{display:table-header-group}tr{break-inside:avoid}td{white-space:normal}}
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def as_html(table: TableResult, picture: str = "") -> str:
    """The page. The same table gives the same text. Invisible and direction-changing characters show as `[U+XXXX]`.
    `picture`: of a figure, its SVG element, which stands over the table of its numbers."""
    notes = "".join(f"<p>{_text(note)}</p>" for note in table.footnotes)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{_text(titles_of(table)[0])}</title><style>{_STYLE}</style></head>\n<body><main>"
        f"{output_element(table, picture)}\n<footer>{notes}</footer></main></body></html>\n"
    )


def output_element(table: TableResult, picture: str = "") -> str:
    """The output without its footnotes, for a page of several: its table; of a figure, the picture with its title, on
    paper white also on a dark page, over the table of its numbers."""
    title, *below = (_text(line) for line in titles_of(table))
    caption = title + "".join(f" <small>{line}</small>" for line in below)
    if not picture:
        return f'<div class="wide">{_table(table, caption)}</div>'
    return (
        f'<figure class="wide"><figcaption>{caption}</figcaption>{picture}</figure>\n'
        f'<div class="wide">{_table(table, "The numbers of the figure")}</div>'
    )


def _table(table: TableResult, caption: str) -> str:
    """Caption, header with its groups, rows with their stubs as row headers."""
    body = "\n".join(
        f'<tr><th scope="row" class="l{min(row.level, 3)}">{_text(row.label)}</th>'
        + "".join(f"<td>{_text(cell)}</td>" for cell in row.cells)
        + "</tr>"
        for row in table.rows
    )
    if not table.rows:
        body = f'<tr><td class="note" colspan="{len(table.columns) + 1}">{_text(table.empty_note)}</td></tr>'
    return f"<table><caption>{caption}</caption>\n<thead>{_head(table)}</thead>\n<tbody>{body}</tbody></table>"


def _head(table: TableResult) -> str:
    grouped = has_groups(table)
    stub = f'<th scope="col" class="s" rowspan="{2 if grouped else 1}">{_text(table.stub)}</th>'
    columns = "".join(
        f'<th scope="col">{_text(column.heading)}'
        + (f" <small>{_text(column.subheading)}</small>" if column.subheading else "")
        + "</th>"
        for column in table.columns
    )
    if not grouped:
        return f"<tr>{stub}{columns}</tr>"
    groups = "".join(
        f'<th scope="colgroup" class="g" colspan="{span}">{_text(name)}</th>' for name, span in groups_of(table)
    )
    return f"<tr>{stub}{groups}</tr>\n<tr>{columns}</tr>"


def _text(text: str) -> str:
    return escape(legible(text))
