"""XML metadata as small trees: one element with all that stands in it, handed on as soon as it is complete.

For documents that are lists of definitions (define.xml, the metadata of ODM): what holds the list is opened, and each
thing in it becomes a tree that is let go after use.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO

from longwatch.errors import SourceError
from longwatch.standards.xml_reading import read_events

_ELEMENTS_LIMIT = 400_000
"""Elements of one tree: a code list that writes out every term of MedDRA's lowest level still fits."""


@dataclass(slots=True)
class Element:
    """An element: its name, its attributes as written, its own text without the blanks around it, what stands in it."""

    name: str
    attributes: Mapping[str, str]
    line: int
    text: str = ""
    children: list[Element] = field(default_factory=list)

    def get(self, attribute: str) -> str:
        """The value of an attribute as written; empty where the element has none of that name."""
        return self.attributes.get(attribute, "")

    def first(self, name: str) -> Element | None:
        """The first element of that name directly in this one, or None."""
        return next(self.all(name), None)

    def all(self, *names: str) -> Iterator[Element]:
        """The elements of these names directly in this one, in their order."""
        return (child for child in self.children if child.name in names)


def read_elements(
    source: bytes | BinaryIO, *, where: str, prefixes: Mapping[str, str], opened: frozenset[str]
) -> Iterator[Element]:
    """The elements of a document in its order, as trees.

    Cases: the root, and an element named in `opened` as long as all around it are opened too, come at their start tag,
    with attributes only, and what stands in them follows as elements of their own. Any other comes at its end tag,
    whole.

    `source`, `where`, `prefixes` and the errors are as in `read_events`; besides, SourceError LW-XML-011 for a tree
    that is too large.
    """
    tree: list[Element] = []
    elements = 0
    is_root = True
    for starts, name, attributes, text, line in read_events(source, where=where, prefixes=prefixes, text_of=None):
        if not starts:
            if tree:
                done = tree.pop()
                done.text = text.strip()
                if not tree:
                    elements = 0
                    yield done
            continue
        element = Element(name, attributes, line)
        if is_root or (not tree and name in opened):
            is_root = False
            yield element
            continue
        elements += 1
        if elements > _ELEMENTS_LIMIT:
            raise SourceError(
                "LW-XML-011",
                f"line {line:,}: {tree[0].name} holds too many elements",
                where=where,
                expected=f"at most {_ELEMENTS_LIMIT:,}",
                next_step="ask the data provider whether the file is what it should be",
            )
        if tree:
            tree[-1].children.append(element)
        tree.append(element)
