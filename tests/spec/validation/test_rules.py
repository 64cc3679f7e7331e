"""The rules, one by one: what passes, what fails and how the finding reads, and when a rule cannot be judged.

Each file beside this one is a chapter of spec B.3. A case is named by `about` and gives datasets as tables (`.` is
missing; columns that end in SEQ or DY are numbers); `define` is the define.xml in a few words, or why it cannot be
read, `dictionary` a table of the dictionary's paths, `study` what the study file says otherwise. Under `fails`,
`findings` are the messages, all of them, in order.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from longwatch.findings.finding import RuleStatus, ValidationOutcome
from longwatch.standards.yaml_lines import read_yaml
from validations import load_rules
from validations.validation import REPORT_RULES

HERE = Path(__file__).parent
CHAPTERS = {path.stem: read_yaml(path.read_text(encoding="utf-8")).value for path in sorted(HERE.glob("*.yaml"))}
CASES = [
    pytest.param(rule_id, kind, case, id=f"{rule_id} {kind}: {case['about']}")
    for chapter in CHAPTERS.values()
    for rule_id, kinds in chapter.items()
    for kind, cases in kinds.items()
    for case in cases
]
DEFAULT_STATUS = {"passes": "pass", "fails": "fail", "not judged": ""}


@pytest.mark.parametrize(("rule_id", "kind", "case"), CASES)
def test_rule(rule_id: str, kind: str, case: dict[str, Any], judge: Callable[..., ValidationOutcome]) -> None:
    """The rule comes to the status, the findings and the reason that the case says."""
    tables = {name: text for name, text in case.items() if name.isupper()}
    outcome = judge(rule_id, tables, case.get("study", {}), case.get("define"), case.get("dictionary"))
    result = outcome.results[0]
    assert [finding.message for finding in outcome.findings] == case.get("findings", [])
    assert result.status == RuleStatus(case.get("status", DEFAULT_STATUS[kind]))
    assert result.reason == case.get("reason", "")
    assert result.failed == sum(finding.records for finding in outcome.findings)


def test_each_live_rule_has_all_kinds_of_cases() -> None:
    """Every rule has a case that passes, one that fails, and one that says when it cannot be judged; a rule that
    waits for something says so."""
    kinds = {rule_id: set(cases) for chapter in CHAPTERS.values() for rule_id, cases in chapter.items()}
    waiting = {"not judged"}
    assert kinds == {rule.id: set(DEFAULT_STATUS) if rule.checks else waiting for rule in load_rules()}


def test_chapters_are_the_rule_files() -> None:
    """A rule's cases stand in the chapter of its file; those of the report gate stand in `tests/spec/gate`."""
    folder = HERE.parents[2] / "validations" / "rules"
    declared = {
        path.stem: [rule["id"] for rule in read_yaml(path.read_text(encoding="utf-8")).value]
        for path in folder.glob("*.yaml")
        if path.name != REPORT_RULES
    }
    assert declared == {chapter: list(cases) for chapter, cases in CHAPTERS.items()}
