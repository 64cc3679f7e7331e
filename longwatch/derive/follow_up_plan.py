"""The follow-up plan in force: the study file's, else the dataset LTFUPLAN of the data (spec D.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl
from pydantic import ValidationError

from longwatch.errors import SourceError
from longwatch.standards.dataset import SourceData
from longwatch.study import Study
from longwatch.study.follow_up import Anchor, PlannedVisit, check_plan

PLAN = "LTFUPLAN"
_TEXTS = ("VISIT", "PHASE", "MODE", "MANDITEM", "ANCHOR")
_NUMBERS = ("VISITNUM", "TARGDAY", "TARGMON", "WIN_LO", "WIN_HI")


@dataclass(frozen=True)
class Plan:
    """The visits in the order of their targets, and the infusion that they count from. No visits: there is no plan."""

    visits: tuple[PlannedVisit, ...] = ()
    anchor: Anchor = Anchor.INFUSION_FIRST

    @property
    def years(self) -> tuple[int, ...]:
        """The years of follow-up that a visit ends."""
        return tuple(sorted({visit.year for visit in self.visits if visit.year}))


def read_plan(data: SourceData, study: Study) -> Plan:
    """The plan of a study.

    Cases, in order: the study file names a template → its visits; the data has LTFUPLAN → a visit per record, TARGMON
    where given, else TARGDAY (months govern: the day repeats the same distance); else no plan. Raises SourceError
    LW-FUP-001 where LTFUPLAN is no plan: a record without a target, a window that is none, visits or windows that
    overlap, two anchors. Source: spec D.2.
    """
    if study.follow_up.template:
        return Plan(study.follow_up.plan, study.follow_up.anchor)
    if PLAN not in data:
        return Plan()
    frame = data.frame(PLAN)
    there = frame.collect_schema()
    texts = [pl.col(name).cast(pl.String).str.strip_chars().replace("", None) for name in _TEXTS if name in there]
    numbers = [pl.col(name).cast(pl.Float64, strict=False) for name in _NUMBERS if name in there]
    rows = frame.select(*texts, *numbers).collect().to_dicts()
    anchors = sorted({row["ANCHOR"] for row in rows if row.get("ANCHOR")}) or [Anchor.INFUSION_FIRST]
    try:
        if len(anchors) > 1:
            raise ValueError(f"it counts from {' and '.join(anchors)}")
        visits = tuple(sorted((_visit(row) for row in rows), key=lambda visit: visit.mean_day))
        check_plan(visits)
        return Plan(visits, Anchor(anchors[0]))
    except (ValidationError, ValueError) as wrong:
        problems = [item["msg"] for item in wrong.errors()] if isinstance(wrong, ValidationError) else [str(wrong)]
        raise SourceError(
            "LW-FUP-001",
            f"the follow-up plan of the data cannot be followed: {'; '.join(problems)}",
            where=data.datasets[PLAN].file or PLAN,
            expected="a target (TARGMON or TARGDAY) and a window (WIN_LO, WIN_HI) for each visit, and no two windows "
            "that share a day",
            next_step="correct LTFUPLAN, or name a plan in the study file (follow_up: template)",
        ) from wrong


def _visit(row: dict[str, Any]) -> PlannedVisit:
    months, days = row.get("TARGMON"), row.get("TARGDAY")
    content: dict[str, Any] = {
        "visit": row.get("VISIT") or f"VISIT {row.get('VISITNUM')}",
        "number": row.get("VISITNUM"),
        "month": months,
        "day": None if months is not None else days,
        "window": (row.get("WIN_LO") or 0, row.get("WIN_HI") or 0),
        "items": tuple(item.strip() for item in (row.get("MANDITEM") or "").split(";") if item.strip()),
    }
    content |= {key: row[name] for key, name in (("mode", "MODE"), ("phase", "PHASE")) if row.get(name)}
    return PlannedVisit.model_validate(content)
