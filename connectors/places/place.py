"""What every place can do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

CHUNK_BYTES = 4 * 1024 * 1024


class Place(Protocol):
    """A place that holds files side by side; folders in it are not looked into."""

    @property
    def where(self) -> str:
        """What messages call it."""
        ...

    def names(self) -> tuple[str, ...]:
        """The names of its files, sorted. Raises SourceError where the place is not there or cannot be read."""
        ...

    def chunks(self, name: str) -> Iterator[bytes]:
        """The bytes of a file, in pieces. Raises SourceError where they cannot be read to the end."""
        ...
