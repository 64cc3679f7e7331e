"""An output of several studies counted together, each study beside, arms compared within studies (spec C.4, J).

A pooled percentage is crude: it weighs each study by its subjects on the arm, so where studies differ in risk and in
how many subjects they put on each arm, it can show the opposite of what every study shows (Simpson). Therefore arms are
compared within studies only: a common risk difference with stratified limits, the Cochran–Mantel–Haenszel test.

The columns of a study are those of the same output restricted to it; a row that nobody in it has is zero there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from longwatch.derive.pooling import Pooled
from longwatch.errors import StudyError
from longwatch.stats.methods import Method
from longwatch.stats.proportions import compute_clopper_pearson
from longwatch.stats.rounding import points_text
from longwatch.study.pool import Pool, PooledComparison
from longwatch.tables import footnotes
from longwatch.tables.catalogue import OUTPUTS, find_output, make_table, make_tables
from longwatch.tables.filters import both, equals
from longwatch.tables.layout import NOT_AVAILABLE
from longwatch.tables.result import Restriction, Statistic, TableColumn, TableResult
from longwatch.tables.within_studies import METHODS, compare_within_studies

Key = tuple[str, str]
Cells = dict[tuple[str, str, str], Statistic]
"""By row group, row and statistic, of one column."""


@dataclass(frozen=True)
class StudyTable:
    """The output of one study of the pool, its numbers by column."""

    id: str
    table: TableResult
    by_column: Mapping[str, Cells]


def make_pooled(
    code: str, pooled: Pooled, pool: Pool, parameters: Mapping[str, object] | None = None
) -> tuple[TableResult, ...]:
    """One output of the pool; several where the parameters ask for one per subgroup or AESI.

    Raises StudyError LW-POL-007 where the output cannot be pooled, and what `make_tables` raises.
    """
    check_pooled(code)
    tables = make_tables(code, pooled.datasets, pooled.study, parameters)
    return tuple(_pool_table(table, pooled, pool, parameters or {}) for table in tables)


def check_pooled(code: str) -> None:
    """Raise StudyError LW-POL-007 where an output cannot be counted over several studies."""
    if not find_output(code).pooled:
        raise StudyError(
            "LW-POL-007",
            f"{code} is not counted over several studies",
            where="output code",
            expected=", ".join(output.code for output in OUTPUTS.values() if output.pooled),
            found=code,
            next_step="make it of each study alone",
        )


def _study_table(table: TableResult, study: str, pooled: Pooled, parameters: Mapping[str, object]) -> TableResult:
    """The same output of one study: its restrictions and that to the study; every term, for the pool decides which are
    printed; no Total."""
    output = find_output(table.code)
    asked = [item.asked for item in table.restrictions]
    own = {name: value for name, value in parameters.items() if name not in ("where", "by", "aesi", "at_least")}
    if output.per_aesi and asked and asked[0].startswith("AESI="):
        own["aesi"] = asked.pop(0).removeprefix("AESI=")
    if "at_least" in output.parameters:
        own["at_least"] = 0.0
    treatment = pooled.study.treatment.model_copy(update={"total_column": False})
    alone = pooled.study.model_copy(update={"treatment": treatment})
    return make_table(table.code, pooled.datasets, alone, {**own, "where": (*asked, f"STUDYID={study}")})


def _pool_table(table: TableResult, pooled: Pooled, pool: Pool, parameters: Mapping[str, object]) -> TableResult:
    by_study = []
    if find_output(table.code).pooled == "by study":
        for study in pooled.studies:
            made = _study_table(table, study, pooled, parameters)
            by_study.append(StudyTable(study, made, _by_column(made)))
    rows = [list(row.cells) for row in table.rows]
    columns, statistics = list(table.columns), list(table.statistics)
    whole = _by_column(table)
    filled = [_filled(each, table, whole) for each in by_study]
    if pool.study_columns:
        for each, (cells, items) in zip(by_study, filled, strict=True):
            columns += [_of_study(column, each.id) for column in each.table.columns]
            statistics += [replace(item, column=f"{item.column}, {each.id}") for item in items]
            for row, more in zip(rows, cells, strict=True):
                row += more
    asked = pool.comparison if find_output(table.code).counts_events and by_study else None
    if asked:
        numbers = [_values(items) for _, items in filled]
        control = next(arm.name for arm in pool.arms if arm.code == asked.control)
        for arm in pool.arms:
            if arm.name != control:
                compared = compare_within_studies(
                    table, numbers, asked, (arm.name, control), pooled.datasets.treatment_variable
                )
                columns += compared.heads
                statistics += compared.statistics
                for row, more in zip(rows, compared.cells, strict=True):
                    row += more
    made_rows = tuple(replace(row, cells=tuple(cells)) for row, cells in zip(table.rows, rows, strict=True))
    notes = _say(pooled, asked, bool(by_study) and pool.study_columns)
    return replace(
        table,
        title=f"{table.title} – pooled: {', '.join(pooled.studies)}",
        columns=tuple(columns),
        rows=made_rows,
        statistics=tuple(statistics),
        footnotes=(*notes, *table.footnotes, *footnotes.say_abbreviations(columns[len(table.columns) :], made_rows)),
        restrictions=(Restriction(f"pool {pool.id}", pool.title), *table.restrictions),
    )


def _say(pooled: Pooled, compared: PooledComparison | None, with_columns: bool) -> tuple[str, ...]:
    notes = [
        f"Pooled: {', '.join(pooled.studies)}, each derived by its own study file and cut-off. Percentages over "
        "several studies are crude: they weigh each study by its subjects on the arm."
    ]
    if with_columns:
        notes.append("Columns of a study: its subjects alone.")
    if compared and "risk_difference" in compared.statistics:
        notes.append(
            f"RD: common risk difference within studies in percentage points, arm minus control, with 95% CI "
            f"({METHODS[compared.weights]}), not adjusted for multiplicity; a study without subjects in both arms "
            "tells nothing and is left out."
        )
    if compared and "cmh" in compared.statistics:
        notes.append(f"p-value: {Method.COCHRAN_MANTEL_HAENSZEL}, stratified by study, not adjusted for multiplicity.")
    return (*notes, *pooled.notes)


def _by_column(table: TableResult) -> dict[str, Cells]:
    found: dict[str, Cells] = {}
    for item in table.statistics:
        found.setdefault(item.column, {})[item.row_group, item.row, item.statistic] = item
    return found


def _values(items: Sequence[Statistic]) -> dict[tuple[str, str, str, str], float | int | None]:
    return {(item.row_group, item.row, item.column, item.statistic): item.value for item in items}


def _of_study(column: TableColumn, study: str) -> TableColumn:
    heading = f"{column.group} {column.heading}" if column.group else column.heading
    return replace(column, key=f"{study}:{column.key}", heading=heading, group=study)


def _filled(
    study: StudyTable, table: TableResult, whole: Mapping[str, Cells]
) -> tuple[list[list[str]], list[Statistic]]:
    """The cells of a study row by row of the pool, and its numbers; zero in rows that it has not."""
    texts = {(row.row_group, row.row, row.label): list(row.cells) for row in study.table.rows}
    known: dict[Key, list[Statistic]] = {}
    for item in study.table.statistics:
        known.setdefault((item.row_group, item.row), []).append(item)
    numbers: list[Statistic] = []
    missing: dict[Key, list[str]] = {}
    for key in dict.fromkeys((item.row_group, item.row) for item in table.statistics):
        made = known.get(key)
        if made is None:
            made = [each for column in study.by_column for each in _zeros(study, whole.get(column, {}), key, column)]
        numbers += made
        missing[key] = [cell for column in study.by_column for cell in _as_cells(made, column)]
    width = len(study.table.columns)
    rows = []
    for row in table.rows:
        cells = texts.get((row.row_group, row.row, row.label))
        if cells is None and any(row.cells):
            cells = missing.get((row.row_group, row.row))
        rows.append(cells or [""] * width)
    return rows, numbers


def _zeros(study: StudyTable, whole: Cells, key: Key, column: str) -> list[Statistic]:
    """The numbers of a row that nobody of the study has, in one column, each with the source it has in the pool."""
    has_own_size = (*key, "N") in whole
    size = 0 if has_own_size else int(study.by_column[column]["", "", "N"].value or 0)
    inside = equals("STUDYID", study.id)
    upper = 100 * float(compute_clopper_pearson(0, size)[1]) if size else None
    values: dict[str, tuple[float | int | None, str]] = {
        "N": (0, "N=0"),
        "n": (0, "0"),
        "events": (0, "0"),
        "pct": (0.0 if size else None, ""),
        "pct_lower": (0.0 if size else None, points_text(0.0 if size else None)),
        "pct_upper": (upper, points_text(upper)),
    }
    made = []
    for (group, row, statistic), item in whole.items():
        if (group, row) == key and statistic in values:
            value, text = values[statistic]
            if item.text == NOT_AVAILABLE:
                value, text = None, NOT_AVAILABLE
            source = replace(item.provenance, subjects=both(item.provenance.subjects, inside))
            made.append(replace(item, value=value, text=text, provenance=source))
    return made


def _as_cells(made: Sequence[Statistic], column: str) -> list[str]:
    """The printed cells of a row in one column, from its numbers: n or n/Ns, percent, interval; events."""
    texts = {item.statistic: item.text for item in made if item.column == column}
    if texts.get("n") == NOT_AVAILABLE:
        return [NOT_AVAILABLE] * (2 if "events" in texts else 1)
    cell = texts.get("n", "") + (f"/{texts['N'].removeprefix('N=')}" if "N" in texts else "")
    if texts.get("pct"):
        cell += f" ({texts['pct']})"
    if "pct_upper" in texts:
        cell += f" [{texts['pct_lower']}, {texts['pct_upper']}]"
    return [cell, texts["events"]] if "events" in texts else [cell]
