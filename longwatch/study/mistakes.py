"""Mistakes in a study file, in words: what stands there, what is expected, what was probably meant.

What pydantic finds is put into words here; what it cannot find by line is looked for here: names that are used but
not declared (arms, rules, templates), and secrets. A value that looks like a secret is never shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args, get_origin

from pydantic import BaseModel

from longwatch.standards.nearest import did_you_mean
from longwatch.standards.yaml_lines import UNSAID, YamlText
from longwatch.study.model import RULE_ID, STUDY_ID, TEMPLATE_NAME, Study
from longwatch.study.shape import DATASET, VARIABLE

Path = tuple[int | str, ...]

MOST_NAMED = 20
"""Of more names than these a mistake does not list all: `longwatch rules list` does."""
_PATTERNS = {
    RULE_ID: "a rule id such as ST02",
    STUDY_ID: "at most 64 letters, digits, `.`, `_` and `-`, beginning with a letter or digit",
    TEMPLATE_NAME: "a template's name such as safety_summary",
    DATASET: "a dataset's name such as AE or LBCH",
    VARIABLE: "a variable's name such as AETERM",
}
_EXPECTED = {
    "string_type": "text; a number or true/false that is meant as text stands in quotes",
    "model_type": "a mapping of keys and values",
    "model_attributes_type": "a mapping of keys and values",
    "mapping_type": "a mapping of keys and values",
    "dict_type": "a mapping of keys and values",
    "tuple_type": "a list, such as [A, B]",
    "list_type": "a list, such as [A, B]",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "date_from_datetime_parsing": "a valid date such as 2025-06-30",
    "date_parsing": "a valid date such as 2025-06-30",
    "date_type": "a valid date such as 2025-06-30",
}
_SECRET_KEY = re.compile(r"pass(word|wd|phrase)?|pwd|secret|token|api_?key|access_?key|private_?key|credentials?", re.I)
_SECRET_VALUE = re.compile(
    r"://[^/\s:@]+:[^/\s@]+@|\bAKIA[0-9A-Z]{16}\b|-----BEGIN|\b(gh[pousr]_|xox[abp]-)[A-Za-z0-9-]{10,}"
    r"|[?&](password|token|api_?key|secret|signature|X-Amz-Signature)=[^&\s]+",
    re.IGNORECASE,
)
_SECRET = (
    "a secret does not belong in a study file, which is kept and shown; remove it, change it at its source, and give "
    "it by an environment variable (docs/study-file.md)"
)


@dataclass(frozen=True)
class KnownNames:
    """The rules and report templates that there are; None: not asked."""

    rules: Sequence[str] | None = None
    templates: Sequence[str] | None = None


def say_mistake(source: YamlText, error: Any) -> str:
    """One mistake that pydantic found, by its line; empty where `find_more` says it by its own line."""
    path: Path = tuple(part for part in error["loc"] if not str(part).startswith("function-"))
    kind, found = error["type"], error.get("input")
    if (kind == "value_error" and not path) or (kind == "too_short" and found):
        # Said by `find_more`; or a list whose entries are wrong, each of which is said.
        return ""
    if kind == "extra_forbidden":
        return source.say(path, _unknown_key(path, found))
    if kind == "missing":
        return source.say(path, "this key is needed, but not there")
    message = error["msg"].removeprefix("Value error, ")
    if kind in _EXPECTED:
        message = f"expected {_EXPECTED[kind]}"
    elif kind == "string_pattern_mismatch":
        message = f"expected {_PATTERNS.get(error['ctx']['pattern'], error['ctx']['pattern'])}"
    elif kind in ("literal_error", "enum"):
        message = f"expected {error['ctx']['expected']}"
        if isinstance(found, str):
            message += did_you_mean(found, re.findall(r"'([^']+)'", error["ctx"]["expected"]))
    elif kind in ("too_short", "string_too_short"):
        message = "expected at least " + ("one entry" if kind == "too_short" else _characters(error["ctx"]))
    secret = kind == UNSAID or any(_SECRET_KEY.fullmatch(str(part)) for part in path)
    shown = "" if secret or (kind == "value_error" and repr(found) in message) else _shown(found)
    return source.say(path, message + shown)


def find_more(source: YamlText, known: KnownNames) -> list[str]:
    """What pydantic does not find, or not by its line; said whether or not the rest of the file is right."""
    said = [source.say(path, _SECRET) for path, value in _texts(source.value) if _SECRET_VALUE.search(value)]
    value = source.value
    codes = [str(arm.get("code")) for arm in _mappings(value, "treatment", "arms")]
    comparison = value.get("comparison")
    control = comparison.get("control") if isinstance(comparison, Mapping) else None
    if isinstance(control, str) and codes and control not in codes:
        said.append(
            source.say(
                ("comparison", "control"),
                f"{control!r} is none of the arms {', '.join(codes)}{did_you_mean(control, codes)}",
            )
        )
    said += _list_of_names(source, "severities", "rule", known.rules, "changed")
    said += _list_of_names(source, "reports", "template", known.templates, "asked for")
    return said


def _list_of_names(source: YamlText, key: str, field: str, known: Sequence[str] | None, done: str) -> Iterator[str]:
    seen: set[str] = set()
    entries = source.value.get(key)
    for number, entry in enumerate(entries if isinstance(entries, list) else []):
        name = entry.get(field) if isinstance(entry, Mapping) else None
        if not isinstance(name, str):
            continue
        path = (key, number, field)
        if name in seen:
            yield source.say(path, f"{name} is {done} twice")
        elif known is not None and name not in known:
            names = f"; known are {', '.join(known)}" if len(known) <= MOST_NAMED else ""
            yield source.say(path, f"there is no {field} {name!r}{did_you_mean(name, known)}{names}")
        seen.add(name)


MANY_KEYS = 12
"""From more keys than these, the known ones are listed only where none is near."""


def _unknown_key(path: Path, found: Any) -> str:
    key = str(path[-1])
    if _SECRET_KEY.fullmatch(key) and isinstance(found, str | int):
        return _SECRET
    fields = _fields_at(Study, path[:-1])
    meant = did_you_mean(key, fields)
    # A long list hides the one key that was meant.
    known = "" if meant and len(fields) > MANY_KEYS else f"; known are {', '.join(sorted(fields))}"
    return f"there is no such key here{meant}{known}"


def _fields_at(model: Any, path: Path) -> list[str]:
    """The keys that may stand at a place of the study file."""
    for part in path:
        model = _inside(model, part)
    model = _inside(model, None)
    return list(model.model_fields) if model is not None else []


def _inside(kind: Any, part: int | str | None) -> Any:
    """The type of a part of a type; of None: the model that the type is or may be."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return (
            kind if part is None else (kind.model_fields[str(part)].annotation if part in kind.model_fields else None)
        )
    arguments = [each for each in get_args(kind) if each is not type(None) and each is not Ellipsis]
    if get_origin(kind) is None or not arguments:
        return None
    if part is None:
        return next((found for each in arguments if (found := _inside(each, None)) is not None), None)
    if get_origin(kind) in (tuple, list):
        return arguments[0]
    if issubclass(get_origin(kind), Mapping) if isinstance(get_origin(kind), type) else False:
        return arguments[1]
    # Optional and Annotated: what is inside them.
    return next((found for each in arguments if (found := _inside(each, part)) is not None), None)


def _texts(value: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _texts(item, (*path, str(key)))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _texts(item, (*path, number))


def _mappings(value: Any, *keys: str) -> list[Mapping[str, Any]]:
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def _characters(context: Mapping[str, Any]) -> str:
    number = context["min_length"]
    return f"{number} character{'s' * (number != 1)}"


def _shown(found: Any) -> str:
    if isinstance(found, str) and _SECRET_VALUE.search(found):
        return ""
    return f", found {found!r}" if isinstance(found, str | int | float | bool) else ""
