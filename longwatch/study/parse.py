"""Text of a study file → `Study`, with every mistake named by its line."""

from __future__ import annotations

import yaml
from pydantic import ValidationError

from longwatch.errors import StudyError
from longwatch.standards.yaml_lines import read_yaml, say_yaml_error
from longwatch.study.model import Study


def parse_study(text: str, where: str) -> Study:
    """The study of a YAML text. `where` names the file in messages.

    Raises StudyError: LW-STU-001 where the text is no YAML mapping, LW-STU-002 naming every mistake with its line,
    what stands there and what is expected (a key that stands twice is a mistake).
    """
    try:
        source = read_yaml(text)
    except yaml.YAMLError as broken:
        raise StudyError(
            "LW-STU-001", say_yaml_error(broken), where=where, next_step="correct the indentation or quoting there"
        ) from broken
    if not isinstance(source.value, dict):
        raise StudyError(
            "LW-STU-001",
            "the file is no mapping of settings",
            where=where,
            expected="`longwatch: 1`, `study:`, `sources:`, `treatment:`",
            found=type(source.value).__name__ if source.value is not None else "an empty file",
            next_step="start from the example in the README",
        )
    mistakes = source.keys_twice()
    try:
        study = Study.model_validate(source.value)
    except ValidationError as found:
        mistakes += [source.say_mistake(error) for error in found.errors(include_url=False)]
    if mistakes:
        raise StudyError(
            "LW-STU-002",
            f"{len(mistakes)} mistake{'s' * (len(mistakes) != 1)}: " + " | ".join(mistakes),
            where=where,
            next_step="correct each line; `longwatch study check` reads the file again",
        )
    return study
