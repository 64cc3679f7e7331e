"""The rules that each page of a PDF must keep, judged on its boxes and on the strings of its content stream."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from longwatch.reports.conformance import RuleVerdict, judge
from report_templates.page import INCH, SIZES

if TYPE_CHECKING:
    import pikepdf

NARROW_MARGIN, BINDING_MARGIN = 3 / 8 * INCH, 3 / 4 * INCH
_TOLERANCE = 0.6
_TOKEN = re.compile(
    rb"/(?P<font>[^\s/<>\[\]()]+)\s+[\d.]+\s+Tf"
    rb"|(?P<matrix>(?:-?[\d.]+\s+){6})Tm"
    rb"|<(?P<hex>[0-9A-Fa-f\s]*)>"
    rb"|\((?P<literal>(?:\\.|[^\\()]|\((?:\\.|[^\\()])*\))*)\)",
    re.DOTALL,
)
_TEXT = re.compile(rb"\bBT\b(.*?)\bET\b", re.DOTALL)
_PAIR = re.compile(rb"<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>")
_RANGE = re.compile(rb"<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>")
_NUMBER = re.compile(r"Page (\d+) of (\d+)")


@dataclass(frozen=True)
class PageText:
    """What one page holds: its text as it is extracted, glyphs without a character, and where text begins."""

    text: str
    unmapped: int
    starts: tuple[tuple[float, float], ...]


class PageRules:
    """The rules `text`, `pages`, `margins` and `numbers`. `count`: the pages of the file; `looked`: those whose drawing
    is looked at."""

    def __init__(self, count: int, looked: Collection[int]) -> None:
        self._count, self._looked = count, looked
        self._faults: dict[str, list[str]] = {"text": [], "pages": [], "margins": [], "numbers": []}
        self._fonts: dict[tuple[int, int], dict[bytes, str]] = {}
        self._sizes: dict[str, int] = {}

    def look_at(self, number: int, page: pikepdf.Page) -> None:
        """Judge one page, the first of which is 1."""
        box = [float(edge) for edge in page.mediabox]
        name = _size_of(box)
        self._sizes[name] = self._sizes.get(name, 0) + 1
        if not name or int(page.obj.get("/Rotate", 0)):
            self._fault("pages", f"page {number} is {box[2] - box[0]:.0f} × {box[3] - box[1]:.0f} points or turned")
        if number not in self._looked:
            return
        seen = read_page(page, self._fonts)
        if not seen.text.strip():
            self._fault("text", f"page {number} has no text")
        if seen.unmapped:
            self._fault("text", f"page {number} has {seen.unmapped:,} glyphs without a character")
        if any(not _is_inside(box, x, y) for x, y in seen.starts):
            self._fault("margins", f"on page {number} text begins outside the margins")
        if (str(number), str(self._count)) not in _NUMBER.findall(seen.text):
            self._fault("numbers", f"page {number} does not say `Page {number} of {self._count}`")

    def verdicts(self) -> Iterator[RuleVerdict]:
        """When all pages were looked at."""
        sizes = ", ".join(f"{many:,} {name}" for name, many in sorted(self._sizes.items()))
        drawn = f"{len(self._looked):,} of {self._count:,} pages"
        for rule, found in self._faults.items():
            yield judge(rule, found, sizes if rule == "pages" else drawn)

    def _fault(self, rule: str, said: str) -> None:
        self._faults[rule].append(said)


def _size_of(box: list[float]) -> str:
    """`letter upright`, `a4 landscape` …; empty for any other size."""
    width, height = box[2] - box[0], box[3] - box[1]
    for name, (narrow, long) in SIZES.items():
        for word, (across, up) in (("upright", (narrow, long)), ("landscape", (long, narrow))):
            if abs(width - across) < 1 and abs(height - up) < 1:
                return f"{name} {word}"
    return ""


def _is_inside(box: list[float], x: float, y: float) -> bool:
    left, bottom, right, top = box
    is_landscape = right - left > top - bottom
    return (
        left + (NARROW_MARGIN if is_landscape else BINDING_MARGIN) - _TOLERANCE <= x <= right - NARROW_MARGIN
        and bottom + NARROW_MARGIN - _TOLERANCE <= y
        and y <= top - (BINDING_MARGIN if is_landscape else NARROW_MARGIN) + _TOLERANCE
    )


def read_page(page: Any, fonts: dict[tuple[int, int], dict[bytes, str]]) -> PageText:
    """One page. `fonts`: the maps of the file's fonts, read once and kept there."""
    maps: dict[bytes, dict[bytes, str]] = {}
    for tag, font in page.obj.get("/Resources", {}).get("/Font", {}).items():
        if font.objgen not in fonts:
            fonts[font.objgen] = _read_map(font)
        maps[str(tag)[1:].encode()] = fonts[font.objgen]
    words: list[str] = []
    starts: list[tuple[float, float]] = []
    unmapped = 0
    current: dict[bytes, str] = {}
    for part in _TEXT.findall(_content(page)):
        for token in _TOKEN.finditer(part):
            if token["font"]:
                current = maps.get(token["font"], {})
            elif token["matrix"]:
                *scale, x, y = map(float, token["matrix"].split())
                if scale == [1, 0, 0, 1]:
                    starts.append((x, y))
            else:
                for code in _codes(token["hex"], token["literal"], current):
                    sign = current.get(code)
                    unmapped += sign is None
                    words.append(sign or "")
    return PageText("".join(words), unmapped, tuple(starts))


def _content(page: Any) -> bytes:
    import pikepdf

    streams = page.obj.get("/Contents")
    if streams is None:
        return b""
    parts = streams if isinstance(streams, pikepdf.Array) else [streams]
    return b"\n".join(bytes(part.read_bytes()) for part in parts)


def _codes(hexadecimal: bytes | None, literal: bytes | None, known: Mapping[bytes, str]) -> Iterator[bytes]:
    """The codes of one string, as long as those that the font's map has."""
    if hexadecimal is not None:
        raw = bytes.fromhex(hexadecimal.decode("ascii"))
    else:
        raw = re.sub(rb"\\([0-7]{1,3}|.)", _unescape, literal or b"", flags=re.DOTALL)
    step = len(next(iter(known), b"\0"))
    return (raw[at : at + step] for at in range(0, len(raw), step))


def _unescape(found: re.Match[bytes]) -> bytes:
    sign = found[1]
    if sign.isdigit():
        return bytes([int(sign, 8) & 255])
    return {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}.get(sign, sign)


def _read_map(font: Any) -> dict[bytes, str]:
    """A font's way back to characters (PDF 1.7, 9.10.3): code → text. Empty where it has none."""
    stream = font.get("/ToUnicode")
    if stream is None:
        return {}
    said = bytes(stream.read_bytes())
    known: dict[bytes, str] = {}
    for block in re.findall(rb"beginbfchar(.*?)endbfchar", said, re.DOTALL):
        for code, text in _PAIR.findall(block):
            known[bytes.fromhex(code.decode())] = bytes.fromhex(text.decode()).decode("utf-16-be")
    for block in re.findall(rb"beginbfrange(.*?)endbfrange", said, re.DOTALL):
        for first, last, text in _RANGE.findall(block):
            start = int.from_bytes(bytes.fromhex(text.decode()), "big")
            for step in range(int(last, 16) - int(first, 16) + 1):
                known[(int(first, 16) + step).to_bytes(len(first) // 2, "big")] = chr(start + step)
    return known
