"""Levels of laboratory values (FDA guide v2.0, tables 56 and 57) as conditions on ADLB.

The levels are data (`standards/laboratory/fda_levels_2_0.csv`); a study may set its own limits of a test
(`laboratory.levels`). A limit with a unit holds for results in the units of `units.csv`, converted; results in any
other unit are not used.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from longwatch.standards.laboratory.reading import LEVELS, as_number, read_rows, read_units
from longwatch.study import Study
from longwatch.tables.filters import both, equals, is_one_of, quote

SOURCE = "FDA Standard Safety Tables and Figures Integrated Guide v2.0, tables 56 and 57"
_CONDITIONS = {"": "", "fasting": "LBFAST = 'Y'", "not fasting": "(LBFAST <> 'Y' OR LBFAST IS NULL)"}
_URINE = "(SPEC IS NULL OR SPEC NOT IN ('URINE'))"


@dataclass(frozen=True)
class Analyte:
    """A line of the file: `measure` is the variable of ADLB that is compared by `sign` with the limits of levels 1, 2
    and 3 (None: the guide has none); `unit` as printed. `is_own`: the study's own limits."""

    block: str
    test: str
    name: str
    measure: str
    sign: str
    unit: str
    limits: tuple[float | None, ...]
    only: str
    is_own: bool = False

    @property
    def has_unit(self) -> bool:
        """Whether the limits are in a unit that results must be in."""
        return self.measure in ("AVAL", "CHG")

    @property
    def units(self) -> tuple[str, ...]:
        """The units that its limits are converted to."""
        return tuple(read_units().get(self.test, {}))

    def usable(self, units: Sequence[str]) -> str:
        """Which results can be compared, as SQL: after the first dose, of blood, with the measure. `units`: of the
        results of this test."""
        unit = is_one_of("AVALU", [each for each in units if each in self.units] or ["none"]) if self.has_unit else ""
        return both(
            equals("PARAMCD", self.test), "ONTRTFL = 'Y'", _URINE, f"{self.measure} IS NOT NULL", unit,
            _CONDITIONS[self.only],
        )  # fmt: skip

    def beyond(self, level: int, units: Sequence[str]) -> str:
        """Which results are beyond the limit of a level, as SQL."""
        limit = self.limits[level - 1]
        assert limit is not None, "asked only where the guide has the level"
        if not self.has_unit:
            return f"{self.measure} {self.sign} {_literal(limit)}"
        factors = read_units().get(self.test, {})
        by_unit = [(unit, limit / factors[unit]) for unit in units if unit in factors]
        alternatives = [
            f"AVALU = {quote(unit)} AND {self.measure} {self.sign} {_literal(value)}" for unit, value in by_unit
        ]
        return "(" + " OR ".join(alternatives or ["AVALU = 'none'"]) + ")"

    def words(self, level: int) -> str:
        """`Level 2: > 5 x ULN`."""
        limit = self.limits[level - 1]
        assert limit is not None, "asked only where the guide has the level"
        return f"Level {level}: {self.sign} {limit:g} {self.unit}".replace(" %", "%")

    @property
    def levels(self) -> list[int]:
        """The levels there are."""
        return [level for level, limit in enumerate(self.limits, start=1) if limit is not None]


def read_analytes(study: Study) -> Iterator[Analyte]:
    """The analytes in the order of the file, with the study's own limits where it sets them."""
    for row in read_rows(LEVELS):
        limits = tuple(as_number(row[f"level{level}"]) for level in (1, 2, 3))
        own = study.laboratory.levels.get(row["name"])
        yield Analyte(
            row["block"], row["test"], row["name"], row["measure"], row["sign"], row["unit"], own or limits,
            row["condition"], own is not None,
        )  # fmt: skip


def units_of(records: pl.DataFrame, test: str) -> list[str]:
    """The units that results of a test have, sorted."""
    mine = records.filter(pl.col("PARAMCD").cast(pl.String) == test)
    return sorted(mine["AVALU"].cast(pl.String).drop_nulls().unique())


def _literal(value: float) -> str:
    text = repr(float(value))
    return text.removesuffix(".0") if "e" not in text else f"{value:.12f}"
