"""Any figure, laid out at a width in points: categories along the page or down it."""

from __future__ import annotations

from longwatch.tables.chart import Chart
from report_templates.chart_drawing import ChartDrawing
from report_templates.figure_layout import lay_out_figure
from report_templates.forest_layout import lay_out_forest


def draw_figure(chart: Chart, width: float) -> ChartDrawing:
    """The figure."""
    return lay_out_forest(chart, width) if chart.is_sideways else lay_out_figure(chart, width)
