"""A comparison of two snapshots as files that people open: three CSV files for programs, one workbook for reading."""

from __future__ import annotations

import csv
import io
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from connectors.change_workbook import write_workbook
from longwatch.errors import StoreError, StudyError
from longwatch.evidence.snapshot_diff import SnapshotDiff, as_csv
from longwatch.evidence.table_diff import MovedNumber, moves_csv

CHANGES, SUMMARY, MOVED, WORKBOOK = "changes.csv", "summary.csv", "moved-numbers.csv", "changes.xlsx"
SUMMARY_HEADER = (
    "dataset", "state", "before", "after", "added", "removed", "changed", "study_days_only", "unchanged", "renumbered",
    "moved", "variables",
)  # fmt: skip


class FolderChangeFiles:
    """Writes `changes.csv`, `summary.csv`, `changes.xlsx` and, where a report was compared, `moved-numbers.csv`."""

    def check(self, folder: str) -> None:
        """Raise where the files cannot be written: before a long comparison, not after it.

        Raises StudyError LW-CHG-001 (one of the files is there already), StoreError LW-CHG-002 (the folder cannot be
        made or written).
        """
        place = Path(folder)
        with _writable(place):
            place.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=place):
                present = [name for name in (CHANGES, SUMMARY, MOVED, WORKBOOK) if (place / name).exists()]
        if present:
            raise StudyError(
                "LW-CHG-001",
                "a comparison is there already, and is not written over",
                where=str(place),
                found=", ".join(present),
                next_step="name another folder with --to, or move these files",
            )

    def write(
        self,
        folder: str,
        diff: SnapshotDiff,
        moves: Sequence[MovedNumber] | None,
        facts: Sequence[tuple[str, str]],
    ) -> tuple[str, ...]:
        """Where the files are: all of them, or none after an error.

        `moves`: None where no report was compared; then there is no `moved-numbers.csv`. CSV holds values as they are,
        for programs; in the workbook no value is a formula or a link, whatever it begins with.

        Raises as `check`.
        """
        self.check(folder)
        place = Path(folder)
        contents = {CHANGES: as_csv(diff), SUMMARY: _summary(diff)}
        if moves is not None:
            contents[MOVED] = moves_csv(moves)
        with _writable(place), tempfile.TemporaryDirectory(dir=place, prefix=".writing-") as aside:
            for name, content in contents.items():
                (Path(aside) / name).write_bytes(content)
            write_workbook(Path(aside) / WORKBOOK, diff, moves, facts)
            names = (*contents, WORKBOOK)
            for name in names:
                os.replace(Path(aside) / name, place / name)
        return tuple(str(place / name) for name in names)


def _summary(diff: SnapshotDiff) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(SUMMARY_HEADER)
    for domain in diff.domains:
        writer.writerow(
            (
                domain.name, domain.state.value, domain.before, domain.after, domain.added, domain.removed,
                domain.changed, domain.study_days_only, domain.unchanged, domain.renumbered, domain.moved,
                len(domain.variables),
            )
        )  # fmt: skip
    return text.getvalue().encode()


@contextmanager
def _writable(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as refused:
        raise StoreError(
            "LW-CHG-002",
            f"the comparison cannot be written there ({refused.strerror or refused})",
            where=str(folder),
            next_step="check who may write the folder and its room, or name another one with --to",
        ) from refused
