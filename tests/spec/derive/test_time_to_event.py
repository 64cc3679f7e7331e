"""ADTTE: times to an event from ADSL and ADAE, and the sponsor's own (spec A.8)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import polars as pl
import pytest

from longwatch.derive import AnalysisDatasets, check_fit, derive
from longwatch.errors import SourceError, StudyError
from longwatch.standards.dataset import SourceData
from longwatch.standards.event_groups import EventGroup, EventGroups
from longwatch.study import Study

D = date(2023, 12, 31)
END = {"DSCAT": "DISPOSITION EVENT", "DSSCAT": "STUDY PARTICIPATION"}
NAMES = ("EVENT", "DIED", "ALIVE", "CUT", "UNDATED", "LEFT", "DONE")
DM = [
    {"USUBJID": name, "ARMCD": "CELL", "ACTARMCD": "CELL", "DTHFL": None, "DTHDTC": None, "RFPENDTC": "2022-12-31"}
    for name in (*NAMES, "UNSEEN", "UNTREATED")
]
DM[1] |= {"DTHFL": "Y", "DTHDTC": "2022-04-09"}
DM[3] |= {"RFPENDTC": "2023-12-31"}
DM[4] |= {"DTHFL": "Y", "DTHDTC": "2022-12"}
EX = [{"USUBJID": name, "EXTRT": "ISLET CELLS", "EXDOSE": 1.0, "EXSTDTC": "2022-03-01"} for name in NAMES]
EX += [{"USUBJID": "UNSEEN", "EXTRT": "ISLET CELLS", "EXDOSE": 1.0, "EXSTDTC": "unknown"}]
DS = [
    {"USUBJID": "LEFT", "DSDECOD": "LOST TO FOLLOW-UP", "DSSTDTC": "2023-02-01", **END},
    {"USUBJID": "DONE", "DSDECOD": "COMPLETED", "DSSTDTC": "2022-12-31", **END},
]
BLEEDING = {"AEDECOD": "Bleeding", "AEBODSYS": "Blood", "AETERM": "bleeding"}
FEVER = {"AEDECOD": "Fever", "AEBODSYS": "General", "AETERM": "fever"}
AE = [
    # before treatment; the second of two; the first, serious; missing start; after death is known
    {"USUBJID": "EVENT", "AESEQ": 1.0, "AESTDTC": "2022-02-20", "AEENDTC": "2022-02-25", "AESER": "N", **FEVER},
    {"USUBJID": "EVENT", "AESEQ": 2.0, "AESTDTC": "2022-03-20", "AEENDTC": None, "AESER": "N", **BLEEDING},
    {"USUBJID": "EVENT", "AESEQ": 3.0, "AESTDTC": "2022-03-10", "AEENDTC": None, "AESER": "Y", **FEVER},
    {"USUBJID": "LEFT", "AESEQ": 1.0, "AESTDTC": None, "AEENDTC": None, "AESER": "N", **FEVER},
]
TRIAL: dict[str, list[dict[str, Any]]] = {"DM": DM, "EX": EX, "DS": DS, "AE": AE}


def rows(datasets: AnalysisDatasets, code: str) -> dict[str, tuple[Any, ...]]:
    """By subject: AVAL, CNSR, CEVENT, and the words."""
    records = datasets.times(code).records.select(
        pl.col("USUBJID").cast(pl.String), "AVAL", "CNSR", "CEVENT", pl.coalesce("EVNTDESC", "CNSDTDSC")
    )
    return {name: tuple(values) for name, *values in records.iter_rows()}


@pytest.fixture
def datasets(derived: Callable[..., AnalysisDatasets]) -> AnalysisDatasets:
    return derived(cutoff=D, **TRIAL)


def test_first_adverse_event(datasets: AnalysisDatasets) -> None:
    """The first that is treatment-emergent; without a date on day 1; death before it; who is not seen has no time."""
    assert rows(datasets, "TTAE") == {
        "EVENT": (10.0, 0, 1, "Fever"),
        "DIED": (40.0, 2, 2, "DEATH"),
        "ALIVE": (306.0, 1, 0, "LAST DAY KNOWN ALIVE"),
        "CUT": (671.0, 1, 0, "DATA CUT-OFF"),
        "UNDATED": (306.0, 2, 2, "DEATH, DAY NOT KNOWN: LAST DAY OF FOLLOW-UP"),
        "LEFT": (1.0, 0, 1, "Fever"),
        "DONE": (306.0, 1, 0, "LAST DAY KNOWN ALIVE"),
    }
    assert datasets.times("TTAE").unknown == 1
    first = datasets.times("TTAE").records.row(0, named=True)
    assert (first["STARTDT"], first["ADT"]) == (date(2022, 3, 1), date(2022, 3, 10))
    assert (first["SRCDOM"], first["SRCVAR"], first["SRCSEQ"]) == ("ADAE", "ASTDT", 3.0)


def test_a_kind_of_adverse_event(derived: Callable[..., AnalysisDatasets], make_study: Callable[..., Study]) -> None:
    """By term, by SOC, or serious; in months."""
    parameters = [
        {"code": "TTBLEED", "name": "Bleeding", "event": "adverse_event", "terms": ["Bleeding"]},
        {"code": "TTGEN", "name": "General", "event": "adverse_event", "socs": ["General"], "unit": "months"},
    ]
    datasets = derived(cutoff=D, study=make_study(time_to_event={"parameters": parameters}), **TRIAL)
    assert rows(datasets, "TTBLEED")["EVENT"] == (20.0, 0, 1, "Bleeding")
    assert rows(datasets, "TTBLEED")["LEFT"][:2] == (306.0, 1)
    assert rows(datasets, "TTGEN")["EVENT"][0] == 10 / 30.4375
    assert rows(datasets, "TTSAE")["EVENT"] == (10.0, 0, 1, "Fever")
    assert rows(datasets, "TTSAE")["LEFT"][1] == 1


def test_an_aesi_by_soc_counts_no_event_of_that_term_under_another_soc(make_study: Callable[..., Study]) -> None:
    """Bleeding belongs where it is coded to Blood; by that AESI's own PT, wherever. Of a part of the trial the same."""
    elsewhere = {"USUBJID": "LEFT", "AESEQ": 2.0, "AESTDTC": "2022-05-01", **BLEEDING, "AEBODSYS": "General"}
    fever = {"USUBJID": "DONE", "AESEQ": 1.0, "AESTDTC": "2022-05-01", **FEVER}
    data = SourceData.of(**{name: pl.DataFrame(found, infer_schema_length=None) for name, found in
                            {**TRIAL, "AE": [*AE, elsewhere, fever]}.items()})  # fmt: skip
    group = EventGroup("AESI", "Blood", "Blood", "", "", narrow=frozenset({"FEVER"}), socs=frozenset({"BLOOD"}))
    found = derive(data, make_study(), D, groups=EventGroups((group,)))
    assert (found.declared_times["AESI1"].terms, found.declared_times["AESI1"].socs) == (("Fever",), ("Blood",))
    happened = {name: values[0] for name, values in rows(found, "AESI1").items() if values[1] == 0}
    assert happened == {"EVENT": 10, "LEFT": 1, "DONE": 62}
    only_soc = replace(found, groups=EventGroups((replace(group, narrow=frozenset()),)))
    assert [name for name, values in rows(only_soc, "AESI1").items() if values[1] == 0] == ["EVENT"]


def test_a_clinical_event_of_ce(derived: Callable[..., AnalysisDatasets], make_study: Callable[..., Study]) -> None:
    """Graft loss: by CEDECOD, in any case; not before day 1, not denied; a partial date by its earliest day from day 1
    on; death before it competes."""
    loss = {"CEDECOD": "ISLET GRAFT LOSS", "CEOCCUR": "Y"}
    ce = [
        {"USUBJID": "EVENT", "CESEQ": 2.0, "CESTDTC": "2022-05-01", **loss},
        {"USUBJID": "EVENT", "CESEQ": 1.0, "CESTDTC": "2022-04-01", **loss, "CEDECOD": "HYPOGLYCAEMIA"},
        {"USUBJID": "ALIVE", "CESEQ": 1.0, "CESTDTC": "2022-03-05", **loss, "CEOCCUR": "N"},
        {"USUBJID": "CUT", "CESEQ": 1.0, "CESTDTC": "2022-02-28", **loss},
        {"USUBJID": "LEFT", "CESEQ": 1.0, "CESTDTC": "2022-03", **loss},
        {"USUBJID": "DONE", "CESEQ": 1.0, "CESTDTC": "2022-06", **loss},
    ]
    parameter = {"code": "TTLOSS", "name": "Loss", "event": "clinical_event", "terms": ["Islet graft loss"]}
    study = make_study(time_to_event={"parameters": [parameter]})
    found = rows(derived(cutoff=D, study=study, **TRIAL, CE=ce), "TTLOSS")
    assert {name: values[:3] for name, values in found.items()} == {
        "EVENT": (62.0, 0, 1), "DIED": (40.0, 2, 2), "ALIVE": (306.0, 1, 0), "CUT": (671.0, 1, 0),
        "UNDATED": (306.0, 2, 2), "LEFT": (1.0, 0, 1), "DONE": (93.0, 0, 1),
    }  # fmt: skip
    without = derived(cutoff=D, study=study, **TRIAL).times("TTLOSS")
    assert (without.records.height, without.reason) == (0, "clinical events are not collected (CE)")
    with pytest.raises(ValueError, match="chosen by `terms`"):
        make_study(time_to_event={"parameters": [{**parameter, "terms": []}]})


def test_death_is_every_death_that_is_known(datasets: AnalysisDatasets) -> None:
    """The count of deaths is DTHFL's, with or without a day (trap J.20)."""
    found = rows(datasets, "TTDEATH")
    assert {name for name, values in found.items() if values[1] == 0} == {"DIED", "UNDATED"}
    assert found["UNDATED"] == (306.0, 0, 1, "DEATH, DAY NOT KNOWN: LAST DAY OF FOLLOW-UP")
    adsl = datasets.adsl.filter((pl.col("SAFFL") == "Y") & (pl.col("DTHFL") == "Y"))
    assert adsl.height == 2


def test_discontinuation_and_last_follow_up(datasets: AnalysisDatasets) -> None:
    """Leaving is leaving by death, too; completion is no event, but the end of follow-up."""
    left, seen = rows(datasets, "TTDISC"), rows(datasets, "TTLFU")
    assert left["LEFT"] == (338.0, 0, 1, "LOST TO FOLLOW-UP")
    assert left["DONE"] == (306.0, 1, 0, "STUDY COMPLETED")
    assert left["DIED"] == (40.0, 0, 1, "DEATH")
    assert left["ALIVE"] == (306.0, 1, 0, "LAST DAY KNOWN ALIVE")
    assert seen["LEFT"] == (306.0, 0, 1, "DISCONTINUED")
    assert seen["DONE"] == (306.0, 0, 1, "COMPLETED")
    assert seen["DIED"] == (40.0, 0, 1, "DEATH")
    assert seen["CUT"] == (671.0, 1, 0, "DATA CUT-OFF")


def test_nothing_is_known_after_the_cut_off(derived: Callable[..., AnalysisDatasets]) -> None:
    """At an earlier cut the later event, death and end are not there, and the time ends at the cut at the latest."""
    datasets = derived(cutoff=date(2022, 3, 15), **TRIAL)
    assert rows(datasets, "TTDEATH")["DIED"][1] == 1
    assert rows(datasets, "TTDISC")["LEFT"][1] == 1
    assert max(values[0] for code in ("TTAE", "TTDEATH", "TTDISC") for values in rows(datasets, code).values()) <= 15


def test_what_is_not_collected_is_not_zero(derived: Callable[..., AnalysisDatasets]) -> None:
    """No disposition: no time to discontinuation, and the reason; no AESER: none to a serious event."""
    bare = [{name: value for name, value in event.items() if name != "AESER"} for event in AE]
    undisposed = [{"USUBJID": "LEFT", "DSTERM": "gone"}]
    datasets = derived(cutoff=D, **{**TRIAL, "AE": bare, "DS": undisposed})
    for code, named in (("TTDISC", "EOSSTT"), ("TTLFU", "EOSSTT"), ("TTSAE", "AESER")):
        times = datasets.times(code)
        assert times.records.is_empty()
        assert named in times.reason
    assert datasets.times("TTAE").records.height == 7


def test_a_parameter_without_an_event_needs_an_adtte(make_study: Callable[..., Study]) -> None:
    """Terms choose adverse events only; landmarks rise; a code stands once."""
    wrong: list[list[dict[str, Any]]] = [
        [{"code": "TTX", "name": "X"}],
        [{"code": "TTX", "name": "X", "event": "death", "terms": ["Fever"]}],
        [{"code": "TTX", "name": "X", "event": "death", "landmarks": [9, 3]}],
        [{"code": "TTX", "name": "X", "event": "death"}] * 2,
    ]
    for parameters in wrong:
        with pytest.raises(ValueError, match="TTX"):
            make_study(time_to_event={"parameters": parameters})


ADSL = pl.DataFrame(
    {"USUBJID": ["S1", "S2", "S3", "S4"], "SAFFL": ["Y", "Y", "Y", "N"], "TRT01A": ["CELL"] * 4,
     "DTHDT": [None, date(2022, 5, 1), None, None]}
)  # fmt: skip
ADAE = pl.DataFrame({"USUBJID": ["S1"], "AEDECOD": ["Fever"], "AESOC": ["General"], "TRTEMFL": ["Y"]})
ADTTE = pl.DataFrame(
    {
        "USUBJID": ["S2", "S1", "S3", "S4"],
        "PARAMCD": ["TTX"] * 4,
        "PARAM": ["Time to X"] * 4,
        "STARTDT": [date(2022, 3, 1)] * 3 + [None],
        "ADT": [date(2022, 5, 1), date(2022, 4, 1), date(2024, 3, 1), None],
        "AVAL": [62.0, 32.0, 732.0, 5.0],
        "CNSR": [1.0, 0.0, 0.0, 0.0],
        "EVNTDESC": [None, "X", "X", "X"],
    }
)


def supplied(make_study: Callable[..., Study], adtte: pl.DataFrame = ADTTE, **study: Any) -> AnalysisDatasets:
    data = SourceData.of(ADSL=ADSL, ADAE=ADAE, ADTTE=adtte)
    made = make_study(analysis_data="adam", **study)
    check_fit(data, made, D)
    return derive(data, made, D)


def test_the_sponsors_own_times(make_study: Callable[..., Study]) -> None:
    """As supplied, in the order of ADSL; a death on the day of censoring competes; what lies after D is cut there."""
    datasets = supplied(make_study)
    times = datasets.times("TTX")
    assert (times.name, times.unit, times.supplied, times.unknown) == ("Time to X", "days", True, 0)
    assert rows(datasets, "TTX") == {
        "S1": (32.0, 0, 1, "X"),
        "S2": (62.0, 1, 2, None),
        "S3": (671.0, 1, 0, "DATA CUT-OFF"),
    }
    assert datasets.time_parameters[0] == "TTX"
    assert datasets.adtte.filter(pl.col("PARAMCD") == "TTX").height == 3


def test_names_and_units_of_the_sponsors_own_times(make_study: Callable[..., Study]) -> None:
    """The study file names a parameter; AVALU says its unit, and the cut is made in it."""
    months = ADTTE.with_columns(AVALU=pl.lit("MONTHS"), AVAL=pl.col("AVAL") / 30.4375)
    named = {"parameters": [{"code": "TTX", "name": "Time to the event X"}]}
    datasets = supplied(make_study, months, time_to_event=named)
    assert (datasets.times("TTX").name, datasets.times("TTX").unit) == ("Time to the event X", "months")
    assert rows(datasets, "TTX")["S3"][0] == 671 / 30.4375


def test_a_parameter_that_adtte_lacks_is_refused(make_study: Callable[..., Study]) -> None:
    """Named without an event, it can come from nowhere; with one it is derived."""
    with pytest.raises(StudyError) as raised:
        supplied(make_study, time_to_event={"parameters": [{"code": "TTY", "name": "Y"}]})
    assert raised.value.error_id == "LW-FIT-013"
    assert "TTX" in raised.value.one_line()
    derived = {"parameters": [{"code": "TTY", "name": "Y", "event": "death"}]}
    assert supplied(make_study, time_to_event=derived).time_parameters[:2] == ("TTY", "TTX")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda frame: pl.concat([frame, frame[:1]]), "USUBJID S2, TTX: 2 records"),
        (lambda frame: frame.with_columns(AVAL=-pl.col("AVAL")), "AVAL -62"),
        (lambda frame: frame.with_columns(CNSR=pl.lit(-1.0)), "CNSR -1"),
        (lambda frame: frame.drop("CNSR"), "CNSR"),
    ],
)
def test_an_adtte_that_cannot_be_counted_is_refused(
    make_study: Callable[..., Study], change: Callable[[pl.DataFrame], pl.DataFrame], named: str
) -> None:
    """Two records of a subject and parameter, a time below 0, no CNSR: before anything is derived."""
    with pytest.raises(SourceError) as raised:
        supplied(make_study, change(ADTTE))
    assert raised.value.error_id in ("LW-FIT-012", "LW-FIT-003")
    assert named in raised.value.one_line()


def test_a_subject_without_a_value_has_no_time(make_study: Callable[..., Study]) -> None:
    """Of another subject nothing changes."""
    holes = ADTTE.with_columns(AVAL=pl.when(pl.col("USUBJID") != "S1").then("AVAL"))
    times = supplied(make_study, holes).times("TTX")
    assert times.unknown == 1
    assert times.records["AVAL"].to_list() == [62.0, 671.0]


@pytest.mark.parametrize("as_text", [False, True])
def test_times_are_derived_from_the_sponsors_adsl_where_adtte_lacks_them(
    make_study: Callable[..., Study], as_text: bool
) -> None:
    """Of EOSSTT, EOSDT and LSTALVDT; an EOSDT that is no date is no day. The second opinion agrees."""
    from crosscheck import ask_second_opinion
    from longwatch.tables.catalogue import make_table

    adsl = ADSL.with_columns(
        TRTSDT=pl.lit(date(2022, 3, 1)),
        LSTALVDT=pl.lit(date(2022, 6, 30)),
        EOSSTT=pl.Series(["DISCONTINUED", None, "COMPLETED", None]),
        EOSDT=pl.Series([date(2022, 4, 1), None, date(2022, 6, 1), None]),
    )
    adsl = adsl.with_columns(pl.col("EOSDT").cast(pl.String)) if as_text else adsl
    data, study = SourceData.of(ADSL=adsl, ADAE=ADAE, ADTTE=ADTTE), make_study(analysis_data="adam")
    datasets = derive(data, study, D)
    found = rows(datasets, "TTDISC")
    assert found["S1"][:2] == ((122.0, 0) if as_text else (32.0, 0))
    assert found["S2"] == (62.0, 0, 1, "DEATH")
    assert found["S3"][:2] == ((122.0, 1) if as_text else (93.0, 1))
    tables = [make_table("KMG01", datasets, study, {"parameter": code}) for code in datasets.time_parameters]
    assert [opinion.differences for opinion in ask_second_opinion(tables, data, study, D)] == [()] * len(tables)
