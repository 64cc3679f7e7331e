"""`longwatch archive retain`, `extend`, `hold`, `remove-drafts`: how long what is archived is kept."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cli.archive_commands import ReportKey
from cli.asked_back import ask_back
from cli.moments import read_days
from cli.output import AsJson, print_rows
from cli.wired import wired

Why = Annotated[str, typer.Option("--why", help="Why; it is kept in the audit trail.")]


def register(archive: typer.Typer) -> None:
    """Add these commands."""
    archive.command("retain")(retain)
    archive.command("extend")(extend)
    archive.command("hold")(hold)
    archive.command("remove-drafts")(remove_old_drafts)


def hold(
    key: ReportKey, on: Annotated[bool, typer.Option("--on/--off", help="Place a hold, or lift it.")], why: Why
) -> None:
    """Place a report on legal hold, or lift the hold: on hold nothing of it is removed, whatever its retention says."""
    from operations.legal_hold import hold_report

    done = hold_report(wired(), key, on, why)
    was = "on" if done.before else "off"
    typer.echo(f"{done.row.key[:12]}: legal hold {'on' if on else 'off'} (before: {was}); {done.objects} objects set.")
    if not done.kept_by_store:
        typer.echo("This bucket has no Object Lock: the hold binds Longwatch, not who may delete from the bucket.")


def retain(
    study_file: Annotated[
        Path | None,
        typer.Argument(metavar="[STUDY.yaml]", help="Take its retention rules for its study from now on."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Keep each released report as long as the rules say today, and do what was interrupted; the weekly flow, too."""
    from cli.progress import StageDisplay
    from operations.keep_reports import retain_reports, set_rules

    adapters, display = wired(), StageDisplay()
    if study_file is not None:
        from runtime.study_files import read_study

        study, _base = read_study(study_file)
        is_new = set_rules(adapters, study.id, study.retention)
        typer.echo(f"{study.id}: retention rules {'set' if is_new else 'as they were'}.", err=as_json)
    with display.shown("Retain"):
        done = retain_reports(adapters, display.message)
    rows = [
        {"report_key": each.row.key if as_json else each.row.key[:12], "study": each.row.study_id,
         "report": each.row.template, "until": f"{each.until.until:%Y-%m-%d}", "rule": each.until.rule,
         "rolls": "yes" if each.until.rolls else "no", "further": "yes" if each.changed else "no",
         "objects": each.objects}
        for each in done
    ]  # fmt: skip
    print_rows(rows, as_json, "No report was released yet: retention begins at release.")


def extend(
    key: ReportKey,
    until: Annotated[str, typer.Option("--until", metavar="DAY", help="To the end of this day (UTC).")],
    why: Why,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask back.")] = False,
) -> None:
    """Keep a released report longer than its rules say. It cannot be taken back, so it asks back."""
    from operations.keep_reports import extend_retention

    first, day = read_days(until)
    if day is None or first != day:
        raise typer.BadParameter("name a day, such as 2051-06-30", param_hint="--until")
    if not yes:
        words = f"{key} would be kept to the end of {day}; a store with Object Lock lets nobody shorten that"
        ask_back(words, "archive extend")
    done = extend_retention(wired(), key, day, why)
    typer.echo(f"{done.row.key[:12]}: {done.until.in_words()}; {done.objects} objects set.")


def remove_old_drafts(
    study: Annotated[str | None, typer.Argument(metavar="[STUDY-ID]", help="Only this study's; default all.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Remove them; without it they are only listed.")] = False,
    as_json: AsJson = False,
) -> None:
    """List, or remove for good, drafts past the draft period of their study. What is on legal hold stays."""
    from cli.progress import StageDisplay
    from operations.remove_drafts import old_drafts, remove_drafts

    adapters, display = wired(), StageDisplay()
    found = old_drafts(adapters, study)
    rows = [
        {"report_key": draft.row.key if as_json else draft.row.key[:12], "study": draft.row.study_id,
         "report": draft.row.template, "cut-off": draft.row.cutoff.isoformat(), "archived": draft.row.archived_at,
         "stays": draft.stays}
        for draft in found
    ]  # fmt: skip
    if yes:
        with display.shown("Remove"):
            done = remove_drafts(adapters, study, display.message)
    print_rows(rows, as_json, "No draft is past the draft period of its study.")
    if yes:
        typer.echo(f"Removed: {len(done.rows)} drafts, {done.objects} objects.", err=as_json)
    elif any(not draft.stays for draft in found):
        typer.echo("Nothing was removed: give --yes.", err=as_json)
