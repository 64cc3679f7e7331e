"""ODM clinical data through a study file: several datasets from one file, the raw XML frozen as it was."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
import yaml

from connectors.snapshot_store import FolderSnapshotStore
from longwatch.errors import SourceError, StudyError
from longwatch.standards.hashing import sha256_of_bytes
from longwatch.study import SourceSpec
from tests.integration.connectors.conftest import Freeze

pytestmark = pytest.mark.shared_data

NAMESPACE = "{http://www.cdisc.org/ns/odm/v1.3}"
MAPPING = yaml.safe_load("""
DM:
  item_groups: [IG.DM]
  one_row_per: subject
  label: Demographics
  variables:
    STUDYID: {text: virus}
    USUBJID: {key: SubjectKey}
    AGE: IT.AGE
    AGEU: IT.AGEU
    SEX: {item: IT.SEX, terms: {Male: M, Female: F}}
    BRTHDTC: IT.BRTHDAT
AE:
  item_groups: [IG.AE.AE_ARRAY1]
  variables:
    USUBJID: {key: SubjectKey}
    AESEQ: record number
    AESPID: IT.AESPID
    AETERM: IT.AETERM
    AETOXGR: IT.AETOXGR
    VISIT: {key: StudyEventOID, terms: {SE.VISIT 1: Visit 1}}
""")


def items(path: Path, group: str) -> list[dict[str, str]]:
    """The values of every record of an item group, as another XML reader gives them."""
    root = ElementTree.parse(path).getroot()
    return [
        {item.attrib["ItemOID"]: item.attrib["Value"] for item in record.iter(f"{NAMESPACE}ItemData")}
        for record in root.iter(f"{NAMESPACE}ItemGroupData")
        if record.attrib["ItemGroupOID"] == group
    ]


def test_two_datasets_of_the_public_snapshot(freeze: Freeze, store: FolderSnapshotStore, shared_data: Path) -> None:
    path = shared_data / "odm" / "odm-data-snapshot.xml"
    snapshot = freeze(SourceSpec(path=str(path), odm=MAPPING))
    (file,) = snapshot.files
    assert [(each.name, each.rows) for each in file.datasets] == [("AE", 20), ("DM", 2)]
    assert (file.dataset, file.rows, file.sha256) == ("AE, DM", 22, sha256_of_bytes(path.read_bytes()))
    data = store.open(snapshot.id)
    ae = data.datasets["AE"].frame.collect()
    expected = items(path, "IG.AE.AE_ARRAY1")
    assert ae["AETERM"].to_list() == [record.get("IT.AETERM") for record in expected]
    assert ae["AETOXGR"].to_list() == [record.get("IT.AETOXGR") for record in expected]
    assert set(ae["VISIT"]) == {"Visit 1"}
    dm = data.datasets["DM"]
    sexes = {"Male": "M", "Female": "F", None: None}
    assert dm.frame.collect().rows() == [
        (
            "virus",
            key,
            float(record["IT.AGE"]) if "IT.AGE" in record else None,
            record.get("IT.AGEU"),
            sexes[record.get("IT.SEX")],
            record.get("IT.BRTHDAT"),
        )
        for key, record in zip(("SS_0001", "SS_0002"), items(path, "IG.DM"), strict=True)
    ]
    assert dm.label == "Demographics"
    assert [(each.label, each.type, each.length) for each in dm.variables][2:5] == [
        ("Age:", "number", 20), ("Age Unit", "text", 20), ("Gender:", "text", 20),
    ]  # fmt: skip


def test_a_file_of_data_alone(freeze: Freeze, store: FolderSnapshotStore, shared_data: Path) -> None:
    """No metadata, two ClinicalData of two versions, no repeat keys."""
    odm = yaml.safe_load("""
    DM: {item_groups: [DM], variables: {USUBJID: USUBJID, SUBJID: {key: SubjectKey}, SEX: SEX}}
    AE: {item_groups: [AE], variables: {AETERM: AETERM, AESTDTC: AESTDTC}}
    LB: {item_groups: [LB], variables: {LBSEQ: record number, LBTESTCD: LBTESTCD, LBORRES: LBORRES}}
    """)
    snapshot = freeze(SourceSpec(path=str(shared_data / "odm" / "test_clinical_data_01.xml"), odm=odm))
    data = store.open(snapshot.id)
    assert data.datasets["DM"].frame.collect().rows() == [("101-001-001", "1000", "F")]
    assert data.datasets["AE"].frame.collect().rows() == [("Fever", "2006-08-21")]
    assert data.datasets["LB"].frame.collect().rows() == [(1.0, "ALT", "245"), (2.0, "ALT", "300")]


def test_odm_without_a_mapping_says_what_it_needs(freeze: Freeze, shared_data: Path) -> None:
    with pytest.raises(SourceError, match=r"LW-SRC-009: .*ODM with `odm:`"):
        freeze(shared_data / "odm" / "odm-data-snapshot.xml")


def test_an_id_that_the_file_does_not_define(freeze: Freeze, shared_data: Path) -> None:
    odm = {"AE": {"item_groups": ["IG.AE"], "variables": {"AETERM": "IT.AETREM"}}}
    with pytest.raises(StudyError, match=r"LW-ODM-006: .*IT\.AETREM"):
        freeze(SourceSpec(path=str(shared_data / "odm" / "odm-data-snapshot.xml"), odm=odm))


def test_dataset_xml_is_not_odm(freeze: Freeze, shared_data: Path) -> None:
    with pytest.raises(SourceError, match="LW-ODM-005"):
        freeze(SourceSpec(path=str(shared_data / "odm" / "ae.xml"), odm=MAPPING))


def test_a_made_copy_can_be_made_again(freeze: Freeze, store: FolderSnapshotStore, shared_data: Path) -> None:
    """Columns in the mapping's order, from the manifest alone."""
    import shutil

    snapshot = freeze(SourceSpec(path=str(shared_data / "odm" / "odm-data-snapshot.xml"), odm=MAPPING))
    before = store.open(snapshot.id).datasets["DM"].frame.collect()
    shutil.rmtree(store.root / "typed")
    assert store.open(snapshot.id).datasets["DM"].frame.collect().equals(before)
