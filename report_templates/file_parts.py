"""A PDF file as it is read to be judged: as a whole, or a part at a time.

qpdf keeps every object that it has read until the file is closed: some five kilobytes a page. So of a long file each
part is read in a file opened anew. That asks for a file as ours are: its pages in one list, its objects numbered
without a gap. A file whose pages are in several lists is read as a whole.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pikepdf

PART = 1000
"""A thousand pages take some five megabytes."""

ObjectId = tuple[int, int]
"""Number and generation."""


def open_pdf(pdf: bytes) -> AbstractContextManager[pikepdf.Pdf]:
    """The file as it stands: what pages inherit stays where it is."""
    import pikepdf

    return pikepdf.open(io.BytesIO(pdf), inherit_page_attributes=False)


class FileParts:
    """The pages and objects of a file. Each is good until the next one is given. `in_parts`: whether it is read so;
    `part`: how many pages, or objects, are read at a time."""

    def __init__(self, pdf: bytes, *, in_parts: bool, part: int = PART) -> None:
        self._pdf = pdf
        self._part = part
        with open_pdf(pdf) as file:
            tree: Any = file.Root.get("/Pages", {})
            self.in_parts = in_parts and len(tree.get("/Kids", ())) == tree.get("/Count")
            self.count = int(tree.Count) if self.in_parts else len(file.pages)
            self._size = int(file.trailer.Size)

    def pages(self) -> Iterator[tuple[pikepdf.Pdf, int, pikepdf.Page]]:
        """The opened file, the number and the page, for each page in order."""
        import pikepdf

        if not self.in_parts:
            with open_pdf(self._pdf) as file:
                yield from ((file, number, page) for number, page in enumerate(file.pages, start=1))
            return
        for start in range(0, self.count, self._part):
            with open_pdf(self._pdf) as file:
                kids = file.Root.Pages.Kids
                for place in range(start, min(start + self._part, self.count)):
                    yield file, place + 1, pikepdf.Page(kids[place])

    def objects(self) -> Iterator[Any]:
        """Each object of the file."""
        if not self.in_parts:
            with open_pdf(self._pdf) as file:
                yield from file.objects
            return
        for start in range(1, self._size, self._part):
            with open_pdf(self._pdf) as file:
                yield from (file.get_object(number, 0) for number in range(start, min(start + self._part, self._size)))

    def page_ids(self) -> Iterator[ObjectId]:
        """What the pages are called."""
        with open_pdf(self._pdf) as file:
            pages = file.Root.Pages.Kids if self.in_parts else (page.obj for page in file.pages)
            yield from (page.objgen for page in pages)
