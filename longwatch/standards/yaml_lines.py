"""A YAML text that people write, with every mistake in it named by its line."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import yaml
from pydantic import TypeAdapter, ValidationError

from longwatch.errors import StudyError

Model = TypeVar("Model")

UNSAID = "unsaid"
"""The type of a mistake whose value is not repeated: it may be a secret."""
_NOT_REPEATED = (UNSAID, "extra_forbidden")


@dataclass(frozen=True)
class YamlText:
    """A YAML text that was read: its value, and the tree that knows on which line each part stands."""

    value: Any
    tree: yaml.Node | None

    def line_of(self, path: Iterable[int | str]) -> int:
        """The line of the deepest part of a path that stands in the text (a missing key: the line of its parent)."""
        node = self.tree
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

    def say(self, path: Iterable[int | str], message: str) -> str:
        """`line 7, treatment.arms: message`; a path that names nothing is `the file`."""
        parts = tuple(path)
        place = ".".join(str(part) for part in parts) or "the file"
        return f"line {self.line_of(parts)}, {place}: {message}"

    def say_mistake(self, error: Any) -> str:
        """One mistake that pydantic found, by its line, with what stands there where that is a plain value.

        Not where it may be a secret, nor under a key that is not known: that may be a misspelt `password`.
        """
        found = error.get("input")
        plain = isinstance(found, (str, int, float, bool)) and error["type"] not in _NOT_REPEATED
        shown = f", found {found!r}" if plain else ""
        return self.say(error["loc"], error["msg"].removeprefix("Value error, ") + shown)

    def keys_twice(self) -> list[str]:
        """Every key that stands twice in one mapping, by its line; YAML itself would keep the last without a word."""
        said: list[str] = []
        seen: set[int] = set()
        waiting: list[tuple[tuple[int | str, ...], yaml.Node | None]] = [((), self.tree)]
        while waiting:
            path, node = waiting.pop()
            if node is None or id(node) in seen:
                continue
            seen.add(id(node))
            if isinstance(node, yaml.SequenceNode):
                waiting.extend(((*path, number), item) for number, item in enumerate(node.value))
            elif isinstance(node, yaml.MappingNode):
                names: set[str] = set()
                for key, item in node.value:
                    name = key.value if isinstance(key, yaml.ScalarNode) else str(key.start_mark.line)
                    if name in names:
                        place = ".".join(str(part) for part in (*path, name))
                        said.append(f"line {key.start_mark.line + 1}, {place}: the key stands twice")
                    names.add(name)
                    waiting.append(((*path, name), item))
        return sorted(said, key=lambda text: int(text.split(",")[0].removeprefix("line ")))


_SafeLoader: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The parser in C where PyYAML was built with it: the same values, lines and columns, many times as fast."""


class _PlainLoader(_SafeLoader):  # type: ignore[misc]
    """YAML as people mean it here: `NO`, `Y` and `on` are text (a country, an answer, a study day), dates stay text for
    the model to check by line; only `true` and `false` are booleans."""


_PlainLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag.rpartition(":")[2] not in ("bool", "timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_PlainLoader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(?:true|false)$"), list("tf"))


def read_yaml(text: str) -> YamlText:
    """The value and the tree of a YAML text. Raises yaml.YAMLError; `say_yaml_error` puts it into words."""
    return YamlText(yaml.load(text, Loader=_PlainLoader), yaml.compose(text, Loader=_PlainLoader))


@dataclass(frozen=True)
class DocumentKind:
    """What is said where a document of one kind is wrong.

    `no_document`: the error id where the text is no YAML, or not of the outline (`top`: mapping or list). `mistakes`:
    the id where its parts are wrong. `outline`: what the top should hold. `start`, `correct`: next steps.
    `say`: words for one mistake that pydantic found, by default its line, place and message; empty where `more` says
    it. `more`: mistakes that pydantic does not find.
    """

    name: str
    no_document: str
    mistakes: str
    outline: str
    start: str
    correct: str
    top: type = dict
    say: Callable[[YamlText, Any], str] = YamlText.say_mistake
    more: Callable[[YamlText], list[str]] = field(default=lambda _source: [])


def read_document(text: str, where: str, model: TypeAdapter[Model], kind: DocumentKind) -> Model:
    """A typed document from a YAML text that people write. `where` names the file in messages.

    Raises StudyError with the kind's ids: where it is no document of the kind, or naming every mistake with its line (a
    key that stands twice is a mistake).
    """
    try:
        source = read_yaml(text)
    except yaml.YAMLError as broken:
        raise StudyError(
            kind.no_document,
            say_yaml_error(broken, text),
            where=where,
            next_step="correct the indentation or quoting there",
        ) from broken
    if not isinstance(source.value, kind.top):
        raise StudyError(
            kind.no_document,
            f"the file is no {kind.name}",
            where=where,
            expected=kind.outline,
            found=type(source.value).__name__ if source.value is not None else "an empty file",
            next_step=kind.start,
        )
    mistakes = source.keys_twice()
    document: Model | None = None
    try:
        document = model.validate_python(source.value)
    except ValidationError as found:
        mistakes += [kind.say(source, error) for error in found.errors(include_url=False)]
    mistakes = sorted({each: None for each in (*mistakes, *kind.more(source)) if each}, key=_line)
    if mistakes or document is None:
        raise StudyError(
            kind.mistakes,
            f"{len(mistakes)} mistake{'s' * (len(mistakes) != 1)}: " + " | ".join(mistakes),
            where=where,
            next_step=kind.correct,
        )
    return document


def _line(mistake: str) -> int:
    found = re.search(r"line (\d+)", mistake)
    return int(found[1]) if found else 0


def say_yaml_error(broken: yaml.YAMLError, text: str) -> str:
    """`line 3 is not YAML: …`, in one line. A text that ends too early is wrong in its last line."""
    mark = getattr(broken, "problem_mark", None)
    line = f"line {min(mark.line + 1, len(text.splitlines()))}" if mark else "the file"
    return f"{line} is not YAML: {getattr(broken, 'problem', None) or broken}"
