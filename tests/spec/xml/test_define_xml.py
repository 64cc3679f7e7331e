"""define.xml 1.0, 2.0 and 2.1: the same facts, said in three ways."""

from __future__ import annotations

import pytest

from longwatch.errors import SourceError
from longwatch.standards.codelist import Term
from longwatch.standards.define_model import (
    Condition,
    Define,
    DefinedVariable,
    Method,
    Origin,
    Standard,
    ValueList,
    WhereClause,
)
from longwatch.standards.define_xml import parse_define

VERSION_1_0 = """<?xml version="1.0" encoding="ISO-8859-1"?>
<ODM xmlns="http://www.cdisc.org/ns/odm/v1.2" xmlns:def="http://www.cdisc.org/ns/def/v1.0"
     xmlns:xlink="http://www.w3.org/1999/xlink" FileType="Snapshot" CreationDateTime="2012-03-15T11:09:08">
<Study OID="S.1">
 <GlobalVariables><StudyName>ISLET-1</StudyName><StudyDescription>Islets in type 1 diabetes</StudyDescription>
  <ProtocolName>P-001</ProtocolName></GlobalVariables>
 <MetaDataVersion OID="MDV.1" Name="Data definitions" def:DefineVersion="1.0.0" def:StandardName="CDISC SDTM"
                  def:StandardVersion="3.1.2">
  <def:ComputationMethod OID="CM.DY">AESTDTC minus RFSTDTC</def:ComputationMethod>
  <def:ValueListDef OID="VL.LBTESTCD"><ItemRef ItemOID="LB.LBTESTCD.GLUC" OrderNumber="1" Mandatory="No"/>
  </def:ValueListDef>
  <ItemGroupDef OID="AE" Name="AE" Repeating="Yes" IsReferenceData="No" Purpose="Tabulation"
    def:Label="Adverse Events" def:Structure="One record per event" def:Class="Events"
    def:DomainKeys="STUDYID, USUBJID, AETERM" def:ArchiveLocationID="Location.AE" Comment="All events">
   <ItemRef ItemOID="AE.AETERM" OrderNumber="2" Mandatory="Yes" Role="TOPIC"/>
   <ItemRef ItemOID="AE.USUBJID" OrderNumber="1" Mandatory="Yes" Role="IDENTIFIER"/>
   <ItemRef ItemOID="AE.AESTDY" OrderNumber="3" Mandatory="No" Role="TIMING"/>
   <def:leaf ID="Location.AE" xlink:href="ae.xpt"><def:title>ae.xpt</def:title></def:leaf>
  </ItemGroupDef>
  <ItemGroupDef OID="LB" Name="LB" Repeating="Yes" IsReferenceData="No" def:Label="Laboratory">
   <ItemRef ItemOID="LB.LBTESTCD" OrderNumber="1" Mandatory="Yes"/>
  </ItemGroupDef>
  <ItemDef OID="AE.USUBJID" Name="USUBJID" DataType="text" Length="11" Origin="CRF Page 7" Comment=" "
           def:Label="Unique Subject Identifier"/>
  <ItemDef OID="AE.AETERM" Name="AETERM" DataType="text" Length="200" Origin="CRF Page 30" Comment="Verbatim"
           def:Label="Reported Term"><CodeListRef CodeListOID="AEDICT"/></ItemDef>
  <ItemDef OID="AE.AESTDY" Name="AESTDY" DataType="integer" Length="8" Origin="Derived" def:Label="Study Day"
           def:DisplayFormat="8." def:ComputationMethodOID="CM.DY"/>
  <ItemDef OID="LB.LBTESTCD" Name="LBTESTCD" DataType="text" Length="8" Origin="eDT" def:Label="Test">
   <def:ValueListRef ValueListOID="VL.LBTESTCD"/></ItemDef>
  <ItemDef OID="LB.LBTESTCD.GLUC" Name="GLUC" DataType="float" Length="8" SignificantDigits="2" Origin="eDT"
           def:Label="Glucose"/>
  <CodeList OID="SEV" Name="Severity" DataType="text">
   <CodeListItem CodedValue="MILD" def:Rank="1"><Decode><TranslatedText xml:lang="en">Grade 1</TranslatedText></Decode>
   </CodeListItem>
   <CodeListItem CodedValue="SEVERE" def:Rank="2.5"><Decode><TranslatedText>Grade 3</TranslatedText></Decode>
   </CodeListItem>
  </CodeList>
  <CodeList OID="AEDICT" Name="Dictionary" DataType="text"><ExternalCodeList Dictionary="MedDRA" Version="26.0"/>
  </CodeList>
 </MetaDataVersion>
</Study></ODM>"""

VERSION_2_0 = """<?xml version="1.0" encoding="UTF-8"?>
<ODM xmlns="http://www.cdisc.org/ns/odm/v1.3" xmlns:def="http://www.cdisc.org/ns/def/v2.0"
     xmlns:xlink="http://www.w3.org/1999/xlink" FileType="Snapshot" ODMVersion="1.3.2">
<Study OID="S.2">
 <GlobalVariables><StudyName>ISLET-2</StudyName><StudyDescription/><ProtocolName>P-002</ProtocolName></GlobalVariables>
 <MetaDataVersion OID="MDV.2" Name="Definitions" def:DefineVersion="2.0.0" def:StandardName="SDTM-IG"
                  def:StandardVersion="3.2">
  <def:ValueListDef OID="VL.LB.LBORRES">
   <ItemRef ItemOID="IT.LB.LBORRES.GLUC" OrderNumber="1" Mandatory="No" MethodOID="MT.ROUND">
    <def:WhereClauseRef WhereClauseOID="WC.GLUC"/></ItemRef>
  </def:ValueListDef>
  <def:WhereClauseDef OID="WC.GLUC">
   <RangeCheck SoftHard="Soft" def:ItemOID="IT.LB.LBTESTCD" Comparator="IN"><CheckValue>GLUC</CheckValue>
    <CheckValue>GLUCPE</CheckValue></RangeCheck>
   <RangeCheck SoftHard="Soft" def:ItemOID="IT.LB.LBSPEC" Comparator="EQ"><CheckValue>BLOOD</CheckValue></RangeCheck>
  </def:WhereClauseDef>
  <ItemGroupDef OID="IG.LBCH" Domain="LB" Name="LBCH" Repeating="Yes" IsReferenceData="No" SASDatasetName="LBCH"
    Purpose="Tabulation" def:Structure="One record per test" def:Class="FINDINGS" def:CommentOID="COM.LB"
    def:ArchiveLocationID="LF.LBCH">
   <Description><TranslatedText xml:lang="ja">臨床検査</TranslatedText>
    <TranslatedText xml:lang="en">Laboratory, chemistry</TranslatedText></Description>
   <ItemRef ItemOID="IT.USUBJID" OrderNumber="1" Mandatory="Yes" KeySequence="1" Role="Identifier"/>
   <ItemRef ItemOID="IT.LB.LBTESTCD" OrderNumber="2" Mandatory="Yes" KeySequence="3"/>
   <ItemRef ItemOID="IT.LB.LBSPEC" OrderNumber="3" Mandatory="No"/>
   <ItemRef ItemOID="IT.LB.LBORRES" OrderNumber="4" Mandatory="No"/>
   <ItemRef ItemOID="IT.LB.LBDTC" OrderNumber="5" Mandatory="No" KeySequence="2"/>
   <def:leaf ID="LF.LBCH" xlink:href="lbch.xpt"><def:title>lbch.xpt</def:title></def:leaf>
  </ItemGroupDef>
  <ItemGroupDef OID="IG.AE" Domain="AE" Name="AE" Repeating="Yes" IsReferenceData="No" def:Class="EVENTS">
   <Description><TranslatedText>Adverse Events</TranslatedText></Description>
   <ItemRef ItemOID="IT.USUBJID" OrderNumber="1" Mandatory="Yes" KeySequence="1"/>
  </ItemGroupDef>
  <ItemDef OID="IT.USUBJID" Name="USUBJID" DataType="text" Length="20" SASFieldName="USUBJID">
   <Description><TranslatedText>Unique Subject Identifier</TranslatedText></Description>
   <def:Origin Type="Derived"/></ItemDef>
  <ItemDef OID="IT.LB.LBTESTCD" Name="LBTESTCD" DataType="text" Length="8">
   <Description><TranslatedText>Test</TranslatedText></Description><CodeListRef CodeListOID="CL.LBTESTCD"/></ItemDef>
  <ItemDef OID="IT.LB.LBSPEC" Name="LBSPEC" DataType="text" Length="10"/>
  <ItemDef OID="IT.LB.LBORRES" Name="LBORRES" DataType="text" Length="12" def:CommentOID="COM.ORRES">
   <def:Origin Type="CRF"><def:DocumentRef leafID="LF.acrf">
    <def:PDFPageRef PageRefs="12 14" Type="PhysicalRef"/></def:DocumentRef></def:Origin>
   <def:ValueListRef ValueListOID="VL.LB.LBORRES"/></ItemDef>
  <ItemDef OID="IT.LB.LBORRES.GLUC" Name="LBORRES" DataType="float" Length="5" SignificantDigits="1"
           def:DisplayFormat="5.1"/>
  <ItemDef OID="IT.LB.LBDTC" Name="LBDTC" DataType="partialDatetime"/>
  <CodeList OID="CL.LBTESTCD" Name="Laboratory Test Code" DataType="text">
   <EnumeratedItem CodedValue="GLUC" OrderNumber="1"><Alias Name="C105585" Context="nci:ExtCodeID"/></EnumeratedItem>
   <EnumeratedItem CodedValue="GLUCPE" OrderNumber="2" def:ExtendedValue="Yes"/>
   <Alias Name="C65047" Context="nci:ExtCodeID"/></CodeList>
  <MethodDef OID="MT.ROUND" Name="Rounding" Type="Computation">
   <Description><TranslatedText>Rounded to one decimal</TranslatedText></Description>
   <FormalExpression Context="SAS">round(x, 0.1)</FormalExpression></MethodDef>
  <def:CommentDef OID="COM.LB">
   <Description><TranslatedText>Split from LB</TranslatedText></Description></def:CommentDef>
  <def:CommentDef OID="COM.ORRES"><Description><TranslatedText>As reported</TranslatedText></Description>
  </def:CommentDef>
 </MetaDataVersion>
</Study></ODM>"""

VERSION_2_1 = """<ODM xmlns="http://www.cdisc.org/ns/odm/v1.3" xmlns:def="http://www.cdisc.org/ns/def/v2.1"
     FileType="Snapshot" ODMVersion="1.3.2" def:Context="Submission">
<Study OID="S.3"><GlobalVariables><StudyName>ISLET-3</StudyName></GlobalVariables>
 <MetaDataVersion OID="MDV.3" Name="Definitions" def:DefineVersion="2.1.5">
  <def:Standards>
   <def:Standard OID="STD.1" Name="SDTMIG" Type="IG" Version="3.4" Status="Final"/>
   <def:Standard OID="STD.2" Name="CDISC/NCI" Type="CT" PublishingSet="SDTM" Version="2023-12-15" Status="Final"/>
  </def:Standards>
  <ItemGroupDef OID="IG.ADLB" Name="ADLB" Repeating="Yes" IsReferenceData="No" def:StandardOID="STD.1"
    def:HasNoData="Yes">
   <Description><TranslatedText>Laboratory analysis</TranslatedText></Description>
   <ItemRef ItemOID="IT.ADLB.ADT" Mandatory="Yes"/>
   <ItemRef ItemOID="IT.ADLB.USUBJID" Mandatory="Yes"/>
   <def:Class Name="BASIC DATA STRUCTURE"><def:SubClass Name="TIME-TO-EVENT"/></def:Class>
  </ItemGroupDef>
  <ItemDef OID="IT.ADLB.ADT" Name="ADT" DataType="integer" def:DisplayFormat="DATE9.">
   <def:Origin Type="Derived" Source="Sponsor"><Description><TranslatedText>from LBDTC</TranslatedText></Description>
   </def:Origin></ItemDef>
  <ItemDef OID="IT.ADLB.USUBJID" Name="USUBJID" DataType="text">
   <def:Origin Type="Predecessor"><Description><TranslatedText>ADSL.USUBJID</TranslatedText></Description></def:Origin>
   <def:Origin Type="Collected" Source="Investigator"/></ItemDef>
  <CodeList OID="CL.NY" Name="No Yes" DataType="text" def:StandardOID="STD.2"/>
  <CodeList OID="CL.OWN" Name="Graft outcome" DataType="text" def:IsNonStandard="Yes"/>
 </MetaDataVersion>
</Study></ODM>"""


@pytest.fixture(scope="module")
def v1() -> Define:
    return parse_define(VERSION_1_0.encode("latin-1"))


@pytest.fixture(scope="module")
def v2() -> Define:
    return parse_define(VERSION_2_0.encode())


@pytest.fixture(scope="module")
def v21() -> Define:
    return parse_define(VERSION_2_1.encode())


def test_the_study_and_its_standards(v1: Define, v2: Define, v21: Define) -> None:
    """In 1.0 and 2.0 one standard, as attributes; in 2.1 each, with its type."""
    assert [
        (each.version, each.study_name, each.study_oid, each.protocol_name, each.metadata_oid) for each in (v1, v2, v21)
    ] == [
        ("1.0.0", "ISLET-1", "S.1", "P-001", "MDV.1"),
        ("2.0.0", "ISLET-2", "S.2", "P-002", "MDV.2"),
        ("2.1.5", "ISLET-3", "S.3", "", "MDV.3"),
    ]
    assert (v1.study_description, v1.created, v21.context) == (
        "Islets in type 1 diabetes",
        "2012-03-15T11:09:08",
        "Submission",
    )
    assert v1.standards == (Standard("CDISC SDTM", "3.1.2"),)
    assert v2.standards == (Standard("SDTM-IG", "3.2"),)
    assert v21.standards == (
        Standard("SDTMIG", "3.4", "IG", "Final", "", "STD.1"),
        Standard("CDISC/NCI", "2023-12-15", "CT", "Final", "SDTM", "STD.2"),
    )


def test_a_dataset(v1: Define, v2: Define, v21: Define) -> None:
    """Name, domain (stated from 2.0 on), label (English where there are several), class, structure, file, comment."""
    facts = [
        (each.name, each.domain, each.label, each.dataset_class, each.structure, each.file, each.comment)
        for each in (v1.datasets[0], v2.datasets[0], v21.datasets[0])
    ]
    assert facts == [
        ("AE", "", "Adverse Events", "Events", "One record per event", "ae.xpt", "All events"),
        ("LBCH", "LB", "Laboratory, chemistry", "FINDINGS", "One record per test", "lbch.xpt", "Split from LB"),
        ("ADLB", "", "Laboratory analysis", "BASIC DATA STRUCTURE", "", "", ""),
    ]
    adlb = v21.datasets[0]
    assert (adlb.subclasses, adlb.standard, adlb.has_no_data) == (("TIME-TO-EVENT",), "STD.1", True)
    ae = v1.datasets[0]
    assert (ae.repeating, ae.reference_data, ae.purpose, ae.has_no_data) == (True, False, "Tabulation", False)


def test_the_keys_in_their_order(v1: Define, v2: Define, v21: Define) -> None:
    """1.0 lists them; later versions number them, and the number is not the place in the dataset. None stated: none."""
    assert v1.datasets[0].keys == ("STUDYID", "USUBJID", "AETERM")
    assert v2.datasets[0].keys == ("USUBJID", "LBDTC", "LBTESTCD")
    assert v21.datasets[0].keys == ()


def test_the_variables_in_their_order(v1: Define, v2: Define, v21: Define) -> None:
    """By OrderNumber; without any, as they stand in the file."""
    assert [[each.name for each in define.datasets[0].variables] for define in (v1, v2, v21)] == [
        ["USUBJID", "AETERM", "AESTDY"],
        ["USUBJID", "LBTESTCD", "LBSPEC", "LBORRES", "LBDTC"],
        ["ADT", "USUBJID"],
    ]


def test_a_variable_in_1_0(v1: Define) -> None:
    """Origin and comment are attributes; the method is named by the variable; a blank comment is none."""
    ae = v1.datasets[0]
    assert ae.variables == (
        DefinedVariable(
            "AE.USUBJID", "USUBJID", "Unique Subject Identifier", "text", 11, mandatory=True, order=1,
            role="IDENTIFIER", origins=(Origin("CRF Page 7"),),
        ),
        DefinedVariable(
            "AE.AETERM", "AETERM", "Reported Term", "text", 200, mandatory=True, order=2, role="TOPIC",
            codelist="AEDICT", origins=(Origin("CRF Page 30"),), comment="Verbatim",
        ),
        DefinedVariable(
            "AE.AESTDY", "AESTDY", "Study Day", "integer", 8, display_format="8.", order=3, role="TIMING",
            method="CM.DY", origins=(Origin("Derived"),),
        ),
    )  # fmt: skip
    assert [each.is_number for each in ae.variables] == [False, False, True]
    assert v1.methods == {"CM.DY": Method("CM.DY", text="AESTDTC minus RFSTDTC")}


def test_a_variable_in_2_0_and_2_1(v2: Define, v21: Define) -> None:
    """Origins are elements, with pages or a predecessor; a comment is named and its text resolved. One ItemDef may
    serve several datasets."""
    lborres = v2.datasets[0].variable("LBORRES")
    assert lborres == DefinedVariable(
        "IT.LB.LBORRES", "LBORRES", "", "text", 12, order=4, value_list="VL.LB.LBORRES",
        origins=(Origin("CRF", pages="12 14"),), comment="As reported", comment_id="COM.ORRES",
    )  # fmt: skip
    assert [each.variables[0].label for each in v2.datasets] == ["Unique Subject Identifier"] * 2
    assert [each.origins for each in v21.datasets[0].variables] == [
        (Origin("Derived", "Sponsor", "from LBDTC"),),
        (Origin("Predecessor", "", "ADSL.USUBJID"), Origin("Collected", "Investigator")),
    ]
    assert v2.methods == {
        "MT.ROUND": Method("MT.ROUND", "Rounding", "Computation", "Rounded to one decimal", ("round(x, 0.1)",))
    }


def test_codelists(v1: Define, v2: Define, v21: Define) -> None:
    """Terms with decode, order, rank, NCI code, and whether the sponsor added them; or a dictionary with its version.
    Whether a list is extensible is said by none of these files."""
    assert v1.codelists["SEV"].terms == (Term("MILD", "Grade 1", rank=1.0), Term("SEVERE", "Grade 3", rank=2.5))
    assert v2.codelists["CL.LBTESTCD"].terms == (
        Term("GLUC", order=1, code="C105585"),
        Term("GLUCPE", order=2, extended=True),
    )
    assert (v2.codelists["CL.LBTESTCD"].code, v2.codelists["CL.LBTESTCD"].extended) == ("C65047", True)
    assert (v1.codelists["SEV"].extended, v1.codelists["SEV"].extensible) == (False, None)
    assert [(each.non_standard, each.standard) for each in v21.codelists.values()] == [(False, "STD.2"), (True, "")]
    assert v1.dictionaries == (("MedDRA", "26.0"),)
    assert v2.dictionaries == ()


def test_value_level(v1: Define, v2: Define) -> None:
    """From 2.0 on each item says for which records it holds; in 1.0 its name is the value."""
    first = v1.value_lists["VL.LBTESTCD"].items[0]
    assert (first.variable.name, first.variable.significant_digits, first.where) == ("GLUC", 2, ())
    assert v2.value_lists.keys() == {"VL.LB.LBORRES"}
    value_list = v2.value_lists["VL.LB.LBORRES"]
    assert isinstance(value_list, ValueList)
    item = value_list.items[0]
    assert (item.variable.data_type, item.variable.display_format, item.variable.method) == ("float", "5.1", "MT.ROUND")
    assert item.where == (
        WhereClause(
            "WC.GLUC",
            (
                Condition("IT.LB.LBTESTCD", "LBCH", "LBTESTCD", "IN", ("GLUC", "GLUCPE")),
                Condition("IT.LB.LBSPEC", "LBCH", "LBSPEC", "EQ", ("BLOOD",)),
            ),
        ),
    )


def test_what_is_present_but_not_described(v1: Define) -> None:
    """Rule ST03: a dataset that is not described is named alone; in a described one, each variable that is not."""
    assert v1.describes("AE", ["USUBJID", "AETERM", "AESTDY"]) == ()
    assert v1.describes("AE", ["AETERM", "AEXX", "USUBJID", "AEYY"]) == ("AE.AEXX", "AE.AEYY")
    assert v1.describes("CM", ["USUBJID"]) == ("CM",)
    assert v1.describes("AE", []) == ()


BROKEN_REFERENCES = """<ODM xmlns="http://www.cdisc.org/ns/odm/v1.3" xmlns:def="http://www.cdisc.org/ns/def/v2.0">
<Study OID="S"><MetaDataVersion OID="M" def:DefineVersion="2.0.0">
<ItemGroupDef OID="IG.AE" Name="AE" def:CommentOID="COM.X">
<ItemRef ItemOID="IT.A" OrderNumber="one" MethodOID="MT.X"/>
<ItemRef ItemOID="IT.X"/>
</ItemGroupDef>
<ItemGroupDef OID="IG.AE" Name="AE2"/>
<ItemDef OID="IT.A" Name="A" Length="12x"><CodeListRef CodeListOID="CL.X"/></ItemDef>
<ItemDef OID="IT.A" Name="B"/>
<CodeList OID="CL.A"><CodeListItem CodedValue="1" Rank="first"/></CodeList>
<def:ValueListDef OID="VL.A"><ItemRef ItemOID="IT.A"><def:WhereClauseRef WhereClauseOID="WC.X"/></ItemRef>
</def:ValueListDef>
<def:WhereClauseDef OID="WC.A"><RangeCheck def:ItemOID="IT.X" Comparator="EQ"/></def:WhereClauseDef>
</MetaDataVersion></Study></ODM>"""


def test_contradictions_are_problems_by_line_and_the_rest_is_read() -> None:
    """An id that leads nowhere, one given twice (the first counts), a number that is none."""
    define = parse_define(BROKEN_REFERENCES.encode())
    assert [(each.line, each.what) for each in define.problems] == [
        (3, "ItemGroupDef IG.AE names def:CommentDef COM.X, which is not defined"),
        (4, "ItemRef IT.A names method MT.X, which is not defined"),
        (4, "OrderNumber of ItemRef IT.A is not a whole number"),
        (5, "ItemRef IT.X names ItemDef IT.X, which is not defined"),
        (7, "ItemGroupDef IG.AE is defined twice"),
        (8, "Length of ItemDef IT.A is not a whole number"),
        (8, "ItemDef IT.A names CodeList CL.X, which is not defined"),
        (9, "ItemDef IT.A is defined twice"),
        (10, "Rank of CodeListItem 1 is not a number"),
        (11, "ItemRef IT.A names def:WhereClauseDef WC.X, which is not defined"),
        (13, "def:WhereClauseDef WC.A names the variable IT.X, which is not defined"),
    ]
    assert [(each.name, [variable.name for variable in each.variables]) for each in define.datasets] == [("AE", ["A"])]


@pytest.mark.parametrize(
    ("document", "error_id"),
    [
        ("<html/>", "LW-ODM-001"),
        ('<ODM xmlns="http://www.cdisc.org/ns/odm/v2.0"/>', "LW-ODM-001"),
        ("<ODM/>", "LW-DEF-001"),
        ("<ODM><ClinicalData/></ODM>", "LW-DEF-001"),
        ('<ODM><Study OID="S"><MetaDataVersion OID="M"/></Study></ODM>', "LW-DEF-001"),
        (VERSION_2_0.replace('DefineVersion="2.0.0"', 'DefineVersion="3.0"'), "LW-DEF-002"),
        (
            VERSION_2_0.replace("</Study>", '<MetaDataVersion OID="N" def:DefineVersion="2.0.0"/></Study>'),
            "LW-DEF-003",
        ),
    ],
)
def test_what_is_no_define_xml_is_refused(document: str, error_id: str) -> None:
    """XML that is not ODM, ODM that is no define.xml, a version that is not read, two descriptions in one file."""
    with pytest.raises(SourceError) as refused:
        parse_define(document.encode(), "define.xml")
    assert refused.value.error_id == error_id
