"""Dataset-XML files in a delivery: alone, and with the define.xml that names their variables."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from connectors.snapshot_store import FolderSnapshotStore
from longwatch.errors import SourceError
from longwatch.standards.dataset import Variable
from tests.integration.connectors.conftest import Freeze, Reader

ODM = "{http://www.cdisc.org/ns/odm/v1.3}"
RECORDS = (
    '<ODM xmlns="http://www.cdisc.org/ns/odm/v1.3" xmlns:data="http://www.cdisc.org/ns/Dataset-XML/v1.0" '
    'FileType="Snapshot" ODMVersion="1.3.2" data:DatasetXMLVersion="1.0.0" FileOID="F" '
    'CreationDateTime="2026-01-31T09:00:00"><ClinicalData StudyOID="S" MetaDataVersionOID="M">{}</ClinicalData></ODM>'
)
DEFINE = """<ODM xmlns="http://www.cdisc.org/ns/odm/v1.3" xmlns:def="http://www.cdisc.org/ns/def/v2.0"
  FileType="Snapshot" ODMVersion="1.3.2" FileOID="D" CreationDateTime="2026-01-31T09:00:00">
<Study OID="S"><GlobalVariables><StudyName>S</StudyName><StudyDescription>S</StudyDescription>
<ProtocolName>S</ProtocolName></GlobalVariables>
<MetaDataVersion OID="M" Name="M" def:DefineVersion="2.0.0" def:StandardName="SDTM-IG" def:StandardVersion="3.2">
<ItemGroupDef OID="IG.1" Name="AE" Repeating="Yes" Purpose="Tabulation" def:Structure="One per event">
<Description><TranslatedText xml:lang="en">Adverse Events</TranslatedText></Description>
<ItemRef ItemOID="IT.1" OrderNumber="1" Mandatory="Yes"/><ItemRef ItemOID="IT.2" OrderNumber="2" Mandatory="No"/>
</ItemGroupDef>
<ItemDef OID="IT.1" Name="AETERM" DataType="text" Length="40">
<Description><TranslatedText xml:lang="en">Reported Term</TranslatedText></Description></ItemDef>
<ItemDef OID="IT.2" Name="AESEQ" DataType="integer" Length="8">
<Description><TranslatedText xml:lang="en">Sequence</TranslatedText></Description></ItemDef>
</MetaDataVersion></Study></ODM>"""


def written(path: Path, *records: dict[str, str], dataset: str = "IG.1") -> Path:
    """A Dataset-XML file of these records, item by item."""
    groups = "".join(
        f'<ItemGroupData ItemGroupOID="{dataset}" data:ItemGroupDataSeq="{number}">'
        + "".join(f'<ItemData ItemOID="{item}" Value="{value}"/>' for item, value in record.items())
        + "</ItemGroupData>"
        for number, record in enumerate(records, 1)
    )
    path.write_text(RECORDS.format(groups), encoding="utf-8")
    return path


@pytest.mark.shared_data
@pytest.mark.parametrize(("name", "dataset"), [("ae", "AE"), ("dm", "DM")])
def test_the_published_files(read: Reader, shared_data: Path, name: str, dataset: str) -> None:
    """Every value of the file, by the last part of its item's id; numbers are those of SDTM."""
    path = shared_data / "odm" / f"{name}.xml"
    found = read(path)
    groups = list(ElementTree.parse(path).iter(f"{ODM}ItemGroupData"))
    assert (found.result.dataset, found.result.rows) == (dataset, len(groups))
    for group, row in zip(groups, found.frame.iter_rows(named=True), strict=True):
        given = {item.attrib["ItemOID"].rpartition(".")[2]: item.attrib["Value"] for item in group}
        assert given.keys() <= row.keys()
        for variable, value in row.items():
            expected = given.get(variable)
            if found.types()[variable] == "number":
                assert value == (None if expected is None else float(expected))
            else:
                assert value == (None if expected is None else expected.rstrip(" "))


def test_a_define_beside_gives_names_labels_and_types(
    freeze: Freeze, store: FolderSnapshotStore, tmp_path: Path
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "define.xml").write_text(DEFINE)
    written(folder / "ae.xml", {"IT.2": "1", "IT.1": "Fièvre  "}, {"IT.1": ""})
    snapshot = freeze(folder)
    assert [(file.name, file.dataset, file.rows) for file in snapshot.files] == [
        ("ae.xml", "AE", 2), ("define.xml", None, None),
    ]  # fmt: skip
    dataset = store.open(snapshot.id).datasets["AE"]
    assert dataset.label == "Adverse Events"
    assert dataset.variables == (
        Variable("AETERM", "Reported Term", "text", 40), Variable("AESEQ", "Sequence", "number", 8),
    )  # fmt: skip
    assert dataset.frame.collect().rows() == [("Fièvre", 1.0), ("", None)]


def test_without_it_the_ids_give_names(read: Reader, tmp_path: Path) -> None:
    found = read(written(tmp_path / "ae.xml", {"IT.AE.AETERM": "Fever", "IT.AE.AESEQ": "2"}, dataset="IG.AE"))
    assert found.types() == {"AETERM": "text", "AESEQ": "number"}
    assert found.frame.rows() == [("Fever", 2.0)]


@pytest.mark.parametrize(
    ("content", "error_id"),
    [
        (RECORDS.format(""), "LW-DSX-005"),
        (DEFINE, "LW-DSX-001"),
        ("<root/>", "LW-ODM-001"),
        ('<!DOCTYPE a [<!ENTITY b "c">]>' + RECORDS.format("&b;"), "LW-XML"),
        (RECORDS.format("")[:100], "LW-XML"),
    ],
)
def test_another_kind_of_xml_is_refused(read: Reader, tmp_path: Path, content: str, error_id: str) -> None:
    (tmp_path / "ae.xml").write_text(content)
    with pytest.raises(SourceError, match=rf"{error_id}.*: ae\.xml"):
        read(tmp_path / "ae.xml")
