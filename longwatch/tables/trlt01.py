"""TRLT01: overview of trials (FDA guide v2.0, table 1): the trial of the study file, or each one of a pool.

One row per trial. What the trial is comes from its trial summary (TS) in TS's own words, else from the study file
where that says it; what neither says prints NA. Its numbers are the subjects on each arm: assigned (TRT01P), and
treated (safety population, by the study file's treatment variable).

Status, by the days of TS on or before the cut-off: 1. ended (SENDTC) → `Ended`; 2. started (SSTDTC) → `No end stated`;
3. else NA. A partial date counts by its earliest possible day. Planned duration is what TS plans (LENGTH).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from longwatch.derive import AnalysisDatasets
from longwatch.derive.trial import Trial
from longwatch.standards.dates import earliest_day
from longwatch.study import Study
from longwatch.tables import footnotes
from longwatch.tables.arms import Arms, make_arms
from longwatch.tables.filters import both, equals, is_one_of
from longwatch.tables.layout import NOT_AVAILABLE
from longwatch.tables.populations import ASSIGNED
from longwatch.tables.result import Provenance, Statistic, TableColumn, TableResult, TableRow
from longwatch.tables.subjects import count_subjects

TITLE = "Overview of trials"
NUMBER = "1"
START, END, CUT = "Start", "End", "Data cut-off"
WORDS = {
    "RANDOM": {"Y": "randomised", "N": "not randomised"},
    "ADAPT": {"Y": "adaptive", "N": ""},
    "HLTSUBJI": {"Y": "healthy subjects", "N": ""},
}
"""What a flag of TS says; another value, or parameter, prints as it stands."""
_DURATION = re.compile(r"P(?=.)(\d+(\.\d+)?[YMWD])*(T(?=.)(\d+(\.\d+)?[HMS])*)?")


@dataclass(frozen=True)
class Fact:
    """A column: its heading, and the parameters of TS that fill it, in this order."""

    heading: str
    parameters: tuple[str, ...]


TRIAL = Fact("Title and identifiers", ("TITLE", "REGID"))
DESIGN = Fact("Design", ("TPHASE", "STYPE", "INTMODEL", "TCNTRL", "RANDOM", "TBLIND", "ADAPT"))
POPULATION = Fact("Population", ("INDIC", "AGEMIN", "AGEMAX", "SEXPOP", "HLTSUBJI"))
PLANNED = Fact("Subjects planned", ("PLANSUB",))
DURATION = Fact("Planned duration", ("LENGTH",))
DATES = Fact("Dates", ("SSTDTC", "SENDTC"))
STATUS = Fact("Status at the cut-off", ("SSTDTC", "SENDTC"))
ARMS = "Arms: assigned / treated"


def make_trlt01(datasets: AnalysisDatasets, study: Study, parameters: Mapping[str, object]) -> TableResult:
    """The table; it has no parameters. No subject, no TS → a row all the same: the trial is there."""
    arms = make_arms(datasets, study)
    rows, statistics = [], []
    for trial in datasets.trials:
        inside = equals("STUDYID", trial.study.id) if datasets.pooled else ""
        numbers = list(_count(datasets, arms, trial, inside))
        facts = {fact: _say(fact, trial) for fact in (TRIAL, DESIGN, POPULATION, PLANNED, DURATION, DATES, STATUS)}
        statistics += numbers
        for fact, text in facts.items():
            which = both(equals("STUDYID", trial.study.id), is_one_of("TSPARMCD", fact.parameters))
            source = Provenance("TS", which, ("TSPARMCD", "TSVAL"))
            statistics.append(Statistic(trial.study.id, fact.heading, "Trial", "fact", None, text, source))
        texts = [facts[TRIAL], facts[DESIGN], _join(numbers), *list(facts.values())[2:]]
        rows.append(TableRow(trial.study.id, tuple(texts), 0, trial.study.id, ""))
    after = (POPULATION, PLANNED, DURATION, DATES, STATUS)
    headings = (TRIAL.heading, DESIGN.heading, ARMS, *(item.heading for item in after))
    columns = tuple(TableColumn(heading, heading) for heading in headings)
    return TableResult(
        code="TRLT01",
        title=TITLE,
        population=ASSIGNED.name,
        stub="Trial",
        columns=columns,
        rows=tuple(rows),
        statistics=tuple(statistics),
        footnotes=(
            f"Assigned: subjects on the arm as planned (TRT01P). Treated: safety population (SAFFL = Y), subjects with "
            f"at least one dose of study product by the cut-off of {datasets.cutoff_words}, by {arms.variable}.",
            f"What a trial is: as its trial summary (TS) says it, else the study file{_say_durations(datasets.trials)}."
            " Status: ended, where TS states the end of the study (SENDTC) on or before the cut-off.",
            *footnotes.say_abbreviations(columns, rows),
        ),
        number=NUMBER,
        empty_note="No trial",
    )


def _count(datasets: AnalysisDatasets, arms: Arms, trial: Trial, inside: str) -> Iterator[Statistic]:
    """Subjects assigned and treated, by arm; of a pool the arms that the trial has subjects on."""
    planned = make_arms(datasets, datasets.study, ASSIGNED)
    for row, by_arm in (("Assigned", planned), ("Treated", arms)):
        found = count_subjects(datasets.adsl, by_arm, inside)
        for name, n in zip(by_arm.names, found.tolist(), strict=True):
            if n or not datasets.pooled:
                which = both(by_arm.population.condition, by_arm.condition_of(name), inside)
                yield Statistic(trial.study.id, row, name, "n", n, str(n), Provenance("ADSL", which, ("USUBJID",)))


def _join(numbers: list[Statistic]) -> str:
    """`Islet cells: 12 / 11; Placebo: 6 / 6`."""
    by_arm: dict[str, dict[str, str]] = {}
    for item in numbers:
        by_arm.setdefault(item.column, {})[item.row] = item.text
    said = [f"{arm}: {n.get('Assigned', '0')} / {n.get('Treated', '0')}" for arm, n in by_arm.items()]
    return "; ".join(said) or NOT_AVAILABLE


def _say(fact: Fact, trial: Trial) -> str:
    values = {code: _values(trial, code) for code in fact.parameters}
    if fact is TRIAL:
        protocol = trial.study.study.protocol
        said = [*(values["TITLE"] or [trial.study.study.title]), *([protocol] if protocol else []), *values["REGID"]]
        return "; ".join(dict.fromkeys(said))
    if fact is POPULATION:
        ages = [
            f"age {word} {value}" for word, code in (("from", "AGEMIN"), ("to", "AGEMAX")) for value in values[code]
        ]
        said = [*values["INDIC"], *ages, *values["SEXPOP"], *values["HLTSUBJI"]]
    elif fact is DATES:
        named = ((START, values["SSTDTC"]), (END, values["SENDTC"]))
        said = [f"{name} {value}" for name, found in named for value in found[:1]]
        said.append(f"{CUT} {trial.cutoff.isoformat()}")
    elif fact is STATUS:
        said = [name for code, name in (("SENDTC", "Ended"), ("SSTDTC", "No end stated")) if _is_past(trial, code)][:1]
    else:
        said = [value for found in values.values() for value in found]
    return "; ".join(said) or NOT_AVAILABLE


def _say_durations(trials: Sequence[Trial]) -> str:
    """How to read durations and ages, of those that TS has as ISO 8601; of `26 weeks` there is nothing to say."""
    stated = [value for trial in trials for code in ("AGEMIN", "AGEMAX", "LENGTH") for value in _values(trial, code)]
    coded = [value for value in stated if _DURATION.fullmatch(value)]
    if not coded:
        return ""
    which = "durations" if len(coded) == len(stated) else "durations that begin with P"
    return f"; {which} as ISO 8601 (P5Y: five years)"


def _values(trial: Trial, code: str) -> list[str]:
    """The values of a parameter in TS's order, in the words of WORDS where that has them."""
    values = trial.summary.filter(pl.col("TSPARMCD") == code)["TSVAL"].to_list()
    return [said for value in values if (said := WORDS.get(code, {}).get(value, value))]


def _is_past(trial: Trial, code: str) -> bool:
    """Whether a date of TS is known, and lies on or before the cut-off."""
    days = trial.summary.filter(pl.col("TSPARMCD") == code).select(day=earliest_day(pl.col("TSVAL")))["day"]
    return bool((days <= trial.cutoff).any())
