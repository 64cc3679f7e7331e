"""Clean data breaks no rule: chronology, seriousness, duplicates, laboratory, follow-up, lots (spec B.3, CH to GF)."""

from __future__ import annotations

import polars as pl

from simulation import Trial
from simulation.layout import layouts
from simulation.parameters import INDUCTION, PRODUCT

C = pl.col
DOMAINS = [name for name in layouts() if len(name) == 2]
CRITERIA = ("AESDTH", "AESLIFE", "AESHOSP", "AESDISAB", "AESCONG", "AESMIE")


def earliest(frame: pl.DataFrame, column: str) -> pl.Series:
    """The earliest day of each date of a column: `2020` → 1 January, `2020-05` → 1 May."""
    text = C(column)
    whole = (
        pl.when(text.str.len_chars() == 4)
        .then(text + "-01-01")
        .when(text.str.len_chars() == 7)
        .then(text + "-01")
        .otherwise(text.str.slice(0, 10))
    )
    return frame.select(whole.str.to_date()).to_series()


def with_dm(trial: Trial, name: str, *columns: str) -> pl.DataFrame:
    """A dataset with variables of DM."""
    return trial.frames[name].join(trial.frames["DM"].select("USUBJID", *columns), on="USUBJID", how="left")


def test_nothing_ends_before_it_starts(clean: Trial) -> None:
    """CH01, CH04."""
    for name, frame in clean.frames.items():
        start, end = f"{name}STDTC", f"{name}ENDTC"
        if start in frame.columns and end in frame.columns:
            both = frame.drop_nulls([start, end])
            assert (earliest(both, start) <= earliest(both, end)).all(), name
    dm = clean.frames["DM"].drop_nulls("RFXSTDTC")
    assert (dm["RFXSTDTC"] <= dm["RFXENDTC"]).all()
    assert (dm["RFSTDTC"] <= dm["RFENDTC"]).all()


def test_consent_comes_first(clean: Trial) -> None:
    """CH02, CH03: every day that an AE's start can mean is on or after consent."""
    dm = clean.frames["DM"].drop_nulls("RFSTDTC")
    assert (dm["RFICDTC"] <= dm["RFSTDTC"]).all()
    assert (dm["RFICDTC"] <= dm["RFXSTDTC"]).all()
    events = with_dm(clean, "AE", "RFICDTC").drop_nulls("AESTDTC")
    assert (earliest(events, "AESTDTC") >= earliest(events, "RFICDTC")).all()


def test_nothing_happens_after_death_or_after_leaving(clean: Trial) -> None:
    """CH05, CH06, CH07, FU05, FU06: nothing starts after death, nothing is dated after withdrawal or loss."""
    ended = clean.frames["DS"].filter(C("DSSCAT") == "STUDY PARTICIPATION").select("USUBJID", LEFT=C("DSSTDTC"))
    for name in DOMAINS:
        frame = clean.frames[name]
        if "USUBJID" not in frame.columns or name in {"DM", "DD", "DS"}:
            continue
        joined = with_dm(clean, name, "DTHDTC").join(ended, on="USUBJID", how="left")
        for column in [c for c in frame.columns if c.endswith("DTC") and c != "DTHDTC"]:
            for limit in ("DTHDTC", "LEFT"):
                both = joined.drop_nulls([column, limit])
                assert (earliest(both, column) <= earliest(both, limit)).all(), f"{name}.{column} after {limit}"
    contacts = clean.frames["CONTACT"].join(ended, on="USUBJID").filter(C("DTC") > C("LEFT"))
    assert contacts.height == 0


def test_history_is_older_than_the_reference(clean: Trial) -> None:
    """CH08."""
    history = with_dm(clean, "MH", "RFSTDTC").drop_nulls("RFSTDTC")
    assert (earliest(history, "MHSTDTC") <= earliest(history, "RFSTDTC")).all()


def test_maintenance_starts_in_time_and_procedures_are_the_infusions(clean: Trial) -> None:
    """CH09, CH10."""
    drugs = with_dm(clean, "CM", "RFSTDTC").filter(C("CMCAT") == "IMMUNOSUPPRESSION")
    assert ((earliest(drugs, "CMSTDTC") - earliest(drugs, "RFSTDTC")).dt.total_days() <= 30).all()
    given = clean.frames["EX"].filter(C("EXTRT") == PRODUCT).group_by("USUBJID", "EXGRPID").agg(C("EXSTDTC").min())
    done = clean.frames["PR"].filter(C("PRCAT") == "STUDY TREATMENT ADMINISTRATION")
    joined = given.join(
        done, left_on=["USUBJID", "EXGRPID"], right_on=["USUBJID", "PRGRPID"], how="full", coalesce=True
    )
    assert (joined["EXSTDTC"] == joined["PRSTDTC"]).all()
    assert joined.height == given.height == done.height


def test_seriousness_and_death_agree(clean: Trial) -> None:
    """SR01 to SR10, SR12, SR14."""
    events = with_dm(clean, "AE", "DTHFL", "DTHDTC")
    met = pl.any_horizontal(C(name) == "Y" for name in CRITERIA)
    assert events.filter((C("AESER") == "Y") != met).height == 0
    fatal = C("AEOUT") == "FATAL"
    assert events.filter(fatal != (C("AESDTH") == "Y")).height == 0
    assert events.filter(fatal & (C("DTHFL").ne_missing("Y") | C("AEENDTC").ne_missing(C("DTHDTC")))).height == 0
    assert events.filter(fatal != (C("AETOXGR") == "5")).height == 0
    assert events.filter((C("AEOUT") == "RECOVERED/RESOLVED") & C("AEENDTC").is_null()).height == 0
    assert events.filter((C("AEOUT") == "NOT RECOVERED/NOT RESOLVED") & C("AEENDTC").is_not_null()).height == 0
    dm = clean.frames["DM"]
    assert dm.filter((C("DTHFL").eq_missing("Y")) != C("DTHDTC").is_not_null()).height == 0
    deaths = with_dm(clean, "DS", "DTHDTC").filter(C("DSDECOD") == "DEATH")
    assert (deaths["DSSTDTC"] == deaths["DTHDTC"]).all()
    dead = set(dm.filter(C("DTHFL") == "Y")["USUBJID"])
    assert set(deaths["USUBJID"]) == dead
    assert set(clean.frames["DD"].filter(C("DDTESTCD") == "PRCDTH")["USUBJID"]) == dead
    assert set(clean.frames["DD"]["USUBJID"]) == dead


def test_severity_and_grade_agree(clean: Trial) -> None:
    """CT10; and no word of hospital in text (SR11)."""
    grades = set(clean.frames["AE"].select("AESEV", "AETOXGR").unique().rows())
    assert grades <= {("MILD", "1"), ("MODERATE", "2"), ("SEVERE", "3"), ("SEVERE", "4"), ("SEVERE", "5")}
    for name, column in (("AE", "AETERM"), ("CM", "CMTRT"), ("CM", "CMINDC"), ("PR", "PRTRT")):
        assert not clean.frames[name][column].str.contains("(?i)hospital").any()


def test_one_term_does_not_overlap_itself(clean: Trial) -> None:
    """DU01, DU02: two events of one term in one subject do not share a day, whatever a partial date means."""
    events = clean.frames["AE"].with_columns(
        START=earliest(clean.frames["AE"], "AESTDTC"), END=earliest(clean.frames["AE"], "AEENDTC")
    )
    several = events.filter(pl.len().over("USUBJID", "AEDECOD") > 1).sort("USUBJID", "AEDECOD", "START")
    assert several["AESTDTC"].null_count() == 0
    following = C("START").shift(-1).over("USUBJID", "AEDECOD")
    assert several.filter(following.is_not_null() & (C("END").is_null() | (C("END") >= following))).height == 0


def test_results_and_interventions_are_not_doubled(clean: Trial) -> None:
    """DU03, DU04."""
    for name, keys in (
        ("LB", ("LBTESTCD", "VISITNUM", "LBTPTNUM")),
        ("VS", ("VSTESTCD", "VISITNUM")),
        ("EX", ("EXTRT", "EXSTDTC")),
        ("CM", ("CMDECOD", "CMSTDTC")),
    ):
        assert not clean.frames[name].select("USUBJID", *keys).is_duplicated().any(), name


def test_results_have_units_and_make_sense(clean: Trial) -> None:
    """UN01 to UN06, LB01 to LB06."""
    lb = clean.frames["LB"]
    units = lb.drop_nulls("LBSTRESU").group_by("LBTESTCD").agg(C("LBSTRESU").n_unique())
    assert (units["LBSTRESU"] == 1).all()
    numeric = lb.drop_nulls("LBSTRESN")
    assert numeric.filter(C("LBSTRESU").is_null() | C("LBORRESU").is_null()).height == 0
    assert (numeric["LBSTRESN"] == numeric["LBSTRESC"].cast(pl.Float64)).all()
    assert (lb["LBSTNRHI"] >= lb["LBSTNRLO"]).all()
    not_done = lb.filter(C("LBSTAT") == "NOT DONE")
    assert not_done["LBREASND"].null_count() == 0
    assert not_done.select(pl.all_horizontal(C("LBORRES", "LBSTRESC", "LBSTRESN").is_null()).all()).item()
    assert lb.filter(C("LBSTAT").is_null() & C("LBORRES").is_null()).height == 0
    ex = clean.frames["EX"]
    assert (ex["EXDOSE"] > 0).all()
    assert ex["EXDOSU"].null_count() == 0
    hba1c = numeric.filter(C("LBTESTCD") == "HBA1C")["LBSTRESN"]
    assert hba1c.is_between(3, 20).all()
    pivoted = lb.filter(C("LBTESTCD") == "CPEPTIDE").pivot(
        "LBTPTNUM", index=["USUBJID", "VISITNUM"], values="LBSTRESN", aggregate_function="first"
    )
    assert pivoted.filter(C("90.0") < 0.5 * C("0.0")).height == 0
    assert pivoted.filter((C("VISITNUM") == 2) & (C("90.0").is_not_null() | C("0.0").is_not_null())).height == 0
    order = numeric.sort("USUBJID", "LBTESTCD", "LBTPTNUM", "LBDTC")
    ratio = C("LBSTRESN") / C("LBSTRESN").shift(1).over("USUBJID", "LBTESTCD", "LBTPTNUM")
    assert order.filter((ratio > 10) | (ratio < 0.1)).height == 0


def test_each_test_has_one_baseline(clean: Trial) -> None:
    """UN07, A.8: exactly one per subject and test, the last result before the first treatment."""
    for name in ("LB", "VS", "IS"):
        frame = with_dm(clean, name, "RFXSTDTC")
        per_test = frame.group_by("USUBJID", f"{name}TESTCD").agg(N=(C(f"{name}LOBXFL") == "Y").sum())
        assert (per_test["N"] == 1).all(), name
        flagged = frame.filter(C(f"{name}LOBXFL") == "Y")
        assert (flagged[f"{name}DTC"] < flagged["RFXSTDTC"]).all()
        assert flagged[f"{name}ORRES"].null_count() == 0
        before = frame.filter(C(f"{name}DTC") < C("RFXSTDTC"), C(f"{name}ORRES").is_not_null())
        last = before.group_by("USUBJID", f"{name}TESTCD").agg(LAST=C(f"{name}DTC").str.slice(0, 10).max())
        assert (flagged.join(last, on=["USUBJID", f"{name}TESTCD"]).select(
            (C(f"{name}DTC").str.slice(0, 10) == C("LAST")).all()).item()), name  # fmt: skip


def test_trough_is_taken_wherever_blood_is(clean: Trial) -> None:
    """LB07: at each visit with blood while tacrolimus is given."""
    drug = clean.frames["CM"].filter(C("CMDECOD") == "TACROLIMUS").select("USUBJID", "CMSTDTC", "CMENDTC")
    drawn = clean.frames["LB"].group_by("USUBJID", "VISITNUM").agg(
        DAY=C("LBDTC").first().str.slice(0, 10), TACRO=(C("LBTESTCD") == "TACRO").any()
    )  # fmt: skip
    on = drawn.join(drug, on="USUBJID").filter(
        C("DAY") >= C("CMSTDTC"), C("CMENDTC").is_null() | (C("DAY") <= C("CMENDTC"))
    )
    assert on["TACRO"].all()


def planned(trial: Trial) -> pl.DataFrame:
    """Treated subjects by planned visits, with the window in days and what SV says."""
    months = pl.format("{}mo", C("TARGMON").fill_null(0).cast(pl.Int64))
    plan = trial.frames["LTFUPLAN"].select("VISITNUM", "TARGDAY", "TARGMON", "WIN_LO", "WIN_HI")
    subjects = trial.frames["DM"].drop_nulls("RFSTDTC").select("USUBJID", INF=C("RFSTDTC").str.to_date())
    frame = subjects.join(plan, how="cross").with_columns(
        TARGET=pl.when(C("TARGMON").is_null())
        .then(C("INF") + pl.duration(days=C("TARGDAY")))
        .otherwise(C("INF").dt.offset_by(months))
    )
    visits = trial.frames["SV"].select("USUBJID", "VISITNUM", "SVOCCUR", "SVREASOC", DAY=C("SVSTDTC").str.to_date())
    ended = (
        trial.frames["DS"]
        .filter(C("DSSCAT") == "STUDY PARTICIPATION")
        .select("USUBJID", END=C("DSSTDTC").str.to_date())
    )
    return (
        frame.join(visits, on=["USUBJID", "VISITNUM"], how="left")
        .join(ended, on="USUBJID", how="left")
        .with_columns(
            OPENS=C("TARGET") + pl.duration(days=C("WIN_LO")),
            CLOSES=C("TARGET") + pl.duration(days=C("WIN_HI")),
            UNTIL=C("END").fill_null(trial.design.parameters.cut),
        )
    )


def test_visits_are_done_in_their_window_or_missed_with_a_reason(clean: Trial) -> None:
    """FU01, FU02."""
    frame = planned(clean)
    assert frame.filter((C("CLOSES") <= C("UNTIL")) & C("SVOCCUR").is_null()).height == 0
    assert frame.filter((C("SVOCCUR") == "N") != C("SVREASOC").is_not_null()).height == 0
    held = frame.filter(C("SVOCCUR") == "Y")
    assert held.filter(~C("DAY").is_between("OPENS", "CLOSES")).height == 0
    windows = frame.sort("USUBJID", "VISITNUM").with_columns(BEFORE=C("CLOSES").shift(1).over("USUBJID"))
    assert windows.filter(C("OPENS") <= C("BEFORE")).height == 0


def test_nobody_is_out_of_contact_for_long(clean: Trial) -> None:
    """FU03: no gap above 1.25 planned intervals, nor above 14 months, while a subject is followed.

    A visit is expected within 1.25 planned intervals of the contact before; a missed one is replaced by a call.
    """
    ended = clean.frames["DM"].select("USUBJID", "RFPENDTC", "RFSTDTC").drop_nulls("RFSTDTC")
    last = C("RFPENDTC").fill_null(clean.design.parameters.cut.isoformat())
    contacts = clean.frames["CONTACT"].filter(C("RESULT") == "REACHED").join(ended, on="USUBJID")
    contacts = contacts.filter(C("DTC") >= C("RFSTDTC")).with_columns(LAST=last, DAY=C("DTC").str.to_date())
    gaps = contacts.sort("USUBJID", "DAY").with_columns(
        GAP=(C("DAY") - C("DAY").shift(1).over("USUBJID")).dt.total_days(),
        SINCE=(C("DAY").shift(1).over("USUBJID") - C("RFSTDTC").str.to_date()).dt.total_days(),
    )
    assert gaps["GAP"].max() <= 426
    # Planned interval after each day since infusion.
    intervals = ((0, 1), (1, 6), (5, 7), (12, 14), (24, 32), (53, 30), (85, 90), (168, 90), (255, 95), (340, 184))
    allowed = pl.lit(0.0)
    for since, interval in intervals:
        allowed = pl.when(C("SINCE") >= since).then(1.25 * interval).otherwise(allowed)
    assert gaps.filter(C("GAP") > allowed.ceil()).height == 0
    reached = contacts.group_by("USUBJID").agg(C("DAY").max(), C("LAST").first())
    left_alive = clean.frames["DM"].filter(C("DTHDTC").is_null()).select("USUBJID")
    quiet = reached.join(left_alive, on="USUBJID").filter((C("LAST").str.to_date() - C("DAY")).dt.total_days() > 1)
    assert quiet.height == 0


def test_loss_is_documented(clean: Trial) -> None:
    """FU04: three attempts or more over 60 days or more before being declared lost."""
    lost = clean.frames["DS"].filter(C("DSDECOD") == "LOST TO FOLLOW-UP").select("USUBJID", "DSSTDTC")
    assert lost.height > 0
    tries = clean.frames["CONTACT"].filter(C("RESULT") != "REACHED").join(lost, on="USUBJID")
    last = clean.frames["CONTACT"].filter(C("RESULT") == "REACHED").group_by("USUBJID").agg(REACHED=C("DTC").max())
    tries = tries.join(last, on="USUBJID").filter(C("DTC") > C("REACHED"), C("DTC") <= C("DSSTDTC"))
    counted = tries.group_by("USUBJID").agg(
        N=pl.len(), SPAN=(C("DTC").str.to_date().max() - C("DTC").str.to_date().min()).dt.total_days()
    )
    assert counted.height == lost.height
    assert (counted["N"] >= 3).all()
    assert (counted["SPAN"] >= 60).all()


def test_lots_are_known_released_and_in_date(clean: Trial) -> None:
    """LT01 to LT04."""
    ex, lot = clean.frames["EX"], clean.frames["LOT"]
    given = ex.filter(C("EXTRT") == PRODUCT)
    assert given["EXLOT"].null_count() == 0
    assert ex.filter(C("EXTRT") == INDUCTION)["EXLOT"].null_count() == ex.filter(C("EXTRT") == INDUCTION).height
    used = given.join(lot, left_on="EXLOT", right_on="LOTID", how="left").with_columns(
        DAY=C("EXSTDTC").str.slice(0, 10)
    )
    assert used.filter(C("STATUS").is_null() | (C("STATUS") == "REJECTED")).height == 0
    assert used.filter(~C("DAY").is_between("RELDATE", "EXPIRY")).height == 0
    failed = clean.frames["LOTTEST"].filter(C("PASS") != "Y")["LOTID"].unique().implode()
    assert used.filter(C("EXLOT").is_in(failed), C("STATUS") != "EXCEPTIONAL").height == 0
    doses = given.group_by("USUBJID", "EXGRPID").agg(
        C("EXDOSE").sum(), C("EXDOSTOT").first(), C("EXDOSTOT").n_unique().alias("N")
    )
    assert doses.filter((C("EXDOSE") != C("EXDOSTOT")) | (C("N") != 1)).height == 0
    assert (lot["SOURCE"] == "ALLOGENEIC").all()


def test_severe_hypoglycaemia_has_its_assistance(clean: Trial) -> None:
    """GF03; each level 3 event is an adverse event too (spec D.4)."""
    severe = clean.frames["CE"].filter(C("CESCAT") == "LEVEL 3")
    helped = clean.frames["FA"].filter(C("FATESTCD") == "ASSIST", C("FASTRESC") == "Y")
    assert severe.join(helped, left_on=["USUBJID", "CELNKID"], right_on=["USUBJID", "FALNKID"], how="anti").height == 0
    events = (
        clean.frames["AE"]
        .filter(C("AEDECOD") == "SEVERE HYPOGLYCAEMIA")
        .with_columns(CESTDTC=C("AESTDTC").str.slice(0, 10))
    )
    assert severe.join(events, on=["USUBJID", "CESTDTC"], how="anti").height == 0
    assert severe.height == events.height
