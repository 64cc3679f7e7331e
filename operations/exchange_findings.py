"""Findings given out as a file that people fill, and taken back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from longwatch.findings.exchange import RefusedCell, ask
from longwatch.findings.exchange_sheets import make_book
from longwatch.findings.selection import FindingFilter, select_findings
from operations.audited import make_event
from operations.finding_acts import carry_out
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
    rules = {rule.id: (rule.title, rule.explanation) for rule in adapters.rules()}
    book = make_book(study_id, meant, make_groups(meant), group_of, rules, facts)
    adapters.findings_exchange.write(file, book)
    with adapters.registers.transaction() as register:
        register.record_read(make_event(adapters, "findings exported", "study", study_id, {"findings": len(meant)}))
    return len(meant)


def import_findings(adapters: Adapters, study_id: str, file: str, today: date) -> FindingsImported:
    """Take back a file that was exported: every row is done or refused as a whole, by the address of its cells.

    A finding that changed after the export is never overwritten. Acts are recorded as if each had been given by
    itself, with the person who imports. `today`: in the study's zone. Raises what reading the file raises.
    """
    rows = adapters.findings_exchange.read(file)
    known, _ = findings_and_groups(adapters, study_id)
    asked = ask(rows, {item.finding.fingerprint: item for item in known})
    refused = [cell for row in asked for cell in row.refused]
    address = {row.requests[0].fingerprint: row.address for row in asked if row.requests}
    requests = [request for row in asked for request in row.requests]
    done = carry_out(adapters, study_id, requests, today) if requests else None
    if done is not None:
        refused += [
            RefusedCell(address[item.fingerprint], item.rule_id, item.record, item.reason) for item in done.refused
        ]
    changed = len(done.changed) if done is not None else 0
    return FindingsImported(len(rows), sum(not row.requests and not row.refused for row in asked), changed, tuple(refused))
