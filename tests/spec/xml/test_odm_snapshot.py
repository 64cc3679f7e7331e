"""ODM-XML 1.3.2 clinical data: every value of a snapshot with its keys, and what the file's metadata says of it."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from longwatch.errors import SourceError
from longwatch.standards import odm
from longwatch.standards.codelist import Term
from longwatch.standards.odm import LONG_SCHEMA, read_odm, read_odm_values
from longwatch.standards.odm_metadata import OdmItem, OdmItemGroup, OdmMetadata, read_odm_metadata

METADATA = """<Study OID="S.1"><GlobalVariables><StudyName>Islets</StudyName><ProtocolName>P-1</ProtocolName>
</GlobalVariables>
<BasicDefinitions><MeasurementUnit OID="MU.KG" Name="kilogram"><Symbol><TranslatedText>kg</TranslatedText></Symbol>
</MeasurementUnit></BasicDefinitions>
<MetaDataVersion OID="V.1" Name="one"><Protocol><StudyEventRef StudyEventOID="SE.1" Mandatory="Yes"/></Protocol>
<StudyEventDef OID="SE.1" Name="Screening" Repeating="No" Type="Scheduled"/>
<FormDef OID="F.VS" Name="Vital signs" Repeating="No"/>
<ItemGroupDef OID="IG.VS" Name="Measurements" Repeating="Yes" Domain="VS"><ItemRef ItemOID="I.WEIGHT" Mandatory="No"/>
<ItemRef ItemOID="I.POS" Mandatory="No"/></ItemGroupDef>
<ItemDef OID="I.WEIGHT" Name="Weight" DataType="float" Length="5" SASFieldName="WEIGHT" SDSVarName="VSORRES">
<Description><TranslatedText>Body weight</TranslatedText></Description>
<Question><TranslatedText xml:lang="ja">体重</TranslatedText><TranslatedText xml:lang="en">Weight?</TranslatedText>
</Question><MeasurementUnitRef MeasurementUnitOID="MU.KG"/><Alias Context="SDTM" Name="VSORRES"/></ItemDef>
<ItemDef OID="I.POS" Name="Position" DataType="text"><CodeListRef CodeListOID="CL.POS"/></ItemDef>
<CodeList OID="CL.POS" Name="Position" DataType="text"><CodeListItem CodedValue="1"><Decode>
<TranslatedText>SITTING</TranslatedText></Decode></CodeListItem></CodeList>
</MetaDataVersion></Study>
<AdminData StudyOID="S.1"><Location OID="L.1" Name="Basel" LocationType="Site"/></AdminData>"""

CLINICAL = """<ClinicalData StudyOID="S.1" MetaDataVersionOID="V.1">
<SubjectData SubjectKey="001"><SiteRef LocationOID="L.1"/>
 <StudyEventData StudyEventOID="SE.1" StudyEventRepeatKey="1">
  <FormData FormOID="F.VS">
   <ItemGroupData ItemGroupOID="IG.VS" ItemGroupRepeatKey="1">
    <AuditRecord><UserRef UserOID="U"/><LocationRef LocationOID="L.9"/><DateTimeStamp>2026-01-01</DateTimeStamp>
    </AuditRecord>
    <ItemData ItemOID="I.WEIGHT" Value="71.50"><MeasurementUnitRef MeasurementUnitOID="MU.KG"/></ItemData>
    <ItemData ItemOID="I.POS" Value=" 1 "/>
   </ItemGroupData>
   <ItemGroupData ItemGroupOID="IG.VS" ItemGroupRepeatKey="2">
    <ItemDataFloat ItemOID="I.WEIGHT">72</ItemDataFloat>
    <ItemData ItemOID="I.POS" IsNull="Yes"/>
   </ItemGroupData>
   <ItemGroupData ItemGroupOID="IG.VS" ItemGroupRepeatKey="3"/>
  </FormData>
 </StudyEventData>
</SubjectData>
<SubjectData SubjectKey="002" TransactionType="Insert">
 <StudyEventData StudyEventOID="SE.2"><FormData FormOID="F.AE" FormRepeatKey="4"><ItemGroupData ItemGroupOID="IG.AE">
  <ItemData ItemOID="I.TERM" Value="頭痛"/></ItemGroupData></FormData></StudyEventData>
</SubjectData></ClinicalData>"""

REFERENCE = """<ReferenceData StudyOID="S.1" MetaDataVersionOID="V.1"><ItemGroupData ItemGroupOID="IG.RANGES">
<ItemData ItemOID="I.LOW" Value="3"/></ItemGroupData></ReferenceData>"""


def document(*parts: str, file_type: str = "Snapshot") -> bytes:
    namespace = 'xmlns="http://www.cdisc.org/ns/odm/v1.3"'
    return f'<ODM {namespace} FileType="{file_type}" ODMVersion="1.3.2">{"".join(parts)}</ODM>'.encode()


def test_one_row_per_value_with_its_keys() -> None:
    """In the file's order; a repeat key, site or unit that is not given is null; a value that is null stays a row; an
    item group without items has none. Reference data, audit records and their locations are no values."""
    values = read_odm(document(METADATA, REFERENCE, CLINICAL, REFERENCE)).values
    assert values.schema == LONG_SCHEMA
    assert values.drop("StudyOID", "MetaDataVersionOID").rows() == [
        # subject, site, event, form, item group, item, value, unit
        ("001", "L.1", "SE.1", "1", "F.VS", None, "IG.VS", "1", "I.WEIGHT", "71.50", "MU.KG"),
        ("001", "L.1", "SE.1", "1", "F.VS", None, "IG.VS", "1", "I.POS", " 1 ", None),
        ("001", "L.1", "SE.1", "1", "F.VS", None, "IG.VS", "2", "I.WEIGHT", "72", None),
        ("001", "L.1", "SE.1", "1", "F.VS", None, "IG.VS", "2", "I.POS", None, None),
        ("002", None, "SE.2", None, "F.AE", "4", "IG.AE", None, "I.TERM", "頭痛", None),
    ]
    assert values["StudyOID"].unique().to_list() == ["S.1"]
    assert values["MetaDataVersionOID"].unique().to_list() == ["V.1"]


def test_what_the_metadata_says() -> None:
    """Names of visits, forms and sites; items with type, question, codelist, units; codelists; symbols of units."""
    metadata = read_odm(document(METADATA, CLINICAL)).metadata
    assert (metadata.study_oid, metadata.study_name, metadata.protocol_name, metadata.versions) == (
        "S.1",
        "Islets",
        "P-1",
        ("V.1",),
    )
    assert (metadata.events, metadata.forms) == ({"SE.1": "Screening"}, {"F.VS": "Vital signs"})
    assert (metadata.units, metadata.locations) == ({"MU.KG": "kg"}, {"L.1": "Basel"})
    assert metadata.item_groups == {"IG.VS": OdmItemGroup("IG.VS", "Measurements", "VS", True, ("I.WEIGHT", "I.POS"))}
    assert metadata.items["I.WEIGHT"] == OdmItem(
        "I.WEIGHT", "Weight", "float", 5, "Weight?", "Body weight", "", ("MU.KG",), "WEIGHT", "VSORRES",
        (("SDTM", "VSORRES"),),
    )  # fmt: skip
    assert metadata.items["I.POS"].codelist == "CL.POS"
    assert metadata.codelists["CL.POS"].terms == (Term("1", "SITTING"),)


def test_a_file_of_data_alone_has_no_names() -> None:
    """The metadata may be in another file."""
    assert read_odm(document(CLINICAL)).metadata == OdmMetadata()
    assert read_odm(document(METADATA)).values.rows() == []


def test_of_two_versions_the_later_counts() -> None:
    """After an amendment a file may hold both descriptions of an item."""
    second = METADATA.replace('OID="V.1"', 'OID="V.2"').replace('Name="Weight"', 'Name="Weight, fasting"')
    metadata = read_odm_metadata(document(METADATA, second))
    assert metadata.versions == ("V.1", "V.2")
    assert metadata.items["I.WEIGHT"].name == "Weight, fasting"


def test_values_come_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of any size is read with the memory of one batch."""
    monkeypatch.setattr(odm, "_BATCH_VALUES", 2)
    batches = list(read_odm_values(io.BytesIO(document(METADATA, CLINICAL))))
    assert [batch.height for batch in batches] == [2, 2, 1]


ITEM = '<ItemData ItemOID="I.POS"'


@pytest.mark.parametrize(
    ("content", "error_id"),
    [
        (b"<html/>", "LW-ODM-001"),
        (document(CLINICAL, file_type="Transactional"), "LW-ODM-002"),
        (document(CLINICAL).replace(b'FileType="Snapshot"', b""), "LW-ODM-002"),
        (document(CLINICAL.replace('"Insert"', '"Update"')), "LW-ODM-003"),
        (document(CLINICAL.replace('"Insert"', '"Upsert"')), "LW-ODM-003"),
        (document(CLINICAL.replace('"Insert"', '"Context"')), "LW-ODM-003"),
        (document(CLINICAL.replace(ITEM, f'{ITEM} TransactionType="Remove"')), "LW-ODM-003"),
        (document(CLINICAL.replace("<FormData ", '<FormData TransactionType="Update" ')), "LW-ODM-003"),
        (document(CLINICAL.replace('SubjectKey="002"', "")), "LW-ODM-004"),
        (document(CLINICAL.replace('FormOID="F.AE"', 'FormOID=""')), "LW-ODM-004"),
        (document(CLINICAL.replace('ItemOID="I.TERM"', "")), "LW-ODM-004"),
        (document(CLINICAL.replace('<FormData FormOID="F.VS">', "").replace("</FormData>", "", 1)), "LW-ODM-004"),
        (
            document(CLINICAL).replace(
                b"<ODM ", b'<ODM xmlns:d="http://www.cdisc.org/ns/Dataset-XML/v1.0" d:DatasetXMLVersion="1.0.0" '
            ),
            "LW-ODM-005",
        ),
    ],
)
def test_what_is_refused(content: bytes, error_id: str) -> None:
    """Changes are no snapshot; a record without its keys is nobody's."""
    with pytest.raises(SourceError) as refused:
        read_odm(content, "export.xml")
    assert refused.value.error_id == error_id
    assert refused.value.where == "export.xml"


@pytest.mark.shared_data
@pytest.mark.parametrize(("name", "values"), [("odm-data-snapshot", 165), ("test_clinical_data_01", 10)])
def test_the_public_examples(shared_data: Path, name: str, values: int) -> None:
    """Every value with its keys, by an independent reading."""
    path = shared_data / "odm" / f"{name}.xml"
    expected = []
    ns = "{http://www.cdisc.org/ns/odm/v1.3}"
    for clinical in ElementTree.parse(path).getroot().iter(f"{ns}ClinicalData"):
        for subject in clinical.iter(f"{ns}SubjectData"):
            for event in subject.iter(f"{ns}StudyEventData"):
                for form in event.iter(f"{ns}FormData"):
                    for group in form.iter(f"{ns}ItemGroupData"):
                        expected += [
                            (
                                subject.get("SubjectKey"), event.get("StudyEventOID"),
                                event.get("StudyEventRepeatKey"), form.get("FormOID"), form.get("FormRepeatKey"),
                                group.get("ItemGroupOID"), group.get("ItemGroupRepeatKey"), item.get("ItemOID"),
                                item.get("Value"),
                            )
                            for item in group.iter(f"{ns}ItemData")
                        ]  # fmt: skip
    long = read_odm(path.read_bytes()).values
    assert long.height == values
    kept = long.drop("StudyOID", "MetaDataVersionOID", "LocationOID", "MeasurementUnitOID")
    assert kept.rows() == expected


@pytest.mark.shared_data
def test_the_names_of_the_public_snapshot(shared_data: Path) -> None:
    """Counted in the file with a text search."""
    metadata = read_odm_metadata((shared_data / "odm/odm-data-snapshot.xml").read_bytes())
    assert {
        "events": len(metadata.events), "forms": len(metadata.forms), "groups": len(metadata.item_groups),
        "items": len(metadata.items), "codelists": len(metadata.codelists), "units": len(metadata.units),
        "terms": sum(len(each.terms) for each in metadata.codelists.values()),
    } == {"events": 4, "forms": 7, "groups": 9, "items": 52, "codelists": 14, "units": 7, "terms": 52}  # fmt: skip
    assert metadata.events["SE.VISIT 2"] == "Visit 2"
    assert metadata.items["IT.RACEOTH"].question == "Other Specify:"
    assert "MU.10³/㎕" in metadata.units
