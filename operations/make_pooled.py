"""One output of several studies counted together; and what is behind a cell of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from longwatch.derive import check_fit, derive, resolve_cutoff
from longwatch.derive.pooling import Pooled, PooledPart, make_part, pool_studies
from longwatch.errors import IntegrityError
from longwatch.study import Study
from longwatch.study.pool import Pool
from longwatch.tables.catalogue import check_parameters
from longwatch.tables.explain import Explanation, explain, find_cell
from longwatch.tables.opinion import AskedStudy, Opinion
from longwatch.tables.pooled import check_pooled, make_pooled
from longwatch.tables.result import TableResult
from operations.event_lists import read_event_lists
from operations.make_output import one_table
from operations.ports import Adapters, Progress
from operations.pull import pull_study


@dataclass(frozen=True)
class PooledOutput:
    """The outputs of a code over a pool, the second opinion on each, and the pool they were counted from."""

    tables: tuple[TableResult, ...]
    opinions: tuple[Opinion, ...]
    pooled: Pooled


def make_pooled_output(
    adapters: Adapters,
    pool: Pool,
    studies: Sequence[tuple[Study, str]],
    code: str,
    parameters: Mapping[str, object],
    progress: Progress,
) -> PooledOutput:
    """The output of a code over the studies of a pool, each on its own snapshot (or its data as it is now), with the
    second opinion on every number. `studies`: the study files of the pool in its order, with their folders.

    Raises IntegrityError LW-POL-008 where the second opinion differs, and what pulling, deriving, pooling and
    tabulating raise.
    """
    check_parameters(code, parameters)  # before anything is pulled
    check_pooled(code)
    parts = [_read(adapters, pool, number, *study, progress) for number, study in enumerate(studies)]
    pooled = pool_studies(pool, parts)
    tables = make_pooled(code, pooled, pool, parameters)
    progress("asking the second opinion")
    asked = [AskedStudy(part.datasets.data, part.datasets.study, part.datasets.cutoff, part.headings) for part in parts]
    opinions = adapters.pooled_opinion(
        tables, asked, pooled.study, pooled.datasets.groups, per_study=pooled.has_repeated_subjects
    )
    for table, opinion in zip(tables, opinions, strict=True):
        if opinion.differences:
            first = opinion.differences[0]
            raise IntegrityError(
                "LW-POL-008",
                f"{table.name}: {len(opinion.differences):,} of its numbers differ from the second opinion",
                where=", ".join(part for part in first.cell if part),
                expected=repr(first.answered),
                found=repr(first.printed),
                next_step="do not use this output; send the pool file and this message to the developers",
            )
    return PooledOutput(tables, opinions, pooled)


def explain_pooled_cell(code: str, output: PooledOutput, cell: tuple[str, str, str]) -> tuple[Explanation, ...]:
    """What is behind a cell (row group, row, column): each of its numbers with its records. Raises as `one_table`,
    `find_cell` and `explain`."""
    return tuple(explain(output.pooled.datasets, item) for item in find_cell(one_table(code, output.tables), *cell))


def _read(adapters: Adapters, pool: Pool, number: int, study: Study, base: str, progress: Progress) -> PooledPart:
    asked = pool.studies[number]
    groups = read_event_lists(adapters, study, base)
    if asked.snapshot:
        snapshot = adapters.snapshots.get(asked.snapshot)
    else:
        snapshot = pull_study(adapters, study, base, progress=progress)
    data = adapters.snapshots.open(snapshot.id)
    day = resolve_cutoff(asked.cutoff, study, data)
    check_fit(data, study, day)
    return make_part(pool, number, derive(data, study, day, groups=groups))
