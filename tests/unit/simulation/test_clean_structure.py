"""Clean data breaks no rule: structure, keys, terms, dates and references (spec B.3, ST to XR), asked in plain Polars.

The questions are asked of the frames alone, apart from how the generator made them and from the product's own rules.
"""

from __future__ import annotations

import polars as pl
import pytest

from simulation import Trial
from simulation.layout import layouts
from simulation.mockdra import dictionary

C = pl.col
DOMAINS = [name for name in layouts() if len(name) == 2]
ISO = r"^\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01])(T([01]\d|2[0-3]):[0-5]\d)?)?)?$"


def dated(trial: Trial) -> list[tuple[str, str]]:
    """Every date variable of every dataset."""
    return [
        (name, column) for name, frame in trial.frames.items() for column in frame.columns if column.endswith("DTC")
    ]


def day(text: str) -> pl.Expr:
    """The day of a complete date; null for a partial one."""
    return C(text).str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False)


def dm(trial: Trial, *columns: str) -> pl.DataFrame:
    return trial.frames["DM"].select("USUBJID", *columns)


def test_every_dataset_has_its_variables_and_rows(clean: Trial) -> None:
    """ST04, ST07, ST10, ST11."""
    assert list(clean.frames) == list(layouts())
    for name, frame in clean.frames.items():
        assert frame.columns == [column.name for column in layouts()[name].columns]
        assert frame.height > 0, name
        assert frame["STUDYID"].unique().to_list() == ["ISLET-1"]
        if name in DOMAINS:
            assert frame["DOMAIN"].unique().to_list() == [name]


REQUIRED = {
    "DM": "SUBJID SITEID SEX COUNTRY", "AE": "AETERM AEDECOD AESER", "EX": "EXTRT EXDOSE EXDOSU EXSTDTC EXENDTC",
    "DS": "DSTERM DSDECOD DSCAT DSSTDTC", "DD": "DDTESTCD DDTEST DDORRES", "LB": "LBTESTCD LBTEST LBDTC VISITNUM",
    "VS": "VSTESTCD VSTEST VSORRES VSDTC", "CM": "CMTRT CMDECOD", "MH": "MHTERM MHDECOD", "CE": "CETERM CESTDTC",
    "FA": "FATESTCD FATEST FAOBJ", "IS": "ISTESTCD ISTEST", "PR": "PRTRT PRSTDTC", "SV": "VISITNUM VISIT",
    "SUPPAE": "RDOMAIN USUBJID QNAM QLABEL QVAL", "RELREC": "RDOMAIN IDVAR RELID", "TS": "TSSEQ TSPARMCD TSPARM TSVAL",
}  # fmt: skip


def test_required_variables_are_never_missing(clean: Trial) -> None:
    """ST05."""
    for name, variables in REQUIRED.items():
        for variable in variables.split():
            assert clean.frames[name][variable].null_count() == 0, f"{name}.{variable}"


def test_text_is_short_ascii_without_leading_blanks(clean: Trial) -> None:
    """ST09, and the limits of XPT v5 (spec A.9)."""
    for name, frame in clean.frames.items():
        for column in frame.select(pl.col(pl.String)).columns:
            text = frame[column].drop_nulls()
            assert text.str.len_bytes().max() is None or text.str.len_bytes().max() <= 200, f"{name}.{column}"
            assert not text.str.contains(r"[^\x20-\x7e]").any(), f"{name}.{column}"
            assert not text.str.contains(r"^\s|^\.?$").any(), f"{name}.{column}"


def test_numbers_of_records_are_unique(clean: Trial) -> None:
    """KY01, KY02, KY03, and the keys of define.xml (KY04, KY05)."""
    for name, frame in clean.frames.items():
        keys = [column.name for column in layouts()[name].columns if column.key]
        assert not frame.select(keys).is_duplicated().any(), f"{name} by {keys}"
        if f"{name}SEQ" in frame.columns and "USUBJID" in frame.columns:
            assert not frame.select("USUBJID", f"{name}SEQ").is_duplicated().any(), name
    assert not clean.frames["DM"]["SUBJID"].is_duplicated().any()
    assert not clean.frames["SUPPAE"].select("RDOMAIN", "USUBJID", "IDVAR", "IDVARVAL", "QNAM").is_duplicated().any()


def test_rows_are_in_the_order_of_subjects(clean: Trial) -> None:
    for name, frame in clean.frames.items():
        if "USUBJID" in frame.columns:
            assert frame["USUBJID"].is_sorted(), name


def test_dates_are_iso_and_not_after_the_cut(clean: Trial) -> None:
    """DT01, DT05."""
    cut = clean.design.parameters.cut
    for name, column in dated(clean):
        text = clean.frames[name][column].drop_nulls()
        assert text.str.contains(ISO).all(), f"{name}.{column}"
        assert (clean.frames[name].select(day(column)).to_series().drop_nulls() <= cut).all(), f"{name}.{column}"


def test_study_days_are_right(clean: Trial) -> None:
    """DT03, DT04: filled where both dates are complete, empty where one is not; there is no day 0."""
    for name, column in dated(clean):
        number = column.removesuffix("DTC") + "DY"
        if name == "DM" and column != "DMDTC":
            continue
        frame = clean.frames[name]
        if number not in frame.columns:
            continue
        reference = dm(clean, "RFSTDTC").rename({"RFSTDTC": "_REF"})
        joined = frame.join(reference, on="USUBJID", how="left").with_columns(
            since=(day(column) - C("_REF").str.to_date("%Y-%m-%d")).dt.total_days()
        )
        right = pl.when(C("since") >= 0).then(C("since") + 1).otherwise(C("since"))
        wrong = joined.filter(C(number).cast(pl.Int64).ne_missing(right))
        assert wrong.height == 0, f"{name}.{number}: {wrong.select('USUBJID', column, number).head(3)}"


def test_subjects_visits_and_arms_are_known(clean: Trial) -> None:
    """XR01 to XR05, XR09."""
    frames = clean.frames
    subjects = frames["DM"]["USUBJID"].implode()
    for name, frame in frames.items():
        if "USUBJID" in frame.columns:
            assert frame["USUBJID"].is_in(subjects).all(), name
        if "VISITNUM" in frame.columns and "USUBJID" in frame.columns and name != "SV":
            held = frames["SV"].filter(C("SVOCCUR").ne_missing("N")).select("USUBJID", "VISITNUM", "VISIT")
            lost = frame.filter(C("VISITNUM").is_not_null()).join(held, on=["USUBJID", "VISITNUM", "VISIT"], how="anti")
            assert lost.height == 0, name
    assert frames["SV"].join(frames["TV"], on=["VISITNUM", "VISIT"], how="anti").height == 0
    arms = frames["TA"].select("ARMCD", "ARM").unique()
    assert frames["DM"].drop_nulls("ARMCD").join(arms, on=["ARMCD", "ARM"], how="anti").height == 0
    treated = frames["DM"].drop_nulls("ACTARMCD")["USUBJID"].to_list()
    assert sorted(frames["EX"]["USUBJID"].unique()) == sorted(treated)
    assert frames["DM"].filter(C("ACTARMCD").is_null())["ARMNRS"].null_count() == 0
    dispositions = frames["DS"].filter(C("DSCAT") == "DISPOSITION EVENT")["USUBJID"].unique()
    assert set(treated) <= set(dispositions)


def test_qualifiers_and_links_have_their_records(clean: Trial) -> None:
    """XR06, XR10."""
    frames = clean.frames
    events = frames["AE"].select("USUBJID", IDVARVAL=C("AESEQ").cast(pl.Int64).cast(pl.String))
    assert frames["SUPPAE"].join(events, on=["USUBJID", "IDVARVAL"], how="anti").height == 0
    for name in ("AETRTEM", "AERELIS", "AERELPRC"):
        given = frames["SUPPAE"].filter(C("QNAM") == name)
        assert events.join(given, on=["USUBJID", "IDVARVAL"], how="anti").height == 0, name
    for domain in ("CE", "FA"):
        records = frames[domain].select("USUBJID", IDVARVAL=C(f"{domain}SEQ").cast(pl.Int64).cast(pl.String))
        links = frames["RELREC"].filter(C("RDOMAIN") == domain)
        assert links.join(records, on=["USUBJID", "IDVARVAL"], how="anti").height == 0
    sides = frames["RELREC"].group_by("USUBJID", "RELID").agg(C("RDOMAIN").n_unique())
    assert (sides["RDOMAIN"] == 2).all()


def test_dm_repeats_what_other_domains_say(clean: Trial) -> None:
    """XR07, XR08."""
    frames = clean.frames
    doses = frames["EX"].group_by("USUBJID").agg(C("EXSTDTC").min(), C("EXENDTC").max())
    joined = frames["DM"].join(doses, on="USUBJID", how="left")
    assert joined.filter(C("RFXSTDTC").ne_missing(C("EXSTDTC")) | C("RFXENDTC").ne_missing(C("EXENDTC"))).height == 0
    consent = (
        frames["DS"].filter(C("DSDECOD") == "INFORMED CONSENT OBTAINED").group_by("USUBJID").agg(C("DSSTDTC").min())
    )
    joined = frames["DM"].join(consent, on="USUBJID", how="left")
    assert joined.filter(C("RFICDTC").ne_missing(C("DSSTDTC"))).height == 0


def test_terms_are_those_of_the_dictionary(clean: Trial) -> None:
    """CT05 to CT08: coded by MOCKDRA, codes and names one to one, one verbatim term one code."""
    ae = clean.frames["AE"]
    names = {(term.pt, float(term.pt_code), term.soc, float(term.soc_code)) for term in dictionary()}
    assert set(ae.select("AEDECOD", "AEPTCD", "AEBODSYS", "AEBDSYCD").unique().rows()) <= names
    assert ae.group_by("AETERM").agg(C("AEDECOD").n_unique())["AEDECOD"].max() == 1
    assert set(clean.frames["MH"]["MHDECOD"]) <= {term.pt for term in dictionary()}


@pytest.mark.parametrize(
    ("dataset", "variable", "values"),
    [
        ("AE", "AESER", {"Y", "N"}), ("AE", "AESDTH", {"Y", "N"}), ("AE", "AESHOSP", {"Y", "N"}),
        ("AE", "AESLIFE", {"Y", "N"}), ("AE", "AESMIE", {"Y", "N"}), ("AE", "AESDISAB", {"Y", "N"}),
        ("AE", "AESCONG", {"Y", "N"}), ("AE", "AESEV", {"MILD", "MODERATE", "SEVERE"}),
        ("AE", "AETOXGR", {"1", "2", "3", "4", "5"}),
        ("AE", "AEOUT", {"FATAL", "NOT RECOVERED/NOT RESOLVED", "RECOVERED/RESOLVED",
                         "RECOVERED/RESOLVED WITH SEQUELAE", "RECOVERING/RESOLVING", "UNKNOWN"}),
        ("AE", "AEACN", {"NOT APPLICABLE"}),
        ("AE", "AEREL", {"NOT RELATED", "UNLIKELY RELATED", "POSSIBLY RELATED", "PROBABLY RELATED", "RELATED"}),
        ("DM", "DTHFL", {"Y", None}), ("DM", "SEX", {"M", "F"}), ("LB", "LBLOBXFL", {"Y", None}),
        ("SV", "SVOCCUR", {"Y", "N", None}), ("LB", "LBNRIND", {"LOW", "NORMAL", "HIGH", None}),
        ("LOT", "STATUS", {"RELEASED", "EXCEPTIONAL", "REJECTED", "RECALLED"}),
        ("CONTACT", "RESULT", {"REACHED", "NO_ANSWER", "LETTER_SENT"}),
    ],
)  # fmt: skip
def test_values_are_those_of_their_code_list(
    clean: Trial, dataset: str, variable: str, values: set[str | None]
) -> None:
    """CT01, CT03, CT04, CT09."""
    assert set(clean.frames[dataset][variable].unique()) <= values


def test_trial_summary_has_its_dates(clean: Trial) -> None:
    """ST02, ST13: the start is the first consent."""
    facts = dict(clean.frames["TS"].select("TSPARMCD", "TSVAL").iter_rows())
    assert facts["SSTDTC"] == clean.frames["DM"]["RFICDTC"].min()
    assert facts["DCUTDTC"] == "2025-06-30"
    assert facts["DCUTDESC"]
