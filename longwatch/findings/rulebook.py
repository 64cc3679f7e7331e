"""The rules in force: read from text, their severities as the study sets them, and the version of the whole set."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import yaml
from pydantic import TypeAdapter, ValidationError

from longwatch.errors import StudyError
from longwatch.findings.finding import Severity
from longwatch.findings.rule import Rule
from longwatch.standards.hashing import sha256_of
from longwatch.standards.yaml_lines import read_yaml, say_yaml_error
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
    try:
        source = read_yaml(text)
    except yaml.YAMLError as broken:
        raise StudyError(
            "LW-VAL-001", say_yaml_error(broken), where=where, next_step="correct the indentation or quoting there"
        ) from broken
    mistakes = source.keys_twice()
    rules: tuple[Rule, ...] = ()
    try:
        rules = _RULES.validate_python(source.value)
    except ValidationError as found:
        mistakes += [
            _rule_name(source.value, error["loc"]) + source.say_mistake(error)
            for error in found.errors(include_url=False)
        ]
    if mistakes:
        raise StudyError(
            "LW-VAL-001",
            f"{len(mistakes)} mistake{'s' * (len(mistakes) != 1)}: " + " | ".join(mistakes),
            where=where,
            next_step="correct each line; longwatch/findings/rule.py says what a rule may hold",
        )
    return rules


def _rule_name(value: object, place: Sequence[int | str]) -> str:
    """`SR02, `: the rule that a mistake is in; empty where it has no id."""
    entry = value[place[0]] if isinstance(value, list) and place and isinstance(place[0], int) else None
    return f"{entry['id']}, " if isinstance(entry, dict) and "id" in entry else ""


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
