"""Time to the first dermatologic event of CDISCPILOT01: the numbers at risk as published, from the sponsor's ADTTE; and
why a derivation from SDTM differs."""

from __future__ import annotations

import csv
from math import isinf
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from longwatch.derive import AnalysisDatasets, derive
from longwatch.standards.dataset import SourceData
from longwatch.study import Study
from longwatch.tables.catalogue import make_table
from longwatch.tables.explain import explain
from longwatch.tables.result import TableResult

CODE = "TTDE"
ARMS = ("Placebo", "Xanomeline Low Dose", "Xanomeline High Dose")


@pytest.fixture(scope="module")
def supplied(pilot_adam: AnalysisDatasets, pilot_adam_study: Study) -> TableResult:
    """The figure, numbers at risk every 20 days, as published."""
    return make_table("KMG01", pilot_adam, pilot_adam_study, {"parameter": CODE, "every": 20.0})


@pytest.fixture(scope="module")
def derived(
    pilot_data: SourceData, pilot: AnalysisDatasets, pilot_adam: AnalysisDatasets, pilot_study: Study
) -> AnalysisDatasets:
    """The same event declared in the study file: the terms that the sponsor's ADAE marks as dermatologic."""
    marked = pilot_adam.adae.filter(pl.col("CQ01NAM").is_not_null())["AEDECOD"].cast(pl.String).unique().sort()
    parameter = {"code": CODE, "name": "Time to First Dermatologic Event", "event": "adverse_event", "terms": [*marked]}
    content = {**pilot_study.model_dump(mode="json", exclude_unset=True), "time_to_event": {"parameters": [parameter]}}
    return derive(pilot_data, Study.model_validate(content), pilot.cutoff)


def at_risk(table: TableResult) -> dict[tuple[str, str], Any]:
    return {(item.column, item.row): item.value for item in table.statistics if item.statistic == "at_risk"}


def test_numbers_at_risk_as_published(shared_data: Path, supplied: TableResult) -> None:
    """Three arms, days 0 to 200: in the table, and under the axis of the figure."""
    assert supplied.chart is not None
    assert supplied.chart.strip is not None
    printed = {name: list(texts) for name, texts in supplied.chart.strip.rows}
    found, compared = at_risk(supplied), 0
    expected = (shared_data / "expected" / "pilot3_km_at_risk.csv").read_text(encoding="utf-8")
    for published in csv.DictReader(expected.splitlines()):
        arm = published.pop("arm")
        assert printed[arm] == list(published.values())
        for day, number in published.items():
            assert found[arm, f"Day {day.removeprefix('day_')}"] == int(number)
            compared += 1
    assert compared == 33


def test_every_number_at_risk_opens_its_subjects(pilot_adam: AnalysisDatasets, supplied: TableResult) -> None:
    """Counted again from ADTTE by the filter alone."""
    explained = [explain(pilot_adam, item) for item in supplied.statistics if item.statistic in ("at_risk", "events")]
    assert all(item.counted == item.statistic.value for item in explained)
    assert len(explained) > 100


def test_what_is_derived_has_the_same_events_and_later_ends(
    pilot_adam: AnalysisDatasets, derived: AnalysisDatasets
) -> None:
    """All 152 events on the same day; 102 censored times, of which 23 differ.

    The sponsor censors at RFENDTC, the end of the reference period. Derived times go on to the last day on which the
    subject was known to be alive: later for 21 subjects, by RFPENDTC and their last visit. Two died: they end on the
    day of death, as a competing event; RFENDTC of one of them is the day after it.
    """
    both = [each.times(CODE).records.with_columns(pl.col("USUBJID").cast(pl.String)) for each in (pilot_adam, derived)]
    pairs = both[0].join(both[1], on="USUBJID", suffix="_derived")
    assert pairs.height == 254
    events = pairs.filter(pl.col("CNSR") == 0)
    assert events.height == 152
    assert events.filter((pl.col("AVAL") != pl.col("AVAL_derived")) | (pl.col("CNSR_derived") != 0)).is_empty()
    censored = pairs.filter((pl.col("CNSR") != 0) & (pl.col("AVAL") != pl.col("AVAL_derived")))
    later = censored.filter(pl.col("AVAL_derived") > pl.col("AVAL"))
    assert later.height == 21
    assert (later["CNSR_derived"] == 1).all()
    died = pairs.filter(pl.col("CNSR_derived") == 2)
    assert died["CNSDTDSC_derived"].to_list() == ["DEATH", "DEATH"]
    assert sorted(died["AVAL_derived"] - died["AVAL"]) == [-1, 0]


def test_numbers_at_risk_of_what_is_derived(derived: AnalysisDatasets, supplied: TableResult) -> None:
    """So at least as many are at risk at any time, but for the one who died a day before RFENDTC."""
    table = make_table("KMG01", derived, derived.study, {"parameter": CODE, "every": 20.0})
    published, found = at_risk(supplied), at_risk(table)
    days = [f"Day {day}" for day in range(0, 201, 20)]
    assert all(found[arm, day] >= published[arm, day] for arm in ARMS for day in days)
    assert [found["Placebo", day] for day in days] == [86, 76, 66, 61, 53, 50, 48, 45, 43, 36, 0]
    assert [found["Xanomeline Low Dose", day] for day in days] == [84, 60, 36, 26, 20, 18, 14, 13, 13, 11, 1]
    assert [found["Xanomeline High Dose", day] for day in days] == [84, 50, 32, 17, 11, 8, 8, 8, 7, 5, 0]


def test_the_table_agrees_with_lifelines(pilot_adam: AnalysisDatasets, pilot_adam_study: Study) -> None:
    """Medians with their limits, shares at the landmarks with theirs, the log-rank test and Cox's hazard ratio."""
    from lifelines import CoxPHFitter, KaplanMeierFitter
    from lifelines.statistics import logrank_test
    from lifelines.utils import median_survival_times

    content = pilot_adam_study.model_dump(mode="json", exclude_unset=True)
    asked = {"control": "Pbo", "statistics": ["hazard_ratio", "log_rank"]}
    study = Study.model_validate({**content, "comparison": asked})
    table = make_table("TTET01", pilot_adam, study)
    found = {(item.row, item.column, item.statistic): item.value for item in table.statistics}
    records = pilot_adam.times(CODE).records.with_columns(event=pl.col("CNSR") == 0)
    by_arm = {arm: records.filter(pl.col("TRT01P") == arm) for arm in ARMS}
    for arm, mine in by_arm.items():
        fitted = KaplanMeierFitter().fit(mine["AVAL"].to_numpy(), mine["event"].to_numpy())
        limits = median_survival_times(fitted.confidence_interval_).to_numpy()[0]
        wanted = [fitted.median_survival_time_, *limits]
        named = ("time_median", "time_median_lower", "time_median_upper")
        assert [found["Median", arm, name] for name in named] == [None if isinf(time) else time for time in wanted]
        for day in (90, 180):
            estimate = [fitted.predict(day), *fitted.confidence_interval_.loc[:day].iloc[-1]]
            printed = [found[f"Day {day}", arm, f"survival_pct{end}"] for end in ("", "_lower", "_upper")]
            assert printed == pytest.approx([100 * part for part in estimate], abs=1e-6)
    control = by_arm["Placebo"]
    for arm in ARMS[1:]:
        pair, mine = f"{arm} vs Placebo", by_arm[arm]
        test = logrank_test(mine["AVAL"], control["AVAL"], mine["event"], control["event"])
        assert found["Log-rank test", pair, "p_log_rank"] == pytest.approx(test.p_value, rel=1e-8)
        both = pl.concat(
            [each.select("AVAL", "event", arm=pl.lit(code)) for code, each in ((1.0, mine), (0.0, control))]
        )
        cox = CoxPHFitter().fit(both.to_pandas(), "AVAL", "event")
        ratio = [float(cox.hazard_ratios_["arm"]), *np.exp(cox.confidence_intervals_.to_numpy()[0])]
        printed = [found["Hazard ratio", pair, f"hazard_ratio{end}"] for end in ("", "_lower", "_upper")]
        assert printed == pytest.approx(ratio, rel=1e-6)
