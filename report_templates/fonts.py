"""The fonts a report is set in, and which of them has which character.

Text is set in Noto Sans (SIL Open Font License 1.1, package `pymupdf_fonts`). What Noto Sans lacks is taken, character
by character, from FiraGO (the same licence and package: ≤ ≥ − → and other signs) and IPAexGothic (IPA Font License
1.0, package `matplotlib_fontja`: Japanese, and with it much Chinese). A character that none of them has is no gap: it
prints as `[U+XXXX]`. Fonts are embedded whole, as FDA's PDF specification asks (spec E.7): so a glyph has the same
code in every report, and text is encoded without knowing the document it goes into.
"""

from __future__ import annotations

import importlib
import importlib.util
import io
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

Weight = Literal["regular", "bold", "italic"]


@dataclass(frozen=True, eq=False)
class Face:
    """One font program. `tag`: its resource name in a page. `codes`: character → four hexadecimal digits of its glyph.
    `advances`: character → advance in 1/1000 of the type size. The rest is what a font descriptor says."""

    tag: str
    name: str
    program: bytes
    codes: Mapping[int, str]
    advances: Mapping[str, float]
    ascent: float
    descent: float
    cap_height: float
    italic_angle: float
    stem: float
    box: tuple[float, ...]

    def __contains__(self, character: str) -> bool:
        return character in self.advances


def _is_set_as_it_stands(character: str) -> bool:
    """Whether a character may be drawn by its own glyph.

    No: controls, invisible format characters and direction overrides (they could hide or turn text), private use,
    unassigned, and scripts that need joining or turning, which is not done (right-to-left, Indic, Thai).
    """
    if unicodedata.category(character) in {"Cc", "Cf", "Co", "Cn", "Cs", "Zl", "Zp"}:
        return False
    if unicodedata.bidirectional(character) in {"R", "AL", "AN"}:
        return False
    return not ("\u0590" <= character <= "\u0dff" or "\u0e00" <= character <= "\u0fff")


def _make_face(tag: str, program: bytes) -> Face:
    from reportlab.pdfbase.ttfonts import TTFontFile

    font = TTFontFile(io.BytesIO(program))
    scale = 1000.0 / font.unitsPerEm
    glyphs = {
        code: glyph for code, glyph in font.charToGlyph.items() if glyph and code and _is_set_as_it_stands(chr(code))
    }
    return Face(
        tag=tag,
        name=font.name.decode("ascii"),
        program=program,
        codes={code: f"{glyph:04X}" for code, glyph in glyphs.items()},
        advances={chr(code): font.hmetrics[glyph][0] * scale for code, glyph in glyphs.items()},
        ascent=font.ascent,
        descent=font.descent,
        cap_height=font.capHeight,
        italic_angle=font.italicAngle,
        stem=font.stemV,
        box=tuple(font.bbox),
    )


def _packaged(module: str) -> Callable[[], bytes]:
    def read() -> bytes:
        program: bytes = importlib.import_module(f"pymupdf_fonts.{module}").fontbuffer
        return program

    return read


def _japanese() -> bytes:
    """The font file beside the package; the package itself is not imported, since it would load matplotlib."""
    found = importlib.util.find_spec("matplotlib_fontja")
    if found is None or not found.submodule_search_locations:
        raise ModuleNotFoundError("matplotlib_fontja (in runtime/requirements.lock) is not installed")
    return (Path(found.submodule_search_locations[0]) / "fonts" / "ipaexg.ttf").read_bytes()


PROGRAMS: Mapping[str, Callable[[], bytes]] = {
    "NotoR": _packaged("NotoSans_Regular"),
    "NotoB": _packaged("NotoSans_Bold"),
    "NotoI": _packaged("NotoSans_Italic"),
    "FiraR": _packaged("FiraGO_Regular"),
    "FiraB": _packaged("FiraGO_Bold"),
    "FiraI": _packaged("FiraGO_Italic"),
    "IPAex": _japanese,
}
"""Where each font program comes from, by its tag."""

CHAINS: Mapping[Weight, tuple[str, ...]] = {
    "regular": ("NotoR", "FiraR", "IPAex"),
    "bold": ("NotoB", "FiraB", "IPAex"),
    "italic": ("NotoI", "FiraI", "IPAex"),
}
"""The fonts asked for a character, in order."""


@cache
def load_face(tag: str) -> Face:
    """The font of a tag, read once per process and only when a text needs it."""
    return _make_face(tag, PROGRAMS[tag]())


def find_face(character: str, weight: Weight) -> Face | None:
    """The first font of the weight's chain that has the character, None where none has."""
    for tag in CHAINS[weight]:
        face = load_face(tag)
        if character in face:
            return face
    return None
