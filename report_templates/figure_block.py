"""Charts and figures on their pages: caption, picture, footnotes."""

from __future__ import annotations

from dataclasses import dataclass

from longwatch.reports.contents import BarChart
from longwatch.tables.result import TableResult
from report_templates.caption import Caption, caption_lines, caption_of, height_of, put_caption, put_footnotes
from report_templates.chart_drawing import ChartDrawing
from report_templates.chart_layout import lay_out_chart
from report_templates.figure_drawing import draw_figure
from report_templates.flow import Anchor, Flow, Picture

BELOW_PICTURE = 6.0


@dataclass(frozen=True)
class PreparedChart:
    """A chart that is drawn but has no page yet. `own_page`: it starts on a new page."""

    caption: Caption
    drawing: ChartDrawing
    footnotes: tuple[str, ...] = ()
    own_page: bool = False

    @property
    def landscape(self) -> bool:
        """Charts stand on upright pages."""
        return False


def prepare_chart(block: BarChart | TableResult, number: str, flow: Flow) -> PreparedChart:
    """A chart, or an output that is a figure, drawn to the width of an upright page. `number`: its number in the
    report, `1.1`."""
    width = flow.upright.measure
    if isinstance(block, BarChart):
        return PreparedChart(Caption(f"Figure {number}", f"figure-{number}", block.title), lay_out_chart(block, width))
    assert block.chart is not None, "an output without a chart is a table"
    drawing = draw_figure(block.chart, width)
    return PreparedChart(caption_of(block, "Figure", number), drawing, block.footnotes, own_page=True)


def place_chart(chart: PreparedChart, flow: Flow, heading_height: float) -> int:
    """Put it on the page being filled where it fits with its caption, and no output needs a page of its own; else on
    the next. Returns the index of its page; footnotes may go on to a further one."""
    lines = caption_lines(chart.caption, flow.upright.measure)
    alone = flow.geometry.top - flow.y <= heading_height
    fits = flow.room >= height_of(lines) + chart.drawing.height
    if flow.page.landscape or not fits or (chart.own_page and not alone):
        flow.start_page()
    start = len(flow.pages) - 1
    flow.add(Anchor(chart.caption.key, flow.y))
    put_caption(chart.caption, lines, flow)
    flow.add(Picture(chart.drawing, flow.geometry.left, flow.y))
    flow.y -= chart.drawing.height
    if chart.footnotes:
        flow.skip(BELOW_PICTURE)
    put_footnotes(chart.footnotes, flow)
    return start
