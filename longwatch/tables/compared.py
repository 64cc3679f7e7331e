"""What a comparison prints, in every table that has one: its columns, its cells, its statistics (spec C.2 rule 4)."""

from __future__ import annotations

from collections.abc import Iterator

from longwatch.stats.rounding import NOT_ESTIMABLE, p_value_text, points_text
from longwatch.study.model import Comparison
from longwatch.tables.arms import Arms
from longwatch.tables.comparisons import Compared
from longwatch.tables.result import Provenance, Statistic, TableColumn


def name_of(arms: Arms, pair: tuple[int, int]) -> str:
    """`<arm> vs <control>`."""
    return f"{arms.names[pair[0]]} vs {arms.names[pair[1]]}"


def compared_columns(arms: Arms, comparison: Comparison | None) -> Iterator[TableColumn]:
    """Per comparison what the study file asks for."""
    if comparison is None:
        return
    for pair in arms.comparisons:
        name = name_of(arms, pair)
        if "risk_difference" in comparison.statistics:
            yield TableColumn(f"{name}:rd", "RD (95% CI)", "% points", name)
        if "fisher" in comparison.statistics:
            yield TableColumn(f"{name}:p", "p-value", "Fisher", name)


def compared_cells(
    compared: Compared, comparison: Comparison, key: tuple[str, str, str], source: Provenance,
    statistics: list[Statistic],
) -> list[str]:  # fmt: skip
    """The cells of one line of one comparison; adds its statistics."""
    cells = []
    if "risk_difference" in comparison.statistics:
        values = {
            "risk_difference": compared.difference,
            "rd_lower": compared.lower,
            "rd_upper": compared.upper,
        }
        texts = [points_text(value) for value in values.values()]
        for (name, value), text in zip(values.items(), texts, strict=True):
            statistics.append(Statistic(*key, name, None if value is None else float(value), text, source))
        cells.append(NOT_ESTIMABLE if compared.difference is None else f"{texts[0]} ({texts[1]}, {texts[2]})")
    if "fisher" in comparison.statistics:
        text = p_value_text(compared.p)
        statistics.append(Statistic(*key, "p_fisher", compared.p, text, source))
        cells.append(text)
    return cells
