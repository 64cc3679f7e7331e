"""The word DRAFT across a page, drawn as lines: a mark that is seen but does not run into extracted text."""

from __future__ import annotations

import math

from report_templates.page import Geometry

SIZE = 130.0
GREY_LEVEL = 0.94
STROKE = 0.14
GAP = 0.26

LETTERS = (
    (0.64, "0 0 m 0 1 l 0.22 1 l 0.78 1 0.78 0 0.22 0 c h"),
    (0.62, "0 0 m 0 1 l 0.32 1 l 0.70 1 0.70 0.47 0.32 0.47 c 0 0.47 l 0.28 0.47 m 0.62 0 l"),
    (0.72, "0 0 m 0.36 1 l 0.72 0 l 0.12 0.33 m 0.60 0.33 l"),
    (0.52, "0 0 m 0 1 l 0.54 1 l 0 0.51 m 0.46 0.51 l"),
    (0.66, "0.33 0 m 0.33 1 l 0 1 m 0.66 1 l"),
)
"""D, R, A, F, T in a box of height 1: the width of each, and its path."""


def draft_mark(page: Geometry) -> str:
    """The operators that draw the mark from corner to corner, with its middle in the middle of the page."""
    diagonal = math.hypot(page.width, page.height)
    cosine, sine = page.width / diagonal * SIZE, page.height / diagonal * SIZE
    length = sum(width for width, _ in LETTERS) + GAP * (len(LETTERS) - 1)
    x = page.width / 2 - length / 2 * cosine + 0.5 * sine
    y = page.height / 2 - length / 2 * sine - 0.5 * cosine
    operators = [
        f"q {GREY_LEVEL:g} G {STROKE:g} w 0 j",
        f"{cosine:.4f} {sine:.4f} {-sine:.4f} {cosine:.4f} {x:.2f} {y:.2f} cm",
    ]
    for width, path in LETTERS:
        operators += [path, "S", f"1 0 0 1 {width + GAP:g} 0 cm"]
    return " ".join([*operators, "Q"])
