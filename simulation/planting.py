"""Planted errors: a plan says how many of which rule, the list says exactly what a validator must find.

An error that cannot be made without breaking a second rule (an event without a preferred term also lacks a required
value) has a row for each. So the list is the complete set of expected findings, and every cell changed is listed apart.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from longwatch.errors import StudyError
from simulation.streams import stream

ROW = "_row"


@dataclass(frozen=True)
class ErrorPlan:
    """How many errors of which rule of spec B.3."""

    counts: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, plan: ErrorPlan | str | None) -> ErrorPlan:
        """A plan, or that of a name: "none" (also for None), "default" (a realistic draft), "all" (one of each rule).

        Raises StudyError LW-SIM-002 for another name.
        """
        if isinstance(plan, ErrorPlan):
            return plan
        if plan in (None, "none"):
            return cls()
        if plan == "default":
            return cls(dict.fromkeys(DEFAULT_RULES, 1) | {"SR14": 2})
        if plan == "all":
            return cls(dict.fromkeys(planters(), 1))
        raise StudyError(
            "LW-SIM-002",
            "there is no error plan of this name",
            where="plan",
            expected="none, default or all",
            found=str(plan),
            next_step="name one of these, or give an ErrorPlan with counts by rule",
        )


DEFAULT_RULES = (
    "CH01", "CH03", "CH05", "CT03", "CT08", "CT09", "DT01", "DT03", "DU01", "KY03", "SR01", "SR02", "SR14", "XR01",
)  # fmt: skip


@dataclass(frozen=True)
class PlantedError:
    """One finding to expect. `record_key`: the record's locator as findings print it; `others`: those of further
    records of a set. `was`, `planted`: the value changed. `consequence_of`: the rule planted, where this one broke
    along with it. `found_as`: what a finding on a set prints, where that is not the record's key."""

    rule: str
    dataset: str
    USUBJID: str | None
    record_key: str
    variable: str
    was: str | None
    planted: str | None
    note: str
    others: str = ""
    consequence_of: str = ""
    found_as: str = ""

    @property
    def expected_key(self) -> str:
        """The locator as the finding prints it: the record's, or what the records of a set share."""
        return self.found_as or self.record_key


@dataclass(frozen=True)
class Change:
    """One thing done to clean data: `kind` is `cell`, `row added` or `row removed`."""

    rule: str
    kind: str
    dataset: str
    record_key: str
    variable: str
    was: str | None
    planted: str | None


@dataclass(frozen=True)
class Planted:
    """Frames with errors planted, the findings to expect, and every change made."""

    frames: dict[str, pl.DataFrame]
    errors: tuple[PlantedError, ...]
    changes: tuple[Change, ...]


def plant(frames: dict[str, pl.DataFrame], plan: ErrorPlan, seed: int) -> Planted:
    """Plants the errors of a plan into clean frames; the frames given stay as they are.

    Raises StudyError: LW-SIM-001 where the data has no record that fits a rule, LW-SIM-003 for a rule that cannot be
    planted.
    """
    bench = Bench(frames, stream(seed, "planting"))
    known = planters()
    for rule in sorted(plan.counts, key=_order):
        if rule not in known:
            raise StudyError(
                "LW-SIM-003",
                "no error of this rule can be planted",
                where=f"plan, {rule}",
                expected=", ".join(sorted(known)),
                next_step="take it out of the plan",
            )
        for _ in range(plan.counts[rule]):
            bench.rule = rule
            known[rule](bench)
    return bench.result()


_SCARCE = (
    "SR03",
    "SR09",
    "SR05",
    "SR08",
    "CH05",
    "SR07",
    "SR06",
    "SR04",
    "LT04",
    "FU04",
    "FU06",
    "LB05",
    "LB04",
    "LB03",
)
"""Rules that few subjects fit: they choose first."""


def _order(rule: str) -> tuple[int, str]:
    return (_SCARCE.index(rule) if rule in _SCARCE else len(_SCARCE), rule)


Row = dict[str, object]
"""A row by variable, with its number in `_row` where it stands in clean data."""

Planter = Callable[["Bench"], None]


def planters() -> dict[str, Planter]:
    """What plants an error of each rule."""
    from simulation.planters_checks import CHECK_PLANTERS
    from simulation.planters_event import EVENT_PLANTERS
    from simulation.planters_other import OTHER_PLANTERS

    return {**EVENT_PLANTERS, **OTHER_PLANTERS, **CHECK_PLANTERS}


class Bench:
    """Clean frames, what has been used of them, and what is to be changed."""

    def __init__(self, frames: dict[str, pl.DataFrame], rng: np.random.Generator) -> None:
        self.clean = frames
        self.rng = rng
        self.rule = ""
        self._used_rows: set[tuple[str, int]] = set()
        self._used_subjects: set[str] = set()
        self._cells: dict[str, dict[tuple[int, str], str | float | None]] = {}
        self._added: dict[str, list[Row]] = {}
        self._removed: dict[str, list[int]] = {}
        self._was: dict[tuple[str, int, str], str | None] = {}
        self._errors: list[PlantedError] = []
        self._changes: list[Change] = []

    def frame(self, dataset: str) -> pl.DataFrame:
        """A clean dataset with the number of each row in `_row`. Raises LW-SIM-001 where it was not generated."""
        if dataset not in self.clean:
            raise self._none(dataset)
        return self.clean[dataset].with_row_index(ROW)

    def pick(self, dataset: str, rows: pl.DataFrame, *, fresh: bool = False, shared: bool = False) -> Row:
        """One of these rows, chosen at random: of a subject without errors so far, where there is one.

        `fresh`: only of such a subject. `shared`: a row that has an error already will do. Raises LW-SIM-001 where none
        is left.
        """
        free = (
            rows
            if shared
            else rows.filter(~pl.col(ROW).is_in([row for name, row in self._used_rows if name == dataset]))
        )
        if "USUBJID" in free.columns:
            untouched = free.filter(~pl.col("USUBJID").is_in(sorted(self._used_subjects)))
            free = untouched if fresh or untouched.height else free
        if free.height == 0:
            raise self._none(dataset)
        chosen = free.row(int(self.rng.integers(0, free.height)), named=True)
        self._used_rows.add((dataset, int(chosen[ROW])))
        if chosen.get("USUBJID"):
            self._used_subjects.add(str(chosen["USUBJID"]))
        return chosen

    def touch(self, dataset: str, rows: pl.DataFrame) -> None:
        """Keeps these rows from being picked later."""
        self._used_rows.update((dataset, int(row)) for row in rows[ROW])

    def change(self, dataset: str, row: Row, variable: str, value: str | float | None) -> None:
        """Sets one cell, in the row given too."""
        number = int(str(row[ROW]))
        self._cells.setdefault(dataset, {})[(number, variable)] = value
        self._was[(dataset, number, variable)] = as_text(row[variable])
        self._note("cell", dataset, row, variable, as_text(row[variable]), as_text(value))
        row[variable] = value

    def add(self, dataset: str, row: Row) -> None:
        """Adds a row; it is sorted in behind those of its subject."""
        own = {name: value for name, value in row.items() if name != ROW}
        self._added.setdefault(dataset, []).append(own)
        self._note("row added", dataset, row, "", None, None)

    def remove(self, dataset: str, row: Row) -> None:
        """Removes a row."""
        self._removed.setdefault(dataset, []).append(int(str(row[ROW])))
        self._used_rows.add((dataset, int(str(row[ROW]))))
        self._note("row removed", dataset, row, "", None, None)

    def expect(
        self,
        dataset: str,
        row: Row,
        variable: str,
        note: str,
        *,
        rule: str = "",
        others: str = "",
        key: str = "",
        found_as: str = "",
    ) -> None:
        """A finding to expect at a row as it stands now; `rule`: another one that breaks along with the planted one."""
        was = self._was.get((dataset, int(str(row.get(ROW, -1))), variable))
        self._errors.append(
            PlantedError(
                rule or self.rule,
                dataset,
                as_text(row.get("USUBJID")),
                key or record_key(dataset, row),
                variable,
                was,
                as_text(row.get(variable)),
                note,
                others,
                self.rule if rule and rule != self.rule else "",
                found_as,
            )
        )

    def result(self) -> Planted:
        """The frames with everything changed."""
        frames = {name: self._changed(name, frame) for name, frame in self.clean.items()}
        return Planted(frames, tuple(self._errors), tuple(self._changes))

    def _changed(self, name: str, frame: pl.DataFrame) -> pl.DataFrame:
        by_column: dict[str, dict[int, str | float | None]] = {}
        for (row, column), value in self._cells.get(name, {}).items():
            by_column.setdefault(column, {})[row] = value
        for column, values in by_column.items():
            cells = frame[column].to_list()
            for row, value in values.items():
                cells[row] = value
            frame = frame.with_columns(pl.Series(column, cells, dtype=frame.schema[column]))
        if name in self._removed:
            gone = self._removed[name]
            frame = frame.with_row_index(ROW).filter(~pl.col(ROW).is_in(gone)).drop(ROW)
        if name in self._added:
            frame = pl.concat([frame, pl.DataFrame(self._added[name], schema=frame.schema)])
            frame = frame.sort("USUBJID", maintain_order=True)
        return frame

    def _note(self, kind: str, dataset: str, row: Row, variable: str, was: str | None, planted: str | None) -> None:
        self._changes.append(Change(self.rule, kind, dataset, record_key(dataset, row), variable, was, planted))

    def _none(self, dataset: str) -> StudyError:
        return StudyError(
            "LW-SIM-001",
            f"the data has no record left that an error of {self.rule} can be planted in",
            where=dataset,
            next_step="plan fewer, generate more subjects, or generate that dataset too",
        )


_LOCATORS = {
    "SV": ("VISITNUM",),
    "SUPPAE": ("RDOMAIN", "IDVAR", "IDVARVAL", "QNAM"),
    "RELREC": ("RDOMAIN", "IDVAR", "IDVARVAL", "RELID"),
    "TS": ("TSPARMCD",),
    "CONTACT": ("DTC", "MODE", "RESULT"),
    "LOT": ("LOTID",),
    "LTFU": ("VISITNUM",),
    "IGLS": ("DTC",),
}


def record_key(dataset: str, row: Mapping[str, object]) -> str:
    """`USUBJID=… AESEQ=…`: where a record is in this snapshot (spec A.2)."""
    names = ("USUBJID", *_LOCATORS.get(dataset, (f"{dataset}SEQ",)))
    return " ".join(f"{name}={as_text(row[name])}" for name in names if name in row)


def as_text(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
