"""What a study sets of a rule: its parameters, and what the rule does where it cannot be evaluated."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from longwatch.errors import StudyError
from longwatch.findings.finding import RuleResult, RuleStatus, Severity, ValidationOutcome
from longwatch.findings.gate import compute_gate
from longwatch.findings.in_words import say_check
from longwatch.findings.rule import Rule
from longwatch.findings.rulebook import compute_ruleset_version, rules_in_force
from longwatch.study import Study

RULE: dict[str, Any] = {
    "id": "XX01", "version": 1, "severity": "warning", "domains": ["AE"],
    "title": "-", "explanation": "-", "action": "-",
    "parameters": {
        "limit": {"words": "The limit", "default": 3},
        "terms": {"words": "The terms", "default": ["A"], "confirm": True},
    },
    "checks": [
        {
            "frame": "AE",
            "when": [{"column": "AETERM", "in": [{"from": "parameters.terms"}]}],
            "expect": {"type": "between", "column": "AESEQ", "max": {"from": "parameters.limit"}},
            "message": "-",
            "severity": "error",
        }
    ],
}  # fmt: skip


def study(**more: Any) -> Study:
    """A study file with these settings."""
    return Study.model_validate(
        {
            "longwatch": 1,
            "study": {"id": "STUDY-1", "title": "A study"},
            "sources": [{"path": "data"}],
            "treatment": {"arms": [{"code": "A", "name": "Arm A"}]},
            **more,
        }
    )


def setting(**values: Any) -> Study:
    """A study that sets parameters of XX01."""
    return study(rules={"parameters": {"XX01": values}})


def test_the_study_sets_a_parameter() -> None:
    """Its value, else the default; either way it is in the version of the rule set."""
    rule = Rule.model_validate(RULE)
    (default,), (given,) = (rules_in_force([rule], each) for each in (study(), setting(limit=5, terms=["B", "C"])))
    assert default.parameters == {"limit": (3,), "terms": ("A",)}
    assert given.parameters == {"limit": (5,), "terms": ("B", "C")}
    assert compute_ruleset_version([default]) != compute_ruleset_version([given])


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"most": 5}, "there is no such parameter"),
        ({"limit": [1, 2]}, "this parameter is one value, not a list"),
        ({"limit": "five"}, "this parameter is a number"),
        ({"terms": [1]}, "this parameter is text"),
    ],
)
def test_a_wrong_parameter_is_told(values: dict[str, Any], said: str) -> None:
    """By rule and name, before anything is judged."""
    with pytest.raises(StudyError) as raised:
        rules_in_force([Rule.model_validate(RULE)], setting(**values))
    assert raised.value.error_id == "LW-VAL-006"
    assert said in raised.value.one_line()
    assert f"XX01.{next(iter(values))}" in raised.value.one_line()


def test_parameters_are_declared_and_used() -> None:
    """A name that a check uses and the rule does not declare is a mistake, and the other way."""
    with pytest.raises(ValidationError, match="limit is used and not declared"):
        Rule.model_validate({**RULE, "parameters": {"terms": RULE["parameters"]["terms"]}})


def test_a_check_may_have_a_severity_of_its_own() -> None:
    """Until the study gives the rule one."""
    rule = Rule.model_validate(RULE)
    (own,) = rules_in_force([rule], study())
    change = {"rule": "XX01", "severity": "note", "reason": "Not of interest here."}
    (changed,) = rules_in_force([rule], study(severities=[change]))
    assert (own.severity_of(rule.checks[0]), changed.severity_of(rule.checks[0])) == (Severity.ERROR, Severity.NOTE)


@pytest.mark.parametrize(
    ("severity", "rejected", "draft"), [("reject", ("XX01",), ()), ("error", (), ("XX01",)), ("warning", (), ())]
)
def test_not_evaluable_may_gate(severity: str, rejected: tuple[str, ...], draft: tuple[str, ...]) -> None:
    """Where the study says so, a rule that is not evaluable counts like a finding; one that passes does not."""
    change = {"rule": "XX01", "not_evaluable": severity, "reason": "This must be known here."}
    (entry,) = rules_in_force([Rule.model_validate(RULE)], study(severities=[change]))
    assert entry.severity is Severity.WARNING
    for status in (RuleStatus.NOT_EVALUABLE, RuleStatus.PASS):
        result = RuleResult("XX01", 1, "-", entry.severity, status, not_evaluable=entry.not_evaluable)
        gate = compute_gate(ValidationOutcome((result,), (), ""))
        expected = (rejected, draft) if status is RuleStatus.NOT_EVALUABLE else ((), ())
        assert (gate.rejected, gate.draft) == expected


def test_a_change_changes_something() -> None:
    """Neither a severity nor a not_evaluable is a mistake of the study file."""
    with pytest.raises(ValidationError, match="give severity, not_evaluable, or both"):
        study(severities=[{"rule": "XX01", "reason": "No reason at all."}])


def test_paths_are_not_in_the_report_key() -> None:
    """Where rule files and the dictionary lie is no content of a study; what is set is."""
    here = study(rules={"files": ["a.yaml"]}, dictionaries={"meddra_folder": "here"})
    there = study(rules={"files": ["b.yaml"]}, dictionaries={"meddra_folder": "there"})
    assert here.content_used_by_reports() == there.content_used_by_reports()
    assert setting(limit=5).content_used_by_reports() != study().content_used_by_reports()


def test_a_check_in_words() -> None:
    """Where, on what condition, what is expected; parameters in braces."""
    assert say_check(Rule.model_validate(RULE).checks[0]) == [
        "AE, where AETERM is one of {terms}: AESEQ is at most {limit}"
    ]
