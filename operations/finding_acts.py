"""What a person does with findings: open, assign, comment, answer, waive, mark false positive, reopen.

Each act is for one finding or many, names the version of each finding that the person has seen, and is recorded with
the person, the time and the words in the finding's history and in the audit trail, in one transaction. A finding that
changed meanwhile is refused by name, and nothing of it is written; the others are changed.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from longwatch.errors import StudyError
from longwatch.evidence.audit import AuditEvent
from longwatch.findings.finding import Finding, Severity
from longwatch.findings.inputs import RuleInputs
from longwatch.findings.judging import judge
from longwatch.findings.life import ActRequest, ActsDone, FindingChange, HistoryLine, KnownFinding, Refusal
from longwatch.findings.rule import Rule
from longwatch.findings.selection import SHORTEST_FINGERPRINT, FindingFilter, select_findings
from longwatch.findings.states import Act
from operations.audited import make_event
from operations.ports import Adapters, RegisterTransaction

ACTIONS = {
    Act.OPEN: "finding opened",
    Act.ASSIGN: "finding assigned",
    Act.COMMENT: "finding commented",
    Act.ANSWER: "finding answered",
    Act.WAIVE: "finding waived",
    Act.FALSE_POSITIVE: "finding marked false positive",
    Act.REOPEN: "finding reopened",
    Act.EXPIRED: "waiver expired",
}
"""What the audit trail calls an act. Comments and answers may name a patient: their words are in the history only."""

_SAID_IN_FULL = frozenset({Act.WAIVE, Act.FALSE_POSITIVE, Act.REOPEN, Act.EXPIRED})
_GRAVEST_FIRST = {severity: place for place, severity in enumerate(Severity)}


@dataclass(frozen=True)
class FindingShown:
    """One finding with all that is known of it. `rule`: None where no rule that Longwatch brings has its id."""

    known: KnownFinding
    history: tuple[HistoryLine, ...]
    snapshots: tuple[str, ...]
    rule: Rule | None


def findings_of(
    adapters: Adapters,
    study_id: str,
    wanted: FindingFilter | None = None,
    group_of: Callable[[Finding], str] | None = None,
) -> list[KnownFinding]:
    """The findings of a study that a filter means, the gravest first, then by rule and in the order first found.

    `group_of`: the root-cause group of a finding; needed where the filter names groups.
    Raises StudyError LW-FND-004 where a fingerprint of the filter is too short to name a finding.
    """
    wanted = wanted or FindingFilter()
    for beginning in wanted.findings:
        _check_long_enough(beginning)
    with adapters.registers.transaction() as register:
        one = wanted.findings[0] if len(wanted.findings) == 1 else None
        known = register.known_findings(study_id, beginning=one)
    chosen = select_findings(known, wanted, adapters.clock(), group_of)
    return sorted(chosen, key=lambda item: (_GRAVEST_FIRST[item.finding.severity], item.finding.rule_id))


def findings_in_run(adapters: Adapters, study_id: str, run: str) -> list[KnownFinding]:
    """The findings of a run (the beginning of its id will do) as they are now.

    Raises StudyError LW-FND-006 where no run of the study, or more than one, has that id.
    """
    with adapters.registers.transaction() as register:
        runs = [row.id for row in register.runs(study_id, limit=1_000_000) if row.id.startswith(run)]
        if len(runs) != 1:
            raise StudyError(
                "LW-FND-006",
                "no run of this study has this id" if not runs else "several runs have ids that begin so",
                where=run,
                next_step="copy the id from `longwatch runs`",
            )
        had = {row.finding.fingerprint for row in register.findings(study_id, runs[0])}
        known = register.known_findings(study_id, fingerprints=had)
    return sorted(known, key=lambda item: (_GRAVEST_FIRST[item.finding.severity], item.finding.rule_id))


def history_of(adapters: Adapters, study_id: str, fingerprint: str, inputs: RuleInputs) -> FindingShown:
    """One finding by its fingerprint (its first 8 digits will do) with its whole history, oldest line first.

    Raises StudyError LW-FND-004 where the beginning is too short, LW-FND-005 where no finding or more than one has it.
    """
    _check_long_enough(fingerprint)
    with adapters.registers.transaction() as register:
        found = register.known_findings(study_id, beginning=fingerprint.lower())
        if len(found) != 1:
            raise StudyError(
                "LW-FND-005",
                "no finding of this study has this fingerprint" if not found else "several findings begin so",
                where=f"{study_id}, {fingerprint}",
                expected="one finding",
                found=str(len(found)),
                next_step=f"copy it from `longwatch findings list {study_id}`",
            )
        known = found[0]
        history = register.finding_history(study_id, known.finding.fingerprint)
        snapshots = register.finding_snapshots(study_id, known.finding.fingerprint)
    rule = next((rule for rule in adapters.rules(inputs) if rule.id == known.finding.rule_id), None)
    return FindingShown(known, tuple(history), tuple(snapshots), rule)


def carry_out(adapters: Adapters, study_id: str, requests: Sequence[ActRequest]) -> ActsDone:
    """Carry out acts of any kind in one transaction; each finding is changed or refused by name (`judging.judge`).

    The acts of one call have one id: a waiver of a hundred findings is one waiver. Of two requests for one finding in
    one call both are refused: which was meant to be the last cannot be known. "Today" is the date in UTC.
    Raises StudyError LW-FND-007 where the study is not registered.
    """
    act_id, today = uuid.uuid4().hex, adapters.clock().date()
    times = Counter(request.fingerprint for request in requests)
    with adapters.registers.transaction() as register:
        lock_known_study(adapters, register, study_id)
        known = {item.finding.fingerprint: item for item in register.known_findings(study_id, fingerprints=set(times))}
        changes: list[FindingChange] = []
        refused: list[Refusal] = []
        for request in requests:
            judged = judge(request, known.get(request.fingerprint), today, act_id)
            if times[request.fingerprint] > 1:
                named = known.get(request.fingerprint)
                judged = Refusal(
                    request.fingerprint,
                    named.finding.rule_id if named else "",
                    named.finding.record_key if named else "",
                    "it is named twice in one call",
                )
            (changes if isinstance(judged, FindingChange) else refused).append(judged)  # type: ignore[arg-type]
        write_changes(adapters, register, study_id, changes, known)
        after = register.known_findings(study_id, fingerprints=[change.fingerprint for change in changes])
    return ActsDone(tuple(after), tuple(refused), act_id)


def lock_known_study(adapters: Adapters, register: RegisterTransaction, study_id: str) -> None:
    """The study is this transaction's to change, and the acting account is known.

    Raises StudyError LW-FND-007 where the study is not registered.
    """
    register.ensure_account(adapters.actor, make_event(adapters, "account seen", "account", adapters.actor.name))
    if not register.lock_study(study_id):
        raise StudyError(
            "LW-FND-007",
            "no such study is registered",
            where=study_id,
            next_step="give the study's id as in its study file; `longwatch runs` shows what was run",
        )


def write_changes(
    adapters: Adapters,
    register: RegisterTransaction,
    study_id: str,
    changes: Sequence[FindingChange],
    known: dict[str, KnownFinding],
) -> None:
    """Changes with an audit event each, in the caller's transaction, which holds the study's lock."""
    events = [_event(adapters, change, known[change.fingerprint]) for change in changes]
    register.change_findings(study_id, changes, events)


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


def _event(adapters: Adapters, change: FindingChange, before: KnownFinding) -> AuditEvent:
    return AuditEvent(
        adapters.clock(),
        adapters.actor.name,
        ACTIONS[change.act],
        "finding",
        change.fingerprint,
        {"state": before.state.value, "version": before.version, "assignee": before.assignee},
        {
            "rule": before.finding.rule_id,
            "state": change.state.value,
            "version": before.version + 1,
            "assignee": change.assignee,
            "until": change.until,
            "act": change.act_id,
        },
        change.text if change.act in _SAID_IN_FULL else "",
    )


def _check_long_enough(fingerprint: str) -> None:
    if len(fingerprint) < SHORTEST_FINGERPRINT:
        raise StudyError(
            "LW-FND-004",
            "the fingerprint is too short to name a finding",
            where=fingerprint,
            expected=f"at least {SHORTEST_FINGERPRINT} digits",
            found=str(len(fingerprint)),
            next_step="copy it from `longwatch findings list`",
        )
