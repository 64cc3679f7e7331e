"""Filters of provenance read back: SQL text → a tree of conditions, for standards that want them as data.

Only the forms that `filters` and the outputs write are read: comparisons of a variable with literals, `IN`, `NOT IN`,
`IS NULL`, `IS NOT NULL`, joined by AND, OR, NOT and brackets. Anything else is a ValueError: no condition is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

_TOKEN = re.compile(r"\s*('(?:[^']|'')*'|-?\d+(?:\.\d+)?|[A-Za-z_]\w*|<>|!=|>=|<=|[=<>(),])")
_WORDS = {"AND", "OR", "NOT", "IN", "IS", "NULL"}
_COMPARATORS = {"=": "EQ", "<>": "NE", "!=": "NE", ">": "GT", ">=": "GE", "<": "LT", "<=": "LE"}


@dataclass(frozen=True)
class Condition:
    """A variable against values. `IS NULL` is EQ without a value, `IS NOT NULL` NE without one. `dataset`: that of the
    variable, where it is not that of the records."""

    variable: str
    comparator: str
    values: tuple[str, ...]
    dataset: str = ""


@dataclass(frozen=True)
class Compound:
    """Conditions joined by AND or OR, or one turned by NOT."""

    operator: str
    parts: tuple[Clause, ...]


Clause = Condition | Compound


@lru_cache(maxsize=1 << 14)
def parse_filter(text: str) -> tuple[Clause, ...]:
    """The conditions that a filter joins by AND, in their order, each once; none for an empty filter.

    Raises ValueError where the text is none of the forms above.
    """
    if not text.strip():
        return ()
    reader = _Reader(_tokens(text))
    found = reader.alternatives()
    if reader.rest:
        raise ValueError(f"cannot read the filter from {reader.rest[0]!r} on: {text}")
    parts = found.parts if isinstance(found, Compound) and found.operator == "AND" else (found,)
    return tuple(dict.fromkeys(parts))


def of_dataset(clause: Clause, dataset: str) -> Clause:
    """The clause, said of another dataset's variables."""
    if isinstance(clause, Condition):
        return replace(clause, dataset=dataset)
    return replace(clause, parts=tuple(of_dataset(part, dataset) for part in clause.parts))


def _tokens(text: str) -> list[str]:
    found, place, end = [], 0, len(text.rstrip())
    while place < end:
        match = _TOKEN.match(text, place)
        if match is None:
            raise ValueError(f"cannot read the filter at {text[place:]!r}")
        found.append(match[1])
        place = match.end()
    return found


class _Reader:
    """Reads tokens from the left: OR binds weaker than AND, AND weaker than NOT."""

    def __init__(self, tokens: Sequence[str]) -> None:
        self.rest = list(tokens)

    def alternatives(self) -> Clause:
        return self._joined("OR", self._conjunction)

    def _conjunction(self) -> Clause:
        return self._joined("AND", self._single)

    def _joined(self, operator: str, read: Callable[[], Clause]) -> Clause:
        parts = [read()]
        while self._takes(operator):
            parts.append(read())
        if len(parts) == 1:
            return parts[0]
        flat: list[Clause] = []
        for part in parts:
            flat += part.parts if isinstance(part, Compound) and part.operator == operator else (part,)
        return Compound(operator, tuple(flat))

    def _single(self) -> Clause:
        if self._takes("NOT"):
            return Compound("NOT", (self._single(),))
        if self._takes("("):
            inside = self.alternatives()
            self._expect(")")
            return inside
        return self._condition()

    def _condition(self) -> Condition:
        variable = self._next()
        if not variable.isidentifier() or variable.upper() in _WORDS:
            raise ValueError(f"expected a variable, found {variable!r}")
        if self._takes("IS"):
            comparator = "NE" if self._takes("NOT") else "EQ"
            self._expect("NULL")
            return Condition(variable, comparator, ())
        turned = self._takes("NOT")
        if self._takes("IN"):
            return Condition(variable, "NOTIN" if turned else "IN", self._list())
        sign = self._next()
        if turned or sign not in _COMPARATORS:
            raise ValueError(f"expected a comparison of {variable}, found {sign!r}")
        return Condition(variable, _COMPARATORS[sign], (self._literal(),))

    def _list(self) -> tuple[str, ...]:
        self._expect("(")
        values = [self._literal()]
        while self._takes(","):
            values.append(self._literal())
        self._expect(")")
        return tuple(values)

    def _literal(self) -> str:
        token = self._next()
        if token.startswith("'"):
            return token[1:-1].replace("''", "'")
        if not token.lstrip("-")[0].isdigit():
            raise ValueError(f"expected a literal, found {token!r}")
        return token

    def _next(self) -> str:
        if not self.rest:
            raise ValueError("the filter ends too early")
        return self.rest.pop(0)

    def _takes(self, word: str) -> bool:
        if self.rest and self.rest[0].upper() == word:
            self.rest.pop(0)
            return True
        return False

    def _expect(self, word: str) -> None:
        if not self._takes(word):
            raise ValueError(f"expected {word}, found {self.rest[0] if self.rest else 'the end'!r}")
