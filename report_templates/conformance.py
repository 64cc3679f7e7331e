"""A PDF file held against the rules of `longwatch.reports.conformance`, read by pikepdf (qpdf) and its PDF/A validator.

Nothing here knows how the file was made: any PDF can be judged. The rules of one page are in `page_rules`.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from longwatch.errors import IntegrityError, StudyError
from longwatch.reports.conformance import RULES, Conformance, RuleVerdict, judge
from report_templates.file_parts import FileParts, open_pdf
from report_templates.link_rules import Links, judge_bookmarks
from report_templates.page_rules import PageRules

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
        found = {verdict.rule: verdict for verdict in _verdicts(pdf, most_drawings)}
        return Conformance(tuple(found[rule] for rule in RULES))
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


def _verdicts(pdf: bytes, most_drawings: int | None) -> Iterator[RuleVerdict]:
    """In the order in which they are come by: each part of the file is open while it is looked at, and no other."""
    parts = FileParts(pdf, in_parts=most_drawings is not None)
    looked = spread(parts.count, most_drawings if parts.in_parts else None)
    forbidden, fonts = _look_at_objects(parts)
    yield fonts
    rules, links, kinds = PageRules(parts.count, looked), Links(), _Kinds()
    for file, number, page in parts.pages():
        rules.look_at(number, page)
        links.look_at(file, number, page)
        if number not in looked:
            kinds.look_at(number, page)
    yield from rules.verdicts()
    yield links.verdict(parts)
    with open_pdf(pdf) as file:
        version = file.pdf_version
        yield judge("version", [] if version in VERSIONS else [f"version {version}"], f"version {version}")
        yield judge("security", ["it is encrypted"] if file.is_encrypted else [], "none")
        names: Any = file.Root.get("/Names", {})
        forbidden += [f"the catalogue has {key}" for key in sorted(_FORBIDDEN) if key in names]
        yield judge("content", forbidden, "none")
        yield from judge_bookmarks(file, links.places)
        yield _judge_title(file)
    yield _judge_pdfa(pdf, None if len(looked) == parts.count else looked, kinds.firsts)
    too_big = [f"{len(pdf):,} bytes"] if len(pdf) > MOST_BYTES else []
    yield judge("size", too_big, f"{len(pdf):,} bytes")


def spread(pages: int, most: int | None) -> frozenset[int]:
    """Which pages of so many to look at: all, or `most`, evenly spread from the first to the last."""
    if most is None or pages <= most:
        return frozenset(range(1, pages + 1))
    return frozenset(1 + round(step * (pages - 1) / (most - 1)) for step in range(most))


def _judge_pdfa(pdf: bytes, looked: frozenset[int] | None, others: list[int]) -> RuleVerdict:
    """`looked`: the pages whose drawing is looked at; None: all. Else `others` are looked at without theirs, and the
    rest not at all."""
    import pikepdf
    from pikepdf import pdfa

    if looked is None:
        report = pdfa.validate_written(io.BytesIO(pdf), "2b")
    else:
        with open_pdf(pdf) as file:
            tree = file.Root.Pages
            for number in others:
                _without_drawing(tree.Kids[number - 1])
            tree.Kids = pikepdf.Array([tree.Kids[number - 1] for number in sorted([*looked, *others])])
            tree.Count = len(tree.Kids)
            report = pdfa.check(file, "2b")
    found = [f"{finding.rule} at {finding.where}: {finding.message}" for finding in report.findings]
    return judge("pdfa", found, "by the allowlist validator of pikepdf, whose rules are veraPDF's")


class _Kinds:
    """Of pages without their drawing, the `firsts` of each kind: those that are word for word the same (the same
    objects, the same boxes) are one kind, since the validator would say the same of each, for half a millisecond."""

    def __init__(self) -> None:
        self.firsts: list[int] = []
        self._seen: set[bytes] = set()

    def look_at(self, number: int, page: pikepdf.Page) -> None:
        """Takes the page's drawing from it."""
        words = _without_drawing(page.obj).unparse(resolved=True)
        if words not in self._seen:
            self._seen.add(words)
            self.firsts.append(number)


def _without_drawing(page: Any) -> Any:
    if "/Contents" in page:
        del page.Contents
    return page


def _look_at_objects(parts: FileParts) -> tuple[list[str], RuleVerdict]:
    """What objects have that must not be there, and the verdict on the fonts among them."""
    import pikepdf

    forbidden: list[str] = []
    fonts = _Fonts()
    for item in parts.objects():
        if isinstance(item, pikepdf.Dictionary | pikepdf.Stream):
            forbidden += [f"object {item.objgen[0]} has {key}" for key in sorted(_FORBIDDEN.intersection(item.keys()))]
            if isinstance(item, pikepdf.Dictionary) and item.get("/Type") == "/Font":
                fonts.look_at(item)
    return forbidden, fonts.verdict()


class _Fonts:
    """The fonts among the objects."""

    def __init__(self) -> None:
        self._faults: list[str] = []
        self._count = 0

    def look_at(self, font: Any) -> None:
        name = str(font.get("/BaseFont", "without a name"))
        if "/DescendantFonts" not in font:
            descriptor: Any = font.get("/FontDescriptor") or ()
            if not any(key in descriptor for key in ("/FontFile", "/FontFile2", "/FontFile3")):
                self._faults.append(f"{name} is not embedded")
            if name[7:8] == "+" or name[6:7] == "+":
                self._faults.append(f"{name} is a subset")
        if font.get("/Subtype") not in ("/CIDFontType0", "/CIDFontType2"):
            self._count += 1
            if "/ToUnicode" not in font:
                self._faults.append(f"{name} does not map to Unicode")

    def verdict(self) -> RuleVerdict:
        faults = self._faults or ([] if self._count else ["there is no font"])
        return judge("fonts", faults, f"{self._count} fonts")


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
