"""Findings given out as a file that people fill, and taken back."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from longwatch.findings.exchange import RefusedCell, ask
from longwatch.findings.exchange_sheets import make_book
from longwatch.findings.inputs import RuleInputs
from longwatch.findings.judging import judge
from longwatch.findings.life import ActRequest, FindingChange, KnownFinding, Refusal
from longwatch.findings.selection import FindingFilter, select_findings
from operations.audited import make_event
from operations.finding_acts import lock_known_study, write_changes
from operations.group_findings import findings_and_groups, make_groups
from operations.ports import Adapters, Progress


@dataclass(frozen=True)
class FindingsImported:
    """What a file that came back came to. `rows`: in the file. `untouched`: rows that ask nothing. `changed`: findings
    that were changed. `refused`: by address; nothing of such a row was done."""

    rows: int
    untouched: int
    changed: int
    refused: tuple[RefusedCell, ...]


def export_findings(
    adapters: Adapters, study_id: str, wanted: FindingFilter, file: str, *, said: str = "", progress: Progress
) -> int:
    """Write the findings that a filter means, all of them, and the audit event of it; how many there are.

    `said`: the filter in words, printed in the workbook. Raises what the adapter raises.
    """
    adapters.findings_exchange.check(file)
    known, group_of = findings_and_groups(adapters, study_id)
    now = adapters.clock()
    meant = select_findings(known, wanted, now, lambda finding: group_of.get(finding.fingerprint, ""))
    facts = (
        ("Study", study_id),
        ("Given out", f"{now:%Y-%m-%d %H:%M} UTC by {adapters.actor.name}"),
        ("Findings", f"{len(meant):,} of {len(known):,}{f' ({said})' if said else ''}"),
    )
    progress(f"writing {len(meant):,} findings")
    rules = {rule.id: (rule.title, rule.explanation) for rule in adapters.rules(RuleInputs())}
    book = make_book(study_id, meant, make_groups(meant), group_of, rules, facts)
    adapters.findings_exchange.write(file, book)
    with adapters.registers.transaction() as register:
        register.record_read(make_event(adapters, "findings exported", "study", study_id, {"findings": len(meant)}))
    return len(meant)


def import_findings(adapters: Adapters, study_id: str, file: str) -> FindingsImported:
    """Take back a file that was exported: every row is done or refused as a whole, by the address of its cells.

    A finding that changed after the export is never overwritten. All rows are one transaction; the acts of a row follow
    one another, are judged together before any is written, and are recorded as if each had been given by itself, by the
    person who imports. Raises StudyError LW-FND-007 (the study is not registered) and what reading the file raises.
    """
    rows = adapters.findings_exchange.read(file)
    act_id, today = uuid.uuid4().hex, adapters.clock().date()
    with adapters.registers.transaction() as register:
        lock_known_study(adapters, register, study_id)
        known = {item.finding.fingerprint: item for item in register.known_findings(study_id)}
        asked = ask(rows, known)
        refused = [cell for row in asked for cell in row.refused]
        chains: list[list[FindingChange]] = []
        for row in asked:
            judged = _judge_row(row.requests, known, today, act_id)
            if isinstance(judged, Refusal):
                refused.append(RefusedCell(row.address, judged.rule_id, judged.record, judged.reason))
            elif judged:
                chains.append(judged)
        for turn in range(max(map(len, chains), default=0)):
            changes = [chain[turn] for chain in chains if turn < len(chain)]
            write_changes(adapters, register, study_id, changes, known)
            for change in changes:
                known[change.fingerprint] = _after(known[change.fingerprint], change)
        summary = {"rows": len(rows), "changed": len(chains), "refused": len(refused)}
        register.record_read(make_event(adapters, "findings imported", "study", study_id, summary))
    untouched = sum(not row.requests and not row.refused for row in asked)
    return FindingsImported(len(rows), untouched, len(chains), tuple(refused))


def _judge_row(
    requests: Sequence[ActRequest], known: Mapping[str, KnownFinding], today: date, act_id: str
) -> list[FindingChange] | Refusal:
    """The changes of one row, each judged as the finding is after those before it; or why none of them can be."""
    changes: list[FindingChange] = []
    for request in requests:
        item = known[request.fingerprint]
        for change in changes:
            item = _after(item, change)
        judged = judge(replace(request, version=request.version + len(changes)), item, today, act_id)
        if isinstance(judged, Refusal):
            return judged
        changes.append(judged)
    return changes


def _after(item: KnownFinding, change: FindingChange) -> KnownFinding:
    return replace(item, version=change.version + 1, state=change.state, assignee=change.assignee)
