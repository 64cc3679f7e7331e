"""A font as objects of a PDF file: whole, with widths and the way back to Unicode for text extraction."""

from __future__ import annotations

import unicodedata
import zlib
from functools import cache
from itertools import groupby
from typing import Any

from report_templates.fonts import Face, load_face

_RADICALS = (0x2E80, 0x2FDF)
"""Parts of ideographs, which share their glyphs with whole ones."""


def embed_font(document: Any, tag: str) -> None:
    """Add the font of a tag to a ReportLab document under that name.

    A composite font (Type 0, Identity-H): a code is a glyph number, in every report alike (PDF 1.7, 9.7).
    """
    from reportlab.pdfbase.pdfdoc import PDFArray, PDFDictionary, PDFName, PDFString

    face = load_face(tag)
    program, mapping = _streams(tag)
    descriptor = PDFDictionary(
        {
            "Type": PDFName("FontDescriptor"),
            "FontName": PDFName(face.name),
            "Flags": 4,
            "FontBBox": PDFArray(face.box),
            "ItalicAngle": face.italic_angle,
            "Ascent": face.ascent,
            "Descent": face.descent,
            "CapHeight": face.cap_height,
            "StemV": face.stem,
            "FontFile2": document.Reference(_stream(program, {"Length1": len(face.program)})),
        }
    )
    descendant = PDFDictionary(
        {
            "Type": PDFName("Font"),
            "Subtype": PDFName("CIDFontType2"),
            "BaseFont": PDFName(face.name),
            "CIDSystemInfo": PDFDictionary(
                {"Registry": PDFString("Adobe"), "Ordering": PDFString("Identity"), "Supplement": 0}
            ),
            "FontDescriptor": document.Reference(descriptor),
            "CIDToGIDMap": PDFName("Identity"),
            "DW": 1000,
            "W": _widths(tag),
        }
    )
    font = PDFDictionary(
        {
            "Type": PDFName("Font"),
            "Subtype": PDFName("Type0"),
            "BaseFont": PDFName(face.name),
            "Encoding": PDFName("Identity-H"),
            "DescendantFonts": PDFArray([document.Reference(descendant)]),
            "ToUnicode": document.Reference(_stream(mapping, {})),
        }
    )
    document.idToObject["BasicFonts"].dict[tag] = document.Reference(font)


def _stream(compressed: bytes, entries: dict[str, Any]) -> Any:
    from reportlab.pdfbase.pdfdoc import PDFDictionary, PDFName, PDFStream

    return PDFStream(PDFDictionary({**entries, "Filter": PDFName("FlateDecode")}), compressed)


@cache
def _streams(tag: str) -> tuple[bytes, bytes]:
    """The compressed font program and the compressed map from glyphs to characters; made once per process."""
    face = load_face(tag)
    return zlib.compress(face.program), zlib.compress(_to_unicode(face))


def _characters_by_glyph(face: Face) -> list[tuple[int, str]]:
    """Glyph numbers, in order, with the character each stands for in extracted text.

    Of several characters with one glyph it is the one that is no variant of another (日, not the radical ⽇; Ω, not the
    unit Ω), and of these the lowest.
    """

    def rank(code: int) -> tuple[bool, int]:
        return _RADICALS[0] <= code <= _RADICALS[1] or unicodedata.decomposition(chr(code)) != "", code

    characters: dict[int, str] = {}
    for code in sorted(face.codes, key=rank):
        characters.setdefault(int(face.codes[code], 16), chr(code))
    return sorted(characters.items())


@cache
def _widths(tag: str) -> str:
    """The W array: runs of consecutive glyphs with their widths. A width of 1000 is the default and left out."""
    face = load_face(tag)
    widths = [(glyph, face.advances[character]) for glyph, character in _characters_by_glyph(face)]
    widths = [(glyph, width) for glyph, width in widths if width != 1000]
    runs = []
    for _, run in groupby(enumerate(widths), key=lambda item: item[1][0] - item[0]):
        members = [item for _, item in run]
        runs.append(f"{members[0][0]} [{' '.join(f'{width:g}' for _, width in members)}]")
    return f"[{' '.join(runs)}]"


def _to_unicode(face: Face) -> bytes:
    """The CMap that gives a glyph's character back (PDF 1.7, 9.10.3)."""
    entries = [
        f"<{glyph:04X}> <{character.encode('utf-16-be').hex().upper()}>"
        for glyph, character in _characters_by_glyph(face)
    ]
    blocks = [entries[start : start + 100] for start in range(0, len(entries), 100)]
    lines = [
        "/CIDInit /ProcSet findresource begin",
        "12 dict begin",
        "begincmap",
        "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def",
        "/CMapName /Adobe-Identity-UCS def",
        "/CMapType 2 def",
        "1 begincodespacerange",
        "<0000> <FFFF>",
        "endcodespacerange",
    ]
    for block in blocks:
        lines += [f"{len(block)} beginbfchar", *block, "endbfchar"]
    lines += ["endcmap", "CMapName currentdict /CMap defineresource pop", "end", "end"]
    return "\n".join(lines).encode("ascii")
