"""Queries to sites: one letter a site, with that site's open findings and nobody else's.

A letter holds only findings whose site is the letter's own. A finding without a site (an entry, a subject that is not
in DM) is in no letter: the data manager settles it; so is one whose action is no query (recode, derive anew, correct
define.xml), which no site can do. A finding that somebody answered already is not asked again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from longwatch.findings.life import KnownFinding
from longwatch.findings.states import FindingState

REFERENCE_DIGITS = 12
_TO_THE_SITE = (
    ("Query the site for ", "Please give "),
    ("Query the site", "Please check this record against the source documents"),
    ("Query the laboratory ", "Please ask the laboratory "),
    ("Query the pharmacy ", "Please ask the pharmacy "),
    ("Query manufacturing ", "Please ask manufacturing "),
    ("Query ", "Please check "),
)
"""An action is written for the data manager; its first words as the site reads them, the first that fits."""
_QUERY = "Query "
_OURS = re.compile(r";.*|, (?:or|and) (?:correct|enter|fill|move|remove) .*")
"""What follows the query in an action is the data manager's part: how the data is put right."""
_ASKED = (FindingState.NEW, FindingState.OPEN, FindingState.REOPENED)


@dataclass(frozen=True)
class Question:
    """One thing asked. `reference`: the beginning of the finding's fingerprint, which an answer names."""

    reference: str
    subject: str
    record: str
    found: str
    asked: str


@dataclass(frozen=True)
class Letter:
    """What one site is asked, by when and by whom."""

    study_id: str
    study_title: str
    sponsor: str
    site: str
    day: date
    due: date
    sender: str
    questions: tuple[Question, ...]

    @property
    def paragraphs(self) -> tuple[str, ...]:
        """The words before the list."""
        count = len(self.questions)
        many = "one point" if count == 1 else f"{count:,} points"
        return (
            f"To the investigator and the study team of site {self.site}.",
            f"The data of study {self.study_id} was checked on {self.day.isoformat()}. At your site {many} need your "
            "word. Each is listed with the record it is about, what stands there now, and what we ask you to do. "
            "Please look into the source documents; do not change a value only so that the check passes.",
            f"Please answer by {self.due.isoformat()}. Where a value is wrong, correct it in the data capture system. "
            "Where it is right, tell us so, and why. Name the reference of each point in your answer.",
            f"Who asks: {self.sender}.",
        )


def make_letters(
    findings: Iterable[KnownFinding],
    *,
    study_id: str,
    study_title: str,
    sponsor: str,
    sender: str,
    day: date,
    due: date,
) -> tuple[Letter, ...]:
    """A letter for each site that is asked something, by site; its questions by subject, dataset and record."""
    by_site: dict[str, list[Question]] = {}
    for item in findings:
        if item.site is not None and item.state in _ASKED and is_query(item):
            by_site.setdefault(item.site, []).append(_question(item))
    return tuple(
        Letter(
            study_id, study_title, sponsor, site, day, due, sender,
            tuple(sorted(questions, key=lambda each: (each.subject, each.record, each.reference))),
        )
        for site, questions in sorted(by_site.items())
    )  # fmt: skip


def is_query(item: KnownFinding) -> bool:
    """Whether a site can settle a finding: its action begins with a query."""
    return item.finding.action.startswith(_QUERY)


def _question(item: KnownFinding) -> Question:
    finding = item.finding
    place = " ".join(f"{name}={value}" for name, value in finding.locator.items() if name != "USUBJID")
    return Question(
        reference=finding.fingerprint[:REFERENCE_DIGITS],
        subject=finding.subject or "",
        record=f"{finding.dataset} {place}".strip(),
        found=finding.message.removeprefix(f"{finding.dataset}: "),
        asked=in_site_words(finding.action),
    )


def in_site_words(action: str) -> str:
    """What the data manager does about a finding, as a request to the site."""
    for words, request in _TO_THE_SITE:
        if action.startswith(words):
            asked = _OURS.sub("", request + action.removeprefix(words)).replace(", or for ", ", or ")
            return asked.rstrip(".") + "."
    return action


def letter_text(letter: Letter) -> str:
    """The letter as plain text."""
    lines = [f"{letter.study_id}: {letter.study_title}", *([letter.sponsor] if letter.sponsor else []), ""]
    for paragraph in letter.paragraphs:
        lines += [paragraph, ""]
    for number, question in enumerate(letter.questions, start=1):
        lines += [
            f"{number}. Subject {question.subject}, record {question.record}",
            f"   Found: {question.found}",
            f"   Asked: {question.asked}",
            f"   Reference: {question.reference}",
            "",
        ]
    return "\n".join(lines)
