"""What changed between two snapshots of a study, and which numbers of its last archived report move with it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from longwatch.derive import check_fit, derive, resolve_cutoff
from longwatch.errors import StudyError
from longwatch.evidence.registered import ReportRow
from longwatch.evidence.snapshot import SourceSnapshot
from longwatch.evidence.snapshot_diff import SnapshotDiff, diff_snapshots
from longwatch.evidence.table_diff import MovedNumber, diff_results
from longwatch.standards.dataset import SourceData
from longwatch.study import Study
from longwatch.tables.export import results_csv
from operations.audited import make_event
from operations.declared_keys import declared_keys
from operations.event_lists import read_event_lists
from operations.make_report import by_name, tabulate
from operations.ports import Adapters, Progress


@dataclass(frozen=True)
class ReportMoves:
    """The numbers that `report` would print otherwise. `cutoffs`: those used on the older and the newer snapshot."""

    report: ReportRow
    cutoffs: tuple[date, date]
    numbers: tuple[MovedNumber, ...]


@dataclass(frozen=True, eq=False)
class SnapshotComparison:
    """What comparing two snapshots came to.

    `keys_from`: where key variables were read from, or why there are none. `moves`: None where no report was compared.
    `files`: what was written.
    """

    older: SourceSnapshot
    newer: SourceSnapshot
    diff: SnapshotDiff
    keys_from: str
    moves: ReportMoves | None = None
    files: tuple[str, ...] = ()

    def facts(self) -> tuple[tuple[str, str], ...]:
        """What was compared, as lines of label and value."""
        lines = [
            ("Older snapshot", self.older.id),
            ("Newer snapshot", self.newer.id),
            ("Key variables", self.keys_from),
        ]
        if self.moves is not None:
            report, (before, after) = self.moves.report, self.moves.cutoffs
            lines += [
                ("Last archived report", f"{report.study_id} {report.template}, report key {report.key}"),
                ("Cut-off, older snapshot", before.isoformat()),
                ("Cut-off, newer snapshot", after.isoformat()),
            ]
        return tuple(lines)


def compare_snapshots(
    adapters: Adapters,
    older_id: str,
    newer_id: str,
    *,
    study: Study | None = None,
    base: str = "",
    folder: str | None = None,
    progress: Progress,
) -> SnapshotComparison:
    """Compare two snapshots by record identity, and with a study file also the numbers of its last archived report.

    Nothing is archived and nothing registered but the audit event of having looked. The report and the folder are
    looked at before the comparison begins.

    Cases of the numbers, for the outputs of that report's template, made under `study` on both snapshots: see
    `diff_results`. The cut-off of each snapshot is that of the study file, else the data's own (TS.DCUTDTC), else the
    report's: so a number also moves where only the cut did. Cases of the keys: `declared_keys`.

    `base`: the folder that relative paths of the study file start from. `folder`: also write the comparison there.
    Raises StudyError LW-CMP-001 (no report of the study is archived), and what opening a snapshot, deriving, tabulating
    and writing raise.
    """
    older, newer = adapters.snapshots.get(older_id), adapters.snapshots.get(newer_id)
    report = _last_report(adapters, study) if study else None
    if folder is not None:
        adapters.change_files.check(folder)
    keys, keys_from = declared_keys(adapters, newer)
    old, new = (adapters.snapshots.open(snapshot.id) for snapshot in (older, newer))
    progress("comparing records")
    compared = SnapshotComparison(older, newer, diff_snapshots(old, new, keys), keys_from)
    if study is not None and report is not None:
        compared = replace(compared, moves=_moves(adapters, study, base, report, (older, old), (newer, new), progress))
    if folder is not None:
        progress("writing")
        moves = compared.moves.numbers if compared.moves else None
        files = adapters.change_files.write(folder, compared.diff, moves, compared.facts())
        compared = replace(compared, files=files)
    _record(adapters, compared)
    return compared


def _last_report(adapters: Adapters, study: Study) -> ReportRow:
    with adapters.registers.transaction() as register:
        rows = register.reports(study.id)
    if not rows:
        raise StudyError(
            "LW-CMP-001",
            "no report of this study is archived, so no number of one can move",
            where=study.id,
            next_step="`longwatch run` makes one; without --study the data alone is compared",
        )
    return rows[0]


def _moves(
    adapters: Adapters,
    study: Study,
    base: str,
    report: ReportRow,
    older: tuple[SourceSnapshot, SourceData],
    newer: tuple[SourceSnapshot, SourceData],
    progress: Progress,
) -> ReportMoves:
    template = adapters.templates(report.template)
    groups = read_event_lists(adapters, study, base)
    results, cutoffs = [], []
    for snapshot, data in (older, newer):
        progress(f"making the numbers of {report.template} on {snapshot.id[:12]}")
        stated = study.cutoff is not None or snapshot.data_cutoff is not None
        day = resolve_cutoff(None if stated else report.cutoff, study, data)
        check_fit(data, study, day)
        datasets = derive(data, study, day, groups=groups)
        results.append(results_csv(by_name(tabulate(study, template, datasets)).values()))
        cutoffs.append(day)
    return ReportMoves(report, (cutoffs[0], cutoffs[1]), tuple(diff_results(*results)))


def _record(adapters: Adapters, compared: SnapshotComparison) -> None:
    seen: dict[str, object] = {
        "older": compared.older.id,
        "datasets_changed": sum(domain.is_changed for domain in compared.diff.domains),
        "files": len(compared.files),
    }
    if compared.moves is not None:
        seen |= {"report": compared.moves.report.key, "numbers_moved": len(compared.moves.numbers)}
    with adapters.registers.transaction() as register:
        register.record_read(make_event(adapters, "snapshots compared", "snapshot", compared.newer.id, seen))
