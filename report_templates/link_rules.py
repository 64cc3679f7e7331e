"""The rules on what leads from place to place in a PDF: annotations, bookmarks, and the zoom that they keep."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from longwatch.reports.conformance import RuleVerdict, judge
from report_templates.file_parts import FileParts, ObjectId

if TYPE_CHECKING:
    import pikepdf


@dataclass(frozen=True)
class Place:
    """Where a link or a bookmark leads. `page`: an object; `spot`: that and where on the page."""

    page: ObjectId
    spot: str
    keeps_zoom: bool

    @classmethod
    def of(cls, place: Any) -> Place:
        """Of a destination's array."""
        page = place[0].objgen
        spot = f"object {page[0]}, {' '.join(str(part) for part in list(place)[1:4])}"
        return cls(page, spot, len(place) >= 5 and str(place[1]) == "/XYZ" and not place[4])


class Links:
    """The annotations of all pages: `places` where links lead, and what is wrong."""

    def __init__(self) -> None:
        self.places: list[Place] = []
        self._faults: list[str] = []
        self._told: list[tuple[int, Place | None]] = []

    def look_at(self, file: pikepdf.Pdf, number: int, page: pikepdf.Page) -> None:
        """See one page of an opened file."""
        for annotation in page.obj.get("/Annots", ()):
            kind = str(annotation.get("/Subtype", "none"))
            if kind != "/Link":
                self._faults.append(f"page {number} has an annotation {kind}")
                continue
            target = _resolve(file, annotation.get("/Dest"))
            self._told.append((number, None if target is None else Place.of(target)))

    def verdict(self, parts: FileParts) -> RuleVerdict:
        """To be asked for when all pages were looked at; then `places` are there."""
        wanted = {place.page for _, place in self._told if place}
        there = wanted.intersection(parts.page_ids())
        self.places = [place for _, place in self._told if place and place.page in there]
        lost = [number for number, place in self._told if not place or place.page not in there]
        self._faults += [f"page {number} has a link that leads to no page of the file" for number in lost]
        return judge("annotations", self._faults, f"{len(self.places):,} links")


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


def judge_bookmarks(file: pikepdf.Pdf, links: list[Place]) -> Iterator[RuleVerdict]:
    """The rules `bookmarks` and `zoom`. `links`: the places where links lead."""
    with file.open_outline() as outline:
        targets = [_resolve(file, _target(item)) for item in _flat(outline.root)]
    marks = [Place.of(target) for target in targets if target is not None]
    faults = [] if targets else ["there are no bookmarks"]
    spots = {mark.spot for mark in marks}
    faults += [f"a link leads to {link.spot}, which no bookmark does" for link in links if link.spot not in spots]
    if file.Root.get("/PageMode") != "/UseOutlines":
        faults.append("the file does not open with the bookmarks panel")
    yield judge("bookmarks", faults, f"{len(targets):,} bookmarks")
    told = [*marks, *links]
    fixed = [f"the way to {place.spot} sets a zoom" for place in told if not place.keeps_zoom]
    yield judge("zoom", fixed, f"{len(told):,} places")


def _flat(items: Any) -> Iterator[Any]:
    for item in items:
        yield item
        yield from _flat(item.children)


def _target(item: Any) -> Any:
    import pikepdf

    target = item.destination
    return pikepdf.Array(target) if isinstance(target, list) else target
