"""Text that somebody reads outside our own fonts: nothing invisible in it, nothing that turns the reading direction."""

from __future__ import annotations

import unicodedata

_BLANK = frozenset("\t\r\n\u0085\u2028\u2029")
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_NONE = frozenset("\ufffe\uffff")
"""No characters at all, and forbidden in XML."""


def shown(character: str) -> str:
    """A character as it prints where no font has it: white space as a blank, any other as `[U+XXXX]`."""
    return " " if character in _BLANK else f"[U+{ord(character):04X}]"


def legible(text: str) -> str:
    """The text with each invisible character shown by its code, as in the PDF."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(shown(sign) if sign in _NONE or unicodedata.category(sign) in _HIDDEN else sign for sign in text)
