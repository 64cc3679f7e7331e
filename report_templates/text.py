"""Text as it is set: measured, encoded for its fonts, broken into lines. What comes in is data, never markup."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from longwatch.standards.legible import shown
from report_templates.fonts import CHAINS, Weight, find_face, load_face

Colour = tuple[float, float, float]

BLACK: Colour = (0.0, 0.0, 0.0)
GREY: Colour = (0.33, 0.33, 0.33)
ACCENT: Colour = (0.05, 0.25, 0.53)
"""Links only: the blue text that FDA's PDF specification asks for (spec E.7)."""


@dataclass(frozen=True)
class Style:
    """How a text is set. Nothing in a report is smaller than 9 points (spec E.7)."""

    weight: Weight = "regular"
    size: float = 9.0
    colour: Colour = BLACK
    leading: float = 12.0


_NEW_LINE = re.compile("\r\n|[\r\n\u0085\u2028\u2029]")
_IDEOGRAPH = "\u2e80-\u2fff\u3001-\u30ff\u31f0-\u9fff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff"
_PIECE = re.compile(f"[{_IDEOGRAPH}][、。，．」』）】〉》]*|[^\\s{_IDEOGRAPH}]+|\\s+")
_MARKS = "/\\-_.,:;=&"
_CACHE = 1 << 13


@lru_cache(maxsize=_CACHE)
def measure(text: str, weight: Weight) -> float:
    """The width of a text in 1/1000 of the type size, measured once per distinct text."""
    try:
        return sum(map(load_face(CHAINS[weight][0]).advances.__getitem__, text))
    except KeyError:
        return sum(_measure_character(character, weight) for character in text)


@lru_cache(maxsize=_CACHE)
def _measure_character(character: str, weight: Weight) -> float:
    face = find_face(character, weight)
    return face.advances[character] if face else measure(shown(character), weight)


def width_of(text: str, style: Style) -> float:
    """The width of a text in points."""
    return measure(text, style.weight) * style.size / 1000


@lru_cache(maxsize=_CACHE)
def encode(text: str, weight: Weight) -> tuple[tuple[str, str], ...]:
    """The text as runs of (font tag, hexadecimal glyph codes), each run in the first font that has its characters."""
    tag = CHAINS[weight][0]
    codes = text.translate(load_face(tag).codes)
    if len(codes) == 4 * len(text):
        return ((tag, codes),) if text else ()
    runs: list[tuple[str, str]] = []
    for character in text:
        face = find_face(character, weight)
        pieces = ((face.tag, face.codes[ord(character)]),) if face else encode(shown(character), weight)
        for tag, codes in pieces:
            if runs and runs[-1][0] == tag:
                runs[-1] = (tag, runs[-1][1] + codes)
            else:
                runs.append((tag, codes))
    return tuple(runs)


@lru_cache(maxsize=_CACHE)
def wrap(text: str, weight: Weight, size: float, width: float) -> tuple[str, ...]:
    """The lines of a text within a width in points; at least one line.

    Breaks: 1. where the text itself breaks; 2. at blanks, and between ideographs; 3. in a word wider than the line,
    after a mark (`/ \\ - _ . , : ; = &`) where one stands in its second half, else after the last character that fits.
    Blanks at a break are not drawn. Nothing else is left out.
    """
    room = width * 1000 / size
    lines: list[str] = []
    for paragraph in _NEW_LINE.split(text):
        lines.extend(_wrap_paragraph(paragraph, weight, room))
    return tuple(lines)


def _wrap_paragraph(text: str, weight: Weight, room: float) -> list[str]:
    if measure(text, weight) <= room:
        return [text]
    lines: list[str] = []
    line, used = "", 0.0
    for piece in _PIECE.findall(text):
        advance = measure(piece, weight)
        if used + advance <= room or (piece.isspace() and line):
            line, used = line + piece, used + advance
            continue
        if line.strip():
            lines.append(line.rstrip())
        if piece.isspace():
            line, used = "", 0.0
            continue
        if advance > room:
            *whole, piece = _break_word(piece, weight, room)
            lines.extend(whole)
            advance = measure(piece, weight)
        line, used = piece, advance
    if line.strip() or not lines:
        lines.append(line.rstrip())
    return lines


def _break_word(word: str, weight: Weight, room: float) -> list[str]:
    parts: list[str] = []
    start, used = 0, 0.0
    for end, character in enumerate(word):
        advance = measure(character, weight)
        if used + advance > room and end > start:
            mark = max(word.rfind(sign, start, end) for sign in _MARKS) + 1
            cut = mark if mark > (start + end) // 2 else end
            parts.append(word[start:cut])
            used = sum(measure(carried, weight) for carried in word[cut:end])
            start = cut
        used += advance
    return [*parts, word[start:]]


@lru_cache(maxsize=_CACHE)
def longest_word(text: str, weight: Weight) -> float:
    """The width of the widest part that is not broken at blanks, in 1/1000 of the type size."""
    return max((measure(piece, weight) for piece in _PIECE.findall(text) if not piece.isspace()), default=0.0)


def wrap_at_most(text: str, style: Style, width: float, most: int) -> tuple[str, ...]:
    """The lines of a heading; where it takes more than `most`, the last one ends in an ellipsis."""
    lines = wrap(text, style.weight, style.size, width)
    return lines if len(lines) <= most else (*lines[: most - 1], shorten(lines[most - 1] + " …", style, width))


def shorten(text: str, style: Style, width: float) -> str:
    """The text on one line, with an ellipsis where it does not fit."""
    line = " ".join(_NEW_LINE.split(text))
    if width_of(line, style) <= width:
        return line
    room = width * 1000 / style.size - measure("…", style.weight)
    used, fit = 0.0, 0
    for character in line:
        used += measure(character, style.weight)
        if used > room:
            break
        fit += 1
    return line[:fit].rstrip() + "…"
