"""One output of a study, alone; and what is behind a cell of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from longwatch.derive import AnalysisDatasets, check_fit, derive, resolve_cutoff
from longwatch.study import Study
from longwatch.tables.catalogue import make_table, read_parameters
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
    parameters: Sequence[str] = (),
) -> TableResult:
    """The output of a code on a snapshot, or on the data as it is now (which is pulled, frozen and registered).
    `parameters`: of the output, each as `name=value`.

    No gate applies: it is a look at the numbers, no evidence. Raises what pulling, deriving and tabulating raise.
    """
    given = read_parameters(code, parameters)  # before anything is pulled
    return make_table(code, _derive(adapters, study, base, cutoff, snapshot_id, progress), study, given)


def explain_cell(
    adapters: Adapters,
    study: Study,
    base: str,
    code: str,
    cell: tuple[str, str, str],
    cutoff: date | None,
    snapshot_id: str | None,
    progress: Progress,
    parameters: Sequence[str] = (),
) -> tuple[Explanation, ...]:
    """What is behind a cell of an output (row group, row, column): each of its numbers with its records. `parameters`:
    as `make_output`.

    Raises as `make_output`, and what `find_cell` and `explain` raise.
    """
    given = read_parameters(code, parameters)  # before anything is pulled
    datasets = _derive(adapters, study, base, cutoff, snapshot_id, progress)
    return tuple(explain(datasets, item) for item in find_cell(make_table(code, datasets, study, given), *cell))


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
