"""ADAE: terms, relatedness, what is known at the cut-off, occurrence flags (spec A.8, C.2 rules 5 and 6)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from longwatch.derive import AnalysisDatasets
from longwatch.study import Study

Make = Callable[..., AnalysisDatasets]


def event(**values: Any) -> dict[str, Any]:
    """A record of AE."""
    return {"USUBJID": "S1", "AETERM": "headache", "AEDECOD": "Headache", "AEBODSYS": "Nervous system disorders",
            "AESTDTC": "2022-04-01", **values}  # fmt: skip


def test_terms_that_are_not_coded_are_kept(derived: Make) -> None:
    """`UNCODED: <verbatim>`, blank text being missing; a missing SOC is UNCODED; never dropped."""
    events = [
        event(),
        event(AEDECOD=None, AEBODSYS=None, AETERM="felt odd"),
        event(AEDECOD="  ", AETERM=None),
        event(AEBODSYS=None),
    ]
    assert derived(AE=events).adae.select("AEBODSYS", "AEDECOD").rows() == [
        ("Nervous system disorders", "Headache"),
        ("UNCODED", "UNCODED: felt odd"),
        ("Nervous system disorders", "UNCODED: no verbatim term"),
        ("UNCODED", "Headache"),
    ]


def test_aesoc_stands_in_for_aebodsys(derived: Make) -> None:
    """Where the data has no AEBODSYS."""
    record = event(AESOC="Nervous system disorders")
    del record["AEBODSYS"]
    assert derived(AE=[record]).adae["AEBODSYS"].to_list() == ["Nervous system disorders"]


def test_events_without_a_subject_in_dm_are_left_out(derived: Make) -> None:
    """Rules XR01 and ST05 report them."""
    events = [event(USUBJID="S9"), event(USUBJID=None), event()]
    assert derived(AE=events).adae["USUBJID"].to_list() == ["S1"]


CUT = [
    # AESTDTC, AEENDTC, AEOUT → kept, AENDT, AEOUT as known at 2023-12-31
    ("2023-12-31", None, "NOT RECOVERED/NOT RESOLVED", True, None, "NOT RECOVERED/NOT RESOLVED"),
    ("2024-01-01", None, None, False, None, None),
    ("2023-12", None, None, True, None, None),
    ("2024", None, None, False, None, None),
    ("2023", None, None, True, None, None),
    (None, None, None, True, None, None),
    # an end after D is not known at D, nor is its outcome
    ("2023-12-01", "2024-01-15", "RECOVERED/RESOLVED", True, None, None),
    ("2023-12-01", "2024", "RECOVERED/RESOLVED", True, None, None),
    ("2023-12-01", "2023-12", "RECOVERED/RESOLVED", True, date(2023, 12, 31), "RECOVERED/RESOLVED"),
    ("2023-12-01", "2023-12-20", "RECOVERED/RESOLVED", True, date(2023, 12, 20), "RECOVERED/RESOLVED"),
]


@pytest.mark.parametrize(("start", "end", "outcome", "kept", "ended", "known"), CUT)
def test_what_is_known_at_the_cutoff(
    derived: Make, start: str, end: str, outcome: str, kept: bool, ended: date, known: str
) -> None:
    """Records that start after D are dropped, partial dates by their earliest possible day (CONTRACTS.md, Dates)."""
    subject = {"USUBJID": "S1", "ARMCD": "CELL", "ACTARMCD": "CELL", "RFPENDTC": "2023-12-31"}
    adae = derived(DM=[subject], AE=[event(AESTDTC=start, AEENDTC=end, AEOUT=outcome)]).adae
    assert adae.select("AENDT", "AEOUT").rows() == ([(ended, known)] if kept else [])


def test_a_death_after_the_cutoff_is_no_fatal_event_yet(derived: Make) -> None:
    """The event is there; that it ended in death is not known at D."""
    dm = {"USUBJID": "S1", "ARMCD": "CELL", "ACTARMCD": "CELL", "DTHFL": "Y", "DTHDTC": "2024-01-05"}
    record = event(AESTDTC="2023-12-20", AEOUT="FATAL", AESDTH="Y", AESER="Y")
    before = derived(DM=[dm], AE=[record]).adae.select("AEOUT", "AESDTH", "AESER").row(0)
    after = derived(DM=[dm], AE=[record], cutoff=date(2024, 1, 5)).adae.select("AEOUT", "AESDTH", "AESER").row(0)
    assert before == (None, None, "Y")
    assert after == ("FATAL", "Y", "Y")


RELATED = [
    # AEREL, AREL where a missing one counts as related, AREL where it does not
    ("RELATED", "RELATED", "RELATED"),
    ("POSSIBLE", "RELATED", "RELATED"),
    ("NOT RELATED", "NOT RELATED", "NOT RELATED"),
    (None, "RELATED", None),
    ("UNLIKELY", "RELATED", None),  # not in the mapping: never guessed
    ("related", "RELATED", None),
]


@pytest.mark.parametrize(("collected", "counted", "not_counted"), RELATED)
def test_relatedness_by_the_study_files_mapping(
    derived: Make, make_study: Callable[..., Study], collected: str, counted: str, not_counted: str
) -> None:
    """AREL; a missing AEREL is related by default (spec C.2 rule 6)."""
    assert derived(AE=[event(AEREL=collected)]).adae["AREL"].to_list() == [counted]
    study = make_study(relatedness={"missing_is_related": False})
    assert derived(AE=[event(AEREL=collected)], study=study).adae["AREL"].to_list() == [not_counted]


def test_values_without_a_mapping_are_listed(derived: Make, make_study: Callable[..., Study]) -> None:
    """For the footnote; a study file that maps nothing gives no AREL, and lists nothing."""
    events = [event(AEREL="UNLIKELY"), event(AEREL="RELATED"), event(AEREL=None)]
    assert derived(AE=events).unmapped_relatedness == ("UNLIKELY",)
    nothing = derived(AE=events, study=make_study(relatedness={"related": (), "not_related": ()}))
    assert nothing.unmapped_relatedness == ()
    assert nothing.adae["AREL"].to_list() == [None] * 3
    assert "AREL" not in derived().adae.columns


def test_severity_is_not_seriousness(derived: Make) -> None:
    """Grade 3 with AESER = N is valid data and stays so (trap J.5)."""
    adae = derived(AE=[event(AETOXGR="3", AESEV="SEVERE", AESER="N")]).adae
    assert adae.select("AETOXGR", "AESEV", "AESER").row(0) == ("3", "SEVERE", "N")


def test_occurrence_flags(derived: Make) -> None:
    """The first TEAE of the subject, of its SOC, of its SOC and PT, and the first at the worst severity."""
    events = [
        # AESEQ, start, SOC, PT, severity; before treatment, out of order, ties by AESEQ
        event(AESEQ=1.0, AESTDTC="2022-02-01", AESEV="SEVERE"),
        event(AESEQ=2.0, AESTDTC="2022-05-01", AESEV="MILD"),
        event(AESEQ=3.0, AESTDTC="2022-04-01", AESEV=None),
        event(AESEQ=4.0, AESTDTC="2022-04-01", AEDECOD="Syncope", AESEV="MODERATE"),
        event(AESEQ=5.0, AESTDTC="2022-06-01", AEBODSYS="Cardiac disorders", AEDECOD="Syncope", AESEV="MODERATE"),
    ]
    adae = derived(AE=events).adae_with_occurrence_flags
    assert adae.select("AESEQ", "AOCCFL", "AOCCSFL", "AOCCPFL", "AOCCIFL").rows() == [
        (1.0, None, None, None, None),
        (2.0, None, None, None, None),
        (3.0, "Y", "Y", "Y", None),
        (4.0, None, None, "Y", "Y"),
        (5.0, None, "Y", "Y", None),
    ]


def test_no_events(derived: Make) -> None:
    """AE without records gives an ADAE without rows and with all its variables."""
    with_records = derived(AE=[event(AESER="N", AESEQ=1.0)])
    without = derived(AE=[dict.fromkeys(event(AESER="N", AESEQ=1.0))])
    assert without.adae.is_empty()
    assert without.adae.columns == with_records.adae.columns
    assert without.adae_with_occurrence_flags.is_empty()


def test_a_variable_is_read_when_it_is_asked_for(derived: Make) -> None:
    """What ADAE carries as recorded stands beside the right event: of records left out, nothing is read."""
    events = [
        event(AESEQ=1.0, USUBJID="S9", AESEV="SEVERE", AEREL="NONE"),
        event(AESEQ=2.0, AESTDTC="2024-02-01", AESEV="SEVERE", AEREL="NONE"),
        event(AESEQ=3.0, AESEV="MILD", AEREL="RELATED"),
    ]
    found = derived(AE=events)
    assert found.adae_with(("AESEV", "AESEQ", "AREL", "AEACN")).rows() == [("MILD", 3.0, "RELATED")]
    assert found.adae.select("AESEV", "AEREL", "AESEQ").rows() == [("MILD", "RELATED", 3.0)]


def test_the_same_data_in_another_order_gives_the_same_codes(derived: Make) -> None:
    """Codes are of sorted values: a reader that meets them in another order changes nothing."""
    events = [event(AEDECOD=name) for name in ("Syncope", "Headache", "Nausea")]
    one, two = derived(AE=events).adae, derived(AE=events[::-1]).adae
    assert one["AEDECOD"].dtype == two["AEDECOD"].dtype
    assert one["AEDECOD"].to_physical().to_list() == two["AEDECOD"].to_physical().to_list()[::-1]
