"""One simulated trial, estimated by the product: its derivations, its tables, its statistics; nothing of our own."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import polars as pl

from longwatch.derive import AnalysisDatasets, derive
from longwatch.standards.dataset import SourceData
from longwatch.stats.competing import compute_cumulative_incidence
from longwatch.stats.descriptive import compute_mean
from longwatch.stats.estimate import Estimate
from longwatch.stats.recurrent import compute_mean_cumulative_count
from longwatch.stats.survival import compute_kaplan_meier
from longwatch.study import Study, parse_study
from longwatch.tables.arms import make_arms
from longwatch.tables.catalogue import make_table
from longwatch.tables.events import select_emergent
from longwatch.tables.result import TableResult
from longwatch.tables.times import read_times, scale_of
from simulation import generate
from simulation.mockdra import term
from simulation.parameters import Parameters
from simulation.study_file import study_file
from tools.simulate.claims import (
    CONSTANT,
    CURVES,
    DAYS_PER_YEAR,
    OFTEN,
    RECURRENT,
    YEARS,
    Claim,
    claims_of,
    study_lines,
    terms_of,
)

DATASETS = ("DM", "AE", "EX", "DS", "DD", "LB", "CE", "SV", "CONTACT", "TS")
Limits = tuple[float, float]


@dataclass(frozen=True)
class Estimated:
    """The interval of each claim by its key; None where the product gives none. And the claims."""

    claims: tuple[Claim, ...]
    limits: dict[str, Limits | None]


@cache
def the_study() -> Study:
    """ISLET-1's study file, with the times to an event that are claimed."""
    return parse_study(study_file(Parameters()) + study_lines(), "study.yaml")


def estimate(seed: int, arms: int) -> Estimated:
    """Generates a trial of so many treated subjects an arm, with nothing scripted, and estimates every claim."""
    trial = generate(seed, arms, domains=DATASETS, showcase=False)
    study = the_study()
    datasets = derive(SourceData.of(**trial.frames), study, trial.design.parameters.cut)
    found: dict[str, Limits | None] = {}
    found |= _rates(datasets, study)
    found |= _curves(datasets, study)
    found |= _counts(datasets, study)
    found |= _slopes(datasets, study)
    claims = claims_of(trial)
    return Estimated(claims, {claim.key: found[claim.key] for claim in claims})


def _rates(datasets: AnalysisDatasets, study: Study) -> dict[str, Limits | None]:
    """Of the tables' own statistics; an event that nobody had has no line in a table, and so no interval."""
    tables = {
        code: _printed(make_table(code, datasets, study))
        for code in ("AET05", "AET05_ALL", "AET05_INT", "AET05_INT_ALL", "LTF06")
    }
    names = [arm.name for arm in study.treatment.arms]
    found: dict[str, Limits | None] = {}
    for arm in names:
        for year in (1, 3):
            for code, words in (("AET05_INT_ALL", "event rate"), ("AET05_INT", "incidence rate")):
                key = (f"Year {year}", term(OFTEN).pt, arm)
                found[f"{words} of neutropenia, year {year} | {arm}"] = _limits(tables[code], key, "rate")
        for pt in (term(pt).pt for pt in CONSTANT):
            for code, words in (("AET05_ALL", "event rate"), ("AET05", "incidence rate")):
                found[f"{words} of {pt.lower()} | {arm}"] = _limits(tables[code], ("", pt, arm), "rate")
        found[f"rate of death | {arm}"] = _limits(tables["LTF06"], ("Deaths", "", arm), "rate")
    both = " vs ".join(names)
    for pt in (term(pt).pt for pt in CONSTANT):
        for code, words in (("AET05_ALL", "event rates"), ("AET05", "incidence rates")):
            key = ("", pt, both)
            found[f"difference of {words} of {pt.lower()} | {both}"] = _limits(tables[code], key, "rate_difference")
    return found


def _printed(table: TableResult) -> dict[tuple[str, str, str, str], float | None]:
    return {
        (item.row_group, item.row, item.column, item.statistic): None if item.value is None else float(item.value)
        for item in table.statistics
    }


def _limits(
    printed: dict[tuple[str, str, str, str], float | None], key: tuple[str, str, str], statistic: str
) -> Limits | None:
    lower, upper = (printed.get((*key, f"{statistic}_{side}")) for side in ("lower", "upper"))
    return None if lower is None or upper is None else (lower, upper)


def _curves(datasets: AnalysisDatasets, study: Study) -> dict[str, Limits | None]:
    """As TTET01 and CIFG01 estimate them, from ADTTE, at the day on which so many years have passed."""
    found: dict[str, Limits | None] = {}
    for curve in CURVES:
        timed = read_times(datasets, study, {"parameter": curve.parameter})
        for column in timed.layout().counted_columns():
            if column.index is None:
                continue
            each = timed.of(column)
            at = (
                compute_kaplan_meier(each.time, each.event, scale=scale_of(study)).at
                if curve.survival
                else compute_cumulative_incidence(each.time, each.ended).at
            )
            for year in YEARS:
                found[f"{curve.words}, {year} y | {column.name}"] = _of(at(DAYS_PER_YEAR * year + curve.shift))
    return found


def _counts(datasets: AnalysisDatasets, study: Study) -> dict[str, Limits | None]:
    """Infections per subject, death competing: every treatment-emergent event on the clock of follow-up."""
    arms, clock = make_arms(datasets, study), datasets.clock
    events = select_emergent(datasets, "AEDECOD", "ASTDT")
    chosen = events.equal("AEDECOD", *terms_of(RECURRENT))
    subject = events.subject[chosen].astype(np.int64)
    day = clock.days_of(subject, events.records["ASTDT"].filter(pl.Series(chosen)))
    died = (datasets.adsl["DTHFL"] == "Y").fill_null(False).to_numpy()
    found: dict[str, Limits | None] = {}
    for place, name in enumerate(arms.names):
        inside = np.flatnonzero((arms.arm_of_subject == place) & (clock.followed > 0))
        mine = np.isin(subject, inside)
        curve = compute_mean_cumulative_count(
            clock.followed[inside], died[inside], np.searchsorted(inside, subject[mine]), day[mine]
        )
        for year in YEARS:
            found[f"infections per subject, {year} y | {name}"] = _of(curve.at(DAYS_PER_YEAR * year))
    return found


def _slopes(datasets: AnalysisDatasets, study: Study) -> dict[str, Limits | None]:
    """The mean of the subjects' chronic slopes, those that are evaluable."""
    slopes = datasets.adsp.filter(pl.col("PARAMCD") == "EGFRSLP")
    treatment = slopes[datasets.treatment_variable].cast(pl.String)
    return {
        f"mean eGFR slope | {arm.name}": _of(compute_mean(slopes["AVAL"].filter(treatment == arm.name).to_numpy()))
        for arm in study.treatment.arms
    }


def _of(estimate: Estimate) -> Limits | None:
    return None if estimate.lower is None or estimate.upper is None else (estimate.lower, estimate.upper)
