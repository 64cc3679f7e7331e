"""One output of a study, alone."""

from __future__ import annotations

from datetime import date

from longwatch.derive import check_fit, derive, resolve_cutoff
from longwatch.study import Study
from longwatch.tables.catalogue import make_table
from longwatch.tables.result import TableResult
from operations.ports import Adapters, Progress
from operations.pull import pull_study


def make_output(
    adapters: Adapters,
    study: Study,
    base: str,
    code: str,
    cutoff: date | None,
    snapshot_id: str | None,
    progress: Progress,
) -> TableResult:
    """The output of a code on a snapshot, or on the data as it is now (which is pulled, frozen and registered).

    No gate applies: it is a look at the numbers, no evidence. Raises what pulling, deriving and tabulating raise.
    """
    if snapshot_id is None:
        snapshot = pull_study(adapters, study, base, progress=progress)
    else:
        snapshot = adapters.snapshots.get(snapshot_id)
    data = adapters.snapshots.open(snapshot.id)
    day = resolve_cutoff(cutoff, study, data)
    check_fit(data, study, day)
    return make_table(code, derive(data, study, day), study, {})
