"""What a study file names beside its data for validation: rule files, and the folder of a dictionary."""

from __future__ import annotations

from pathlib import Path

from connectors.dictionary_files import read_dictionary
from longwatch.errors import StudyError
from longwatch.findings.inputs import RuleInputs
from longwatch.findings.rulebook import parse_rules
from longwatch.study import Study


def read_rule_inputs(study: Study, base: str) -> RuleInputs:
    """The study's own rules and its dictionary. `base`: the folder that relative paths start from.

    Raises StudyError LW-RUL-001 (a rule file cannot be read), LW-VAL-001 (it is no list of rules), LW-DIC-002 (the
    dictionary's folder has no hierarchy that can be read), LW-DIC-001 (the hierarchy does not fit).
    """
    rules = tuple(rule for name in study.rules.files for rule in parse_rules(_text(Path(base, name)), name))
    folder = study.dictionaries.meddra_folder
    return RuleInputs(rules, read_dictionary(Path(base, folder)) if folder else None)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as unreadable:
        reason = unreadable.strerror if isinstance(unreadable, OSError) else "its text is not UTF-8"
        raise StudyError(
            "LW-RUL-001",
            f"the rule file cannot be read: {reason}",
            where=str(path),
            next_step="correct its name under rules: files: in the study file; it is relative to the study file",
        ) from unreadable
