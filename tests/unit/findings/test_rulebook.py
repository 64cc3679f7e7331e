"""Rules read from text, mistakes named by line, severities as the study sets them, the version of the set."""

from __future__ import annotations

from typing import Any

import pytest

from longwatch.errors import StudyError
from longwatch.findings.finding import Severity
from longwatch.findings.rulebook import check_ids, compute_ruleset_version, parse_rules, rules_in_force
from longwatch.study import Study

IN_SET = "type: in_set, column: AESEV, values: [MILD, MODERATE, SEVERE]"
RULE = """
- id: XX01
  version: 1
  severity: warning
  domains: [AE]
  title: Severity is graded
  explanation: >-
    Each event
    has a severity.
  action: Query the site.
  checks:
    - frame: AE
      when:
        - {column: AETERM, is: filled}
      expect: {type: in_set, column: AESEV, values: [MILD, MODERATE, SEVERE]}
      message: "AESEV is {AESEV}"
"""


def study(*severities: dict[str, str]) -> Study:
    """A study with these changes of severity."""
    return Study.model_validate(
        {
            "longwatch": 1,
            "study": {"id": "STUDY-1", "title": "A study"},
            "sources": [{"path": "data"}],
            "treatment": {"arms": [{"code": "A", "name": "Arm A"}]},
            "severities": list(severities),
        }
    )


def test_a_rule_is_read() -> None:
    """Folded text becomes one line; a missing value fails unless the rule says otherwise."""
    (rule,) = parse_rules(RULE, "rules.yaml")
    assert (rule.id, rule.version, rule.severity, rule.domains) == ("XX01", 1, Severity.WARNING, ("AE",))
    assert rule.explanation == "Each event has a severity."
    check = rule.checks[0]
    assert check.expect.model_dump() == {
        "type": "in_set",
        "column": "AESEV",
        "values": ("MILD", "MODERATE", "SEVERE"),
        "missing": "fails",
    }
    assert check.essential == {"AETERM", "AESEV"}
    assert check.shown == ("AESEV",)
    assert check.kinds == {"AESEV": "text"}


@pytest.mark.parametrize(
    ("correct", "wrong", "mistake"),
    [
        ("severity: warning", "severity: fatal", "XX01, line 4, 0.severity: "),
        ("is: filled", "is: filled, equals: RASH", "a condition has exactly one of equals, in, not_in, is"),
        ("frame: AE", "frame: TSPARM", "rows belong to the frames DATASETS, TSPARM, VARIABLES"),
        ("type: in_set", "type: is_in", "XX01, line 15, 0.checks.0.expect"),
        (IN_SET, "type: matches, column: AESEV", "pattern and form"),
        (
            IN_SET,
            "type: matches, column: AESEV, pattern: '(?<=A)B'",
            "the pattern cannot be read",
        ),
        (IN_SET, "type: between, column: AESEV", "min, max or both"),
        ("{column: AETERM, is: filled}", "{column: AESEV, at_least: 1}", "AESEV is compared as text and as a number"),
        ("values: [MILD, MODERATE, SEVERE]", "values: []", "at least 1 item"),
        ("column: AESEV", "column: aesev", "String should match pattern"),
        ("title: Severity is graded", "title: Severity is graded\n  tittle: x", "Extra inputs are not permitted"),
        ("version: 1", "version: 1\n  version: 2", "the key stands twice"),
        ("  version: 1\n", "", "Field required"),
    ],
)
def test_mistakes_are_named(correct: str, wrong: str, mistake: str) -> None:
    """What stands there, in which rule and line."""
    assert correct in RULE
    with pytest.raises(StudyError) as raised:
        parse_rules(RULE.replace(correct, wrong, 1), "rules.yaml")
    assert raised.value.error_id == "LW-VAL-001"
    assert str(raised.value).startswith("LW-VAL-001: rules.yaml: ")
    assert mistake in str(raised.value)


@pytest.mark.parametrize("text", ["- [", "rules", "{id: XX01}", ""])
def test_text_that_is_no_list_of_rules(text: str) -> None:
    """Not YAML, or not a list."""
    with pytest.raises(StudyError) as raised:
        parse_rules(text, "rules.yaml")
    assert raised.value.error_id == "LW-VAL-001"


def test_an_id_twice() -> None:
    """Two rules with one id could not be told apart in a finding."""
    (rule,) = parse_rules(RULE, "rules.yaml")
    with pytest.raises(StudyError) as raised:
        check_ids([rule, rule])
    assert raised.value.error_id == "LW-VAL-002"
    assert "rule XX01 is declared twice" in str(raised.value)


def test_severity_in_force() -> None:
    """The study's, with its reason; else the rule's own."""
    rules = parse_rules(RULE, "rules.yaml")
    (kept,) = rules_in_force(rules, study())
    assert (kept.severity, kept.reason) == (Severity.WARNING, "")
    change = {"rule": "XX01", "severity": "error", "reason": "Severity is an endpoint here."}
    (changed,) = rules_in_force(rules, study(change))
    assert (changed.severity, changed.reason) == (Severity.ERROR, "Severity is an endpoint here.")
    assert changed.rule.severity is Severity.WARNING


def test_a_change_of_a_rule_that_there_is_not() -> None:
    """A mistake of the study file, never passed over."""
    rules = parse_rules(RULE, "rules.yaml")
    with pytest.raises(StudyError) as raised:
        rules_in_force(rules, study({"rule": "XX99", "severity": "note", "reason": "We do not need it."}))
    assert raised.value.one_line() == (
        "LW-VAL-003: study STUDY-1, severities: there is no rule XX99 (expected one of XX01). "
        "Next: correct the id or remove the change"
    )


@pytest.mark.parametrize(
    ("correct", "other", "same"),
    [
        ("SEVERE]", "SEVERE, FATAL]", False),
        ("severity: warning", "severity: error", False),
        ("version: 1", "version: 2", False),
        ("Query the site.", "Query the site", False),
        ("values: [MILD, MODERATE, SEVERE]", "values: [MILD, MODERATE, SEVERE], missing: fails", True),
        ("explanation: >-\n    Each event\n    has", "explanation: >-\n    Each event has", True),
    ],
)
def test_version_of_the_set(correct: str, other: str, same: bool) -> None:
    """Any change of content shows; how the file writes it does not."""
    assert correct in RULE
    before, after = (
        compute_ruleset_version(rules_in_force(parse_rules(text, "rules.yaml"), study()))
        for text in (RULE, RULE.replace(correct, other, 1))
    )
    assert (before == after) is same


def test_version_shows_the_studys_severity() -> None:
    """A severity changed by the study is another rule set."""
    rules = parse_rules(RULE, "rules.yaml")
    change: dict[str, Any] = {"rule": "XX01", "severity": "error", "reason": "Severity is an endpoint here."}
    assert compute_ruleset_version(rules_in_force(rules, study())) != compute_ruleset_version(
        rules_in_force(rules, study(change))
    )


def test_version_does_not_depend_on_order() -> None:
    """The order of rules is for reading only."""
    text = RULE + RULE.replace("XX01", "XX02").lstrip("\n")
    rules = rules_in_force(parse_rules(text, "rules.yaml"), study())
    assert compute_ruleset_version(rules) == compute_ruleset_version(reversed(rules))
