"""What operations need for the PDF of a report and what becomes of it, as Protocols (see `operations.ports`)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from longwatch.reports.conformance import Conformance
    from longwatch.reports.contents import RenderedReport, ReportContents
    from longwatch.reports.signatures import SealCertificate, SealedCopy, SignatureSheet


class Renderer(Protocol):
    """Lays a report out."""

    def __call__(self, contents: ReportContents) -> RenderedReport:
        """The unsigned copy; the same contents give the same bytes."""
        ...


class PdfCheck(Protocol):
    """Holds a PDF file to the rules for submission."""

    def __call__(self, pdf: bytes, where: str) -> Conformance:
        """The verdict on every rule. StudyError where it cannot be read as PDF. `where`: its name."""
        ...


class PdfComparison(Protocol):
    """Says where two PDF files differ."""

    def __call__(self, then: bytes, now: bytes) -> tuple[str, ...]:
        """In words, the first page first; at least one line for files that differ."""
        ...


class SignaturePages(Protocol):
    """Lays out who signed a report."""

    def __call__(self, sheet: SignatureSheet) -> bytes:
        """As a PDF of its own; the same sheet gives the same bytes."""
        ...


class Sealer(Protocol):
    """Seals a signed copy of a report."""

    @property
    def certificate(self) -> SealCertificate:
        """What it seals with. StoreError where it cannot be used."""
        ...

    def seal(self, unsigned: bytes, pages: bytes, sheet: SignatureSheet) -> SealedCopy:
        """The unsigned copy, unchanged, then the signature pages, and a seal over both."""
        ...


class SubmissionFolder(Protocol):
    """Where a submission's files are written."""

    def __call__(self, folder: str, files: Iterable[tuple[str, bytes]]) -> None:
        """All of them by their paths below a new or empty folder, or none."""
        ...
