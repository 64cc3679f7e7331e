"""The rules in force: read from text, their severities as the study sets them, and the version of the whole set."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import TypeAdapter

from longwatch.errors import StudyError
from longwatch.findings.finding import Severity
from longwatch.findings.rule import Check, Rule
from longwatch.findings.rule_parts import Scalar
from longwatch.standards.hashing import sha256_of
from longwatch.standards.yaml_lines import DocumentKind, YamlText, read_document
from longwatch.study import SeverityChange, Study

_RULES = TypeAdapter(tuple[Rule, ...])


@dataclass(frozen=True)
class RuleInForce:
    """A rule with the severity the study gives it; `reason` is the study's, empty where it changes nothing.

    `is_changed`: whether the study gives it its severity, which then is that of all its checks. `not_evaluable`: what
    it does where it cannot be evaluated, None for nothing. `parameters`: as the study sets them, else their defaults.
    """

    rule: Rule
    severity: Severity
    reason: str = ""
    is_changed: bool = False
    not_evaluable: Severity | None = None
    parameters: Mapping[str, tuple[Scalar, ...]] = field(default_factory=dict)

    def severity_of(self, check: Check) -> Severity:
        """The severity of what a check finds: the study's, else the check's own, else the rule's."""
        return self.severity if self.is_changed or check.severity is None else check.severity


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

    Raises StudyError LW-VAL-003 where the study changes a rule that there is not, LW-VAL-006 where it sets a parameter
    that the rule does not have, or to a value of another kind, LW-VAL-007 where it changes a rule that stands fixed.
    Source: CONTRACTS.md, Two gates.
    """
    changes = {change.rule: change for change in study.severities}
    for place, ids in (("severities", set(changes)), ("rules, parameters", set(study.rules.parameters))):
        unknown = sorted(ids - {rule.id for rule in rules})
        if unknown:
            raise StudyError(
                "LW-VAL-003",
                f"there is no rule {', '.join(unknown)}",
                where=f"study {study.id}, {place}",
                expected=f"one of {', '.join(rule.id for rule in rules)}",
                next_step="correct the id or remove the change",
            )
    fixed = sorted({rule.id for rule in rules if rule.is_fixed} & set(changes))
    if fixed:
        raise StudyError(
            "LW-VAL-007",
            f"the severity of {', '.join(fixed)} cannot be changed: a report that fails it has wrong numbers",
            where=f"study {study.id}, severities",
            next_step="remove the change",
        )
    return tuple(_in_force(rule, changes.get(rule.id), study) for rule in rules)


def _in_force(rule: Rule, change: SeverityChange | None, study: Study) -> RuleInForce:
    severity = change.severity if change else None
    not_evaluable = change.not_evaluable if change else None
    return RuleInForce(
        rule=rule,
        severity=Severity(severity) if severity else rule.severity,
        reason=change.reason if change else "",
        is_changed=severity is not None,
        not_evaluable=Severity(not_evaluable) if not_evaluable else None,
        parameters=_parameters(rule, study),
    )


def _parameters(rule: Rule, study: Study) -> dict[str, tuple[Scalar, ...]]:
    values = {name: parameter.values for name, parameter in rule.parameters.items()}
    for name, given in study.rules.parameters.get(rule.id, {}).items():
        value = given if isinstance(given, tuple) else (given,)
        declared = rule.parameters.get(name)
        if declared is None:
            raise _wrong_parameter(
                study, rule, name, "there is no such parameter", ", ".join(rule.parameters) or "none"
            )
        if not isinstance(declared.default, tuple) and len(value) != 1:
            raise _wrong_parameter(study, rule, name, "this parameter is one value, not a list", str(declared.default))
        kinds = {isinstance(each, str) for each in declared.values} or {True}
        if any(isinstance(each, str) not in kinds for each in value):
            kind = "text" if True in kinds else "a number"
            raise _wrong_parameter(
                study, rule, name, f"this parameter is {kind}", f"{kind}, such as {declared.default}"
            )
        values[name] = value
    return values


def _wrong_parameter(study: Study, rule: Rule, name: str, what: str, expected: str) -> StudyError:
    return StudyError(
        "LW-VAL-006",
        what,
        where=f"study {study.id}, rules, parameters, {rule.id}.{name}",
        expected=expected,
        next_step=f"`longwatch rules show {rule.id}` lists what may be set",
    )


def compute_ruleset_version(rules: Iterable[RuleInForce], dictionary: str = "") -> str:
    """SHA-256 over all rules as they are in force, by id: any change of a rule, or of a severity or a parameter by the
    study, shows; so does another dictionary (its digest), since rules compare with it."""
    content = [
        {
            "rule": entry.rule.model_dump(mode="json", by_alias=True, exclude_defaults=True),
            "severity": entry.severity.value if entry.is_changed else "",
            "not evaluable": entry.not_evaluable.value if entry.not_evaluable else "",
            "parameters": {name: list(values) for name, values in entry.parameters.items()},
        }
        for entry in sorted(rules, key=lambda entry: entry.rule.id)
    ]
    return sha256_of({"rules": content, "dictionary": dictionary})
