"""Lots: forward, backward and by cell bank, in one query each (spec D.6; trap J.17)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from longwatch.derive.lot_trace import Trace, list_lots, recall_bank, trace_lot, trace_subject
from longwatch.errors import LongwatchError
from longwatch.standards.dataset import SourceData
from longwatch.study import Study

# S1 was treated twice, the second time from two lots; S2 and S3 share a lot; S4's nobody made; S5's dose names none.
DOSES = (
    ("S1", "A1", "2022-03-01"), ("S1", "A2", "2023-03-01"), ("S1", "B1", "2023-03-01"),
    ("S2", "A2", "2022-05-01"), ("S3", "A2", "2022"), ("S4", "X9", "2022-06-01"), ("S5", None, "2022-07-01"),
)  # fmt: skip
EX: list[dict[str, Any]] = [
    {"USUBJID": subject, "EXTRT": "ISLET CELLS", "EXDOSE": 1.0, "EXDOSU": "10^6 CELLS", "EXLOT": lot, "EXSTDTC": day}
    for subject, lot, day in DOSES
]
NOT_GIVEN = [
    {"USUBJID": "S6", "EXTRT": "ISLET CELLS", "EXDOSE": 0.0, "EXLOT": "A1", "EXSTDTC": "2022-03-01"},
    {"USUBJID": "S6", "EXTRT": "INDUCTION", "EXDOSE": 1.0, "EXLOT": "A1", "EXSTDTC": "2022-03-01"},
]
LOT = [
    {"LOTID": "A1", "CELLBANK": "MCB-1/WCB-1", "STATUS": "RELEASED", "RECALLDT": None},
    {"LOTID": "A2", "CELLBANK": "MCB-1/WCB-2", "STATUS": "RECALLED", "RECALLDT": "2024-01-01"},
    {"LOTID": "B1", "CELLBANK": "MCB-2/WCB-1", "STATUS": "RELEASED", "RECALLDT": None},
    {"LOTID": "C1", "CELLBANK": "MCB-2/WCB-9", "STATUS": "REJECTED", "RECALLDT": None},
]
LOTTEST = [
    {"LOTID": "A1", "TEST": "STERILITY", "PASS": "Y"},
    {"LOTID": "A2", "TEST": "VIABILITY", "PASS": "N"},
    {"LOTID": "A2", "TEST": "STERILITY", "PASS": None},
]
AE: list[dict[str, Any]] = [
    {"USUBJID": subject, "AESEQ": float(number), "AEDECOD": term, "AESTDTC": day, "AESER": "Y"}
    for subject, number, term, day in (
        ("S1", 1, "Fever", "2022-03-01"), ("S1", 2, "Sepsis", "2023-03"), ("S1", 3, "Cough", "2022-02-28"),
        ("S2", 1, "Bleeding", None), ("S3", 1, "Rash", "2021"),
    )
]  # fmt: skip
DM = [{"USUBJID": f"S{number}", "ACTARM": "Cells"} for number in range(1, 7)]
Traced = Callable[..., Trace]


@pytest.fixture
def data(make_data: Callable[..., SourceData]) -> SourceData:
    return make_data(EX=[*EX, *NOT_GIVEN], LOT=LOT, LOTTEST=LOTTEST, AE=AE, DM=DM)


def columns(found: Trace, *names: str) -> list[tuple[object, ...]]:
    return [tuple(row[name] for name in names) for row in found.rows]


def test_a_lot_is_traced_to_its_subjects_and_what_followed(data: SourceData, make_study: Callable[..., Study]) -> None:
    """An event of the month of the dose, or of no known day, can have followed; one of the year before cannot."""
    found = trace_lot(data, make_study(), "A2")
    assert columns(found, "USUBJID", "EXSTDTC", "AEDECOD", "STATUS") == [
        ("S1", "2023-03-01", "Sepsis", "RECALLED"),
        ("S2", "2022-05-01", "Bleeding", "RECALLED"),
        ("S3", "2022", None, "RECALLED"),
    ]
    assert columns(trace_lot(data, make_study(), "A1"), "USUBJID", "AEDECOD") == [("S1", "Fever"), ("S1", "Sepsis")]
    assert trace_lot(data, make_study(), "C1").rows == []


def test_doses_without_a_lot_are_named_in_every_answer(data: SourceData, make_study: Callable[..., Study]) -> None:
    said = "1 doses have no lot (EXLOT) and may be of any: S5"
    questions = (
        lambda: list_lots(data, make_study()),
        lambda: trace_lot(data, make_study(), "B1"),
        lambda: trace_subject(data, make_study(), "S1"),
        lambda: recall_bank(data, make_study(), "MCB-1"),
    )
    assert all(said in question().not_traced for question in questions)


def test_an_event_is_traced_to_its_lots_their_banks_and_who_else_got_them(
    data: SourceData, make_study: Callable[..., Study]
) -> None:
    """The fever came before the second treatment: only A1, whose bank nobody else got."""
    names = ("AEDECOD", "LOTID", "CELLBANK", "OTHER_USUBJID", "OTHER_LOTID")
    assert columns(trace_subject(data, make_study(), "S1", 1), *names) == [
        ("Fever", "A1", "MCB-1/WCB-1", None, None)
    ]  # fmt: skip
    assert columns(trace_subject(data, make_study(), "S1", 2), *names) == [
        ("Sepsis", "A1", "MCB-1/WCB-1", None, None),
        ("Sepsis", "A2", "MCB-1/WCB-2", "S2", "A2"),
        ("Sepsis", "A2", "MCB-1/WCB-2", "S3", "A2"),
        ("Sepsis", "B1", "MCB-2/WCB-1", None, None),
    ]
    unknown = trace_subject(data, make_study(), "S4")
    assert columns(unknown, "LOTID", "CELLBANK") == [("X9", None)]
    assert "lot X9 was given, and its cell bank is not known (LOT): S4" in unknown.not_traced


def test_of_a_lot_of_no_known_bank_others_who_got_it_are_found(
    make_data: Callable[..., SourceData], make_study: Callable[..., Study]
) -> None:
    found = trace_subject(make_data(EX=EX, AE=AE, DM=DM), make_study(), "S2")
    assert columns(found, "LOTID", "CELLBANK", "OTHER_USUBJID") == [("A2", None, "S1"), ("A2", None, "S3")]


@pytest.mark.parametrize(
    ("bank", "subjects"),
    [
        ("MCB-1", ["S1", "S1", "S2", "S3"]),
        ("MCB-1/WCB-2", ["S1", "S2", "S3"]),
        ("WCB-1", ["S1", "S1"]),
        ("MCB-2/WCB-9", []),
    ],
)
def test_a_recall_finds_every_dose_from_a_bank(
    data: SourceData, make_study: Callable[..., Study], bank: str, subjects: list[str]
) -> None:
    """By the whole name of the bank, or a part of it."""
    found = recall_bank(data, make_study(), bank)
    assert [row["USUBJID"] for row in found.rows] == subjects
    assert "lot X9 was given, and its cell bank is not known (LOT): S4" in found.not_traced


def test_the_list_has_every_lot_made_or_given(data: SourceData, make_study: Callable[..., Study]) -> None:
    assert columns(list_lots(data, make_study()), "LOTID", "subjects", "doses", "tests", "not_passed", "which") == [
        ("A1", 1, 1, 1, 0, ""),
        ("A2", 3, 3, 2, 2, "VIABILITY; STERILITY"),
        ("B1", 1, 1, None, None, None),
        ("C1", 0, 0, None, None, None),
        ("X9", 1, 1, None, None, None),
    ]


@pytest.mark.parametrize(
    ("ask", "error_id", "named"),
    [
        (lambda data, study: trace_lot(data, study, "A3"), "LW-LOT-002", "A3"),
        (lambda data, study: trace_subject(data, study, "S9"), "LW-LOT-003", "S9"),
        (lambda data, study: trace_subject(data, study, "S1", 7), "LW-LOT-003", "7"),
        (lambda data, study: recall_bank(data, study, "MCB"), "LW-LOT-004", "MCB-1/WCB-1"),
        (lambda data, study: list_lots(SourceData({}), study), "LW-LOT-001", "EXLOT"),
    ],
)
def test_what_is_not_there_is_refused_by_name(
    data: SourceData, make_study: Callable[..., Study], ask: Callable[..., Trace], error_id: str, named: str
) -> None:
    with pytest.raises(LongwatchError) as raised:
        ask(data, make_study())
    assert raised.value.error_id == error_id
    assert named in raised.value.one_line()
