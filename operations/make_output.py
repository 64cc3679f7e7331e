"""One output of a study, alone; and what is behind a cell of it."""

from __future__ import annotations

from datetime import date

from longwatch.derive import AnalysisDatasets, check_fit, derive, resolve_cutoff
from longwatch.study import Study
from longwatch.tables.catalogue import find_output, make_table
from longwatch.tables.explain import Explanation, explain, find_cell
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
    find_output(code)  # before anything is pulled
    return make_table(code, _derive(adapters, study, base, cutoff, snapshot_id, progress), study, {})


def explain_cell(
    adapters: Adapters,
    study: Study,
    base: str,
    code: str,
    cell: tuple[str, str, str],
    cutoff: date | None,
    snapshot_id: str | None,
    progress: Progress,
) -> tuple[Explanation, ...]:
    """What is behind a cell of an output (row group, row, column): each of its numbers with its records.

    Raises as `make_output`, and what `find_cell` and `explain` raise.
    """
    find_output(code)  # before anything is pulled
    datasets = _derive(adapters, study, base, cutoff, snapshot_id, progress)
    return tuple(explain(datasets, item) for item in find_cell(make_table(code, datasets, study, {}), *cell))


def _derive(
    adapters: Adapters, study: Study, base: str, cutoff: date | None, snapshot_id: str | None, progress: Progress
) -> AnalysisDatasets:
    if snapshot_id is None:
        snapshot = pull_study(adapters, study, base, progress=progress)
    else:
        snapshot = adapters.snapshots.get(snapshot_id)
    data = adapters.snapshots.open(snapshot.id)
    day = resolve_cutoff(cutoff, study, data)
    check_fit(data, study, day)
    return derive(data, study, day)
