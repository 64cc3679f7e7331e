"""The filters of every command on findings, declared once."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Annotated, Any

import typer

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


def filtered(command: Callable[..., None]) -> Callable[..., None]:
    """A command with a parameter `wanted: FindingFilter`, as one that has the options of `make_filter` in its place."""
    own = inspect.signature(command, eval_str=True).parameters
    options = inspect.signature(make_filter, eval_str=True).parameters

    @functools.wraps(command)
    def with_options(**given: Any) -> None:
        named = {name: given.pop(name) for name in options}
        command(wanted=make_filter(**named), **given)

    parameters = [
        parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for name, parameter in [*own.items(), *options.items()]
        if name != "wanted"
    ]
    with_options.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    with_options.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return with_options
