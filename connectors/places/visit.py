"""What places need while a pull lasts."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from connectors.parsing.children import Children, children_of
from connectors.parsing.limits import ParseLimits
from connectors.places.database import DatabaseOpener
from connectors.places.fetching import FetchLimits
from connectors.places.zipped import ZipLimits
from connectors.s3 import S3Settings


@dataclass(frozen=True)
class Access:
    """How a store gets at sources. `open_database`: given by the wiring; None where no database can be read. `parse`:
    what the processes that read foreign files may use."""

    s3: S3Settings = field(default_factory=S3Settings)
    zips: ZipLimits = field(default_factory=ZipLimits)
    limits: FetchLimits = field(default_factory=FetchLimits)
    open_database: DatabaseOpener | None = None
    parse: ParseLimits = field(default_factory=ParseLimits)

    @property
    def children(self) -> Children:
        """The processes that read foreign files."""
        return children_of(self.parse)


@dataclass(frozen=True)
class Visit:
    """One pull. `base`: the folder that relative paths start from. `work`: a folder of one's own, gone with the pull.
    `closing`: what is open until the last file has arrived, so that a database is read in one transaction."""

    access: Access
    base: Path
    work: Path
    closing: ExitStack
    progress: Callable[[str], None]
