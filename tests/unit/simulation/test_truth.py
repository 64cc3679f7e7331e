"""The truth matches the data, and large data comes out as the truth says."""

from __future__ import annotations

import math
from dataclasses import replace

import polars as pl
import pytest

from simulation import Parameters, Trial, generate

C = pl.col
YEAR = 365.25


def test_observed_course_is_that_of_the_data(clean: Trial) -> None:
    """Deaths, ends of participation, infusions, lots and graft losses of the truth stand in the data, and no others."""
    truth = clean.truth.subjects
    dm = clean.frames["DM"].join(truth, on="USUBJID", how="full", coalesce=True)
    assert dm.height == truth.height == clean.frames["DM"].height
    assert dm.filter(C("DTHDTC").ne_missing(C("DEATH_KNOWN"))).height == 0
    assert dm.filter(C("RFSTDTC").ne_missing(C("INFUSION"))).height == 0
    ended = C("END_REASON") != "ONGOING"
    assert dm.filter(ended & C("RFPENDTC").ne_missing(C("END"))).height == 0
    assert dm.filter(~ended & C("RFPENDTC").is_not_null()).height == 0
    lots = clean.frames["EX"].drop_nulls("EXLOT").group_by("USUBJID", maintain_order=True).agg(C("EXLOT"))
    joined = truth.drop_nulls("LOTS").join(lots, on="USUBJID", how="left")
    assert (joined["LOTS"] == joined["EXLOT"].list.join(" ")).all()
    seen = truth.filter(C("GRAFT_LOSS_SEEN") == "Y").with_columns(
        DAY=(C("INFUSION").str.to_date() + pl.duration(days="GRAFT_LOSS_DAY")).cast(pl.String)
    )
    recorded = clean.frames["CE"].filter(C("CEDECOD") == "ISLET GRAFT LOSS").select("USUBJID", DAY="CESTDTC")
    assert recorded.sort("USUBJID").rows() == seen.select("USUBJID", "DAY").sort("USUBJID").rows()


def test_latent_death_is_observed_unless_something_came_first(clean: Trial) -> None:
    truth = clean.truth.subjects.drop_nulls("INFUSION").with_columns(
        DEATH=C("INFUSION").str.to_date() + pl.duration(days="DEATH_DAY"), LAST=C("END").str.to_date()
    )
    assert truth.filter((C("END_REASON") == "DIED") & (C("DEATH") != C("LAST"))).height == 0
    assert truth.filter((C("END_REASON") != "DIED") & (C("DEATH") <= C("LAST"))).height == 0


def test_insulin_stops_and_restarts_as_the_truth_says(clean: Trial) -> None:
    """No course of insulin touches a day of independence; one ends the day before, the next starts the day after."""
    free = clean.truth.subjects.drop_nulls("INSULIN_FREE_FROM").select(
        "USUBJID", "INSULIN_FREE_FROM", "INSULIN_FREE_TO", "END"
    )
    insulin = clean.frames["CM"].filter(C("CMDECOD") == "INSULIN").join(free, on="USUBJID")
    until = pl.min_horizontal(C("INSULIN_FREE_TO").fill_null("9999"), "END")
    inside = (C("CMSTDTC") <= until) & (C("CMENDTC").fill_null("9999") >= C("INSULIN_FREE_FROM"))
    assert insulin.filter(inside).height == 0
    day_before = (C("INSULIN_FREE_FROM").str.to_date() - pl.duration(days=1)).cast(pl.String)
    assert insulin.filter(C("CMENDTC") == day_before)["USUBJID"].n_unique() == free.height


def test_every_record_of_ae_has_its_truth(clean: Trial) -> None:
    """And SUPPAE carries the treatment-emergent flag of the study's reference."""
    events = clean.frames["AE"].select("USUBJID", "AESEQ", "AESTDTC", "AESTDY")
    truth = clean.truth.adverse_events.with_columns(C("AESEQ").cast(pl.Float64))
    joined = events.join(truth, on=["USUBJID", "AESEQ"], how="full", coalesce=True)
    assert joined.height == events.height == truth.height
    complete = joined.filter(C("AESTDTC").str.len_chars() >= 10)
    assert (complete["AESTDTC"].str.slice(0, 10) == complete["TRUE_START"]).all()
    flags = clean.frames["SUPPAE"].filter(C("QNAM") == "AETRTEM").with_columns(AESEQ=C("IDVARVAL").cast(pl.Float64))
    assert (flags.join(truth, on=["USUBJID", "AESEQ"])["QVAL"] == truth["TRTEMFL"]).all()


def test_emergence_is_that_of_an_independent_derivation(clean: Trial) -> None:
    """longwatch.derive comes to the same flag for every record, by both references."""
    from longwatch.derive import derive
    from longwatch.standards.dataset import SourceData
    from longwatch.study import parse_study
    from simulation.study_file import study_file

    text = study_file(clean.design.parameters)
    for reference, column in (("FIRST_INFUSION", "TRTEMFL"), ("FIRST_STUDY_INTERVENTION", "TRTEMFL_INTERVENTION")):
        study = parse_study(text.replace("FIRST_INFUSION", reference), "study.yaml")
        made = derive(SourceData.of(**clean.frames), study, clean.design.parameters.cut).adae
        flags = made.select(
            C("USUBJID").cast(pl.String), C("AESEQ").cast(pl.Int64), C("TRTEMFL").cast(pl.String).alias("FLAG")
        )
        joined = clean.truth.adverse_events.join(flags, on=["USUBJID", "AESEQ"], how="left")
        differs = joined.filter(C("FLAG").fill_null("N") != C(column))
        assert differs.height == 0, differs.head()


LARGE = 2_000
"""Treated subjects an arm for the comparisons below: a standard error of one to two points."""


@pytest.fixture(scope="module")
def large() -> Trial:
    return generate(7, LARGE)


def truth_rate(trial: Trial, event: str, arm: str) -> list[tuple[float, float]]:
    """(rate in the first year, later) per 100 person-years."""
    rows = trial.truth.rates.filter(C("EVENT") == event, C("ARMCD") == arm, C("RATE_PER_100_PY").is_not_null())
    return [(low, rate) for low, rate in rows.select("FIRST_DAY", "RATE_PER_100_PY").iter_rows()]


@pytest.mark.parametrize("event", ["NEUTROPENIA", "INFECTION", "MALIGNANCY"])
@pytest.mark.parametrize("arm", ["FULL", "HALF"])
def test_rates_of_events_are_those_of_the_truth(large: Trial, event: str, arm: str) -> None:
    """Within four standard errors of the Poisson count, in the first year and later."""
    subjects = large.truth.subjects.filter(C("ARMCD") == arm).with_columns(
        DAYS=(C("END").str.to_date() - C("INFUSION").str.to_date()).dt.total_days() + 1
    )
    ids = subjects.select("USUBJID", C("INFUSION").str.to_date())
    events = (
        large.frames["SUPPAE"].filter((C("QNAM") == "AESPCINT") & (C("QVAL") == event))
        .with_columns(AESEQ=C("IDVARVAL").cast(pl.Int64))
        .join(large.truth.adverse_events, on=["USUBJID", "AESEQ"]).join(ids, on="USUBJID")
        .with_columns(DAY=(C("TRUE_START").str.to_date() - C("INFUSION")).dt.total_days())
        .filter(C("DAY") >= 0)
    )  # fmt: skip
    for first, rate in truth_rate(large, event, arm):
        last = 364 if first == 0 else 10_000
        years = subjects.select((C("DAYS").clip(upper_bound=last + 1) - first).clip(lower_bound=0).sum()).item() / YEAR
        expected = rate / 100 * years
        counted = events.filter(C("DAY").is_between(first, last)).height
        assert abs(counted - expected) < 4 * math.sqrt(expected) + 1, (event, arm, first, counted, expected)


@pytest.mark.parametrize(("event", "arm"), [("DEATH", "FULL"), ("GRAFT LOSS", "FULL"), ("GRAFT LOSS", "HALF")])
def test_hazards_are_those_of_the_truth(large: Trial, event: str, arm: str) -> None:
    """Deaths and graft losses that the data knows of, over the time at risk for them."""
    name = "DEATH_DAY" if event == "DEATH" else "GRAFT_LOSS_DAY"
    subjects = large.truth.subjects.filter(C("ARMCD") == arm).with_columns(
        DAYS=(C("END").str.to_date() - C("INFUSION").str.to_date()).dt.total_days()
    )
    counted = subjects.filter(C(name) <= C("DAYS")).height
    years = subjects.select(pl.min_horizontal("DAYS", name).sum()).item() / YEAR
    expected = truth_rate(large, event, arm)[0][1] / 100 * years
    assert abs(counted - expected) < 4 * math.sqrt(expected)


def test_incidence_without_competing_death_is_one_minus_survival() -> None:
    """A constant hazard h: 1 − exp(−h t) with death removed, h/(h+m) (1 − exp(−(h+m) t)) with death of hazard m."""
    trial = generate(1, domains=("DM",))
    rows = trial.truth.incidence.filter((C("EVENT") == "GRAFT LOSS") & (C("ARMCD") == "HALF") & (C("YEARS") == 5))
    values = dict(rows.select("KIND", "VALUE").iter_rows())
    loss, death = 0.10, 0.012
    assert values["first event, death removed"] == pytest.approx(1 - math.exp(-5 * loss))
    together = loss + death
    assert values["first event, death competing"] == pytest.approx(loss / together * (1 - math.exp(-5 * together)))


def test_creatinine_gives_back_the_true_slope(large: Trial) -> None:
    """Chronic slopes by least squares on eGFR from day 90 are, on average, the true ones of the parameters."""
    truth = large.truth.subjects.select("USUBJID", "ARMCD", "EGFR_SLOPE", "INFUSION")
    people = large.frames["DM"].select("USUBJID", "SEX", "BRTHDTC")
    samples = (
        large.frames["LB"].filter(C("LBTESTCD") == "CREAT", C("LBSTRESN").is_not_null())
        .select("USUBJID", SCR="LBSTRESN", DAY=C("LBDTC").str.to_date())
        .join(truth.drop_nulls("INFUSION"), on="USUBJID").join(people, on="USUBJID")
        .with_columns(SINCE=(C("DAY") - C("INFUSION").str.to_date()).dt.total_days() / YEAR)
        .filter(C("SINCE") >= 90 / YEAR)
    )  # fmt: skip
    age = ((C("DAY") - C("BRTHDTC").str.to_date()).dt.total_days() / YEAR).floor()
    female = C("SEX") == "F"
    kappa, alpha = (pl.when(female).then(a).otherwise(b) for a, b in ((0.7, 0.9), (-0.241, -0.302)))
    ratio = C("SCR") / kappa
    egfr = (
        142
        * ratio.clip(upper_bound=1).pow(alpha)
        * ratio.clip(lower_bound=1).pow(-1.2)
        * pl.lit(0.9938).pow(age)
        * pl.when(female).then(1.012).otherwise(1.0)
    )
    slopes = (
        samples.with_columns(EGFR=egfr)
        .filter(pl.len().over("USUBJID") >= 5)
        .group_by("USUBJID", "ARMCD")
        .agg(SLOPE=pl.cov("SINCE", "EGFR") / C("SINCE").var(), TRUE=C("EGFR_SLOPE").first())
        .with_columns(ERROR=C("SLOPE") - C("TRUE"))
    )
    assert slopes.height > 2 * LARGE * 0.9
    for arm, mean in (("FULL", -2.0), ("HALF", -1.5)):
        own = slopes.filter(C("ARMCD") == arm)
        assert own["TRUE"].mean() == pytest.approx(mean, abs=0.1)
        assert own["ERROR"].mean() == pytest.approx(0, abs=0.12)


def test_parameters_can_be_changed() -> None:
    """A study without death, loss or withdrawal: everybody ends at month 60 or at the cut."""
    calm = replace(
        Parameters(), loss=0.0, withdrawal=0.0,
        arms=tuple(replace(arm, death_ae=0.0, death_other=0.0) for arm in Parameters().arms),
    )  # fmt: skip
    trial = generate(3, 40, parameters=calm)
    reasons = set(trial.truth.subjects.drop_nulls("ARMCD")["END_REASON"])
    assert reasons == {"COMPLETED", "ONGOING"}
