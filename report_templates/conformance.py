"""A PDF file held against the rules of `longwatch.reports.conformance`, read by pikepdf (qpdf) and its PDF/A validator.

Nothing here knows how the file was made: any PDF can be judged. The rules of one page are in `page_rules`.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from longwatch.errors import IntegrityError, StudyError
from longwatch.reports.conformance import Conformance, RuleVerdict, judge
from report_templates.page_rules import judge_pages

if TYPE_CHECKING:
    import pikepdf

MOST_BYTES = 400_000_000
DRAWINGS = 100
"""Of how many pages the drawing is looked at in every render."""
VERSIONS = ("1.4", "1.5", "1.6", "1.7")
_FORBIDDEN = frozenset({
    "/JavaScript", "/JS", "/EmbeddedFiles", "/EF", "/AF", "/AcroForm", "/XFA", "/AA", "/A", "/URI", "/OpenAction",
    "/RichMedia", "/Movie", "/Sound", "/Launch", "/Rendition", "/3DD", "/Collection", "/Trans", "/Threads",
})  # fmt: skip
"""Keys that stand for something that moves, runs, is filled in or leads out of the file."""


def check_conformance(pdf: bytes, where: str, most_drawings: int | None = None) -> Conformance:
    """The verdict on every rule. `most_drawings`: of a longer file, the drawings (content streams) of so many pages are
    looked at, spread over it; all else of every page still is.

    Raises StudyError LW-PDF-001 where the bytes are no PDF that can be read."""
    import pikepdf

    try:
        with pikepdf.open(io.BytesIO(pdf), inherit_page_attributes=False) as file:
            return Conformance(tuple(_verdicts(file, pdf, most_drawings)))
    except pikepdf.PasswordError:
        locked = RuleVerdict("security", False, "it cannot be opened without a password")
        return Conformance((locked,))
    except pikepdf.PdfError as broken:
        raise StudyError(
            "LW-PDF-001",
            "the file cannot be read as PDF",
            where=where,
            expected="a PDF file",
            found=str(broken),
            next_step="name a PDF file; of an archived report, `longwatch archive get` gives it back verified",
        ) from broken


def hold_to_rules(pdf: bytes, where: str) -> bytes:
    """The same bytes, judged: of a long file the drawings of a hundred pages (`report check` looks at all of them, at
    some 6 ms a page). Raises IntegrityError LW-PDF-002 where a rule did not hold: such a file leaves no
    renderer."""
    found = check_conformance(pdf, where, DRAWINGS)
    if found.broken:
        first = found.broken[0]
        raise IntegrityError(
            "LW-PDF-002",
            f"the rendered file breaks {len(found.broken)} of the rules for submission",
            where=where,
            expected=first.title,
            found=first.said,
            next_step="this is a fault of Longwatch: report it with the name of the report; nothing was archived",
        )
    return pdf


def _verdicts(file: pikepdf.Pdf, pdf: bytes, most_drawings: int | None) -> Iterator[RuleVerdict]:
    looked = spread(len(file.pages), most_drawings)
    version = file.pdf_version
    yield judge("version", [] if version in VERSIONS else [f"version {version}"], f"version {version}")
    yield judge("security", ["it is encrypted"] if file.is_encrypted else [], "none")
    yield _judge_pdfa(pdf, None if len(looked) == len(file.pages) else looked)
    yield judge("content", _forbidden(file), "none")
    pages = {page.obj.objgen: number for number, page in enumerate(file.pages, start=1)}
    links, faults = _links(file, pages)
    yield judge("annotations", faults, f"{len(links):,} links")
    yield _judge_fonts(file)
    of_pages = judge_pages(file, looked)
    yield of_pages["text"]
    yield from _judge_bookmarks(file, links)
    yield _judge_title(file)
    yield from (of_pages[rule] for rule in ("pages", "margins", "numbers"))
    too_big = [f"{len(pdf):,} bytes"] if len(pdf) > MOST_BYTES else []
    yield judge("size", too_big, f"{len(pdf):,} bytes")


def spread(pages: int, most: int | None) -> frozenset[int]:
    """Which pages of so many to look at: all, or `most`, evenly spread from the first to the last."""
    if most is None or pages <= most:
        return frozenset(range(1, pages + 1))
    return frozenset(1 + round(step * (pages - 1) / (most - 1)) for step in range(most))


def _judge_pdfa(pdf: bytes, looked: frozenset[int] | None) -> RuleVerdict:
    """`looked`: the pages whose drawing is looked at; None: all."""
    import pikepdf
    from pikepdf import pdfa

    if looked is None:
        report = pdfa.validate_written(io.BytesIO(pdf), "2b")
    else:
        with pikepdf.open(io.BytesIO(pdf), inherit_page_attributes=False) as file:
            _leave_out(file, looked)
            report = pdfa.check(file, "2b")
    found = [f"{finding.rule} at {finding.where}: {finding.message}" for finding in report.findings]
    return judge("pdfa", found, "by the allowlist validator of pikepdf, whose rules are veraPDF's")


def _leave_out(file: pikepdf.Pdf, looked: frozenset[int]) -> None:
    """Take the drawing from each page that is not looked at, and of the pages that then are word for word the same
    (the same objects, the same boxes) leave one: the validator would say the same of each, for half a millisecond."""
    import pikepdf

    seen: set[bytes] = set()
    alike: set[int] = set()
    for number, page in enumerate(file.pages, start=1):
        if number in looked:
            continue
        if "/Contents" in page.obj:
            del page.obj.Contents
        words = page.obj.unparse(resolved=True)
        if words in seen:
            alike.add(number)
        seen.add(words)
    tree = file.Root.Pages
    if len(tree.Kids) == len(file.pages):
        tree.Kids = pikepdf.Array([kid for number, kid in enumerate(tree.Kids, start=1) if number not in alike])
        tree.Count = len(tree.Kids)


def _forbidden(file: Any) -> list[str]:
    import pikepdf

    found = []
    for item in file.objects:
        if isinstance(item, pikepdf.Dictionary | pikepdf.Stream):
            found += [f"object {item.objgen[0]} has {key}" for key in sorted(_FORBIDDEN.intersection(item.keys()))]
    return [*found, *(f"the catalogue has {key}" for key in _FORBIDDEN if key in file.Root.get("/Names", {}))]


def _links(file: Any, pages: dict[tuple[int, int], int]) -> tuple[list[Any], list[str]]:
    """The destinations of all links, and what is wrong with annotations."""
    links: list[Any] = []
    faults = []
    for number, page in enumerate(file.pages, start=1):
        for annotation in page.obj.get("/Annots", ()):
            kind = str(annotation.get("/Subtype", "none"))
            target = _resolve(file, annotation.get("/Dest"))
            if kind != "/Link":
                faults.append(f"page {number} has an annotation {kind}")
            elif target is None or target[0].objgen not in pages:
                faults.append(f"page {number} has a link that leads to no page of the file")
            else:
                links.append(target)
    return links, faults


def _resolve(file: Any, target: Any) -> Any:
    """A destination as an array: itself, or what a name stands for; None where there is none."""
    import pikepdf

    if isinstance(target, pikepdf.Name):
        target = file.Root.get("/Dests", {}).get(str(target))
    elif isinstance(target, pikepdf.String):
        names = file.Root.get("/Names", {}).get("/Dests")
        target = pikepdf.NameTree(names).get(str(target)) if names is not None else None
    if isinstance(target, pikepdf.Dictionary):
        target = target.get("/D")
    return target if isinstance(target, pikepdf.Array) else None


def _judge_fonts(file: pikepdf.Pdf) -> RuleVerdict:
    import pikepdf

    faults, count = [], 0
    for item in file.objects:
        if not isinstance(item, pikepdf.Dictionary) or item.get("/Type") != "/Font":
            continue
        name = str(item.get("/BaseFont", "without a name"))
        if "/DescendantFonts" not in item:
            descriptor: Any = item.get("/FontDescriptor") or ()
            if not any(key in descriptor for key in ("/FontFile", "/FontFile2", "/FontFile3")):
                faults.append(f"{name} is not embedded")
            if name[7:8] == "+" or name[6:7] == "+":
                faults.append(f"{name} is a subset")
        if item.get("/Subtype") not in ("/CIDFontType0", "/CIDFontType2"):
            count += 1
            if "/ToUnicode" not in item:
                faults.append(f"{name} does not map to Unicode")
    return judge("fonts", faults or ([] if count else ["there is no font"]), f"{count} fonts")


def _judge_bookmarks(file: pikepdf.Pdf, links: list[Any]) -> Iterator[RuleVerdict]:
    with file.open_outline() as outline:
        marks = [_resolve(file, _place(item)) for item in _flat(outline.root)]
    faults = [] if marks else ["there are no bookmarks"]
    places = {_spot(mark) for mark in marks if mark is not None}
    faults += [f"a link leads to {_spot(link)}, which no bookmark does" for link in links if _spot(link) not in places]
    if file.Root.get("/PageMode") != "/UseOutlines":
        faults.append("the file does not open with the bookmarks panel")
    yield judge("bookmarks", faults, f"{len(marks):,} bookmarks")
    told = [place for place in (*marks, *links) if place is not None]
    fixed = [f"the way to {_spot(place)} sets a zoom" for place in told if not _keeps_zoom(place)]
    yield judge("zoom", fixed, f"{len(told):,} places")


def _flat(items: Any) -> Iterator[Any]:
    for item in items:
        yield item
        yield from _flat(item.children)


def _place(item: Any) -> Any:
    import pikepdf

    target = item.destination
    return pikepdf.Array(target) if isinstance(target, list) else target


def _spot(place: Any) -> str:
    """Which page, and where on it."""
    return f"object {place[0].objgen[0]}, {' '.join(str(part) for part in list(place)[1:4])}"


def _keeps_zoom(place: Any) -> bool:
    return len(place) >= 5 and str(place[1]) == "/XYZ" and not place[4]


def _judge_title(file: Any) -> RuleVerdict:
    faults = []
    if not str(file.docinfo.get("/Title", "")).strip():
        faults.append("there is no title")
    language = str(file.Root.get("/Lang", ""))
    if not language:
        faults.append("there is no language")
    if not file.Root.get("/ViewerPreferences", {}).get("/DisplayDocTitle", False):
        faults.append("the window shows the file name")
    return judge("title", faults, f"{file.docinfo.get('/Title', '')} ({language})")
