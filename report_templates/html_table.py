"""One output as an HTML page of its own: a table, or a figure as inline SVG over the table of its numbers."""

from __future__ import annotations

from longwatch.tables.html import as_html
from longwatch.tables.result import TableResult
from report_templates.figure_drawing import draw_figure
from report_templates.svg import as_svg

FIGURE_WIDTH = 500.0
"""About as wide as in print: a page enlarges lines and texts together."""


def render_html_table(table: TableResult) -> bytes:
    """The page. The same output gives the same bytes; it fetches nothing, and what comes from data is escaped."""
    return as_html(table, picture_of(table)).encode()


def picture_of(table: TableResult) -> str:
    """The SVG element of a figure; of a table, nothing."""
    return as_svg(draw_figure(table.chart, FIGURE_WIDTH)) if table.chart else ""
