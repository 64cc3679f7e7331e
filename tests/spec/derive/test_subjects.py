"""ADSL: exposure, populations, death, follow-up (spec A.7, A.8; traps J.1, J.6)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from longwatch.derive import AnalysisDatasets

Make = Callable[..., AnalysisDatasets]


def subject(name: str, **more: Any) -> dict[str, Any]:
    """A record of DM."""
    return {"USUBJID": name, "ARMCD": "CELL", "ACTARMCD": "CELL", **more}


def dose(name: str, **more: Any) -> dict[str, Any]:
    """A record of EX."""
    return {"USUBJID": name, "EXTRT": "ISLET CELLS", "EXDOSE": 1.0, "EXSTDTC": "2022-03-01", **more}


DOSES = [
    # EX record, SAFFL, INTFL
    ({}, "Y", "Y"),
    ({"EXDOSE": 0.0}, "N", "N"),  # nothing of the product was given
    ({"EXDOSE": None}, "N", "N"),
    ({"EXDOSE": None, "EXDOSTXT": "about half a bag"}, "Y", "Y"),
    ({"EXTRT": "PLACEBO CELLS", "EXDOSE": 0.0}, "Y", "Y"),  # 0 of a placebo is its dose
    ({"EXTRT": "PLACEBO CELLS", "EXDOSE": None}, "Y", "Y"),
    ({"EXOCCUR": "N"}, "N", "N"),
    ({"EXTRT": "PLACEBO CELLS", "EXOCCUR": "N"}, "N", "N"),
    ({"EXOCCUR": "Y"}, "Y", "Y"),
    # induction immunosuppression without cells
    ({"EXTRT": "THYMOGLOBULIN"}, "N", "Y"),
    # the day is not known: dosed all the same
    ({"EXSTDTC": None}, "Y", "Y"),
    # after the cut-off: not dosed by then
    ({"EXSTDTC": "2024-01-01"}, "N", "N"),
    ({"EXSTDTC": "2023-12"}, "Y", "Y"),
]


@pytest.mark.parametrize(("record", "safety", "intervention"), DOSES)
def test_who_is_in_the_safety_population(derived: Make, record: dict[str, Any], safety: str, intervention: str) -> None:
    """At least one dose of the product, given by the cut-off of 2023-12-31."""
    adsl = derived(EX=[dose("S1", **record)]).adsl
    assert adsl.select("SAFFL", "INTFL").row(0) == (safety, intervention)


def test_a_subject_without_events_or_doses_has_a_row(derived: Make) -> None:
    """ADSL has one row per subject of DM, in its order; N counts the dosed ones, with or without an event."""
    found = derived(
        DM=[subject("S2"), subject("S1"), subject("S3")],
        EX=[dose("S1"), dose("S2")],
        AE=[{"USUBJID": "S1", "AEDECOD": "Headache", "AEBODSYS": "Nervous", "AESTDTC": "2022-04-01"}],
    )
    assert found.adsl.select("USUBJID", "SAFFL").rows() == [("S2", "Y"), ("S1", "Y"), ("S3", "N")]
    assert found.safety_subjects == 2
    assert found.adae["USUBJID"].to_physical().to_list() == [1]


def test_first_and_last_dose(derived: Make) -> None:
    """TRTSDT is of the product's first dose, INTSDT of the first dose of anything; TRTEDT the last end."""
    doses = [
        dose("S1", EXSTDTC="2022-09-01", EXENDTC="2022-09-02"),
        dose("S1", EXSTDTC="2022-03-01T10:15", EXENDTC="2022-03-01T11:00"),
        dose("S1", EXTRT="THYMOGLOBULIN", EXSTDTC="2022-02-24", EXENDTC="2022-12-24"),
    ]
    row = derived(EX=doses).adsl.row(0, named=True)
    assert (row["TRTSDT"], row["TRTSDTM"]) == (date(2022, 3, 1), "2022-03-01T10:15")
    assert (row["INTSDT"], row["INTSDTM"]) == (date(2022, 2, 24), "2022-02-24")
    assert row["TRTEDT"] == date(2022, 9, 2)


def test_on_one_day_a_dose_without_a_time_comes_first(derived: Make) -> None:
    """It may have been the earlier one: the conservative reference for treatment emergence."""
    doses = [dose("S1", EXSTDTC="2022-03-01T10:15"), dose("S1", EXSTDTC="2022-03-01")]
    assert derived(EX=doses).adsl["TRTSDTM"].to_list() == ["2022-03-01"]


def test_treatment_that_goes_on_after_the_cutoff_has_no_end(derived: Make) -> None:
    """Its end is not known then; a partial end is its last day, at most the cut-off."""
    ends = {"2024-02-01": None, "2023-12": date(2023, 12, 31), "2022-05": date(2022, 5, 31), None: date(2022, 3, 1)}
    for text, expected in ends.items():
        assert derived(EX=[dose("S1", EXENDTC=text)]).adsl["TRTEDT"].to_list() == [expected]


def test_treatment_that_never_began_or_has_no_date_has_no_end(derived: Make) -> None:
    """A subject given induction alone was not treated with the product; a dose without dates has none: the cut-off is
    not put in their place."""
    induction = dose("S1", EXTRT="THYMOGLOBULIN", EXSTDTC="2022-02-24", EXENDTC="2022-02-25")
    assert derived(EX=[induction]).adsl["TRTEDT"].to_list() == [None]
    assert derived(EX=[dose("S1", EXSTDTC=None, EXENDTC=None)]).adsl["TRTEDT"].to_list() == [None]


def test_arms_by_planned_and_actual_treatment(derived: Make) -> None:
    """TRT01P from ARMCD, TRT01A from ACTARMCD, by the study file's headings; a dosed subject of no arm is kept as
    `Not assigned`, one who was not dosed has no arm."""
    subjects = [
        subject("S1"),
        subject("S2", ACTARMCD="SOC"),
        subject("S3", ARMCD="SCRNFAIL", ACTARMCD="SCRNFAIL"),
        subject("S4", ACTARMCD=None),
    ]
    adsl = derived(DM=subjects, EX=[dose("S1"), dose("S2"), dose("S4")]).adsl
    assert adsl.select("TRT01P", "TRT01PN", "TRT01A", "TRT01AN").rows() == [
        ("Islet cells", 1, "Islet cells", 1),
        ("Islet cells", 1, "Standard of care", 2),
        (None, None, None, None),
        ("Islet cells", 1, "Not assigned", 3),
    ]


def test_randomised_where_disposition_says_so(derived: Make) -> None:
    """RANDFL and ITTFL from DS; without a record of randomisation RANDFL is missing, and ITTFL goes by the planned
    arm."""
    subjects = [subject("S1"), subject("S2"), subject("S3", ARMCD="SCRNFAIL", ACTARMCD="SCRNFAIL")]
    randomised = [{"USUBJID": "S1", "DSDECOD": "RANDOMIZED", "DSSTDTC": "2022-02-20"},
                  {"USUBJID": "S2", "DSDECOD": "RANDOMIZED", "DSSTDTC": "2024-02-20"}]  # fmt: skip
    assert derived(DM=subjects, DS=randomised).adsl.select("RANDFL", "ITTFL").rows() == [
        ("Y", "Y"),
        ("N", "N"),  # after the cut-off
        ("N", "N"),
    ]
    assert derived(DM=subjects).adsl.select("RANDFL", "ITTFL").rows() == [(None, "Y"), (None, "Y"), (None, "N")]


DEATHS = [
    # DM, DS, AE, DD → DTHFL, DTHDT
    # each source alone
    ({"DTHFL": "Y", "DTHDTC": "2023-05-01"}, {}, {}, {}, ("Y", date(2023, 5, 1))),
    ({}, {"DSDECOD": "DEATH", "DSSTDTC": "2023-05-02"}, {}, {}, ("Y", date(2023, 5, 2))),
    ({}, {}, {"AEOUT": "FATAL", "AEENDTC": "2023-05-03"}, {}, ("Y", date(2023, 5, 3))),
    ({}, {}, {"AESDTH": "Y", "AEENDTC": None}, {}, ("Y", None)),
    ({}, {}, {}, {"DDTESTCD": "PRCDTH", "DDDTC": "2023-06-01"}, ("Y", None)),
    # all of them: one death, dated by DM
    (
        {"DTHFL": "Y", "DTHDTC": "2023-05-01"},
        {"DSDECOD": "DEATH", "DSSTDTC": "2023-05-02"},
        {"AEOUT": "FATAL", "AEENDTC": "2023-05-03"},
        {"DDTESTCD": "PRCDTH"},
        ("Y", date(2023, 5, 1)),
    ),
    # DM says it, the date is elsewhere
    ({"DTHFL": "Y"}, {"DSDECOD": "DEATH", "DSSTDTC": "2023-05-02"}, {}, {}, ("Y", date(2023, 5, 2))),
    # lost first, died later
    ({"DTHFL": "Y", "DTHDTC": "2023-05-01"}, {"DSDECOD": "LOST TO FOLLOW-UP", "DSSTDTC": "2023-01-10"}, {}, {},
     ("Y", date(2023, 5, 1))),
    # a partial date of death is not imputed
    ({"DTHFL": "Y", "DTHDTC": "2023"}, {}, {}, {}, ("Y", None)),
    ({"DTHFL": "Y", "DTHDTC": "2023"}, {"DSDECOD": "DEATH", "DSSTDTC": "2023-05-02"}, {}, {}, ("Y", date(2023, 5, 2))),
    ({"DTHFL": "Y", "DTHDTC": "2024"}, {}, {}, {}, (None, None)),
    # after the cut-off: not known at D
    ({}, {}, {"AEOUT": "FATAL", "AESDTH": "Y", "AEENDTC": "2024-01-01"}, {}, (None, None)),
    ({"DTHFL": "Y", "DTHDTC": "2024-01-01"}, {}, {}, {}, (None, None)),
    ({}, {"DSDECOD": "DEATH", "DSSTDTC": "2024-01-01"}, {}, {}, (None, None)),
    ({"DTHFL": "Y", "DTHDTC": "2024-01-01"}, {}, {"AEOUT": "FATAL", "AEENDTC": "2024-01-01"}, {}, (None, None)),
    # nobody says so
    ({}, {"DSDECOD": "COMPLETED", "DSSTDTC": "2023-05-02"}, {"AEOUT": "RECOVERED/RESOLVED"}, {}, (None, None)),
]  # fmt: skip


@pytest.mark.parametrize(("dm", "ds", "ae", "dd", "expected"), DEATHS)
def test_death_has_several_sources_and_one_count(
    derived: Make, dm: dict[str, Any], ds: dict[str, Any], ae: dict[str, Any], dd: dict[str, Any], expected: Any
) -> None:
    """Death from an AE, from a natural cause (DS only), after loss: each is one death, as known at 2023-12-31."""
    event = {"USUBJID": "S1", "AEDECOD": "Sepsis", "AEBODSYS": "Infections", "AESTDTC": "2023-04-01", **ae}
    more = {name: [{"USUBJID": "S1", **record}] for name, record in (("DS", ds), ("DD", dd)) if record}
    adsl = derived(DM=[subject("S1", **dm)], AE=[event], **more).adsl
    assert adsl.select("DTHFL", "DTHDT").row(0) == expected


def test_days_watched(derived: Make) -> None:
    """FUPDUR: from first dose to the last day known alive, death or cut-off, whichever is first; both days count."""
    doses = [dose(name) for name in ("S1", "S2", "S3", "S4")]
    subjects = [
        subject("S1", RFPENDTC="2022-03-10"),  # ended
        subject("S2", RFPENDTC="2025-01-01"),  # goes on after D: by the last visit
        subject("S3", DTHFL="Y", DTHDTC="2022-06-01", RFPENDTC="2022-06-05"),  # died
        subject("S4"),  # nothing after the dose but a loss
    ]
    visits = [{"USUBJID": "S2", "SVSTDTC": "2023-03-01"}, {"USUBJID": "S2", "SVSTDTC": "2024-03-01"}]
    nobody = {"USUBJID": None, "AEDECOD": None, "AEBODSYS": None, "AESTDTC": None}
    lost = [{"USUBJID": "S4", "DSDECOD": "LOST TO FOLLOW-UP", "DSSTDTC": "2022-09-01"}]
    adsl = derived(DM=subjects, EX=doses, SV=visits, DS=lost, AE=[nobody]).adsl
    assert adsl.select("LSTALVDT", "FUPDUR").rows() == [
        (date(2022, 3, 10), 10),
        (date(2023, 3, 1), 366),
        (date(2022, 6, 1), 93),
        (date(2022, 3, 1), 1),
    ]


def test_a_subject_enrolled_after_the_cutoff_is_not_there(derived: Make) -> None:
    """By the earliest of consent, DMDTC and RFSTDTC; a subject whose dates are missing stays."""
    subjects = [
        subject("S1", RFICDTC="2022-02-01"),
        subject("S2", RFICDTC="2024-02-01"),
        subject("S3", RFICDTC=None, RFSTDTC="2024-02-01"),
        subject("S4", RFICDTC="2023-12", RFSTDTC="2024-02-01"),
        subject("S5"),
    ]
    assert derived(DM=subjects).adsl["USUBJID"].to_list() == ["S1", "S4", "S5"]


def test_a_subject_twice_in_dm_is_one_subject(derived: Make) -> None:
    """Rule KY01 reports it; the first record is used, and nobody is counted twice."""
    adsl = derived(DM=[subject("S1", SEX="F"), subject("S1", SEX="M"), subject("S2")]).adsl
    assert adsl.select("USUBJID", "SEX").rows() == [("S1", "F"), ("S2", None)]
