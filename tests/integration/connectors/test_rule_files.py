"""What a study file names beside its data for validation: rule files and a dictionary."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from connectors.rule_files import read_rule_inputs
from longwatch.errors import StudyError
from longwatch.study import Study
from simulation import mockdra

RULE = """
- {id: OWN01, version: 1, severity: note, domains: [AE], title: t, explanation: e, action: a, checks: [
    {frame: AE, expect: {type: not_null, column: AETERM}, message: m}]}
"""


def study(**more: Any) -> Study:
    """A study file with these settings."""
    content = {"sources": [{"path": "data"}], "treatment": {"arms": [{"code": "A", "name": "A"}]}, **more}
    return Study.model_validate({"longwatch": 1, "study": {"id": "S", "title": "A study"}, **content})


def test_rules_and_dictionary(tmp_path: Path) -> None:
    """Relative to the study file; the dictionary has a row for each path."""
    (tmp_path / "own.yaml").write_text(RULE)
    mockdra.write_dictionary(tmp_path / "dictionary")
    named = study(rules={"files": ["own.yaml"]}, dictionaries={"meddra_folder": "dictionary"})
    inputs = read_rule_inputs(named, str(tmp_path))
    assert [rule.id for rule in inputs.own_rules] == ["OWN01"]
    assert inputs.dictionary is not None
    assert inputs.dictionary.paths.height == len(mockdra.dictionary())
    assert inputs.dictionary.paths.row(0, named=True)["PT"] == mockdra.dictionary()[0].pt


def test_nothing_named(tmp_path: Path) -> None:
    """Then there is neither."""
    inputs = read_rule_inputs(study(), str(tmp_path))
    assert (inputs.own_rules, inputs.dictionary) == ((), None)


@pytest.mark.parametrize(
    ("settings", "content", "error_id"),
    [
        ({"rules": {"files": ["none.yaml"]}}, None, "LW-RUL-001"),
        ({"rules": {"files": ["own.yaml"]}}, "- {id: OWN01}", "LW-VAL-001"),
        ({"dictionaries": {"meddra_folder": "none"}}, None, "LW-DIC-002"),
        ({"dictionaries": {"meddra_folder": "."}}, "10001$Rash$", "LW-DIC-001"),
        ({"dictionaries": {"meddra_folder": "."}}, "", "LW-DIC-001"),
    ],
)
def test_what_cannot_be_read_is_refused(
    tmp_path: Path, settings: dict[str, Any], content: str | None, error_id: str
) -> None:
    """With what to correct; nothing is read halfway."""
    if content is not None:
        (tmp_path / ("own.yaml" if "rules" in settings else "mdhier.asc")).write_text(content)
    with pytest.raises(StudyError) as raised:
        read_rule_inputs(study(**settings), str(tmp_path))
    assert raised.value.error_id == error_id
