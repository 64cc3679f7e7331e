"""CDISC Dataset-XML 1.0: records as ODM, named by define.xml where it is given."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import polars as pl
import pytest

from longwatch.errors import SourceError
from longwatch.standards import dataset_xml
from longwatch.standards.dataset import Variable
from longwatch.standards.dataset_xml import describe_dataset_xml, read_dataset_xml, records_of_dataset_xml
from longwatch.standards.define_model import Define, DefinedDataset, DefinedVariable

HEAD = (
    '<ODM xmlns="http://www.cdisc.org/ns/odm/v1.3" xmlns:data="http://www.cdisc.org/ns/Dataset-XML/v1.0" '
    'FileType="Snapshot" ODMVersion="1.3.2" data:DatasetXMLVersion="1.0.0">'
)
CLINICAL = '<ClinicalData StudyOID="S" MetaDataVersionOID="MDV.1">'
END = "</ClinicalData></ODM>"


def record(*items: str, oid: str = "IG.AE") -> str:
    return f'<ItemGroupData ItemGroupOID="{oid}" data:ItemGroupDataSeq="1">{"".join(items)}</ItemGroupData>'


def item(oid: str, value: str) -> str:
    return f'<ItemData ItemOID="{oid}" Value="{value}"/>'


def document(*records: str) -> bytes:
    return (HEAD + CLINICAL + "\n".join(records) + END).encode()


DEFINE = Define(
    version="2.1.0",
    study_name="S",
    datasets=(
        DefinedDataset(
            oid="IG.AE",
            name="AE",
            label="Adverse Events",
            variables=(
                DefinedVariable("IT.1", "USUBJID", "Subject", "text", 11),
                DefinedVariable("IT.2", "AESEQ", "Number", "integer", 8, display_format="8."),
                DefinedVariable("IT.3", "AETERM", "Term", "text", 200),
                DefinedVariable("IT.4", "AESTDTC", "Start", "partialDatetime"),
                DefinedVariable("IT.5", "AETEMP", "Temperature", "float", 5),
            ),
        ),
    ),
)


def test_with_define_xml_the_columns_are_its_variables_in_its_order() -> None:
    """Names, labels, lengths, formats and types are define.xml's; a variable that no record has is all missing; one
    that define.xml lacks comes last, by the last part of its id."""
    content = document(
        record(item("IT.3", "Nausea"), item("IT.1", "01-001"), item("IT.2", "1"), item("IT.AE.AEXX", "x")),
        record(item("IT.1", "01-002"), item("IT.2", "2"), item("IT.5", "37.4")),
    )
    described, frame = read_dataset_xml(content, DEFINE)
    assert (described.name, described.label, described.rows) == ("AE", "Adverse Events", 2)
    assert (described.study_oid, described.metadata_oid) == ("S", "MDV.1")
    assert described.variables == (
        Variable("USUBJID", "Subject", "text", 11),
        Variable("AESEQ", "Number", "number", 8, "8."),
        Variable("AETERM", "Term", "text", 200),
        Variable("AESTDTC", "Start", "text"),
        Variable("AETEMP", "Temperature", "number", 5),
        Variable("AEXX"),
    )
    assert frame.schema == described.schema
    assert frame.rows() == [
        ("01-001", 1.0, "Nausea", None, None, "x"),
        ("01-002", 2.0, None, None, 37.4, None),
    ]


def test_without_define_xml_a_name_is_the_last_part_of_the_id() -> None:
    """And the numbers are those that SDTM makes numbers; the rest is text, whatever it looks like."""
    content = document(record(item("IT.STUDYID", "S"), item("IT.AE.AESEQ", "3"), item("IT.AE.AESPID", "007")))
    described, frame = read_dataset_xml(content)
    assert (described.name, described.label) == ("AE", "")
    assert frame.to_dicts() == [{"STUDYID": "S", "AESEQ": 3.0, "AESPID": "007"}]


def test_an_item_that_comes_late_takes_the_place_it_has_in_its_record() -> None:
    """What is missing is left out of a record, so a variable may first appear in a late one."""
    content = document(
        record(item("A", "1"), item("D", "4")),
        record(item("A", "1"), item("B", "2"), item("D", "4")),
        record(item("B", "2"), item("C", "3"), item("D", "4"), item("E", "5")),
    )
    described, _ = read_dataset_xml(content)
    assert [each.name for each in described.variables] == ["A", "B", "C", "D", "E"]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        (item("X", "  kept exactly  "), "  kept exactly  "),
        (item("X", "Stevens&#8211;Johnson &amp; 頭痛"), "Stevens–Johnson & 頭痛"),
        (item("X", ""), ""),
        ('<ItemData ItemOID="X" IsNull="Yes"/>', None),
        ('<ItemDataString ItemOID="X"> typed </ItemDataString>', " typed "),
        ('<ItemDataInteger ItemOID="X">5</ItemDataInteger>', "5"),
        ('<ItemDataString ItemOID="X" IsNull="Yes"/>', None),
        ('<ItemDataString ItemOID="X"/>', ""),
        ("", None),
    ],
)
def test_a_value_of_text(written: str, value: str | None) -> None:
    """Kept exactly; an empty text is not a missing one; typed items (ODM 1.3.2) carry their value as text."""
    _, frame = read_dataset_xml(document(record(item("A", "1"), item("X", "first")), record(item("A", "1"), written)))
    assert frame["X"].to_list() == ["first", value]


@pytest.mark.parametrize(
    ("written", "value"),
    [("5", 5.0), (" -0.10 ", -0.1), ("1.5E3", 1500.0), ("", None), ("9007199254740993", 9007199254740992.0)],
)
def test_a_number(written: str, value: float | None) -> None:
    """The nearest double; blank is missing."""
    _, frame = read_dataset_xml(document(record(item("IT.AE.AESEQ", written))))
    assert frame["AESEQ"].to_list() == [value]


def test_reference_data_is_a_dataset_too() -> None:
    """Trial design datasets stand in ReferenceData."""
    content = document(record(item("IT.TA.ARMCD", "A"), oid="IG.TA")).replace(b"ClinicalData", b"ReferenceData")
    described, frame = read_dataset_xml(content)
    assert (described.name, frame.to_dicts()) == ("TA", [{"ARMCD": "A"}])


def test_records_come_in_batches_and_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of any size is read with the memory of one batch."""
    monkeypatch.setattr(dataset_xml, "_BATCH_CELLS", 20)
    content = document(*(record(item("A", str(n)), item("B", "x")) for n in range(25)))
    source = io.BytesIO(content)
    described = describe_dataset_xml(source)
    source.seek(0)
    batches = list(records_of_dataset_xml(source, described))
    assert [batch.height for batch in batches] == [10, 10, 5]
    assert pl.concat(batches)["A"].to_list() == [str(n) for n in range(25)]


@pytest.mark.parametrize(
    ("content", "error_id"),
    [
        (b"<html/>", "LW-ODM-001"),
        (document(record(item("A", "1"))).replace(b"Snapshot", b"Transactional"), "LW-ODM-002"),
        (
            document(record(item("A", "1"))).replace(b"<ItemGroupData ", b'<ItemGroupData TransactionType="Remove" '),
            "LW-ODM-003",
        ),
        (document(record(item("A", "1"))).replace(b"DatasetXMLVersion", b"Other"), "LW-DSX-001"),
        (document(record(item("A", "1"))).replace(b"1.0.0", b"2.0.0"), "LW-DSX-001"),
        (document(record(item("A", "1")), record(item("A", "1"), oid="IG.CM")), "LW-DSX-002"),
        (document(record(item("A", "1"), item("A", "2"))), "LW-DSX-003"),
        (document(record('<ItemData ItemOID="A"/>')), "LW-DSX-004"),
        (document(record('<ItemData Value="1"/>')), "LW-DSX-004"),
        (document(), "LW-DSX-005"),
        (document(record(item("IT.STUDYID", "1"), item("IT.AE.STUDYID", "2"))), "LW-DSX-006"),
        (document(record(item("IT.AE.AESEQ", "1")), record(item("IT.AE.AESEQ", "two"))), "LW-DSX-007"),
        (document(record(item("IT.AE.AESEQ", "NaN"))), "LW-DSX-007"),
        (document(record(item("IT.AE.AESEQ", "inf"))), "LW-DSX-007"),
        (document(*(record(item(f"I{n}", "")) for n in range(10_001))), "LW-DSX-008"),
    ],
)
def test_what_is_refused(content: bytes, error_id: str) -> None:
    """With the id of its cause."""
    with pytest.raises(SourceError) as refused:
        read_dataset_xml(content, where="ae.xml")
    assert refused.value.error_id == error_id
    assert refused.value.where == "ae.xml"


def test_a_message_names_the_record_and_not_its_value() -> None:
    """Record numbers count from 1, over all batches."""
    content = document(record(item("IT.AE.AESEQ", "1")), record(item("IT.AE.AESEQ", "secret")))
    with pytest.raises(SourceError, match="record 2: AESEQ is a number in this dataset") as refused:
        read_dataset_xml(content)
    assert "secret" not in str(refused.value)


@pytest.mark.shared_data
@pytest.mark.parametrize(("name", "rows", "columns"), [("ae", 16, 18), ("dm", 5, 16)])
def test_the_public_examples(shared_data: Path, name: str, rows: int, columns: int) -> None:
    """Every value of every record, by an independent reading."""
    path = shared_data / "odm" / f"{name}.xml"
    described, frame = read_dataset_xml(path.read_bytes())
    assert (described.name, described.study_oid) == (name.upper(), "cdisc01")
    assert frame.shape == (rows, columns)
    odm = "{http://www.cdisc.org/ns/odm/v1.3}"
    for group, row in zip(
        ElementTree.parse(path).iter(f"{odm}ItemGroupData"), frame.iter_rows(named=True), strict=True
    ):
        expected = {each.attrib["ItemOID"].split(".")[-1]: each.attrib["Value"] for each in group}
        found = {key: value for key, value in row.items() if value is not None}
        assert {key: f"{value:g}" if isinstance(value, float) else value for key, value in found.items()} == expected
