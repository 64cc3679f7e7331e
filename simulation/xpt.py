"""SAS transport files (XPT v5) whose bytes depend on the data alone."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl

from simulation.layout import DatasetLayout

CREATED = b"01JAN26:00:00:00"
"""The time written into every header, in place of that of writing."""

_STAMP = re.compile(rb"\d{2}[A-Z]{3}\d{2}:\d{2}:\d{2}:\d{2}")
_HEADER_BYTES = 80 * 7
_STAMPED_AT = (80 * 1 + 64, 80 * 2, 80 * 5 + 64, 80 * 6)
"""Where a file with one dataset carries the time: library and member header, created and modified."""


def write_xpt(path: Path, frame: pl.DataFrame, layout: DatasetLayout) -> None:
    """Writes one dataset. Text must be ASCII of at most 200 bytes; missing text is written as blanks (XPT knows no
    null).

    Each text variable is as long as its longest value.
    """
    import pyreadstat

    filled = frame.with_columns(pl.col(pl.String).fill_null(""))
    pyreadstat.write_xport(
        filled,
        str(path),
        file_label=layout.label,
        column_labels=[column.label for column in layout.columns],
        table_name=layout.name,
        file_format_version=5,
    )
    with path.open("r+b") as file:
        head = file.read(_HEADER_BYTES)
        for place in _STAMPED_AT:
            if not _STAMP.fullmatch(head[place : place + len(CREATED)]):
                raise ValueError(f"{path.name}: no time of writing at byte {place} of the transport file header")
            file.seek(place)
            file.write(CREATED)
