"""An arm against the control within studies, row by row: common risk difference, Cochran–Mantel–Haenszel test."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from longwatch.stats.estimate import Estimate
from longwatch.stats.methods import Method
from longwatch.stats.rounding import NOT_ESTIMABLE, p_value_text, points_text
from longwatch.stats.stratified import compare_stratified_risks, compute_cochran_mantel_haenszel
from longwatch.study.pool import PooledComparison
from longwatch.tables.filters import equals, is_one_of
from longwatch.tables.layout import NOT_AVAILABLE
from longwatch.tables.result import Provenance, Statistic, TableColumn, TableResult

METHODS = {
    "mantel-haenszel": Method.STRATIFIED_MIETTINEN_NURMINEN,
    "size": Method.STRATIFIED_MIETTINEN_NURMINEN_BY_SIZE,
}
Key = tuple[str, str]
Numbers = Mapping[tuple[str, str, str, str], float | int | None]
"""Of one study: values by row group, row, column, statistic."""
Counts = list[tuple[int, int]]
"""By study: subjects of a row, and N."""


@dataclass(frozen=True)
class Compared:
    """The columns of one comparison: their headings, the cells row by row, the numbers."""

    heads: list[TableColumn]
    cells: list[list[str]]
    statistics: list[Statistic]


def compare_within_studies(
    table: TableResult, studies: Sequence[Numbers], asked: PooledComparison, pair: tuple[str, str], variable: str
) -> Compared:
    """The arm against the control (`pair`) in every row of a pooled table. `variable`: the treatment variable.

    Cases of a row: a heading, or no count → empty; not available in a study → NA; else what is asked for. An arm that a
    study has not is 0 of 0 there, and the study tells nothing.
    """
    name = f"{pair[0]} vs {pair[1]}"
    sources = {
        (item.row_group, item.row): item.provenance
        for item in table.statistics
        if item.column == pair[0] and item.statistic == "n"
    }
    keys = [(row.row_group, row.row) if any(row.cells) else None for row in table.rows]
    wanted = list(dict.fromkeys(key for key in keys if key in sources))
    counted = {key: _counts(studies, key, pair) for key in wanted if key is not None}
    lines = {key: counts for key, counts in counted.items() if counts is not None}
    made = {
        key: list(
            _statistics(asked, key, name, estimate, lines[key], _source(sources[key], pair, variable, lines[key]))
        )
        for key, estimate in zip(lines, _estimate(list(lines.values()), asked), strict=True)
    }
    heads = [
        *([TableColumn(f"{name}:rd", "RD (95% CI)", "% points", name)] * ("risk_difference" in asked.statistics)),
        *([TableColumn(f"{name}:p", "p-value", "CMH", name)] * ("cmh" in asked.statistics)),
    ]
    cells = []
    done: set[Key] = set()
    for key in keys:
        if key is None or key not in counted or key in done:
            cells.append([""] * len(heads))
        else:
            done.add(key)
            cells.append(_cells(made[key]) if key in made else [NOT_AVAILABLE] * len(heads))
    return Compared(heads, cells, [item for items in made.values() for item in items])


def _counts(studies: Sequence[Numbers], key: Key, pair: tuple[str, str]) -> tuple[Counts, Counts] | None:
    """Of arm and control, by study; None where one is not counted, or is no count of subjects."""
    found: tuple[Counts, Counts] = ([], [])
    for numbers in studies:
        for arm, counts in zip(pair, found, strict=True):
            if ("", "", arm, "N") not in numbers:
                counts.append((0, 0))
                continue
            n = numbers.get((*key, arm, "n"))
            size = numbers.get((*key, arm, "N"), numbers["", "", arm, "N"])
            if n is None or size is None or (*key, arm, "pct") not in numbers:
                return None
            counts.append((int(n), int(size)))
    return found


def _estimate(lines: Sequence[tuple[Counts, Counts]], asked: PooledComparison) -> Iterator[Estimate]:
    if not lines:
        return
    table = np.array(lines, dtype=np.float64)  # line, arm, study, (subjects, N)
    x1, n1, x2, n2 = (table[:, arm, :, part] for arm in (0, 1) for part in (0, 1))
    found = compare_stratified_risks(x1, n1, x2, n2, method=METHODS[asked.weights])
    yield from (found[place] for place in range(len(lines)))


def _statistics(
    asked: PooledComparison, key: Key, name: str, estimate: Estimate, counts: tuple[Counts, Counts], source: Provenance
) -> Iterator[Statistic]:
    if "risk_difference" in asked.statistics:
        values = {"risk_difference": estimate.value, "rd_lower": estimate.lower, "rd_upper": estimate.upper}
        for statistic, value in values.items():
            points = None if value is None else 100 * value
            yield Statistic(*key, name, statistic, points, points_text(points), source)
    if "cmh" in asked.statistics:
        (x1, n1), (x2, n2) = (np.array(arm, dtype=np.float64).T for arm in counts)
        p = compute_cochran_mantel_haenszel(x1, n1, x2, n2).p
        yield Statistic(*key, name, "p_cmh", p, p_value_text(p), source)


def _cells(made: Sequence[Statistic]) -> list[str]:
    texts = {item.statistic: item.text for item in made}
    cells = []
    if "risk_difference" in texts:
        difference = texts["risk_difference"]
        interval = f"{difference} ({texts['rd_lower']}, {texts['rd_upper']})"
        cells.append(difference if difference == NOT_ESTIMABLE else interval)
    if "p_cmh" in texts:
        cells.append(texts["p_cmh"])
    return cells


def _source(source: Provenance, pair: tuple[str, str], variable: str, counts: tuple[Counts, Counts]) -> Provenance:
    sizes = [sum(size for _, size in arm) for arm in counts]
    return replace(
        source,
        filter=source.filter.replace(equals(variable, pair[0]), is_one_of(variable, pair)),
        variables=("USUBJID", variable),
        denominator=f"{sizes[0]} and {sizes[1]} subjects of ADSL, within {len(counts[0])} studies (STUDYID)",
    )
