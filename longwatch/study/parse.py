"""Text of a study file → `Study`, with every mistake named by its line."""

from __future__ import annotations

from typing import Any

import yaml
from pydantic import ValidationError

from longwatch.errors import StudyError
from longwatch.study.model import Study


def parse_study(text: str, where: str) -> Study:
    """The study of a YAML text. `where` names the file in messages.

    Raises StudyError: LW-STU-001 where the text is no YAML mapping, LW-STU-002 naming every mistake with its line,
    what stands there and what is expected.
    """
    try:
        tree = yaml.compose(text, Loader=yaml.SafeLoader)
        value = yaml.safe_load(text)
    except yaml.YAMLError as broken:
        mark = getattr(broken, "problem_mark", None)
        line = f"line {mark.line + 1}" if mark else "the file"
        raise StudyError(
            "LW-STU-001",
            f"{line} is not YAML: {getattr(broken, 'problem', None) or broken}",
            where=where,
            next_step="correct the indentation or quoting there",
        ) from broken
    if not isinstance(value, dict):
        raise StudyError(
            "LW-STU-001",
            "the file is no mapping of settings",
            where=where,
            expected="`longwatch: 1`, `study:`, `sources:`, `treatment:`",
            found=type(value).__name__ if value is not None else "an empty file",
            next_step="start from the example in the README",
        )
    try:
        return Study.model_validate(value)
    except ValidationError as mistakes:
        lines = [_mistake(error, tree) for error in mistakes.errors(include_url=False)]
        raise StudyError(
            "LW-STU-002",
            f"{len(lines)} mistake{'s' * (len(lines) != 1)}: " + " | ".join(lines),
            where=where,
            next_step="correct each line; `longwatch study check` reads the file again",
        ) from mistakes


def _mistake(error: Any, tree: yaml.Node | None) -> str:
    path = tuple(error["loc"])
    place = ".".join(str(part) for part in path) or "the file"
    found = error.get("input")
    shown = f", found {found!r}" if isinstance(found, (str, int, float, bool)) else ""
    message = error["msg"].removeprefix("Value error, ")
    return f"line {_line_of(tree, path)}, {place}: {message}{shown}"


def _line_of(node: yaml.Node | None, path: tuple[int | str, ...]) -> int:
    """The line of the deepest part of a path that stands in the text (a missing key: the line of its parent)."""
    line = node.start_mark.line + 1 if node is not None else 1
    for part in path:
        if isinstance(node, yaml.MappingNode):
            pair = next(((key, item) for key, item in node.value if key.value == str(part)), None)
            if pair is None:
                return line
            line, node = pair[0].start_mark.line + 1, pair[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
        else:
            return line
    return line
