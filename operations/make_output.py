"""One output of a study, alone; and what is behind a cell of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from longwatch.derive import AnalysisDatasets, check_fit, derive, resolve_cutoff
from longwatch.errors import StudyError
from longwatch.study import Study
from longwatch.tables.catalogue import check_parameters, make_tables
from longwatch.tables.explain import Explanation, explain, find_cell
from longwatch.tables.result import TableResult
from operations.event_lists import read_event_lists
from operations.ports import Adapters, Progress
from operations.pull import pull_study


def make_output(
    adapters: Adapters,
    study: Study,
    base: str,
    code: str,
    parameters: Mapping[str, object],
    cutoff: date | None,
    snapshot_id: str | None,
    progress: Progress,
) -> tuple[TableResult, ...]:
    """The output of a code on a snapshot, or on the data as it is now (which is pulled, frozen and registered); several
    where the parameters ask for one per subgroup.

    No gate applies: it is a look at the numbers, no evidence. Raises what pulling, deriving and tabulating raise.
    """
    check_parameters(code, parameters)  # before anything is pulled
    return make_tables(code, _derive(adapters, study, base, cutoff, snapshot_id, progress), study, parameters)


def explain_cell(
    adapters: Adapters,
    study: Study,
    base: str,
    code: str,
    parameters: Mapping[str, object],
    cell: tuple[str, str, str],
    cutoff: date | None,
    snapshot_id: str | None,
    progress: Progress,
) -> tuple[Explanation, ...]:
    """What is behind a cell of an output (row group, row, column): each of its numbers with its records. `parameters`:
    as `make_output`.

    One table alone is looked at: a subgroup is named by `where`, an AESI by the parameter `aesi`. Raises StudyError
    LW-TAB-013 where the parameters ask for several, as `make_output`, and what `find_cell` and `explain` raise.
    """
    check_parameters(code, parameters)  # before anything is pulled
    datasets = _derive(adapters, study, base, cutoff, snapshot_id, progress)
    table = one_table(code, make_tables(code, datasets, study, parameters))
    return tuple(explain(datasets, item) for item in find_cell(table, *cell))


def one_table(code: str, tables: Sequence[TableResult]) -> TableResult:
    """The table that a cell is looked for in. Raises StudyError LW-TAB-013 where there are several, or
    none."""
    if len(tables) != 1:
        raise StudyError(
            "LW-TAB-013",
            f"{code} is {len(tables)} tables here, and a cell is of one of them",
            where="table explain",
            expected="one table",
            found=", ".join(table.name for table in tables),
            next_step="name one: --with aesi=NAME for an AESI, --with parameter=AESI1 for the time to one, "
            "--where VARIABLE=VALUE for a subgroup",
        )
    return tables[0]


def _derive(
    adapters: Adapters, study: Study, base: str, cutoff: date | None, snapshot_id: str | None, progress: Progress
) -> AnalysisDatasets:
    groups = read_event_lists(adapters, study, base)
    if snapshot_id is None:
        snapshot = pull_study(adapters, study, base, progress=progress)
    else:
        snapshot = adapters.snapshots.get(snapshot_id)
    data = adapters.snapshots.open(snapshot.id)
    day = resolve_cutoff(cutoff, study, data)
    check_fit(data, study, day)
    return derive(data, study, day, groups=groups)
