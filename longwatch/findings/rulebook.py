"""The rules in force: read from text, their severities as the study sets them, and the version of the whole set."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from longwatch.errors import StudyError
from longwatch.findings.finding import Severity
from longwatch.findings.rule import Rule
from longwatch.standards.hashing import sha256_of
from longwatch.standards.yaml_lines import DocumentKind, YamlText, read_document
from longwatch.study import Study

_RULES = TypeAdapter(tuple[Rule, ...])


@dataclass(frozen=True)
class RuleInForce:
    """A rule with the severity the study gives it; `reason` is the study's, empty where it changes nothing."""

    rule: Rule
    severity: Severity
    reason: str = ""


def parse_rules(text: str, where: str) -> tuple[Rule, ...]:
    """The rules of a YAML text (a list). `where` names the file in messages.

    Raises StudyError LW-VAL-001 where the text is no list of rules, naming every mistake with its rule and line.
    """
    return read_document(text, where, _RULES, _KIND)


def _say_mistake(source: YamlText, error: Any) -> str:
    """A mistake with the id of the rule it is in, where that has one: `SR02, line 7, …`."""
    place = error["loc"]
    entry = source.value[place[0]] if place and isinstance(place[0], int) else None
    name = f"{entry['id']}, " if isinstance(entry, dict) and "id" in entry else ""
    return name + source.say_mistake(error)


_KIND = DocumentKind(
    name="list of rules",
    no_document="LW-VAL-001",
    mistakes="LW-VAL-001",
    outline="a list, each rule with `id:`, `version:`, `severity:`, …",
    start="start from one of the files in validations/rules/",
    correct="correct each line; longwatch/findings/rule.py says what a rule may hold",
    top=list,
    say=_say_mistake,
)


def check_ids(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    """The rules, where no id stands twice. Raises StudyError LW-VAL-002 naming those that do."""
    kept = tuple(rules)
    ids = [rule.id for rule in kept]
    twice = sorted({rule_id for rule_id in ids if ids.count(rule_id) > 1})
    if twice:
        raise StudyError(
            "LW-VAL-002", f"rule {', '.join(twice)} is declared twice", next_step="give the second another id"
        )
    return kept


def rules_in_force(rules: Sequence[Rule], study: Study) -> tuple[RuleInForce, ...]:
    """Each rule with its severity: the study's, where it changes it with a reason, else the rule's own.

    Raises StudyError LW-VAL-003 where the study changes a rule that there is not.
    Source: CONTRACTS.md, Two gates.
    """
    changes = {change.rule: change for change in study.severities}
    unknown = sorted(set(changes) - {rule.id for rule in rules})
    if unknown:
        raise StudyError(
            "LW-VAL-003",
            f"there is no rule {', '.join(unknown)}",
            where=f"study {study.id}, severities",
            expected=f"one of {', '.join(rule.id for rule in rules)}",
            next_step="correct the id or remove the change",
        )
    return tuple(
        RuleInForce(rule, Severity(changes[rule.id].severity), changes[rule.id].reason)
        if rule.id in changes
        else RuleInForce(rule, rule.severity)
        for rule in rules
    )


def compute_ruleset_version(rules: Iterable[RuleInForce]) -> str:
    """SHA-256 over all rules as they are in force, by id: any change of a rule, or of a severity by the study,
    shows."""
    content = [
        {
            "rule": entry.rule.model_dump(mode="json", by_alias=True, exclude_defaults=True),
            "severity": entry.severity.value,
        }
        for entry in sorted(rules, key=lambda entry: entry.rule.id)
    ]
    return sha256_of(content)
