"""`longwatch audit …`: the audit trail, looked at, given out, proved."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.moments import read_moment
from cli.option_groups import expanding
from cli.output import AsJson, print_rows
from cli.wired import wired
from longwatch.evidence.audit import EventFilter

audit = typer.Typer(help="The audit trail: list, export, verify, checkpoint.", no_args_is_help=True)

Who = Annotated[str | None, typer.Option("--who", help="Only what this account did.")]
What = Annotated[str | None, typer.Option("--what", help="Only this action, such as 'report archived'.")]
Entity = Annotated[str | None, typer.Option("--entity", help="Only this kind of thing, such as report or finding.")]
Id = Annotated[str | None, typer.Option("--id", help="Only things whose id begins so.")]
Since = Annotated[str | None, typer.Option("--since", help="From this day or moment on (UTC).")]
Until = Annotated[str | None, typer.Option("--until", help="Before this day or moment (UTC).")]
Text = Annotated[str | None, typer.Option("--text", help="Only where this stands in action, id, values or reason.")]


def make_event_filter(
    who: Who = None,
    what: What = None,
    entity: Entity = None,
    thing: Id = None,
    since: Since = None,
    until: Until = None,
    text: Text = None,
) -> EventFilter:
    """The filter that the options name."""
    return EventFilter(who, what, entity, thing, read_moment(since), read_moment(until), text)


selecting = expanding({EventFilter: make_event_filter})


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(audit, name="audit")


@audit.command("list")
@selecting
def list_audit(
    wanted: EventFilter,
    limit: Annotated[int, typer.Option(min=1, help="How many, newest first.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List audit events, newest first."""
    from operations.audit_export import list_events

    records = list_events(wired(), wanted, limit)
    rows = [
        {
            "position": record.position,
            "at": record.event.at,
            "who": record.event.actor,
            "what": record.event.action,
            "entity": record.event.entity,
            "id": record.event.entity_id if as_json else record.event.entity_id[:12],
            **({"old": record.event.old, "new": record.event.new} if as_json else {}),
            "reason": record.event.reason,
        }
        for record in records
    ]
    print_rows(rows, as_json, "Nothing like that is recorded.")


@audit.command("export")
@selecting
def export_audit(
    wanted: EventFilter,
    to: Annotated[Path, typer.Option("--to", help="The file: .csv to read, .ndjson to verify.")],
) -> None:
    """Write audit events to a file, oldest first, with all their values; it says which were selected."""
    from operations.audit_export import export_audit as export

    file, selection = export(wired(), str(to), wanted)
    typer.echo(f"{file}\n{selection}")


@audit.command("verify")
def verify_audit(
    checkpoint: Annotated[
        list[Path] | None, typer.Option("--checkpoint", help="A checkpoint that you kept; may be given again.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Compute the audit trail's tree again and compare it with every signed checkpoint; exit 5 where one differs."""
    from cli.progress import StageDisplay
    from longwatch.errors import StudyError
    from operations.audit_trail import verify_audit as verify

    witnesses = {}
    for file in checkpoint or []:
        try:
            witnesses[str(file)] = file.read_bytes()
        except OSError as refused:
            raise StudyError(
                "LW-CLI-008",
                f"the checkpoint cannot be read: {refused.strerror}",
                where=str(file),
                next_step="name a file as `longwatch audit checkpoint` gives it",
            ) from refused
    display = StageDisplay()
    with display.shown("Verify"):
        found = verify(wired(), display.message, witnesses)
    rows = {
        "events": found.tree.size,
        "root": found.tree.root().hex(),
        "log": found.origin,
        "checkpoints": found.checkpoints,
        "signed up to": found.covered,
        "signing keys": ", ".join(key.text for key in found.keys),
    }
    if as_json:
        print_rows([rows], True, "")
        return
    print_rows([{"what": name, "is": value} for name, value in rows.items()], False, "")
    later = found.tree.size - found.covered
    typer.echo(
        "No event was changed, taken away, put in or moved"
        + (f"; the last {later:,} are not signed yet (`longwatch audit checkpoint`)." if later else ".")
    )


@audit.command("checkpoint")
def checkpoint_audit() -> None:
    """Sign the audit trail as it is, archive that, and print it: keep it, and `audit verify --checkpoint` proves later
    that nothing before it was changed."""
    from operations.audit_checkpoint import find_checkpoint, make_checkpoint

    adapters = wired()
    made = make_checkpoint(adapters) or find_checkpoint(adapters)
    typer.echo(made.note.decode() if made else "Nothing is recorded yet.", nl=made is None)
