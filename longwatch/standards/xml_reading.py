"""XML from people we do not know, read as a flat stream of events.

Only the standard library's expat is used, and only what clinical XML needs: elements, attributes, text. Rules:

1. A document type declaration is refused at its first character. With it go entity declarations ("billion laughs"),
   external entities and external DTDs: nothing outside the given bytes is ever looked at. Schema locations, style
   sheets and other processing instructions are not followed.
2. The text must be in the encoding that the document declares (UTF-8 where it declares none): a byte that does not
   belong there is an error, never a guess.
3. Depth, attributes per element, text per element and the number of different names have limits (`Limits`), and no
   part of the document is held longer than it takes to hand it on: memory stays flat as the file grows.

Values are kept exactly as XML defines them (line ends in an attribute become blanks: XML 1.0, 3.3.3). Names are given
with the prefixes that the caller chose for the namespaces, whatever prefixes the document uses.

Source: XML 1.0 (fifth edition) and Namespaces in XML 1.0, W3C.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO
from xml.parsers import expat

from longwatch.errors import SourceError
from longwatch.standards.xml_encoding import EncodedBytes, is_undecodable, open_encoded

_TOKEN_LIMIT = 8 * 1024 * 1024
"""Bytes of one tag or comment: expat scans an unfinished one again with every chunk, so its length must be bounded."""

_NOTHING: Mapping[str, str] = {}

Event = tuple[bool, str, Mapping[str, str], str, int]
"""(starts, name, attributes, text, line). At the start of an element: its attributes, and no text. At its end, which is
told only of elements whose text is wanted: the text that stands directly in it, and no attributes. `line` is where the
start or end tag begins."""


@dataclass(frozen=True)
class Limits:
    """What one document may have: levels of nesting; attributes of one element; characters of text in one element, or
    in its attributes together; different names of elements and attributes."""

    depth: int = 64
    attributes: int = 128
    text: int = 1_000_000
    names: int = 20_000


DEFAULT_LIMITS = Limits()


def read_events(
    source: bytes | BinaryIO,
    *,
    where: str,
    prefixes: Mapping[str, str],
    text_of: frozenset[str] | None = frozenset(),
    limits: Limits = DEFAULT_LIMITS,
) -> Iterator[Event]:
    """The elements of a document in its order: an event at each start tag, and at the end tags that were asked for.

    `source`: the bytes, or a file open for reading bytes, from where it stands. `where` names it in errors.
    `prefixes`: namespace to prefix; an empty prefix gives the plain name, as a name without a namespace has; a name
    from any other namespace is `{namespace}name`. `text_of`: the elements whose end and text are wanted (None: all).

    Raises SourceError, with the line: LW-XML-001 (a document type declaration), LW-XML-002 (an entity that XML does
    not define), LW-XML-003 (not well-formed XML), LW-XML-004 (the document ends too early), LW-XML-005 (a byte that
    does not belong to the encoding), LW-XML-006 (an encoding that is unknown or not for XML), LW-XML-007 (nested too
    deep), LW-XML-008 (too many attributes), LW-XML-009 (too much text in one place), LW-XML-010 (too many names).
    """
    encoded = open_encoded(source, where)
    reading = _Reading(encoded, where, prefixes, text_of, limits)
    for chunk in encoded.chunks:
        yield from reading.feed(chunk)
    reading.finish()


class _Reading:
    """One document being read: expat's callbacks become events; what breaks a rule is refused."""

    def __init__(
        self,
        encoded: EncodedBytes,
        where: str,
        prefixes: Mapping[str, str],
        text_of: frozenset[str] | None,
        limits: Limits,
    ) -> None:
        self._where = where
        self._prefixes = prefixes
        self._text_of = text_of
        self._limits = limits
        self._encoding = encoded.parser_encoding
        self._events: list[Event] = []
        self._open: list[_OpenElement | None] = []
        self._depth = 0
        self._given: dict[str, str] = {}
        self._interned: dict[str, str] = {}
        self._names_known = 0
        self._fed = 0
        self._tail = b""
        parser = expat.ParserCreate(self._encoding, " ", self._interned)
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.StartDoctypeDeclHandler = self._refuse_doctype
        if text_of is None or text_of:
            parser.CharacterDataHandler = self._text
        self._parser = parser

    def feed(self, chunk: bytes) -> list[Event]:
        """The events that the next bytes complete."""
        self._fed += len(chunk)
        self._events = []
        self._parse(chunk, final=False)
        if self._fed - self._parser.CurrentByteIndex > _TOKEN_LIMIT:
            raise self._too_much_text(f"a tag or comment of more than {_TOKEN_LIMIT:,} bytes")
        if len(self._interned) > self._names_known:
            self._check_names()
        self._tail = chunk[-4:]
        return self._events

    def finish(self) -> None:
        """The document must be complete."""
        self._parse(b"", final=True)

    def _check_names(self) -> None:
        """expat keeps every name that it has met: few and short ones only."""
        self._names_known = len(self._interned)
        if self._names_known > self._limits.names or sum(map(len, self._interned)) > self._limits.text:
            raise self._refused(
                "LW-XML-010",
                "the document has too many or too long names of elements and attributes",
                expected=f"at most {self._limits.names:,} names of {self._limits.text:,} characters together",
            )

    def _parse(self, chunk: bytes, *, final: bool) -> None:
        try:
            self._parser.Parse(chunk, final)
        except expat.ExpatError as error:
            raise self._not_well_formed(error, self._tail + chunk, final=final) from error

    # What expat calls.

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        line = self._parser.CurrentLineNumber
        self._depth += 1
        if self._depth > self._limits.depth:
            raise self._refused(
                "LW-XML-007", "elements are nested too deep", expected=f"at most {self._limits.depth} levels"
            )
        if len(attributes) > self._limits.attributes:
            raise self._refused(
                "LW-XML-008",
                "an element has too many attributes",
                expected=f"at most {self._limits.attributes}",
                found=f"{len(attributes):,}",
            )
        if sum(map(len, attributes.values())) > self._limits.text:
            raise self._too_much_text("longer attributes")
        given = self._given.get(name) or self._name_as_given(name)
        for attribute in attributes:
            if " " in attribute:
                attributes = {self._name_as_given(each): value for each, value in attributes.items()}
                break
        self._open.append(_OpenElement() if self._text_of is None or given in self._text_of else None)
        self._events.append((True, given, attributes, "", line))

    def _end(self, name: str) -> None:
        self._depth -= 1
        element = self._open.pop()
        if element is not None:
            text = "".join(element.pieces)
            self._events.append((False, self._given[name], _NOTHING, text, self._parser.CurrentLineNumber))

    def _text(self, text: str) -> None:
        element = self._open[-1]
        if element is None:
            return
        element.length += len(text)
        if element.length > self._limits.text:
            raise self._too_much_text("more")
        element.pieces.append(text)

    def _refuse_doctype(self, *_: object) -> None:
        raise self._refused(
            "LW-XML-001",
            "the document has a document type declaration (<!DOCTYPE)",
            expected="XML without DTD and without entities of its own",
            next_step="ask the data provider for the file without its <!DOCTYPE …> part",
        )

    def _name_as_given(self, name: str) -> str:
        given = self._given.get(name)
        if given is None:
            namespace, _, local = name.rpartition(" ")
            prefix = self._prefixes.get(namespace, "") if namespace else ""
            if namespace and namespace not in self._prefixes:
                given = f"{{{namespace}}}{local}"
            else:
                given = f"{prefix}:{local}" if prefix else local
            self._given[name] = given
        return given

    # What is refused.

    def _refused(self, error_id: str, what: str, *, expected: str, found: str = "", next_step: str = "") -> SourceError:
        return SourceError(
            error_id,
            f"line {self._parser.CurrentLineNumber:,}: {what}",
            where=self._where,
            expected=expected,
            found=found,
            next_step=next_step or "ask the data provider whether the file is what it should be",
        )

    def _too_much_text(self, found: str) -> SourceError:
        return self._refused(
            "LW-XML-009",
            "an element has too much text",
            expected=f"at most {self._limits.text:,} characters in one place",
            found=found,
        )

    def _not_well_formed(self, error: expat.ExpatError, window: bytes, *, final: bool) -> SourceError:
        codes = expat.errors.codes
        place = f"line {error.lineno:,}, column {error.offset + 1:,}"
        at = max(self._parser.ErrorByteIndex - (self._fed - len(window)), 0)
        if error.code == codes[expat.errors.XML_ERROR_UNDEFINED_ENTITY]:
            return SourceError(
                "LW-XML-002",
                f"{place}: the text refers to an entity that XML does not define",
                where=self._where,
                expected="&amp; &lt; &gt; &quot; &apos; or a character's number",
                next_step="ask the data provider to write the character itself",
            )
        if error.code in _WRONG_ENCODING or (
            error.code == codes[expat.errors.XML_ERROR_INVALID_TOKEN]
            and is_undecodable(window[at : at + 4], self._encoding)
        ):
            return SourceError(
                "LW-XML-005",
                f"{place}: a byte does not belong to the declared encoding",
                where=self._where,
                expected=f"text in {self._encoding}",
                next_step="ask the data provider to declare the encoding that the file is really in",
            )
        if final and (self._given or error.code == codes[expat.errors.XML_ERROR_UNCLOSED_TOKEN]):
            return SourceError(
                "LW-XML-004",
                f"{place}: the document ends too early",
                where=self._where,
                expected="the end tag of its first element",
                next_step="transfer the file again and compare its size with the sender's",
            )
        return SourceError(
            "LW-XML-003",
            f"{place}: this is not well-formed XML",
            where=self._where,
            found=expat.ErrorString(error.code) if self._fed else "an empty file",
            next_step="check that it is the right file, and transfer it again",
        )


class _OpenElement:
    """The text of an element that has not ended yet."""

    __slots__ = ("length", "pieces")

    def __init__(self) -> None:
        self.length = 0
        self.pieces: list[str] = []


_WRONG_ENCODING = frozenset(
    expat.errors.codes[message]
    for message in (expat.errors.XML_ERROR_INCORRECT_ENCODING, expat.errors.XML_ERROR_UNKNOWN_ENCODING)
)
