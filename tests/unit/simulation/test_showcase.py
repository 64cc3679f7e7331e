"""The bundled study has the traps of spec J, whatever the seed."""

from __future__ import annotations

import polars as pl
import pytest

from simulation import Trial, generate
from simulation.parameters import INDUCTION, PRODUCT

C = pl.col


@pytest.fixture(scope="module", params=range(1, 9), ids=lambda seed: f"seed {seed}")
def trial(request: pytest.FixtureRequest) -> Trial:
    return generate(request.param)


def emergent(trial: Trial) -> pl.DataFrame:
    """AE with what the generator knows of treatment emergence, and the first infusion."""
    truth = trial.truth.adverse_events.with_columns(C("AESEQ").cast(pl.Float64)).drop("AEDECOD")
    first = trial.frames["EX"].filter(C("EXTRT") == PRODUCT).group_by("USUBJID").agg(INFUSION=C("EXSTDTC").min())
    return trial.frames["AE"].join(truth, on=["USUBJID", "AESEQ"]).join(first, on="USUBJID", how="left")


def test_arms_are_as_the_study_says(trial: Trial) -> None:
    """12 and 6 treated; three screen failures and one who was assigned and not treated are in no arm."""
    actual = dict(trial.frames["DM"].group_by("ACTARMCD").len().iter_rows())
    assert actual == {"FULL": 12, "HALF": 6, None: 4}
    reasons = dict(trial.frames["DM"].group_by("ARMNRS").len().iter_rows())
    assert reasons == {None: 18, "SCREEN FAILURE": 3, "ASSIGNED, NOT TREATED": 1}


def test_a_treated_subject_has_no_adverse_event(trial: Trial) -> None:
    """J.1: counts in N all the same."""
    treated = trial.frames["DM"].drop_nulls("ACTARMCD")
    assert treated.join(trial.frames["AE"], on="USUBJID", how="anti").height >= 1


def test_one_term_comes_twice_in_a_subject(trial: Trial) -> None:
    """J.2: n = 1, E = 2."""
    assert trial.frames["AE"].select("USUBJID", "AEDECOD").is_duplicated().any()


def test_events_on_the_day_of_infusion(trial: Trial) -> None:
    """J.3: with an earlier time not emergent, with a later time and without a time emergent."""
    events = emergent(trial).filter(C("AESTDTC").str.slice(0, 10) == C("INFUSION").str.slice(0, 10))
    timed = events.filter(C("AESTDTC").str.len_chars() == 16)
    earlier = timed.filter(C("AESTDTC") < C("INFUSION"))
    assert earlier["TRTEMFL"].unique().to_list() == ["N"]
    assert timed.filter(C("AESTDTC") >= C("INFUSION"))["TRTEMFL"].unique().to_list() == ["Y"]
    assert events.filter(C("AESTDTC").str.len_chars() == 10)["TRTEMFL"].unique().to_list() == ["Y"]


def test_induction_comes_before_infusion(trial: Trial) -> None:
    """J.4: an event between the two is emergent by one reference and not by the other."""
    doses = trial.frames["EX"].filter(C("EXSTDTC") == C("EXSTDTC").min().over("USUBJID"))
    assert doses["EXTRT"].unique().to_list() == [INDUCTION]
    between = emergent(trial).filter((C("TRTEMFL") == "N") & (C("TRTEMFL_INTERVENTION") == "Y"))
    assert between.height >= 1


def test_severe_is_not_serious(trial: Trial) -> None:
    """J.5: grade 3 and not serious."""
    assert trial.frames["AE"].filter((C("AETOXGR") == "3") & (C("AESER") == "N")).height >= 1


def test_deaths_come_from_three_sources(trial: Trial) -> None:
    """J.6, J.20: of an adverse event, of another cause, and learned of after loss; one count."""
    dead = set(trial.frames["DM"].filter(C("DTHFL") == "Y")["USUBJID"])
    fatal = set(trial.frames["AE"].filter(C("AEOUT") == "FATAL")["USUBJID"])
    lost = trial.frames["DS"].filter(C("DSDECOD") == "LOST TO FOLLOW-UP").select("USUBJID", LOST=C("DSSTDTC"))
    late = trial.frames["DM"].join(lost, on="USUBJID").filter(C("DTHDTC") > C("LOST"))
    assert len(fatal) >= 1
    assert late.height == 1
    assert len(dead - fatal - set(late["USUBJID"])) >= 1
    assert set(trial.frames["DS"].filter(C("DSDECOD") == "DEATH")["USUBJID"]) == dead


def test_lots_are_shared_split_and_recalled(trial: Trial) -> None:
    """J.17: two lots in one dose, one lot in several subjects, a lot recalled after use, one released exceptionally."""
    given = trial.frames["EX"].filter(C("EXTRT") == PRODUCT)
    assert given.group_by("USUBJID", "EXGRPID").agg(C("EXLOT").n_unique())["EXLOT"].max() == 2
    assert given.group_by("EXLOT").agg(C("USUBJID").n_unique())["USUBJID"].max() >= 2
    used = given.join(trial.frames["LOT"], left_on="EXLOT", right_on="LOTID")
    recalled = used.filter(C("STATUS") == "RECALLED")
    assert recalled.height >= 2
    assert (recalled["RECALLDT"] > recalled["EXSTDTC"].str.slice(0, 10)).all()
    assert used.filter(C("STATUS") == "EXCEPTIONAL").height >= 1
    assert "REJECTED" in set(trial.frames["LOT"]["STATUS"])


def test_start_dates_are_partial_in_every_way(trial: Trial) -> None:
    """A.5: to the month (of infusion, too), to the year, missing."""
    lengths = set(trial.frames["AE"]["AESTDTC"].str.len_chars())
    assert lengths == {4, 7, 10, 16, None}
    events = emergent(trial)
    in_month = events.filter(C("AESTDTC") == C("INFUSION").str.slice(0, 7))
    assert in_month.height >= 1
    assert in_month.filter(C("AEENDTC") >= C("INFUSION").str.slice(0, 10))["TRTEMFL"].unique().to_list() == ["Y"]


def test_a_subject_is_born_on_a_leap_day(trial: Trial) -> None:
    """J.18; and every age is that in completed years at consent."""
    dm = trial.frames["DM"]
    assert dm["BRTHDTC"].str.ends_with("-02-29").any()
    born, consent = (C(name).str.slice(0, 4).cast(pl.Int64) for name in ("BRTHDTC", "RFICDTC"))
    before_birthday = C("RFICDTC").str.slice(5) < C("BRTHDTC").str.slice(5)
    assert dm.filter(C("AGE") != consent - born - before_birthday.cast(pl.Int64)).height == 0


def test_c_peptide_comes_in_three_units() -> None:
    """J.13: ng/mL, nmol/L and pmol/L from the laboratories, one standard unit."""
    lb = generate(1, 60, domains=("LB",)).frames["LB"].filter(C("LBTESTCD") == "CPEPTIDE", C("LBSTRESN").is_not_null())
    assert set(lb["LBORRESU"]) == {"ng/mL", "nmol/L", "pmol/L"}
    assert lb["LBSTRESU"].unique().to_list() == ["nmol/L"]
    factor = C("LBORRESU").replace_strict({"ng/mL": 0.331, "nmol/L": 1.0, "pmol/L": 0.001})
    apart = (C("LBORRES").cast(pl.Float64) * factor - C("LBSTRESN")).abs()
    assert lb.select(apart.max()).item() <= 0.0006


def test_neutropenia_is_the_most_common_serious_event(trial: Trial) -> None:
    """D.7: as published for the first product of this kind."""
    serious = emergent(trial).filter((C("AESER") == "Y") & (C("TRTEMFL") == "Y"))
    by_term = serious.group_by("AEDECOD").agg(N=C("USUBJID").n_unique()).sort("N", descending=True)
    assert by_term["AEDECOD"][0] == "NEUTROPENIA"
    assert by_term["N"][0] >= 3


def test_neutropenia_shows_in_the_laboratory(trial: Trial) -> None:
    events = trial.frames["AE"].filter(C("AEDECOD") == "NEUTROPENIA", C("AESTDTC").str.len_chars() >= 10)
    counts = trial.frames["LB"].filter(C("LBTESTCD") == "NEUT", C("LBSTRESN").is_not_null())
    during = counts.join(events.select("USUBJID", "AESTDTC", "AEENDTC"), on="USUBJID").filter(
        C("LBDTC") >= C("AESTDTC").str.slice(0, 10), C("LBDTC") <= C("AEENDTC").fill_null("9999")
    )
    assert (during["LBSTRESN"] < 1.8).all()


def test_follow_up_has_all_its_shapes(trial: Trial) -> None:
    """Missed visits with a reason, calls and visits, completion, loss, withdrawal, and subjects still followed."""
    sv, ds = trial.frames["SV"], trial.frames["DS"]
    assert set(sv["SVCNTMOD"]) == {"IN PERSON", "TELEPHONE CALL", None}
    assert sv.filter(C("SVOCCUR") == "N")["SVREASOC"].n_unique() >= 2
    assert {"COMPLETED", "DEATH", "LOST TO FOLLOW-UP", "WITHDRAWAL BY SUBJECT", "SCREEN FAILURE"} <= set(ds["DSDECOD"])
    assert trial.frames["DM"].filter(C("RFPENDTC").is_null()).height >= 1
    assert trial.frames["EX"].filter(C("EXGRPID") == "INFUSION 2").height >= 1


def test_larger_studies_have_no_scripted_cases() -> None:
    assert generate(1, 12).design.showcase is False
    assert generate(1).design.showcase is True
    assert generate(1, {"FULL": 12, "HALF": 6}).design.showcase is True
