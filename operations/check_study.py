"""Whether study file and data fit: everything that does not, at once, by the line of the study file."""

from __future__ import annotations

from dataclasses import dataclass

from longwatch.derive.misfits import find_misfits, find_undecided
from longwatch.errors import StudyError
from longwatch.standards.yaml_lines import read_yaml
from longwatch.study import Study
from operations.ports import Adapters


@dataclass(frozen=True)
class DataChecked:
    """Against which snapshot, and what is to be decided though nothing is wrong."""

    snapshot_id: str
    undecided: tuple[str, ...]


def check_data(adapters: Adapters, study: Study, text: str, where: str, snapshot_id: str | None) -> DataChecked:
    """Compare a study file (`text`, for its lines) with a snapshot, by default the study's last.

    Raises StudyError: LW-STU-012 (no snapshot of the study), LW-STU-013 naming everything that does not fit.
    """
    if snapshot_id is None:
        with adapters.registers.transaction() as registers:
            known = registers.snapshots(study.id)
        if not known:
            raise StudyError(
                "LW-STU-012",
                f"no snapshot of {study.id} is there to check against",
                where=where,
                next_step="`longwatch pull` freezes one; or name one with --snapshot",
            )
        snapshot_id = known[0].id
    snapshot = adapters.snapshots.get(snapshot_id)
    data = adapters.snapshots.open(snapshot.id)
    source = read_yaml(text)
    misfits = [source.say(path, f"{error.fact()}; {error.next_step}") for path, error in find_misfits(data, study)]
    if misfits:
        raise StudyError(
            "LW-STU-013",
            f"{len(misfits)} thing{'s' * (len(misfits) != 1)} in which study file and data do not fit: "
            + " | ".join(misfits),
            where=f"{where}, snapshot {snapshot.id[:12]}",
            next_step="correct the study file, or ask for the data",
        )
    return DataChecked(snapshot.id, tuple(source.say(path, words) for path, words in find_undecided(data, study)))
