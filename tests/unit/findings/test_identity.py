"""What makes a record the same record in the next snapshot: the ordered cases, and what must not matter."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longwatch.findings.identity import (
    IDENTITY,
    ROW,
    as_text,
    compute_fingerprint,
    compute_identities,
    locator_columns,
    number_twins,
)


def identities(dataset: str, *records: dict[str, object]) -> list[list[str]]:
    """The parts of each record's identity, in the order of the records."""
    frame = pl.DataFrame(list(records), infer_schema_length=None).with_row_index(ROW)
    return [text.split("\x1f") for text in compute_identities(dataset, frame).sort(ROW)[IDENTITY]]


def event(**values: object) -> dict[str, object]:
    """An adverse event of subject S-1, with all variables that the cases ask for."""
    return {"USUBJID": "S-1", "AESPID": None, "AEREFID": None, "AETERM": None, "AESTDTC": None, **values}


def test_case_1_the_sponsors_id() -> None:
    """Filled and the subject's only one: nothing else enters."""
    assert identities("AE", event(AESPID="E07", AETERM="RASH", AESEQ=1.0)) == [["AE", "S-1", "AESPID=E07"]]


def test_case_2_the_reference_id() -> None:
    """Where two records of the subject share the sponsor's id, the reference id tells them apart."""
    found = identities("AE", event(AESPID="E07", AEREFID="R1"), event(AESPID="E07", AEREFID="R2"))
    assert found == [["AE", "S-1", "AEREFID=R1"], ["AE", "S-1", "AEREFID=R2"]]


def test_an_id_of_another_subject_does_not_matter() -> None:
    """Sponsors number within the subject."""
    found = identities("AE", event(AESPID="E07"), event(AESPID="E07", USUBJID="S-2"))
    assert found == [["AE", "S-1", "AESPID=E07"], ["AE", "S-2", "AESPID=E07"]]


def test_case_3_topic_and_start_date() -> None:
    """A missing start date is a value like others."""
    found = identities("AE", event(AETERM="RASH", AESTDTC="2023-05-14"), event(AETERM="RASH"))
    assert found == [["AE", "S-1", "AETERM=RASH", "AESTDTC=2023-05-14"], ["AE", "S-1", "AETERM=RASH"]]


def test_case_4_what_tells_tests_of_one_time_apart() -> None:
    """Three blood pressures of one visit differ in position."""
    common = {"USUBJID": "S-1", "VSTESTCD": "SYSBP", "VSDTC": "2023-05-14", "VISITNUM": 3.0, "VSSTRESN": 120.0}
    found = identities("VS", {**common, "VSPOS": "SUPINE"}, {**common, "VSPOS": "STANDING"})
    assert found == [
        ["VS", "S-1", "VSTESTCD=SYSBP", "VSDTC=2023-05-14", "VISITNUM=3", "VSPOS=SUPINE"],
        ["VS", "S-1", "VSTESTCD=SYSBP", "VSDTC=2023-05-14", "VISITNUM=3", "VSPOS=STANDING"],
    ]


def test_case_5_the_whole_content() -> None:
    """Without sequence number and study days; what is empty does not enter; equal records are numbered."""
    rash = event(AETERM="RASH", AESTDTC="2023-05-14", AESEV="MILD", AESTDY=5.0, AEENDY=None)
    found = identities("AE", {**rash, "AESEQ": 1.0}, {**rash, "AESEQ": 2.0}, {**rash, "AESEQ": 3.0, "AESEV": "SEVERE"})
    content = ["AE", "S-1", "AESEV=MILD", "AESTDTC=2023-05-14", "AETERM=RASH"]
    assert found == [content, [*content, "again=", "2"], [*content[:2], "AESEV=SEVERE", *content[3:]]]


def test_a_value_that_changes_keeps_the_identity() -> None:
    """In cases 1 to 4 only what tells the record apart enters."""
    before = identities("AE", event(AETERM="RASH", AESTDTC="2023-05-14", AESER="N"))
    after = identities("AE", event(AETERM="RASH", AESTDTC="2023-05-14", AESER="U"))
    assert before == after


def test_dm_is_its_subject() -> None:
    """One record for each subject: USUBJID is enough; where it stands twice, the content tells."""
    assert identities("DM", {"USUBJID": "S-1", "AGE": 50.0}) == [["DM", "S-1", ""]]
    twice = identities("DM", {"USUBJID": "S-1", "AGE": 50.0}, {"USUBJID": "S-1", "AGE": 51.0})
    assert twice == [["DM", "S-1", "AGE=50"], ["DM", "S-1", "AGE=51"]]


def test_qualifiers_do_not_depend_on_sequence_numbers() -> None:
    """A number of the parent is left out, another variable of it is kept."""
    qualifier = {"RDOMAIN": "AE", "USUBJID": "S-1", "QNAM": "AETRTEM", "QVAL": "Y"}
    by_number = [{**qualifier, "IDVAR": "AESEQ", "IDVARVAL": number} for number in ("1", "2")]
    renumbered = [{**qualifier, "IDVAR": "AESEQ", "IDVARVAL": number} for number in ("7", "9")]
    assert identities("SUPPAE", *by_number) == identities("SUPPAE", *renumbered)
    by_id = identities("SUPPAE", *({**qualifier, "IDVAR": "AESPID", "IDVARVAL": name} for name in ("E1", "E2")))
    assert [parts[-1] for parts in by_id] == ["IDVARVAL=E1", "IDVARVAL=E2"]


def test_without_subject() -> None:
    """Records of the trial's design are told apart in the whole dataset."""
    assert identities("TS", {"TSPARMCD": "SSTDTC", "TSVAL": "2022-01-01", "TSSEQ": 1.0}) == [
        ["TS", "", "TSPARMCD=SSTDTC"]
    ]


@pytest.mark.parametrize(
    ("dataset", "columns", "located"),
    [
        ("AE", ["STUDYID", "USUBJID", "AESEQ"], ("USUBJID", "AESEQ")),
        ("DM", ["USUBJID", "SUBJID"], ("USUBJID",)),
        ("SV", ["USUBJID", "VISITNUM"], ("USUBJID", "VISITNUM")),
        ("TS", ["TSSEQ", "TSPARMCD"], ("TSPARMCD", "TSSEQ")),
        ("SUPPAE", ["USUBJID", "IDVARVAL", "QNAM"], ("USUBJID", "IDVARVAL", "QNAM")),
        ("AE", ["AETERM"], ()),
    ],
)
def test_locator_columns(dataset: str, columns: list[str], located: tuple[str, ...]) -> None:
    """What locates a record within its snapshot."""
    assert locator_columns(dataset, columns) == located


def test_as_text() -> None:
    """Numbers in their shortest form; missing stays missing."""
    frame = pl.DataFrame({"N": [1.0, 0.5, -2.0, 1e20, float("nan"), None], "I": [1, 2, 3, 4, 5, None]})
    assert frame.select(as_text("N", pl.Float64()))["N"].to_list() == ["1", "0.5", "-2", "1e+20", None, None]
    assert frame.select(as_text("I", pl.Int64()))["I"].to_list() == ["1", "2", "3", "4", "5", None]


def test_fingerprint() -> None:
    """Of rule and identities, whatever their order."""
    assert compute_fingerprint("KY03", ["a", "b"]) == compute_fingerprint("KY03", ["b", "a"])
    assert compute_fingerprint("KY03", ["a"]) != compute_fingerprint("KY02", ["a"])
    assert compute_fingerprint("KY03", ["a"]) != compute_fingerprint("KY03", ["a", "a"])


TEXTS = st.sampled_from([None, "A", "B"])
RECORDS = st.lists(
    st.fixed_dictionaries(
        {
            "USUBJID": st.sampled_from(["S-1", "S-2", None]),
            "AESPID": TEXTS,
            "AETERM": TEXTS,
            "AESTDTC": st.sampled_from([None, "2023", "2023-05-14"]),
            "AESEV": TEXTS,
            "AETOXGR": st.sampled_from([None, 1.0, 2.0]),
        }
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=300, deadline=None)
@given(records=RECORDS, data=st.data())
def test_order_numbers_and_empty_columns_do_not_matter(records: list[dict[str, object]], data: st.DataObject) -> None:
    """Shuffled rows, reordered columns, renumbered --SEQ, an empty column more: the same identities."""
    shuffled = data.draw(st.permutations(records))
    columns = data.draw(st.permutations(list(records[0])))
    schema = {name: pl.Float64 if name == "AETOXGR" else pl.String for name in records[0]}

    def judged(rows: list[dict[str, object]]) -> pl.DataFrame:
        frame = pl.DataFrame(rows, schema=schema).with_row_index("AESEQ", offset=1)
        return frame.with_row_index(ROW)

    before, after = judged(records), judged(shuffled).select(ROW, *columns, "AESEQ").with_columns(AEXTRA=pl.lit(None))
    first, second = (
        frame.join(compute_identities("AE", frame), on=ROW).select(IDENTITY, *schema).sort(IDENTITY)
        for frame in (before, after)
    )
    assert first.equals(second)
    assert first[IDENTITY].is_unique().all()


def test_twins_are_numbered_among_those_that_a_rule_finds() -> None:
    """Which of two equal records fails does not matter; that one or two of them do, does."""
    twin, other = ("AE S-1 RASH",), ("AE S-1 FEVER",)
    assert number_twins([(twin, (7,))]) == [twin]
    assert number_twins([(twin, (3,))]) == [twin]
    assert number_twins([(twin, (7,)), (other, (5,)), (twin, (3,))]) == [(*twin, "again=2"), other, twin]
    # Two checks of one rule on the same record stay one finding.
    assert number_twins([(twin, (3,)), (twin, (3,))]) == [twin, twin]
