"""How the series of a figure look: dash, mark and colour, each told from the others without colour."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, pi, sin

from report_templates.chart_drawing import Area, Dot, Spot, Stroke
from report_templates.text import Colour

GRID: Colour = (0.88, 0.88, 0.88)
SIZE = 3.2


@dataclass(frozen=True)
class Look:
    """`sides` and `turn` make the mark: 0 sides a circle; `filled` or as a line. `tint`, `shade`: of a band and of its
    edges."""

    colour: Colour
    dash: tuple[float, ...]
    sides: int
    turn: float
    filled: bool

    @property
    def tint(self) -> Colour:
        """The colour of a band."""
        return _lighter(self.colour, 0.88)

    @property
    def shade(self) -> Colour:
        """The colour of a band's edges."""
        return _lighter(self.colour, 0.5)


LOOKS = (
    Look((0.00, 0.27, 0.53), (), 0, 0.0, True),
    Look((0.74, 0.27, 0.00), (6.0, 3.0), 4, pi / 4, False),
    Look((0.00, 0.42, 0.32), (1.6, 2.2), 3, pi / 2, True),
    Look((0.42, 0.18, 0.47), (8.0, 2.5, 1.6, 2.5), 4, 0.0, False),
    Look((0.25, 0.25, 0.25), (3.0, 2.0), 0, 0.0, False),
    Look((0.55, 0.40, 0.00), (10.0, 4.0), 4, pi / 4, True),
    Look((0.70, 0.10, 0.35), (4.0, 1.5, 1.2, 1.5, 1.2, 1.5), 3, -pi / 2, False),
    Look((0.10, 0.45, 0.62), (2.5, 4.0), 4, 0.0, True),
)
"""Dark enough to be read on white; no two share dash and mark."""


def look_of(rank: int) -> Look:
    """The look of a series by its rank; from the ninth on they come again."""
    return LOOKS[rank % len(LOOKS)]


def draw_mark(x: float, y: float, look: Look, areas: list[Area], strokes: list[Stroke], dots: list[Dot]) -> None:
    """The mark of a series at a spot."""
    if look.sides == 0:
        dots.append(Dot(x, y, SIZE * 0.85, look.colour, look.filled))
        return
    angles = (look.turn + 2 * pi * side / look.sides for side in range(look.sides))
    spots: tuple[Spot, ...] = tuple((x + SIZE * 1.15 * cos(angle), y + SIZE * 1.15 * sin(angle)) for angle in angles)
    if look.filled:
        areas.append(Area(spots, look.colour))
    else:
        strokes.append(Stroke(spots, 0.9, look.colour, closed=True))


def _lighter(colour: Colour, share: float) -> Colour:
    red, green, blue = (part + (1 - part) * share for part in colour)
    return (red, green, blue)
