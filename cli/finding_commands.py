"""`longwatch findings …`: read what validation found, and act on it, one finding or many by filter."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.asked_back import ask_back
from cli.finding_filters import NOBODY, Manner, filtered
from cli.output import AsJson, print_rows
from cli.rule_commands import OfStudy
from cli.wired import wired
from longwatch.errors import StudyError
from longwatch.findings.selection import FindingFilter
from longwatch.findings.states import Act

if TYPE_CHECKING:
    from longwatch.findings.life import ActsDone, KnownFinding
    from operations.finding_acts import FindingShown

findings = typer.Typer(help="What validation found: list, show, assign, answer, waive …", no_args_is_help=True)

ASKED_FROM = 2
"""An act on so many findings or more asks first."""

StudyId = Annotated[str, typer.Argument(metavar="STUDY-ID", help="STUDYID, as in the study file.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; it is kept in the history and in the audit trail.")]
Say = Annotated[str, typer.Option("--say", help="The words; they are kept in the finding's history.")]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(findings, name="findings")


@findings.command("list")
@filtered
def list_findings(
    study_id: StudyId,
    wanted: FindingFilter,
    run: Annotated[str | None, typer.Option(help="Only those of this run.")] = None,
    as_json: AsJson = False,
) -> None:
    """List findings as they are now, the gravest first. Filters hold together."""
    from operations.finding_acts import findings_in_run
    from operations.group_findings import findings_meant

    found = findings_meant(wired(), study_id, wanted)
    if run:
        had = {item.finding.fingerprint for item in findings_in_run(wired(), study_id, run)}
        found = [item for item in found if item.finding.fingerprint in had]
    rows = [_as_json(item) if as_json else _as_row(item) for item in found]
    print_rows(rows, as_json, f"No such findings of {study_id} are recorded.")


@findings.command("show")
def show_finding(
    study_id: StudyId,
    finding: Annotated[str, typer.Argument(metavar="FINDING", help="Its fingerprint, or the first 8 digits or more.")],
    study: OfStudy = None,
    as_json: AsJson = False,
) -> None:
    """Show one finding: record, values, rule in words, what to do, its history, and the snapshots that have it."""
    from longwatch.findings.inputs import RuleInputs
    from operations.finding_acts import history_of
    from runtime.study_files import read_study

    adapters = wired()
    inputs = RuleInputs()
    if study:
        checked, base = read_study(Path(study))
        inputs = adapters.rule_inputs(checked, base)
    shown = history_of(adapters, study_id, finding, inputs)
    if as_json:
        from longwatch.standards.hashing import canonical_json

        typer.echo(canonical_json(_shown_as_json(shown)).decode())
        return
    known, rule = shown.known, shown.rule
    facts = [
        ("finding", known.finding.fingerprint),
        ("rule", f"{known.finding.rule_id}, version {known.finding.rule_version}: {rule.title if rule else ''}"),
        (
            "in words",
            rule.explanation if rule else "no rule that Longwatch brings; --study names a study's own",
        ),
        ("severity", known.finding.severity.value),
        ("state", f"{known.state.value} (version {known.version})"),
        ("last word", known.decision.in_words() if known.decision else ""),
        ("assigned to", known.assignee or ""),
        ("dataset", known.finding.dataset),
        ("record", known.finding.record_key),
        ("site", known.site or ""),
        ("what", known.finding.message),
        ("values", _values(known.finding.values)),
        ("do", known.finding.action),
        ("first found", f"{known.first_seen:%Y-%m-%d %H:%M:%S} UTC"),
        ("in snapshots", ", ".join(item[:12] for item in shown.snapshots)),
        ("fixed by", known.proof[:12] if known.proof else ""),
    ]
    for label, value in facts:
        if value:
            typer.echo(f"{label:<13} {value}")
    typer.echo("\nHistory")
    rows = [
        {
            "version": line.version,
            "at": line.at,
            "by": line.by,
            "act": line.act.value,
            "state": line.state.value,
            "snapshot": line.snapshot_id[:12],
            "assigned to": line.assignee or "",
            "until": line.until,
            "what was found": line.finding.message,
            "words": line.text,
        }
        for line in shown.history
    ]
    print_rows(rows, False, "")


@findings.command("open")
@filtered
def open_findings(
    study_id: StudyId,
    wanted: FindingFilter,
    manner: Manner,
) -> None:
    """Say that findings were looked at and stand: new, answered or reopened becomes open."""
    _act(study_id, wanted, Act.OPEN, "", manner)


@findings.command("assign")
@filtered
def assign(
    study_id: StudyId,
    wanted: FindingFilter,
    to: Annotated[str, typer.Option("--to", help=f"Whom; {NOBODY} takes it back.")],
    manner: Manner,
) -> None:
    """Give findings to a person; a new finding is open from then on."""
    _act(
        study_id,
        wanted,
        Act.ASSIGN,
        "",
        manner,
        assignee=None if to == NOBODY else to,
    )


@findings.command("comment")
@filtered
def comment(
    study_id: StudyId,
    wanted: FindingFilter,
    say: Say,
    manner: Manner,
) -> None:
    """Comment on findings; their state stays."""
    _act(study_id, wanted, Act.COMMENT, say, manner)


@findings.command("answer")
@filtered
def answer(
    study_id: StudyId,
    wanted: FindingFilter,
    say: Say,
    manner: Manner,
) -> None:
    """Write down what the site answered; a finding counts on until the data is right."""
    _act(study_id, wanted, Act.ANSWER, say, manner)


@findings.command("waive")
@filtered
def waive(
    study_id: StudyId,
    wanted: FindingFilter,
    reason: Reason,
    until: Annotated[datetime, typer.Option("--until", formats=["%Y-%m-%d"], help="The waiver's last day.")],
    manner: Manner,
) -> None:
    """Waive findings until a day: they make no report a DRAFT, and every report lists them with the reason."""
    _act(study_id, wanted, Act.WAIVE, reason, manner, until=until.date())


@findings.command("false-positive")
@filtered
def mark_false_positive(
    study_id: StudyId,
    wanted: FindingFilter,
    reason: Reason,
    manner: Manner,
) -> None:
    """Say that the data is right and the rule mistaken: the findings count no more, and every report lists them."""
    _act(study_id, wanted, Act.FALSE_POSITIVE, reason, manner)


@findings.command("reopen")
@filtered
def reopen(
    study_id: StudyId,
    wanted: FindingFilter,
    reason: Reason,
    manner: Manner,
) -> None:
    """Open findings again that were answered, waived, marked false positive or fixed."""
    _act(study_id, wanted, Act.REOPEN, reason, manner)


def _act(
    study_id: str,
    wanted: FindingFilter,
    act: Act,
    text: str,
    manner: Manner,
    *,
    until: date | None = None,
    assignee: str | None = None,
) -> None:
    """One act on all findings that the filter means.

    Cases: no filter, or none is meant → refused; `--dry-run` → they are listed, nothing is done; one → done; several →
    their count is said and asked back on a terminal, elsewhere `--yes` is needed. What is refused is named; where all
    are refused the exit code is that of wrong use.
    """
    from operations.finding_acts import carry_out, requests_for
    from operations.group_findings import findings_meant

    if wanted.is_empty:
        raise StudyError(
            "LW-CLI-009",
            "no filter is given, and an act on every finding of a study is never meant by accident",
            where=f"findings {_command(act)}",
            expected="a filter: --finding, --rule, --site, --subject, --group … (--help names all)",
            next_step="name the findings; --dry-run shows which are meant",
        )
    meant = findings_meant(wired(), study_id, wanted)
    if not meant:
        raise StudyError(
            "LW-CLI-010",
            "no finding is meant by these filters",
            where=f"study {study_id}",
            next_step=f"see `longwatch findings list {study_id}` with the same filters",
        )
    if manner.dry_run:
        print_rows([_as_json(item) if manner.as_json else _as_row(item) for item in meant], manner.as_json, "")
        if not manner.as_json:
            typer.echo(f"{len(meant):,} findings are meant; nothing was done.")
        return
    if len(meant) >= ASKED_FROM and not manner.yes:
        words = f"{act.value}: {len(meant):,} findings are meant"
        ask_back(words, f"findings {_command(act)}", "; --dry-run shows which they are")
    done = carry_out(wired(), study_id, requests_for(meant, act, text, until=until, assignee=assignee))
    _print_done(done, act, manner.as_json)
    if not done.changed:
        raise StudyError(
            "LW-CLI-012",
            f"no finding was changed: {done.refused[0].reason}",
            where=f"findings {_command(act)}",
            found=f"{len(done.refused):,} refused",
            next_step="see `longwatch findings show` for the state that it is in",
        )


def _print_done(done: ActsDone, act: Act, as_json: bool) -> None:
    refused = [
        {"finding": item.fingerprint, "rule": item.rule_id, "record": item.record, "reason": item.reason}
        for item in done.refused
    ]
    if as_json:
        from longwatch.standards.hashing import canonical_json

        value = {"act": act.value, "id": done.act_id, "changed": [_as_json(item) for item in done.changed],
                 "refused": refused}  # fmt: skip
        typer.echo(canonical_json(value).decode())
        return
    typer.echo(f"{act.value}: {len(done.changed):,} findings changed, {len(refused):,} refused.")
    for item in refused:
        typer.echo(f"  refused {item['finding'][:12]} {item['rule']} {item['record']}: {item['reason']}")


def _as_row(item: KnownFinding) -> dict[str, Any]:
    finding = item.finding
    return {
        "finding": finding.fingerprint[:12],
        "rule": finding.rule_id,
        "severity": finding.severity.value,
        "state": item.state.value,
        "until": item.decision.until if item.decision and item.is_set_aside else None,
        "assigned to": item.assignee or "",
        "site": item.site or "",
        "dataset": finding.dataset,
        "record": finding.record_key,
        "what": finding.message,
        "do": finding.action,
    }


def _as_json(item: KnownFinding) -> dict[str, Any]:
    finding, decision = item.finding, item.decision
    return {
        "finding": finding.fingerprint,
        "version": item.version,
        "rule": finding.rule_id,
        "rule_version": finding.rule_version,
        "severity": finding.severity,
        "state": item.state,
        "assignee": item.assignee,
        "site": item.site,
        "dataset": finding.dataset,
        "subject": finding.subject,
        "locator": finding.locator,
        "record": finding.record_key,
        "values": finding.values,
        "records": finding.records,
        "what": finding.message,
        "do": finding.action,
        "first_seen": item.first_seen,
        "changed_at": item.changed_at,
        "first_snapshot": item.first_snapshot,
        "last_snapshot": item.last_snapshot,
        "proof": item.proof,
        "last_word": None
        if decision is None
        else {
            "id": decision.id,
            "act": decision.act,
            "reason": decision.reason,
            "by": decision.by,
            "at": decision.at,
            "until": decision.until,
        },
    }


def _shown_as_json(shown: FindingShown) -> dict[str, Any]:
    return {
        **_as_json(shown.known),
        "rule_title": shown.rule.title if shown.rule else None,
        "rule_in_words": shown.rule.explanation if shown.rule else None,
        "snapshots": shown.snapshots,
        "history": [
            {
                "version": line.version,
                "act": line.act,
                "at": line.at,
                "by": line.by,
                "run": line.run_id or None,
                "snapshot": line.snapshot_id,
                "state": line.state,
                "severity": line.finding.severity,
                "what": line.finding.message,
                "values": line.finding.values,
                "text": line.text,
                "until": line.until,
                "assignee": line.assignee,
                "act_id": line.act_id,
            }
            for line in shown.history
        ],
    }


def _values(values: Mapping[str, str | None]) -> str:
    return ", ".join(f"{name}={'missing' if value is None else value}" for name, value in values.items())


def _command(act: Act) -> str:
    return act.value.replace(" ", "-")
