"""What a person does with findings: open, assign, comment, answer, waive, mark false positive, reopen.

Each act is for one finding or many, names the version of each finding that the person has seen, and is recorded with
the person, the time and the words in the finding's history and in the audit trail, in one transaction. A finding that
changed meanwhile is refused by name, and nothing of it is written; the others are changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date

from longwatch.findings.finding import Finding
from longwatch.findings.life import ActRequest, ActsDone, HistoryLine, KnownFinding
from longwatch.findings.selection import FindingFilter
from longwatch.findings.states import Act
from operations.ports import Adapters


def findings_of(
    adapters: Adapters,
    study_id: str,
    wanted: FindingFilter | None = None,
    group_of: Callable[[Finding], str] | None = None,
) -> list[KnownFinding]:
    """The findings of a study that a filter means, the gravest first, then by rule and in the order first found."""
    raise NotImplementedError


def history_of(adapters: Adapters, study_id: str, fingerprint: str) -> tuple[KnownFinding, list[HistoryLine]]:
    """One finding by its fingerprint (its first 8 digits will do) with its whole history, oldest line first."""
    raise NotImplementedError


def carry_out(adapters: Adapters, study_id: str, requests: Sequence[ActRequest], today: date) -> ActsDone:
    """Carry out acts of any kind in one transaction; each finding is changed or refused by name.

    `today`: the day in the study's zone, before which no waiver may end.
    """
    raise NotImplementedError


def requests_for(
    known: Iterable[KnownFinding],
    act: Act,
    text: str = "",
    *,
    until: date | None = None,
    assignee: str | None = None,
) -> list[ActRequest]:
    """The same act for each of some findings, as they were seen. `carry_out` does it.

    `assign` takes `assignee` (None: nobody) and, if wanted, a text; `comment`, `answer`, `false positive` and `reopen`
    need a text; `waive` needs a text and `until`; `open` may have one.
    """
    return [
        ActRequest(item.finding.fingerprint, item.version, act, text, until=until, assignee=assignee) for item in known
    ]
