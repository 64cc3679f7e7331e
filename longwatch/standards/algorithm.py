"""The algorithm of an algorithmic SMQ: which categories of terms a subject must have together.

`A or (B and C) or (D and (B or C))`: letters, `and`, `or`, brackets; `and` binds before `or`. Anything else, such as a
sum of weights, is no algorithm that is carried out here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

Value = TypeVar("Value")
_TOKENS = re.compile(r"\s*(and\b|or\b|[()]|[A-Z]\b)", re.IGNORECASE)


@dataclass(frozen=True)
class Algorithm:
    """A letter (`operator` empty), or parts joined by `and` or `or`."""

    operator: str
    letter: str = ""
    parts: tuple[Algorithm, ...] = ()

    @property
    def letters(self) -> tuple[str, ...]:
        """The categories it asks for, each once."""
        of_parts = [letter for part in self.parts for letter in part.letters]
        return tuple(sorted({*of_parts, *([self.letter] if self.letter else [])}))

    def fold(self, letter: Callable[[str], Value], join: Callable[[str, list[Value]], Value]) -> Value:
        """What the letters are, joined as the algorithm says."""
        if not self.operator:
            return letter(self.letter)
        return join(self.operator, [part.fold(letter, join) for part in self.parts])

    def __str__(self) -> str:
        """`A or (B and C)`."""
        return (
            self.fold(str, lambda operator, parts: f"({f' {operator} '.join(parts)})")
            .removeprefix("(")
            .removesuffix(")")
        )


def parse_algorithm(text: str) -> Algorithm:
    """The algorithm of a text. Raises ValueError where it is none of the form above."""
    tokens = list(_tokens(text))
    found = _joined(tokens, "or")
    if tokens:
        raise ValueError(f"cannot read the algorithm from {tokens[0]!r} on: {text}")
    return found


def _tokens(text: str) -> Iterator[str]:
    place, end = 0, len(text.rstrip())
    while place < end:
        match = _TOKENS.match(text, place)
        if match is None:
            raise ValueError(f"cannot read the algorithm at {text[place:]!r}")
        yield match[1].lower() if len(match[1]) > 1 else match[1].upper()
        place = match.end()


def _joined(tokens: list[str], operator: str) -> Algorithm:
    parts = [_part(tokens, operator)]
    while tokens and tokens[0] == operator:
        tokens.pop(0)
        parts.append(_part(tokens, operator))
    return parts[0] if len(parts) == 1 else Algorithm(operator, parts=tuple(parts))


def _part(tokens: list[str], operator: str) -> Algorithm:
    if operator == "or":
        return _joined(tokens, "and")
    if not tokens:
        raise ValueError("the algorithm ends too early")
    token = tokens.pop(0)
    if token == "(":
        inside = _joined(tokens, "or")
        if not tokens or tokens.pop(0) != ")":
            raise ValueError("a bracket of the algorithm is not closed")
        return inside
    if len(token) > 1 or token == ")":
        raise ValueError(f"expected a category, found {token!r}")
    return Algorithm("", token)
