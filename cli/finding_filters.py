"""The filters of every command on findings, and the manner of every act on them, declared once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from cli.option_groups import expanding
from cli.output import AsJson
from longwatch.findings.finding import Severity
from longwatch.findings.selection import FindingFilter
from longwatch.findings.states import FindingState

NOBODY = "-"

Ids = Annotated[list[str] | None, typer.Option("--finding", help="Fingerprint, or its first 8 digits or more.")]
Rules = Annotated[list[str] | None, typer.Option("--rule", help="Only of this rule; may be given again.")]
Severities = Annotated[list[Severity] | None, typer.Option("--severity", help="Only of this severity.")]
States = Annotated[list[FindingState] | None, typer.Option("--state", help="Only in this state.")]
Sites = Annotated[list[str] | None, typer.Option("--site", help="Only of subjects of this site (DM.SITEID).")]
Subjects = Annotated[list[str] | None, typer.Option("--subject", help="Only of this subject (USUBJID).")]
Datasets = Annotated[list[str] | None, typer.Option("--dataset", help="Only of this dataset.")]
Assignees = Annotated[list[str] | None, typer.Option("--assignee", help=f"Only of this person; {NOBODY}: of nobody.")]
Groups = Annotated[list[str] | None, typer.Option("--group", help="Only of this root-cause group.")]
Words = Annotated[str, typer.Option("--text", help="Only where all these words stand in the finding.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do it to many without asking.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say which findings are meant.")]
OlderThan = Annotated[int | None, typer.Option("--older-than", min=0, help="Only found first so many days ago.")]


def make_filter(
    finding: Ids = None,
    rule: Rules = None,
    severity: Severities = None,
    state: States = None,
    site: Sites = None,
    subject: Subjects = None,
    dataset: Datasets = None,
    assignee: Assignees = None,
    group: Groups = None,
    text: Words = "",
    older_than: OlderThan = None,
) -> FindingFilter:
    """The filter that the options name; each may be given again, and then either will do."""
    return FindingFilter(
        findings=tuple(item.lower() for item in finding or ()),
        rules=tuple(rule or ()),
        severities=tuple(severity or ()),
        states=tuple(state or ()),
        sites=tuple(site or ()),
        subjects=tuple(subject or ()),
        datasets=tuple(dataset or ()),
        assignees=tuple("" if item == NOBODY else item for item in assignee or ()),
        groups=tuple(item.lower() for item in group or ()),
        text=text,
        older_than=older_than,
    )


@dataclass(frozen=True)
class Manner:
    """How an act is done: without asking, only said, told as JSON."""

    yes: bool
    dry_run: bool
    as_json: bool


def make_manner(yes: Yes = False, dry_run: DryRun = False, as_json: AsJson = False) -> Manner:
    """The manner that the options name."""
    return Manner(yes, dry_run, as_json)


filtered = expanding({FindingFilter: make_filter, Manner: make_manner})
"""A command with a parameter of type FindingFilter or Manner, as one that has their options in its place."""
