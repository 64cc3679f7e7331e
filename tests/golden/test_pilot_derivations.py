"""What we derive from CDISCPILOT01's SDTM, against the ADaM datasets that its sponsor published."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import polars as pl
import pytest

from longwatch.derive import AnalysisDatasets, derive
from longwatch.standards.dataset import SourceData
from longwatch.study import Study

ReadXpt = Callable[[str], pl.DataFrame]


@pytest.fixture(scope="module")
def events(pilot: AnalysisDatasets, read_xpt: ReadXpt) -> pl.DataFrame:
    """Our ADAE beside the published one, record by record, the text of SDTM with it."""
    key = ["USUBJID", "AESEQ"]
    ours = pilot.adae_with_occurrence_flags.with_columns(pl.col("USUBJID").cast(pl.String))
    published = read_xpt("adam/adae").select(pl.col(key), pl.exclude(key).name.suffix("_published"))
    collected = read_xpt("sdtm/ae").select(*key, "AESTDTC", "AEENDTC")
    return ours.join(published, on=key).join(collected, on=key)


@pytest.fixture(scope="module")
def subjects(pilot: AnalysisDatasets, read_xpt: ReadXpt) -> pl.DataFrame:
    """Our ADSL beside the published one, which has only the 254 subjects who were treated."""
    published = read_xpt("adam/adsl").select("USUBJID", pl.exclude("USUBJID").name.suffix("_published"))
    return pilot.adsl.with_columns(pl.col("USUBJID").cast(pl.String)).join(published, on="USUBJID")


@pytest.mark.parametrize("flag", ["TRTEMFL", "AOCCFL", "AOCCSFL", "AOCCPFL"])
def test_event_flags_equal_the_published_ones(events: pl.DataFrame, flag: str) -> None:
    """Every one of 1,191 records."""
    ours = events[flag].cast(pl.String).fill_null("")
    assert events.height == 1191
    assert ours.to_list() == events[f"{flag}_published"].to_list()


def test_treatment_emergence_equals_suppae(events: pl.DataFrame, read_xpt: ReadXpt) -> None:
    """SUPPAE.AETRTEM, the sponsor's flag in SDTM: every one of 1,191 records."""
    flags = read_xpt("sdtm/suppae").filter(pl.col("QNAM") == "AETRTEM")
    flags = flags.select("USUBJID", pl.col("IDVARVAL").cast(pl.Float64).alias("AESEQ"), "QVAL")
    beside = events.join(flags, on=["USUBJID", "AESEQ"])
    assert beside.height == 1191
    assert beside["TRTEMFL"].cast(pl.String).to_list() == beside["QVAL"].to_list()


def test_event_dates_equal_the_published_ones(events: pl.DataFrame) -> None:
    """All ends; all starts but the 11 of which only the year is known: the sponsor left them missing, we impute and
    flag them (spec A.5). No treatment emergence hangs on it."""
    assert events["AENDT"].equals(events["AENDT_published"])
    year_only = events["AESTDTC"].str.len_chars() == 4
    others = events.filter(~year_only)
    assert others["ASTDT"].equals(others["ASTDT_published"])
    assert others["ASTDTF"].cast(pl.String).fill_null("").to_list() == others["ASTDTF_published"].to_list()
    assert others["ASTDY"].cast(pl.Float64).equals(others["ASTDY_published"])
    assert events.filter(year_only)["ASTDT_published"].null_count() == year_only.sum() == 11
    assert events.filter(year_only)["ASTDTF"].cast(pl.String).unique().to_list() == ["M"]


@pytest.mark.parametrize("variable", ["SAFFL", "ITTFL", "TRT01P", "DTHFL", "SITEID", "SEX", "RACE", "ETHNIC", "ARM"])
def test_subject_variables_equal_the_published_ones(subjects: pl.DataFrame, variable: str) -> None:
    """Every one of 254 subjects."""
    ours = subjects[variable].cast(pl.String).fill_null("")
    assert subjects.height == 254
    assert ours.to_list() == subjects[f"{variable}_published"].to_list()


def test_first_and_last_treatment_equal_the_published_ones(subjects: pl.DataFrame, read_xpt: ReadXpt) -> None:
    """All first days; all last days but five: those have an EX record without EXENDTC. The sponsor took the day of
    disposition there, we the last day that a dose is recorded."""
    assert subjects["TRTSDT"].equals(subjects["TRTSDT_published"])
    other = subjects.filter(pl.col("TRTEDT") != pl.col("TRTEDT_published"))
    without_end = read_xpt("sdtm/ex").filter(pl.col("EXENDTC") == "")["USUBJID"]
    assert other.height == 5
    assert set(other["USUBJID"]) <= set(without_end)


def test_only_the_treated_are_in_the_safety_population(pilot: AnalysisDatasets, subjects: pl.DataFrame) -> None:
    """254 of 306: 52 screen failures are in ADSL, not in the population, and in no arm."""
    treated = pilot.adsl.filter(pl.col("SAFFL") == "Y")
    assert (pilot.adsl.height, treated.height) == (306, 254)
    assert set(treated["USUBJID"].cast(pl.String)) == set(subjects["USUBJID"])
    assert pilot.adsl.filter(pl.col("SAFFL") != "Y")["TRT01P"].null_count() == 52


def test_actual_treatment_is_that_of_dm(subjects: pl.DataFrame) -> None:
    """DM.ACTARM has 12 subjects of the high dose under the low dose; the published ADSL repeats the planned arm."""
    other = subjects.filter(pl.col("TRT01A").cast(pl.String) != pl.col("TRT01A_published"))
    assert other.select("TRT01A", "TRT01A_published").unique().rows() == [
        ("Xanomeline Low Dose", "Xanomeline High Dose")
    ]
    assert other.height == 12


@pytest.mark.parametrize("cutoff", [date(2012, 12, 31), date(2013, 6, 30), date(2014, 6, 30)])
def test_an_earlier_cutoff_knows_less_and_nothing_else(
    pilot: AnalysisDatasets, pilot_data: SourceData, pilot_study: Study, cutoff: date
) -> None:
    """Against the full data: the records that had started, with starts and emergence unchanged; nobody dies, ends or is
    dosed after D."""
    earlier = derive(pilot_data, pilot_study, cutoff)
    assert 0 < earlier.safety_subjects < 254
    assert (earlier.adsl["TRTSDT"].drop_nulls() <= cutoff).all()
    assert (earlier.adsl["DTHDT"].drop_nulls() <= cutoff).all()
    assert (earlier.adae["AENDT"].drop_nulls() <= cutoff).all()
    key = ["USUBJID", "AESEQ", "ASTDT", "TRTEMFL"]
    treated_by_then = earlier.adsl.filter(pl.col("SAFFL") == "Y")["USUBJID"].cast(pl.String).implode()
    full = (
        pilot.adae.select(key)
        .with_columns(pl.col("USUBJID").cast(pl.String))
        .filter((pl.col("ASTDT") <= cutoff) & pl.col("USUBJID").is_in(treated_by_then))
    )
    ours = (
        earlier.adae.select(key)
        .with_columns(pl.col("USUBJID").cast(pl.String))
        .filter(pl.col("USUBJID").is_in(treated_by_then))
    )
    assert ours.rows() == full.rows()
