"""The follow-up plan of a study: which visit is due when, how it is held, and what counts as lost (spec D.2).

A plan is data: a template of Longwatch's by name, or the study's own visits (CUSTOM). Windows are days around a target,
which lies so many days, or calendar months, after the anchor. No authority states the templates; a study confirms that
its protocol is the one it names.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from datetime import date, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from longwatch.study.part import Part
from longwatch.study.time_to_event import EventKind, Parameter

MONTHS_PER_YEAR = 12
_MEAN_MONTH = 365.25 / 12
_SURELY_APART = 8
"""Days: a mean distance from which no length of months makes two windows meet."""
_FOUR_YEARS = 1461


class Anchor(StrEnum):
    """From which infusion a plan counts."""

    INFUSION_FIRST = "INFUSION_FIRST"
    INFUSION_LAST = "INFUSION_LAST"


class Mode(StrEnum):
    """How a visit is held: at the site, by telephone, or looked up in health records or a registry."""

    ONSITE = "ONSITE"
    PHONE = "PHONE"
    EHR = "EHR"


class Phase(StrEnum):
    """The part of the study: under treatment, yearly examinations, yearly queries."""

    ACTIVE = "ACTIVE"
    LTFU_EXAM = "LTFU_EXAM"
    LTFU_QUERY = "LTFU_QUERY"


class PlannedVisit(Part):
    """One visit of a plan: `visit` as printed and as in SV.VISIT; `number` (SV.VISITNUM), where the data has one. Its
    target is `day` days or `month` calendar months after the anchor; `window`: first and last day around it. `items`:
    what must be asked."""

    visit: Annotated[str, Field(min_length=1)]
    number: float | None = None
    day: Annotated[int, Field(ge=0)] | None = None
    month: Annotated[int, Field(ge=1)] | None = None
    window: tuple[int, int] = (0, 0)
    mode: Mode = Mode.ONSITE
    phase: Phase = Phase.ACTIVE
    items: tuple[Annotated[str, Field(min_length=1)], ...] = ()

    @model_validator(mode="after")
    def check_target(self) -> PlannedVisit:
        """One target; a window around it."""
        if (self.day is None) == (self.month is None):
            raise ValueError(f"{self.visit}: give its target as `day` or as `month`, and not both")
        if not self.window[0] <= 0 <= self.window[1]:
            raise ValueError(f"{self.visit}: a window is around its target, such as [-30, 30]")
        return self

    @property
    def year(self) -> int | None:
        """The year of follow-up that the visit ends: of month 24 the second. None within a year."""
        return self.month // MONTHS_PER_YEAR if self.month and self.month % MONTHS_PER_YEAR == 0 else None

    @property
    def mean_day(self) -> float:
        """Days from the anchor to the target, months as mean months."""
        return self.month * _MEAN_MONTH if self.month else float(self.day or 0)

    def target(self, anchor: date) -> date:
        """The day of the target."""
        return add_months(anchor, self.month) if self.month else anchor + timedelta(days=self.day or 0)


def add_months(day: date, months: int) -> date:
    """So many calendar months later: the same day of the month, or its last where it has no such day."""
    place = day.year * MONTHS_PER_YEAR + day.month - 1 + months
    year, month = divmod(place, MONTHS_PER_YEAR)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def find_overlap(visits: Sequence[PlannedVisit]) -> tuple[str, str] | None:
    """Two visits whose windows share a day, or lie in the wrong order, for at least one day of the anchor; None where
    there are none. Every anchor of four years is tried where the lengths of months can matter."""
    start = date(2023, 3, 1)
    for before, after in pairwise(sorted(visits, key=lambda visit: visit.mean_day)):
        gap = after.mean_day + after.window[0] - before.mean_day - before.window[1]
        if gap >= _SURELY_APART:
            continue
        for offset in range(_FOUR_YEARS):
            anchor = start + timedelta(days=offset)
            closes = before.target(anchor) + timedelta(days=before.window[1])
            if after.target(anchor) + timedelta(days=after.window[0]) <= closes:
                return before.visit, after.visit
    return None


ITEMS = ("MALIGNANCY", "NEUROLOGICAL", "AUTOIMMUNE", "HAEMATOLOGICAL", "HOSPITALISATION", "PREGNANCY")
"""What a yearly visit asks for (spec D.1; rule FU07)."""


def _days(*days: tuple[int, int]) -> tuple[PlannedVisit, ...]:
    return tuple(PlannedVisit(visit=f"DAY {day}", day=day, window=(-width, width)) for day, width in days)


def _months(*months: tuple[int, int]) -> tuple[PlannedVisit, ...]:
    return tuple(
        PlannedVisit(
            visit=f"MONTH {month}",
            month=month,
            window=(-width, width),
            items=ITEMS if month % MONTHS_PER_YEAR == 0 else (),
        )
        for month, width in months
    )


def _years(first: int, last: int, mode: Mode, phase: Phase) -> tuple[PlannedVisit, ...]:
    return tuple(
        PlannedVisit(visit=f"YEAR {year}", month=12 * year, window=(-60, 60), mode=mode, phase=phase, items=ITEMS)
        for year in range(first, last + 1)
    )


_FIRST_TWO_YEARS = (
    *_days((1, 0), (7, 2), (14, 3), (28, 7), (60, 7), (90, 7), (180, 14), (270, 14)),
    *_months((12, 30), (18, 30), (24, 30)),
)
_EXAMINED = _years(3, 5, Mode.ONSITE, Phase.LTFU_EXAM)

TEMPLATES: dict[str, tuple[PlannedVisit, ...]] = {
    "GT-15Y": (*_FIRST_TWO_YEARS, *_EXAMINED, *_years(6, 15, Mode.PHONE, Phase.LTFU_QUERY)),
    "CELL-5Y+REG": (*_FIRST_TWO_YEARS, *_EXAMINED, *_years(6, 15, Mode.EHR, Phase.LTFU_QUERY)),
    "ATMP-RMP": (*_FIRST_TWO_YEARS, *_EXAMINED, *_years(6, 10, Mode.PHONE, Phase.LTFU_QUERY)),
}
"""GT-15Y: spec D.2. The others are it with what follows year 5 otherwise: a registry, or queries to year 10."""
CUSTOM = "CUSTOM"
ANY_MALIGNANCY = "Any new malignancy"


class EventGroup(Part):
    """Events that are counted together: a name as printed, and their PTs (AEDECOD)."""

    name: Annotated[str, Field(min_length=1)]
    terms: Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(min_length=1)]


class WatchedEvents(Part):
    """Adverse events that are watched over the years together: a name as printed, and their PTs (AEDECOD), whole SOCs
    (AEBODSYS), or both."""

    name: Annotated[str, Field(min_length=1)]
    terms: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    socs: tuple[Annotated[str, Field(min_length=1)], ...] = ()

    @model_validator(mode="after")
    def check_some(self) -> WatchedEvents:
        """It has a term or a SOC."""
        if not (self.terms or self.socs):
            raise ValueError(f"{self.name}: name its terms or socs")
        return self


class FollowUp(Part):
    """How subjects are followed. `template`: the plan by name, CUSTOM for the study's own `visits`; none: the plan is
    the dataset LTFUPLAN of the data, if any. `anchor`: of a template or CUSTOM. `numbers`: a visit of the template: its
    VISITNUM in the data, where visits are not told by their names (SV.VISIT). `malignancies`: types of new malignancy
    by PT, in the order printed; a PT is of one type. `immune`, `organs`: adverse events of the immune system and of
    kidney, nerve and heart that LTF05 and LTF12 count beside what is measured; `recurrent`: events of which a subject
    may have many (LTF09)."""

    template: Literal["GT-15Y", "CELL-5Y+REG", "ATMP-RMP", "CUSTOM"] | None = None
    anchor: Anchor = Anchor.INFUSION_FIRST
    numbers: dict[str, float] = Field(default_factory=dict)
    visits: tuple[PlannedVisit, ...] = ()
    malignancies: tuple[EventGroup, ...] = ()
    immune: tuple[WatchedEvents, ...] = ()
    organs: tuple[WatchedEvents, ...] = ()
    recurrent: tuple[WatchedEvents, ...] = ()

    @field_validator("visits")
    @classmethod
    def check_visits(cls, value: tuple[PlannedVisit, ...]) -> tuple[PlannedVisit, ...]:
        """No visit twice, no two windows that share a day."""
        check_plan(value)
        return value

    @field_validator("malignancies")
    @classmethod
    def check_malignancies(cls, value: tuple[EventGroup, ...]) -> tuple[EventGroup, ...]:
        """No type and no PT twice."""
        for texts in ([group.name for group in value], [term for group in value for term in group.terms]):
            twice = sorted({text for text in texts if texts.count(text) > 1})
            if twice:
                raise ValueError(f"{', '.join(twice)} stands twice")
        return value

    @field_validator("immune", "organs", "recurrent")
    @classmethod
    def check_names(cls, value: tuple[WatchedEvents, ...]) -> tuple[WatchedEvents, ...]:
        """No name twice."""
        names = [group.name for group in value]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"{', '.join(twice)} stands twice")
        return value

    @model_validator(mode="after")
    def check_template(self) -> FollowUp:
        """Own visits are those of CUSTOM; numbers are of visits that there are."""
        if (self.template == CUSTOM) != bool(self.visits):
            raise ValueError("visits belong to the template CUSTOM, and that needs them")
        unknown = sorted(set(self.numbers) - {visit.visit for visit in TEMPLATES.get(self.template or "", ())})
        if unknown:
            raise ValueError(f"numbers: {', '.join(unknown)} is no visit of the template {self.template}")
        return self

    @property
    def plan(self) -> tuple[PlannedVisit, ...]:
        """The visits, in the order of their targets."""
        own = TEMPLATES.get(self.template or "", self.visits)
        numbered = (
            visit.model_copy(update={"number": self.numbers[visit.visit]}) if visit.visit in self.numbers else visit
            for visit in own
        )
        return tuple(sorted(numbered, key=lambda visit: visit.mean_day))

    @property
    def time_parameters(self) -> tuple[Parameter, ...]:
        """The time to the first event of each group of adverse events."""

        def first(code: str, name: str, terms: Sequence[str], socs: Sequence[str] = ()) -> Parameter:
            return Parameter(code=code, name=name, event=EventKind.ADVERSE_EVENT, terms=tuple(terms), socs=tuple(socs))

        found = []
        if self.malignancies:
            every = [term for group in self.malignancies for term in group.terms]
            found.append(first("MAL", ANY_MALIGNANCY, every))
        found += [first(f"MAL{place}", group.name, group.terms) for place, group in enumerate(self.malignancies, 1)]
        for prefix, groups in (("IMM", self.immune), ("ORG", self.organs), ("REC", self.recurrent)):
            found += [
                first(f"{prefix}{place}", group.name, group.terms, group.socs) for place, group in enumerate(groups, 1)
            ]
        return tuple(found)


def check_plan(visits: Sequence[PlannedVisit]) -> None:
    """Raises ValueError where a visit stands twice, or where two windows share a day."""
    for values in ([visit.visit for visit in visits], [visit.number for visit in visits if visit.number is not None]):
        twice = sorted({str(value) for value in values if values.count(value) > 1})  # type: ignore[arg-type]
        if twice:
            raise ValueError(f"the visit {', '.join(twice)} stands twice")
    overlap = find_overlap(visits)
    if overlap:
        raise ValueError(f"the windows of {overlap[0]} and {overlap[1]} overlap")
