"""What a PDF file is held against before anybody submits it, rule by rule, and the verdict on one file.

Source: spec E.7 (FDA Portable Document Format Specifications; ICH M8), ISO 19005-2 (PDF/A-2b), ISO 32000-1 (PDF 1.7).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

RULES: Mapping[str, str] = {
    "version": "PDF 1.4 to 1.7",
    "security": "no password and no encryption",
    "pdfa": "PDF/A-2b: metadata, output intent, colours, fonts, streams",
    "content": "no script, action, form, attachment, sound, film, 3D or web address",
    "annotations": "no annotation but links that lead to a page of the file",
    "fonts": "every font is embedded whole and maps its glyphs to Unicode",
    "text": "every page has text, and each glyph of it can be extracted",
    "bookmarks": "a bookmark wherever a link leads (tables, figures, sections), and the panel opens with the file",
    "zoom": "links and bookmarks keep the reader's zoom",
    "title": "title and language are set, and the title shows in the window",
    "pages": "pages are letter or A4, upright or landscape as they are read, none turned",
    "margins": "text keeps 3/4 inch at the binding edge and 3/8 inch elsewhere",
    "numbers": "every page says its number and how many there are, as the file counts them",
    "size": "at most 400 MB",
}
"""The rules in the order in which they are told."""


@dataclass(frozen=True)
class RuleVerdict:
    """One rule on one file. `said`: what was counted where it held, else what was found first and how often."""

    rule: str
    held: bool
    said: str

    @property
    def title(self) -> str:
        """The rule in words."""
        return RULES[self.rule]


@dataclass(frozen=True)
class Conformance:
    """A file against all rules."""

    verdicts: tuple[RuleVerdict, ...]

    @property
    def broken(self) -> tuple[RuleVerdict, ...]:
        """The rules that did not hold."""
        return tuple(each for each in self.verdicts if not each.held)

    @property
    def holds(self) -> bool:
        """Whether every rule held."""
        return not self.broken


def judge(rule: str, faults: Sequence[str], held: str) -> RuleVerdict:
    """The verdict on a rule from what was found against it. `held`: what to say where that is nothing."""
    if not faults:
        return RuleVerdict(rule, True, held)
    more = f" (and {len(faults) - 1:,} more)" if len(faults) > 1 else ""
    return RuleVerdict(rule, False, faults[0] + more)
