"""Which numbers of a report moved: two results files (CONTRACTS.md, Numbers as data) line by line."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from longwatch.errors import IntegrityError
from longwatch.reports.contents import PlainTable
from longwatch.tables.result import TIDY_HEADER

MOVES_HEADER = (
    "output", "row_group", "row", "column", "statistic", "kind", "old_value", "new_value", "old_text", "new_text",
)  # fmt: skip


class Move(StrEnum):
    """What happened to a number."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True)
class MovedNumber:
    """One number that is not what it was. `values`, `texts`: older and newer, at full precision and as printed; None
    where the number is not in that file, and a value where it could not be estimated."""

    output: str
    row_group: str
    row: str
    column: str
    statistic: str
    move: Move
    values: tuple[float | None, float | None]
    texts: tuple[str | None, str | None]

    @property
    def is_printed(self) -> bool:
        """Whether the report shows another text; otherwise only digits beyond the printed ones moved."""
        return self.texts[0] != self.texts[1]


_Key = tuple[str, str, str, str, str, int]
_Number = tuple[float | None, str]


def diff_results(old_csv: bytes, new_csv: bytes) -> list[MovedNumber]:
    """The numbers that moved from one results.csv to another.

    Cases, for the number named by output, row_group, row, column and statistic (a name that repeats: the first with the
    first, the second with the second): in one file only → added or removed; in both with another value (by amount, not
    by spelling: 86 and 86.0 are one) or another printed text → changed; otherwise not listed. A line that only stands
    elsewhere did not move. Order: outputs as in the newer file, in each the added and changed numbers as there, then
    the removed ones; outputs that are gone come last.

    Raises IntegrityError LW-EVI-010: a file is no results file.
    """
    old, new = _read(old_csv, "older results.csv"), _read(new_csv, "newer results.csv")
    moved: dict[str, list[MovedNumber]] = {key[0]: [] for key in (*new, *old)}
    for key, number in new.items():
        known = old.get(key)
        if known is None:
            moved[key[0]].append(_moved(key, Move.ADDED, None, number))
        elif known != number:
            moved[key[0]].append(_moved(key, Move.CHANGED, known, number))
    for key, number in old.items():
        if key not in new:
            moved[key[0]].append(_moved(key, Move.REMOVED, number, None))
    return [item for items in moved.values() for item in items]


def _moved(key: _Key, move: Move, old: _Number | None, new: _Number | None) -> MovedNumber:
    before, after = old or (None, None), new or (None, None)
    return MovedNumber(*key[:5], move, (before[0], after[0]), (before[1], after[1]))


def _read(content: bytes, where: str) -> dict[_Key, _Number]:
    try:
        lines = list(csv.reader(io.StringIO(content.decode(), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error):
        raise _refused(where, "UTF-8 text in CSV form", "something else") from None
    if not lines or tuple(lines[0]) != TIDY_HEADER:
        raise _refused(where, f"the header {','.join(TIDY_HEADER)}", ",".join(lines[0]) if lines else "an empty file")
    numbers: dict[_Key, _Number] = {}
    seen: dict[tuple[str, ...], int] = {}
    for position, line in enumerate(lines[1:], start=2):
        if len(line) != len(TIDY_HEADER):
            raise _refused(where, f"{len(TIDY_HEADER)} fields in line {position}", f"{len(line)}")
        try:
            value = float(line[5]) if line[5] else None
        except ValueError:
            raise _refused(where, f"a number as the value in line {position}", "another text") from None
        name = (line[0], line[1], line[2], line[3], line[4])
        seen[name] = seen.get(name, -1) + 1
        numbers[(*name, seen[name])] = (value, line[6])
    return numbers


def _refused(where: str, expected: str, found: str) -> IntegrityError:
    return IntegrityError(
        "LW-EVI-010",
        "this is no results file as Longwatch writes it",
        where=where,
        expected=expected,
        found=found,
        next_step="get the file from the archive again (`longwatch archive get`) and compare that",
    )


def moves_csv(moves: Sequence[MovedNumber]) -> bytes:
    """The moved numbers as CSV, UTF-8: name, kind, old and new value at full precision, old and new text."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(MOVES_HEADER)
    for item in moves:
        values = ("" if value is None else repr(value) for value in item.values)
        texts = ("" if word is None else word for word in item.texts)
        name = (item.output, item.row_group, item.row, item.column, item.statistic)
        writer.writerow((*name, item.move.value, *values, *texts))
    return text.getvalue().encode()


def moves_table(moves: Sequence[MovedNumber]) -> PlainTable:
    """One row per output with moved numbers: added, removed, changed as printed, changed only beyond the print."""
    rows = []
    for output in dict.fromkeys(item.output for item in moves):
        own = [item for item in moves if item.output == output]
        changed = [item for item in own if item.move is Move.CHANGED]
        printed = sum(item.is_printed for item in changed)
        counts = (
            sum(item.move is Move.ADDED for item in own),
            sum(item.move is Move.REMOVED for item in own),
            printed,
            len(changed) - printed,
        )
        rows.append((output, *(f"{count:,}" for count in counts)))
    header = ("Output", "Numbers added", "Removed", "Changed", "Changed beyond the printed digits")
    return PlainTable("Numbers that moved", header, tuple(rows), (1.0, 1.0, 1.0, 1.0, 1.4), note="No number moved.")
