"""Drawn pages → the bytes of a PDF file, through ReportLab's canvas. The same pages give the same bytes."""

from __future__ import annotations

import io
from collections import deque
from collections.abc import Generator, Iterable, Sequence
from contextlib import closing
from typing import Any

from longwatch.standards.legible import legible
from report_templates.flow import Anchor, Link, PagePlan
from report_templates.font_embedding import embed_font
from report_templates.front_matter import Entry
from report_templates.ink import DrawnPage
from report_templates.object_file import ObjectFile
from report_templates.pdf_metadata import FileProperties, add_metadata

PRINTED = 4
"""The flag of an annotation that is not hidden and prints (PDF/A-2, 6.3.2)."""

RESERVED = 1 << 26
"""Bytes that the file may grow to in one place. The system gives memory only where something is written; without it, a
file that grows is copied to a larger place again and again, and then there twice."""

WAITING = 16
"""Pages that are added before the first of them is written. Objects are numbered as ReportLab hears of them: another
figure would be other bytes, and reports of before could not be reproduced."""

FRONT = (("Title page", "title"), ("Contents", "contents"))
"""Bookmarks before those of the entries, with their anchors."""


def write_pdf(
    properties: FileProperties,
    pages: Sequence[PagePlan],
    drawn: Generator[DrawnPage, None, None],
    entries: Iterable[Entry],
    *,
    front: Sequence[tuple[str, str]] = FRONT,
) -> bytes:
    """The file: PDF 1.7 and PDF/A-2b, bookmarks panel open, fonts embedded whole, no annotation but links.

    `drawn`: the drawings of the pages, in their order. A page is written to the file once it is drawn, and forgotten,
    so that memory holds the file and a few pages. Its drawing is a finished content stream: ReportLab keeps the
    objects, references and bookmarks.
    """
    file = io.BytesIO(bytes(RESERVED))
    canvas = _open_canvas(properties)
    document = canvas._doc
    objects = ObjectFile(document, file)
    fonts: set[str] = set()
    with closing(drawn):
        waiting: deque[tuple[int, bytes]] = deque()
        for number, (page, drawing) in enumerate(zip(pages, drawn, strict=True)):
            _add_page(canvas, page)
            waiting.append((number, drawing.content))
            fonts |= drawing.fonts
            if len(waiting) > WAITING:
                _write_page(objects, *waiting.popleft())
    for each in waiting:
        _write_page(objects, *each)
    for tag in sorted(fonts):
        embed_font(document, tag)
    for words, anchor in front:
        canvas.addOutlineEntry(words, anchor, 0)
    for entry in entries:
        canvas.addOutlineEntry(legible(entry.bookmark), entry.key, entry.level)
    canvas.showOutline()
    document.Outlines.prepare(document, canvas)
    objects.finish()
    file.truncate()
    return file.getvalue()


def _add_page(canvas: Any, plan: PagePlan) -> None:
    """A page with its size, anchors and links; its drawing follows."""
    canvas.setPageSize((plan.geometry.width, plan.geometry.height))
    for item in plan.items:
        if isinstance(item, Anchor):
            canvas.bookmarkPage(item.key, fit="XYZ", left=0, top=round(item.top + 8, 2), zoom=0)
        elif isinstance(item, Link):
            area = (item.left, item.bottom, item.right, item.top)
            box = tuple(round(edge, 2) for edge in area)
            canvas.linkRect("", item.key, Rect=box, relative=0, F=PRINTED)
    canvas.showPage()


def _open_canvas(properties: FileProperties) -> Any:
    from reportlab import rl_config
    from reportlab.pdfgen.canvas import Canvas

    # ReportLab reads these from files and variables of the machine; a report must not depend on them.
    rl_config.invariant, rl_config.pdfComments, rl_config.pdfMultiLine = 1, 0, 0
    canvas = Canvas(
        "",
        invariant=1,
        pageCompression=1,
        pdfVersion=(1, 7),
        lang=properties.language,
        initialFontName=_register_unused_font(),
    )
    add_metadata(canvas, properties)
    return canvas


def _register_unused_font() -> str:
    """A font for ReportLab to start its pages with. It is never drawn with, so it is not in the file; without it each
    page would name Helvetica, which is not embedded."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    from report_templates.fonts import load_face

    name = "Longwatch-unused"
    if name not in pdfmetrics.getRegisteredFontNames():
        pdfmetrics.registerFont(TTFont(name, io.BytesIO(load_face("NotoR").program)))
    return name


def _write_page(objects: ObjectFile, number: int, content: bytes) -> None:
    """Write a page (the first is 0) and its drawing, and keep the words that refer to it in its place."""
    from reportlab.pdfbase.pdfdoc import PDFDictionary, PDFName, PDFStream

    pages = objects.document.Pages.pages
    page = pages[number]
    page.Contents = PDFStream(PDFDictionary({"Filter": PDFName("FlateDecode")}), content)
    page.stream = None
    page.Trans = None  # ReportLab gives each page an empty one; PDF/A-2 knows none
    pages[number] = objects.write(page)
    objects.write(page.Contents, forget=True)
