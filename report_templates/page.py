"""The page: its sizes, its margins, and where header and footer stand.

Source: spec E.7 (FDA Portable Document Format Specifications): at least 3/4 inch at the binding edge (left of an
upright page, top of a landscape one), at least 3/8 inch elsewhere, header and footer not within 3/8 inch of the edge;
landscape pages are saved as landscape.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

INCH = 72.0
SIZES = {"letter": (612.0, 792.0), "a4": (595.276, 841.89)}


@dataclass(frozen=True)
class Geometry:
    """One page format. Lengths in points from the lower left corner; `left`, `right`, `top`, `bottom` bound the body.

    `header`: the base line of the upper of two header lines. `footer`: the base line of the footer.
    """

    width: float
    height: float
    left: float
    right: float
    top: float
    bottom: float
    header: float
    footer: float

    @cached_property
    def measure(self) -> float:
        """The width of the body."""
        return self.right - self.left

    @cached_property
    def depth(self) -> float:
        """The height of the body."""
        return self.top - self.bottom


def make_geometry(page_size: str, *, landscape: bool) -> Geometry:
    """The page of a size, `letter` or `a4`, upright or landscape."""
    narrow, long = SIZES[page_size]
    if landscape:
        return Geometry(
            width=long,
            height=narrow,
            left=0.75 * INCH,
            right=long - 0.75 * INCH,
            top=narrow - 1.3 * INCH,
            bottom=0.8 * INCH,
            header=narrow - 0.88 * INCH,
            footer=0.5 * INCH,
        )
    return Geometry(
        width=narrow,
        height=long,
        left=0.85 * INCH,
        right=narrow - 0.65 * INCH,
        top=long - 1.08 * INCH,
        bottom=0.8 * INCH,
        header=long - 0.65 * INCH,
        footer=0.5 * INCH,
    )
