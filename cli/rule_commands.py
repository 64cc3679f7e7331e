"""`longwatch rules list | show`: what is checked, in words, and what a study may set."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.output import AsJson, print_rows
from cli.wired import wired
from longwatch.errors import StudyError

if TYPE_CHECKING:
    from longwatch.findings.rulebook import RuleInForce

rules = typer.Typer(help="What validation checks.", no_args_is_help=True)
OfStudy = Annotated[
    str | None, typer.Option("--study", metavar="STUDY.yaml", help="With what this study file changes and adds.")
]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(rules, name="rules")


@rules.command("list")
def list_rules(study: OfStudy = None, as_json: AsJson = False) -> None:
    """List the rules with the severity in force."""
    rows = [
        {
            "rule": entry.rule.id,
            "version": entry.rule.version,
            "severity": entry.severity.value,
            "domains": ", ".join(entry.rule.domains),
            "title": entry.rule.title,
        }
        for entry in _in_force(study)
    ]
    print_rows(rows, as_json, "There are no rules.")


@rules.command("show")
def show_rule(
    rule_id: Annotated[str, typer.Argument(metavar="RULE", help="Its id, such as SR02.")],
    study: OfStudy = None,
    as_json: AsJson = False,
) -> None:
    """Show one rule: what it checks in words, what to do, its parameters, and its ids in other engines."""
    entries = _in_force(study)
    entry = next((each for each in entries if each.rule.id == rule_id.upper()), None)
    if entry is None:
        raise StudyError(
            "LW-CLI-010",
            "there is no such rule",
            where=rule_id,
            next_step="`longwatch rules list` names them; a study's own need --study",
        )
    content = _content(entry)
    if as_json:
        from longwatch.standards.hashing import canonical_json

        typer.echo(canonical_json(content).decode())
        return
    typer.echo(f"{entry.rule.id}  {entry.rule.title}")
    for name in ("version", "severity", "domains", "explanation", "action", "elsewhere"):
        typer.echo(f"{name + ':':<13}{content[name]}")
    for number, lines in enumerate(content["checks"], 1):
        typer.echo(f"check {number}:     {lines[0]}")
        for line in lines[1:]:
            typer.echo(f"{'':<13}  {line}")
    for name, parameter in content["parameters"].items():
        confirm = " (confirm: no source was checked)" if parameter["confirm"] else ""
        typer.echo(f"parameter {name}: {parameter['words']}{confirm}")
        typer.echo(f"{'':<13}  {', '.join(str(value) for value in parameter['in force']) or 'empty'}")


def _content(entry: RuleInForce) -> dict[str, Any]:
    from longwatch.findings.in_words import say_check

    rule = entry.rule
    changed = f" (the rule's own: {rule.severity.value}; {entry.reason})" if entry.is_changed else ""
    gates = f"; not evaluable counts as {entry.not_evaluable.value} ({entry.reason})" if entry.not_evaluable else ""
    return {
        "rule": rule.id,
        "version": rule.version,
        "title": rule.title,
        "severity": f"{entry.severity.value}{changed}{gates}",
        "domains": ", ".join(rule.domains),
        "explanation": rule.explanation,
        "action": rule.action,
        "elsewhere": ", ".join(rule.elsewhere) or "none",
        "checks": [
            [f"{line} [{check.severity.value}]" if check.severity and not number else line for number, line in lines]
            for check in rule.checks
            for lines in [list(enumerate(say_check(check)))]
        ],
        "parameters": {
            name: {
                "words": parameter.words,
                "default": list(parameter.values),
                "in force": list(entry.parameters[name]),
                "confirm": parameter.confirm,
            }
            for name, parameter in rule.parameters.items()
        },
    }


def _in_force(study_file: str | None) -> tuple[RuleInForce, ...]:
    from operations.rules import own_rules, read_rules

    if study_file is None:
        return own_rules(wired())
    from runtime.study_files import read_study

    study, base = read_study(Path(study_file))
    return read_rules(wired(), study, base)[0]
