"""The objects of the archive that are one report's: manifest, what it names, signed copies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from longwatch.evidence.registered import ReportRow

if TYPE_CHECKING:
    from operations.ports import Adapters


def folder_of(row: ReportRow) -> str:
    """Where in the archive they lie."""
    return row.manifest_key.rpartition("/")[0]


def objects_of(adapters: Adapters, row: ReportRow) -> list[str]:
    """The keys of what the archive has of a report, the manifest first."""
    found = list(adapters.archive.keys(f"{folder_of(row)}/"))
    return sorted(found, key=lambda key: (key != row.manifest_key, key))
