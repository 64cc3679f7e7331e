"""Queries to sites, as a letter each."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from longwatch.errors import StudyError
from longwatch.findings.letters import Letter, is_query, letter_text, make_letters
from longwatch.findings.selection import FindingFilter
from longwatch.study import Study
from operations.audited import make_event
from operations.group_findings import findings_meant
from operations.ports import Adapters


@dataclass(frozen=True)
class LettersWritten:
    """The letters, their files, and the open findings that are in none: those without a site, and those that
    no site can settle."""

    letters: tuple[Letter, ...]
    files: tuple[str, ...]
    without_site: int
    no_query: int


def write_letters(
    adapters: Adapters, study: Study, wanted: FindingFilter, folder: str, *, due: date, sender: str = ""
) -> LettersWritten:
    """Write a letter for each site, as PDF and as text, with its open findings that the filter means; and the audit
    event.

    `sender`: who asks; default the acting account. Raises StudyError LW-LTR-001 where the day to answer by is over,
    LW-LTR-002 where no site is asked anything.
    """
    today = adapters.clock().date()
    if due < today:
        raise StudyError(
            "LW-LTR-001",
            "the day to answer by is over",
            where="--by",
            expected=f"{today.isoformat()} or later",
            found=due.isoformat(),
            next_step="give the sites time to answer",
        )
    meant = findings_meant(adapters, study.id, wanted)
    letters = make_letters(
        meant,
        study_id=study.id,
        study_title=study.study.title,
        sponsor=study.study.sponsor,
        sender=sender or adapters.actor.name,
        day=today,
        due=due,
    )
    if not letters:
        raise StudyError(
            "LW-LTR-002",
            "no site has an open finding that these filters mean",
            where=study.id,
            next_step=f"see `longwatch findings list {study.id}` with the same filters",
        )
    documents: dict[str, bytes] = {}
    for number, letter in enumerate(letters, start=1):
        name = f"{study.id}-site-{_file_name(letter.site) or number}".lower()
        if f"{name}.pdf" in documents:
            name = f"{name}-{number}"
        documents[f"{name}.pdf"] = adapters.render_letter(letter)
        documents[f"{name}.txt"] = letter_text(letter).encode()
    files = adapters.documents(folder, documents)
    asked = {"sites": len(letters), "findings": sum(len(letter.questions) for letter in letters)}
    with adapters.registers.transaction() as register:
        register.record_read(make_event(adapters, "site letters written", "study", study.id, asked))
    without_site = sum(item.is_open and item.site is None for item in meant)
    no_query = sum(item.is_open and item.site is not None and not is_query(item) for item in meant)
    return LettersWritten(letters, files, without_site, no_query)


def _file_name(site: str) -> str:
    """A site as a part of a file name: letters and digits of any script, the rest as hyphens."""
    return re.sub(r"[^\w]+", "-", site).strip("-_")
