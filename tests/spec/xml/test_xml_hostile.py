"""What is refused of XML, and with which id: a file from outside can waste no memory, reach no other file, and is never
read as something that it does not say."""

from __future__ import annotations

import io
import random
from collections.abc import Callable

import pytest

from longwatch.errors import SourceError
from longwatch.standards.dataset_xml import read_dataset_xml
from longwatch.standards.define_xml import parse_define
from longwatch.standards.odm import read_odm
from longwatch.standards.xml_reading import Limits, read_events

DECLARATION = b'<?xml version="1.0" encoding="UTF-8"?>\n'

BILLION_LAUGHS = (
    DECLARATION
    + b'<!DOCTYPE ODM [<!ENTITY a "ha">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9))
    + b"]>\n<ODM>&j;</ODM>"
)
QUADRATIC_BLOWUP = (
    DECLARATION + b'<!DOCTYPE ODM [<!ENTITY a "' + b"x" * 50_000 + b'">]><ODM>' + b"&a;" * 50_000 + b"</ODM>"
)
EXTERNAL_ENTITY = DECLARATION + b'<!DOCTYPE ODM [<!ENTITY x SYSTEM "file:///etc/hostname">]><ODM>&x;</ODM>'
PARAMETER_ENTITY = DECLARATION + b'<!DOCTYPE ODM [<!ENTITY % x SYSTEM "http://127.0.0.1:9/x.dtd"> %x;]><ODM/>'
EXTERNAL_DTD = DECLARATION + b'<!DOCTYPE ODM SYSTEM "http://127.0.0.1:9/odm.dtd"><ODM/>'
PUBLIC_DTD = DECLARATION + b'<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "x.dtd"><html/>'

REFUSED = {
    # A document type declaration, and all that comes with it
    "billion laughs": (BILLION_LAUGHS, "LW-XML-001"),
    "quadratic blow-up": (QUADRATIC_BLOWUP, "LW-XML-001"),
    "external entity": (EXTERNAL_ENTITY, "LW-XML-001"),
    "parameter entity": (PARAMETER_ENTITY, "LW-XML-001"),
    "external DTD": (EXTERNAL_DTD, "LW-XML-001"),
    "public DTD": (PUBLIC_DTD, "LW-XML-001"),
    "a DTD alone": (b"<!DOCTYPE ODM><ODM/>", "LW-XML-001"),
    "a DTD in UTF-16": ("<!DOCTYPE ODM><ODM/>".encode("utf-16"), "LW-XML-001"),
    # An entity that nobody defined
    "entity of HTML": (b"<ODM>&nbsp;</ODM>", "LW-XML-002"),
    "entity in an attribute": (b'<ODM a="&x;"/>', "LW-XML-002"),
    # Not XML
    "empty": (b"", "LW-XML-003"),
    "blank": (b" \n ", "LW-XML-003"),
    "text": (b"STUDYID,USUBJID\n", "LW-XML-003"),
    "a zip": (b"PK\x03\x04\x14\x00", "LW-XML-003"),
    "wrong end tag": (b"<ODM><a></b></ODM>", "LW-XML-003"),
    "two roots": (b"<ODM/><ODM/>", "LW-XML-003"),
    "attribute twice": (b'<ODM a="1" a="2"/>', "LW-XML-003"),
    "prefix without namespace": (b"<odm:ODM/>", "LW-XML-003"),
    "NUL": (b"<ODM>\x00</ODM>", "LW-XML-003"),
    "control character by number": (b"<ODM>&#1;</ODM>", "LW-XML-003"),
    "UTF-32": ("<ODM/>".encode("utf-32"), "LW-XML-003"),
    # Cut off
    "ends in an element": (DECLARATION + b"<ODM><a>", "LW-XML-004"),
    "ends in a tag": (DECLARATION + b"<ODM><a b=", "LW-XML-004"),
    "ends in the first tag": (DECLARATION + b"<ODM a=", "LW-XML-004"),
    "ends in a comment": (b"<ODM><!-- ", "LW-XML-004"),
    "ends in a CDATA section": (b"<ODM><![CDATA[x", "LW-XML-004"),
    "ends in a character": (b"<ODM>\xe9\xa0", "LW-XML-004"),
    # Not in the encoding that it declares
    "Latin-1 declared as UTF-8": (DECLARATION + b'<ODM a="M\xe9ni\xe8re"/>', "LW-XML-005"),
    "Latin-1 declared as nothing": (b"<ODM>M\xe9ni\xe8re</ODM>", "LW-XML-005"),
    "cp1252 in an element's name": (b"<ODM><M\xe9/></ODM>", "LW-XML-005"),
    "UTF-8 declared as UTF-16": (b'<?xml version="1.0" encoding="UTF-16"?><ODM/>', "LW-XML-005"),
    "UTF-8 mark, declared as Latin-1": (
        b'\xef\xbb\xbf<?xml version="1.0" encoding="ISO-8859-1"?><ODM/>',
        "LW-XML-005",
    ),
    "UTF-8 declared as ASCII": ('<?xml version="1.0" encoding="US-ASCII"?><a>é</a>'.encode(), "LW-XML-005"),
    "no such byte in cp1252": (b'<?xml version="1.0" encoding="windows-1252"?><a>\x81</a>', "LW-XML-005"),
    "no such byte in Shift_JIS": (b'<?xml version="1.0" encoding="Shift_JIS"?><a>\xff</a>', "LW-XML-005"),
    # An encoding that is none for XML
    "no such encoding": (b'<?xml version="1.0" encoding="klingon"?><ODM/>', "LW-XML-006"),
    "an encoding that hides tags": (b'<?xml version="1.0" encoding="UTF-7"?><ODM/>', "LW-XML-006"),
    "a codec that is no text encoding": (b'<?xml version="1.0" encoding="zlib_codec"?><ODM/>', "LW-XML-006"),
    "an empty encoding": (b'<?xml version="1.0" encoding=""?><ODM/>', "LW-XML-006"),
    # Beyond the limits
    "nested too deep": (b"<a>" * 100_000, "LW-XML-007"),
    "too many attributes": (b"<ODM " + b" ".join(b'a%d=""' % n for n in range(129)) + b"/>", "LW-XML-008"),
    "a huge attribute": (b'<ODM a="' + b"x" * 1_000_001 + b'"/>', "LW-XML-009"),
    "many large attributes": (
        b"<ODM " + b" ".join(b'a%d="%s"' % (n, b"x" * 20_000) for n in range(60)) + b"/>",
        "LW-XML-009",
    ),
    "a huge attribute without end": (b'<ODM a="' + b"x" * 9_000_000, "LW-XML-009"),
    "a huge comment": (b"<ODM><!--" + b"x" * 9_000_000 + b"--></ODM>", "LW-XML-009"),
    "a huge text": (b"<ODM>" + b"x" * 1_000_001 + b"</ODM>", "LW-XML-009"),
    "a name for every element": (b"<a>" + b"".join(b"<n%d/>" % n for n in range(40_000)) + b"</a>", "LW-XML-010"),
    "a few huge names": (
        b"<a>" + b"".join(b"<n%d%s/>" % (n, b"x" * 99_999) for n in range(12)) + b"</a>",
        "LW-XML-010",
    ),
}  # fmt: skip


def read(content: bytes) -> None:
    for _ in read_events(content, where="define.xml", prefixes={}, text_of=None):
        pass


@pytest.mark.parametrize("name", REFUSED)
def test_hostile_or_broken_xml_is_refused_with_the_id_of_its_cause(name: str) -> None:
    """As bytes, and as a file."""
    content, error_id = REFUSED[name]
    with pytest.raises(SourceError) as refused:
        read(content)
    assert refused.value.error_id == error_id
    assert refused.value.where == "define.xml"
    assert refused.value.next_step
    with pytest.raises(SourceError) as from_file:
        list(read_events(io.BytesIO(content), where="define.xml", prefixes={}, text_of=None))
    assert from_file.value.error_id == error_id


@pytest.mark.parametrize("reader", [parse_define, read_dataset_xml, read_odm])
@pytest.mark.parametrize("name", REFUSED)
def test_every_reader_refuses_it(reader: Callable[[bytes], object], name: str) -> None:
    """define.xml, Dataset-XML and ODM are read through the same door. (Where a root that is not ODM comes first, that
    is said; texts and names that a reader does not keep cannot hurt it.)"""
    content, error_id = REFUSED[name]
    with pytest.raises(SourceError) as refused:
        reader(content)
    others = {"LW-ODM-001", "LW-ODM-002", "LW-DSX-001", "LW-DEF-001"} if b"DOCTYPE" not in content else set()
    assert refused.value.error_id in {error_id, *others}


def test_the_line_of_the_mistake_is_named() -> None:
    """Lines count from 1, also far into a long document."""
    content = DECLARATION + b"<ODM>\n" + b'  <r v="1"/>\n' * 50_000 + b"  <r v='1'>\n</ODM>\n"
    with pytest.raises(SourceError, match=r"line 50,004, column 3: this is not well-formed XML .*mismatched tag"):
        read(content)


def test_no_text_of_the_document_is_in_the_message() -> None:
    """A message can be logged: it names the place, not what stands there."""
    with pytest.raises(SourceError) as refused:
        read(b"<ODM><Item>Subject 001 has a rare disease<Item></ODM>")
    assert "rare disease" not in str(refused.value)


def test_comments_and_instructions_are_passed_over() -> None:
    """A style sheet or schema location is not followed."""
    content = (
        b'<?xml version="1.0"?><?xml-stylesheet type="text/xsl" href="http://127.0.0.1:9/d.xsl"?><!-- c -->'
        b'<ODM xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="u http://127.0.0.1:9/o.xsd"/>'
    )
    assert len(list(read_events(content, where="t.xml", prefixes={}))) == 1


def test_limits_can_be_set_lower() -> None:
    """For a place where less is expected."""
    limits = Limits(depth=2, attributes=1, text=5)
    for content, error_id in (
        (b"<a><b><c/></b></a>", "LW-XML-007"),
        (b'<a x="" y=""/>', "LW-XML-008"),
        (b'<a x="123456"/>', "LW-XML-009"),
        (b"<a>123456</a>", "LW-XML-009"),
    ):
        with pytest.raises(SourceError) as refused:
            list(read_events(content, where="t.xml", prefixes={}, text_of=None, limits=limits))
        assert refused.value.error_id == error_id


SMALL_ODM = (
    b'<?xml version="1.0" encoding="UTF-8"?><ODM xmlns="http://www.cdisc.org/ns/odm/v1.3" '
    b'xmlns:def="http://www.cdisc.org/ns/def/v2.1" xmlns:data="http://www.cdisc.org/ns/Dataset-XML/v1.0" '
    b'FileType="Snapshot" data:DatasetXMLVersion="1.0.0"><Study OID="S"><GlobalVariables><StudyName>S</StudyName>'
    b'</GlobalVariables><MetaDataVersion OID="M" def:DefineVersion="2.1.0"><ItemGroupDef OID="IG.AE" Name="AE">'
    b'<ItemRef ItemOID="IT.AE.AETERM" OrderNumber="1" Mandatory="Yes"/></ItemGroupDef>'
    b'<ItemDef OID="IT.AE.AETERM" Name="AETERM" DataType="text" Length="20"/></MetaDataVersion></Study>'
    b'<ClinicalData StudyOID="S" MetaDataVersionOID="M"><SubjectData SubjectKey="1"><StudyEventData '
    b'StudyEventOID="V1"><FormData FormOID="F"><ItemGroupData ItemGroupOID="IG.AE" data:ItemGroupDataSeq="1">'
    b'<ItemData ItemOID="IT.AE.AETERM" Value="M\xc3\xa9ni\xc3\xa8re"/></ItemGroupData></FormData></StudyEventData>'
    b"</SubjectData></ClinicalData></ODM>"
)


@pytest.mark.parametrize("reader", [parse_define, read_dataset_xml, read_odm])
def test_a_damaged_file_is_read_or_refused_and_nothing_else(reader: Callable[[bytes], object]) -> None:
    """400 seeded mutations: cut, bytes changed, pieces lost or doubled."""
    mutate = random.Random(20260301)
    outcomes = set()
    for _ in range(400):
        content = bytearray(SMALL_ODM)
        kind, start = mutate.randrange(4), mutate.randrange(len(content))
        piece = bytes(content[start : start + mutate.randrange(1, 200)])
        if kind == 0:
            del content[start:]
        elif kind == 1:
            for _ in range(mutate.choice((1, 1, 3))):
                content[mutate.randrange(len(content))] = mutate.randrange(256)
        elif kind == 2:
            del content[start : start + len(piece)]
        else:
            content[start:start] = piece
        try:
            reader(bytes(content))
        except SourceError as refused:
            outcomes.add(refused.error_id)
        else:
            outcomes.add("read")
    assert {"read", "LW-XML-003", "LW-XML-004", "LW-XML-005"} <= outcomes
