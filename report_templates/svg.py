"""A laid out chart as an SVG element that stands in an HTML page: no script, no address, every text escaped."""

from __future__ import annotations

from html import escape

from longwatch.standards.legible import legible
from report_templates.chart_drawing import ChartDrawing, Dot, Spot, Stroke
from report_templates.text import Colour

_ANCHORS = {"left": "start", "middle": "middle", "right": "end"}


def as_svg(drawing: ChartDrawing, *, themed: bool = False) -> str:
    """The element, its description as its name. `themed`: lines and texts take the page's colours, for charts that are
    read in the dark too; else the drawing keeps its own, on paper white."""
    height = drawing.height
    areas = (f'<path d="{_path(area.spots, height)}Z" fill="{_hex(area.colour)}"/>' for area in drawing.areas)
    strokes = (_stroke(stroke, height, themed) for stroke in drawing.strokes)
    bars = (
        f'<rect x="{bar.x:.1f}" y="{height - bar.y - bar.height:.1f}" width="{bar.width:.1f}" '
        f'height="{bar.height:.1f}" fill="{_hex(bar.colour)}"/>'
        for bar in drawing.bars
    )
    dots = (_dot(dot, height) for dot in drawing.dots)
    labels = (
        f'<text x="{label.x:.1f}" y="{height - label.y:.1f}" text-anchor="{_ANCHORS[label.align]}">'
        f"{escape(legible(label.text))}</text>"
        for label in drawing.labels
    )
    name = f'role="img" aria-label="{escape(legible(drawing.description))}"'
    inside = "".join((*areas, *strokes, *bars, *dots, *labels))
    return f'<svg viewBox="0 0 {drawing.width:g} {height:g}" {name}>{inside}</svg>'


def _stroke(stroke: Stroke, height: float, themed: bool) -> str:
    path = _path(stroke.spots, height) + ("Z" if stroke.closed else "")
    colour = "" if themed else f' stroke="{_hex(stroke.colour)}"'
    dash = f' stroke-dasharray="{" ".join(f"{part:g}" for part in stroke.dash)}"' if stroke.dash else ""
    return f'<path class="line" d="{path}" fill="none" stroke-width="{stroke.weight:g}"{colour}{dash}/>'


def _dot(dot: Dot, height: float) -> str:
    inside = f'fill="{_hex(dot.colour)}"' if dot.filled else f'fill="none" stroke="{_hex(dot.colour)}"'
    return f'<circle cx="{dot.x:.1f}" cy="{height - dot.y:.1f}" r="{dot.radius:g}" {inside}/>'


def _path(spots: tuple[Spot, ...], height: float) -> str:
    return "M" + "L".join(f"{x:.1f} {height - y:.1f}" for x, y in spots)


def _hex(colour: Colour) -> str:
    return "#" + "".join(f"{round(part * 255):02x}" for part in colour)
