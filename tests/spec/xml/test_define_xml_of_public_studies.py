"""The define.xml files of the public pilot study: everything in them is in the Define, by an independent count."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from longwatch.standards.define_model import Define
from longwatch.standards.define_xml import parse_define

pytestmark = pytest.mark.shared_data

FILES = {
    "cdiscpilot01/sdtm/define.xml": ("v1.2", "v1.0"),
    "cdiscpilot01/adam/define.xml": ("v1.2", "v1.0"),
    "dataset-json/define_adam_2.1.xml": ("v1.3", "v2.1"),
}


class Counted:
    """A define.xml as the standard library's tree sees it."""

    def __init__(self, path: Path, odm: str, define: str) -> None:
        self.root = ElementTree.parse(path).getroot()
        self.names = {"o": f"http://www.cdisc.org/ns/odm/{odm}", "d": f"http://www.cdisc.org/ns/def/{define}"}
        self.metadata = self.find(self.root, "o:Study/o:MetaDataVersion")[0]

    def find(self, element: ElementTree.Element, path: str) -> list[ElementTree.Element]:
        return element.findall(path, self.names)

    def count(self, path: str) -> int:
        return len(self.find(self.metadata, path))

    def define_attribute(self, element: ElementTree.Element, name: str) -> str:
        return element.get(f"{{{self.names['d']}}}{name}", "")


@pytest.fixture(params=FILES)
def pair(request: pytest.FixtureRequest, shared_data: Path) -> tuple[Define, Counted]:
    path = shared_data / request.param
    return parse_define(path.read_bytes(), request.param), Counted(path, *FILES[request.param])


def test_everything_is_counted(pair: tuple[Define, Counted]) -> None:
    """Datasets, variables, value-level items, codelists, terms, methods, comments, standards; no contradictions."""
    define, counted = pair
    terms = counted.count("o:CodeList/o:CodeListItem") + counted.count("o:CodeList/o:EnumeratedItem")
    standards = counted.count("d:Standards/d:Standard") or 1
    assert {
        "datasets": len(define.datasets),
        "variables": sum(len(each.variables) for each in define.datasets),
        "value lists": len(define.value_lists),
        "value items": sum(len(each.items) for each in define.value_lists.values()),
        "clauses": sum(len(item.where) for each in define.value_lists.values() for item in each.items),
        "codelists": len(define.codelists),
        "terms": sum(len(each.terms) for each in define.codelists.values()),
        "methods": len(define.methods),
        "comments": len(define.comments),
        "standards": len(define.standards),
        "problems": len(define.problems),
    } == {
        "datasets": counted.count("o:ItemGroupDef"),
        "variables": counted.count("o:ItemGroupDef/o:ItemRef"),
        "value lists": counted.count("d:ValueListDef"),
        "value items": counted.count("d:ValueListDef/o:ItemRef"),
        "clauses": counted.count("d:ValueListDef/o:ItemRef/d:WhereClauseRef"),
        "codelists": counted.count("o:CodeList"),
        "terms": terms,
        "methods": counted.count("o:MethodDef") + counted.count("d:ComputationMethod"),
        "comments": counted.count("d:CommentDef"),
        "standards": standards,
        "problems": 0,
    }


def test_every_variable_of_every_dataset(pair: tuple[Define, Counted]) -> None:
    """Name, type, length, format, label, mandatory, order, key, role and codelist, one by one."""
    define, counted = pair
    items = {each.get("OID"): each for each in counted.find(counted.metadata, "o:ItemDef")}
    groups = counted.find(counted.metadata, "o:ItemGroupDef")
    for dataset, group in zip(define.datasets, groups, strict=True):
        assert dataset.name == group.get("Name")
        for variable, reference in zip(dataset.variables, counted.find(group, "o:ItemRef"), strict=True):
            item = items[reference.get("ItemOID")]
            texts = counted.find(item, "o:Description/o:TranslatedText")
            label = counted.define_attribute(item, "Label") or (texts[0].text if texts else "")
            codelists = [each.get("CodeListOID") for each in counted.find(item, "o:CodeListRef")]
            expected = (
                item.get("Name"), item.get("DataType"), item.get("Length"), label,
                counted.define_attribute(item, "DisplayFormat"), reference.get("Mandatory") == "Yes",
                reference.get("OrderNumber"), reference.get("KeySequence"), reference.get("Role", ""), codelists,
            )  # fmt: skip
            assert (
                variable.name, variable.data_type, None if variable.length is None else str(variable.length),
                variable.label, variable.display_format, variable.mandatory, str(variable.order),
                None if variable.key_sequence is None else str(variable.key_sequence), variable.role,
                [variable.codelist] if variable.codelist else [],
            ) == expected  # fmt: skip


def test_every_term(pair: tuple[Define, Counted]) -> None:
    """Value and decode, one by one, in the file's order."""
    define, counted = pair
    for codelist, element in zip(define.codelists.values(), counted.find(counted.metadata, "o:CodeList"), strict=True):
        expected = []
        for term in element:
            if term.get("CodedValue") is not None:
                decodes = counted.find(term, "o:Decode/o:TranslatedText")
                expected.append((term.get("CodedValue"), (decodes[0].text or "").strip() if decodes else ""))
        assert [(term.value, term.decode) for term in codelist.terms] == expected


def test_the_facts_that_a_reader_would_look_up(shared_data: Path) -> None:
    """Read off the files by eye."""
    sdtm = parse_define((shared_data / "cdiscpilot01/sdtm/define.xml").read_bytes())
    adam = parse_define((shared_data / "dataset-json/define_adam_2.1.xml").read_bytes())
    assert (sdtm.version, sdtm.study_name, sdtm.standards[0].name, sdtm.standards[0].version) == (
        "1.0.0",
        "CDISCPILOT01",
        "CDISC SDTM",
        "3.1.2",
    )
    assert sdtm.dictionaries == (("MEDDRA", "8.0"), ("WHODRUG", "200604"))
    ae = sdtm.dataset("AE")
    assert ae is not None
    assert ae.keys == ("STUDYID", "USUBJID", "AETERM", "AESTDTC", "AESEQ")
    assert (ae.label, ae.dataset_class, ae.file) == ("Adverse Events", "Events", "ae.xpt")
    adsl = adam.dataset("ADSL")
    assert adsl is not None
    assert (adsl.keys, adsl.structure, adsl.standard) == (("USUBJID",), "one record per subject", "STD.ADaMIG 1.1")
    assert [(each.name, each.version, each.type, each.publishing_set) for each in adam.standards] == [
        ("ADaMIG", "1.1", "IG", ""),
        ("CDISC/NCI", "2020-12-18", "CT", "ADaM"),
        ("CDISC/NCI", "2020-12-18", "CT", "SDTM"),
        ("CDISC/NCI", "2020-12-18", "CT", "DEFINE-XML"),
    ]
    trtsdt = adsl.variable("TRTSDT")
    assert trtsdt is not None
    assert adam.methods[trtsdt.method].type == "Computation"


def test_every_dataset_beside_its_define_is_described(shared_data: Path) -> None:
    """Rule ST03 on the pilot's SDTM: the variables as pyreadstat names them; nothing is missing."""
    import pyreadstat

    define = parse_define((shared_data / "cdiscpilot01/sdtm/define.xml").read_bytes())
    missing = []
    for path in sorted((shared_data / "cdiscpilot01/sdtm").glob("*.xpt")):
        _, metadata = pyreadstat.read_xport(str(path), metadataonly=True)
        missing += define.describes(path.stem.upper(), metadata.column_names)
    assert missing == []
