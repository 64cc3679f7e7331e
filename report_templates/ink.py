"""What is drawn on one page, written as the operators of a PDF content stream (PDF 1.7, Annex A)."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from longwatch.standards.legible import legible
from report_templates.chart_drawing import Area, Dot, Spot, Stroke
from report_templates.text import BLACK, Colour, Style, encode, width_of


@dataclass(frozen=True, slots=True)
class DrawnPage:
    """A page's drawing as it stands in the file. `content`: the content stream, compressed; `fonts`: the tags of the
    fonts it names."""

    content: bytes
    fonts: frozenset[str]


class Ink:
    """One page's drawing. Text is drawn as glyph codes and never read as markup; rules lie under the text."""

    def __init__(self) -> None:
        self._fonts: set[str] = set()
        self._rules: list[str] = []
        self._text: list[str] = []
        self._font = ""
        self._colour: Colour = BLACK

    def text(self, x: float, y: float, text: str, style: Style) -> None:
        """Draw a text with its first character at a point of the base line."""
        write = self._text.append
        if style.colour != self._colour:
            self._colour = style.colour
            write(f"{_numbers(style.colour)} rg")
        position = f"1 0 0 1 {x:.2f} {y:.2f} Tm"
        for tag, codes in encode(text, style.weight):
            font = f"/{tag} {style.size:g} Tf"
            if font != self._font:
                self._font = font
                self._fonts.add(tag)
                write(font)
            write(f"{position}<{codes}>Tj")
            position = ""

    def lines(self, x: float, y: float, lines: Sequence[str], style: Style) -> None:
        """Draw lines under each other, the first one on a base line. Each carries a blank, so that extracted text
        reads on; an empty one is a gap."""
        for line in lines:
            if line:
                self.text(x, y, line + " ", style)
            y -= style.leading

    def text_right(self, x: float, y: float, text: str, style: Style) -> None:
        """Draw a text that ends at a point."""
        self.text(x - width_of(text, style), y, text, style)

    def text_centred(self, x: float, y: float, text: str, style: Style) -> None:
        """Draw a text with its middle at a point."""
        self.text(x - width_of(text, style) / 2, y, text, style)

    def rule(self, x1: float, x2: float, y: float, weight: float, colour: Colour = BLACK, dots: bool = False) -> None:
        """Draw a horizontal rule; `dots` leads the eye from an entry to its page number."""
        dash = "1 J [0 3.2] 0 d " if dots else ""
        self._rules.append(f"q {dash}{weight:g} w {_numbers(colour)} RG {x1:.2f} {y:.2f} m {x2:.2f} {y:.2f} l S Q")

    def bar(self, x: float, y: float, width: float, height: float, colour: Colour) -> None:
        """Fill a rectangle, its lower left corner at a point."""
        self._rules.append(f"q {_numbers(colour)} rg {x:.2f} {y:.2f} {width:.2f} {height:.2f} re f Q")

    def stroke(self, line: Stroke, left: float, bottom: float) -> None:
        """Draw a line of a chart whose lower left corner is at a point."""
        dash = f"[{' '.join(f'{part:g}' for part in line.dash)}] 0 d " if line.dash else ""
        end = "s" if line.closed else "S"
        path = _path(line.spots, left, bottom)
        self._rules.append(f"q 1 j {dash}{line.weight:g} w {_numbers(line.colour)} RG {path} {end} Q")

    def area(self, area: Area, left: float, bottom: float) -> None:
        """Fill a polygon of a chart."""
        self._rules.append(f"q {_numbers(area.colour)} rg {_path(area.spots, left, bottom)} h f Q")

    def dot(self, dot: Dot, left: float, bottom: float) -> None:
        """Draw a circle of a chart: four curves."""
        x, y, r = left + dot.x, bottom + dot.y, dot.radius
        k = r * _ARC
        curves = (
            f"{x + r:.2f} {y:.2f} m "
            f"{x + r:.2f} {y + k:.2f} {x + k:.2f} {y + r:.2f} {x:.2f} {y + r:.2f} c "
            f"{x - k:.2f} {y + r:.2f} {x - r:.2f} {y + k:.2f} {x - r:.2f} {y:.2f} c "
            f"{x - r:.2f} {y - k:.2f} {x - k:.2f} {y - r:.2f} {x:.2f} {y - r:.2f} c "
            f"{x + k:.2f} {y - r:.2f} {x + r:.2f} {y - k:.2f} {x + r:.2f} {y:.2f} c"
        )
        colour = _numbers(dot.colour)
        self._rules.append(f"q {colour} rg {curves} f Q" if dot.filled else f"q 0.9 w {colour} RG {curves} s Q")

    def begin_picture(self, description: str) -> None:
        """What is drawn until `end_picture` is one picture; these words are for who cannot see it (PDF 1.7, 14.9.3)."""
        words = ("\ufeff" + legible(description)).encode("utf-16-be").hex().upper()
        self._rules.append(f"/Span <</Alt <{words}>>> BDC")

    def end_picture(self) -> None:
        """The picture is whole."""
        self._rules.append("EMC")

    def under(self, operators: str) -> None:
        """Put operators under everything that is drawn."""
        self._rules.insert(0, operators)

    def dry(self) -> DrawnPage:
        """The page, to which nothing is added any more."""
        content = "\n".join([*self._rules, "BT", *self._text, "ET", ""]).encode("ascii")
        return DrawnPage(zlib.compress(content, 6), frozenset(self._fonts))


_ARC = 0.5523
"""How far from its ends the control points of a quarter circle stand, of its radius."""


def _path(spots: tuple[Spot, ...], left: float, bottom: float) -> str:
    (x, y), *rest = spots
    return f"{left + x:.2f} {bottom + y:.2f} m " + " ".join(f"{left + x:.2f} {bottom + y:.2f} l" for x, y in rest)


def _numbers(colour: Colour) -> str:
    return " ".join(f"{part:g}" for part in colour)
