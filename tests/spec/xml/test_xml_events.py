"""XML is read as a flat stream of events: names with our prefixes, values exactly as XML defines them."""

from __future__ import annotations

import io

import pytest

from longwatch.errors import SourceError
from longwatch.standards.xml_elements import read_elements
from longwatch.standards.xml_reading import Event, read_events

PREFIXES = {"urn:odm": "", "urn:data": "data", "http://www.w3.org/XML/1998/namespace": "xml"}


def events(document: str | bytes, *text_of: str) -> list[Event]:
    content = document.encode() if isinstance(document, str) else document
    return list(read_events(content, where="t.xml", prefixes=PREFIXES, text_of=frozenset(text_of)))


def test_each_start_tag_is_an_event_with_its_attributes_and_its_line() -> None:
    """The end of an element is told only where its text is wanted."""
    document = '<ODM FileType="Snapshot">\n  <Item OID="A"\n        Name="B"/>\n  <Text>x</Text>\n</ODM>'
    assert events(document, "Text") == [
        (True, "ODM", {"FileType": "Snapshot"}, "", 1),
        (True, "Item", {"OID": "A", "Name": "B"}, "", 2),
        (True, "Text", {}, "", 4),
        (False, "Text", {}, "x", 4),
    ]


def test_names_have_the_readers_prefixes_whatever_the_document_uses() -> None:
    """A namespace that the reader knows gives its prefix (here ODM none, the data extension `data`); another one is
    written out; a name without a namespace is the plain name."""
    document = '<o:ODM xmlns:o="urn:odm" xmlns:x="urn:data" xmlns:y="urn:else" x:Seq="1" Seq="2"><y:Other/></o:ODM>'
    assert [(name, dict(attributes)) for _, name, attributes, _, _ in events(document)] == [
        ("ODM", {"data:Seq": "1", "Seq": "2"}),
        ("{urn:else}Other", {}),
    ]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("a &amp; b &lt; c &#233; &#x3042;", "a & b < c é あ"),
        ("  two blanks at each end  ", "  two blanks at each end  "),
        ("line\nend", "line end"),
        ("line&#10;end", "line\nend"),
        ("", ""),
    ],
)
def test_a_value_is_kept_exactly_as_xml_defines_it(written: str, value: str) -> None:
    """XML 1.0, 3.3.3: a line end in an attribute becomes a blank, one written as &#10; stays."""
    assert events(f'<Item Value="{written}"/>')[0][2]["Value"] == value


def test_text_is_what_stands_directly_in_the_element() -> None:
    """Text of inner elements is theirs; CDATA sections and character references are text like any other."""
    document = "<a> one<b>inner</b>&amp;<!-- no text --><![CDATA[<two>]]> </a>"
    assert events(document, "a")[-1] == (False, "a", {}, " one&<two> ", 1)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_unicode_is_recognised_by_its_first_bytes(encoding: str) -> None:
    """A byte order mark, or a first tag in two bytes per character, needs no declaration."""
    assert events('<a v="頭痛 é"/>'.encode(encoding))[0][2]["v"] == "頭痛 é"


@pytest.mark.parametrize(
    ("declared", "encoding", "text"),
    [
        ("UTF-8", "utf-8", "頭痛"),
        ("ISO-8859-1", "latin-1", "Ménière"),
        ("windows-1252", "cp1252", "“quoted” – €"),
        ("Shift_JIS", "shift_jis", "頭痛"),
        ("Windows-31J", "cp932", "①頭痛"),
        ("EUC-JP", "euc_jp", "頭痛"),
        ("GB18030", "gb18030", "头痛"),
        ("us-ascii", "ascii", "headache"),
    ],
)
def test_declared_encodings_are_read_strictly(declared: str, encoding: str, text: str) -> None:
    """What sponsors' tools declare, with and without the help of expat."""
    document = f'<?xml version="1.0" encoding="{declared}"?><a v="{text}"/>'
    assert events(document.encode(encoding))[0][2]["v"] == text


def test_a_long_document_is_the_same_from_bytes_and_from_a_file() -> None:
    """Chunks end anywhere, in the middle of a tag or of a character too."""
    rows = "".join(f'<r n="{number}" v="頭痛é"/>\n' for number in range(40_000))
    document = f'<?xml version="1.0" encoding="UTF-8"?>\n<a>\n{rows}</a>'.encode()
    from_bytes = events(document)
    from_file = list(read_events(io.BytesIO(document), where="t.xml", prefixes=PREFIXES))
    assert from_bytes == from_file
    assert [(each[2]["n"], each[4]) for each in from_bytes[1:]] == [(str(n), n + 3) for n in range(40_000)]
    assert {each[2]["v"] for each in from_bytes[1:]} == {"頭痛é"}


def test_a_long_document_in_shift_jis_is_cut_at_no_character() -> None:
    """Decoded here, chunk by chunk."""
    rows = "".join(f'<r v="頭痛{number}"/>' for number in range(30_000))
    document = f'<?xml version="1.0" encoding="Shift_JIS"?><a>{rows}</a>'.encode("shift_jis")
    assert [each[2]["v"] for each in events(document)[1:]] == [f"頭痛{number}" for number in range(30_000)]


class TestElements:
    """Metadata comes as small trees, each as soon as it is complete."""

    def test_opened_elements_come_first_and_what_is_in_them_follows_whole(self) -> None:
        document = b'<ODM v="1"><List><Def OID="A"><Text xml:lang="en"> a </Text></Def><Def OID="B"/></List></ODM>'
        found = list(read_elements(document, where="t.xml", prefixes=PREFIXES, opened=frozenset({"List"})))
        assert [(each.name, dict(each.attributes), each.line) for each in found] == [
            ("ODM", {"v": "1"}, 1),
            ("List", {}, 1),
            ("Def", {"OID": "A"}, 1),
            ("Def", {"OID": "B"}, 1),
        ]
        text = found[2].first("Text")
        assert text is not None
        assert (text.text, text.get("xml:lang"), text.get("absent")) == ("a", "en", "")
        assert found[3].first("Text") is None

    def test_a_tree_without_end_is_refused(self) -> None:
        """LW-XML-011: one definition with hundreds of thousands of elements in it."""
        document = b"<ODM><Def>" + b"<x/>" * 400_001 + b"</Def></ODM>"
        with pytest.raises(SourceError) as refused:
            list(read_elements(document, where="t.xml", prefixes=PREFIXES, opened=frozenset()))
        assert refused.value.error_id == "LW-XML-011"
