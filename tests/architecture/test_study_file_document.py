"""docs/study-file.md says every key that the model of a study file has, and no other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel

from longwatch.study import AesiSpec, OdmDatasetSpec, OdmVariable, SourceSpec, Study, TimeToEvent
from longwatch.study.shape import Shape


def models_in(kind: Any) -> Iterator[type[BaseModel]]:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield kind
    for part in get_args(kind):
        yield from models_in(part)


LISTED = ("sources", "populations", "event_groups", "aesi", "algorithmic_queries", "severities", "reports")


def keys_of(model: type[BaseModel], path: str = "") -> Iterator[str]:
    """Every key; what stands in lists of sources, populations, arms, severities and reports is said with the list."""
    for name, field in model.model_fields.items():
        inner = list(models_in(field.annotation))
        if inner and not path and name not in LISTED:
            yield from keys_of(inner[0], f"{name}.")
        else:
            yield path + name


def documented(page: str, heading: str) -> set[str]:
    part = page.split(heading, 1)[1].split("\n## ", 1)[0]
    first = [line.split("|")[1] for line in part.splitlines() if line.startswith("| `")]
    return {key for cell in first for key in re.findall(r"`([^`]+)`", cell)}


def test_every_key_is_documented(repository: Path) -> None:
    page = (repository / "docs" / "study-file.md").read_text()
    assert documented(page, "# The study file") == set(keys_of(Study))
    assert documented(page, "## A source") == set(SourceSpec.model_fields)
    assert documented(page, "## A dataset of ODM") == set(OdmDatasetSpec.model_fields)
    variables = page.split("A variable comes from one of", 1)[1]
    assert [name for name in OdmVariable.model_fields if f"`{name}`" not in variables] == []


def test_the_examples_are_right(repository: Path) -> None:
    page = (repository / "docs" / "study-file.md").read_text()
    examples = [yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)]
    assert len(examples) == 4
    assert TimeToEvent.model_validate(examples[0]["time_to_event"]).parameters
    sources = [SourceSpec.model_validate(each) for example in examples[2:] for each in example["sources"]]
    assert [AesiSpec.model_validate(each).denominator for each in examples[1]["aesi"]][::2] == [
        "procedures",
        "subjects",
    ]
    assert all(isinstance(source, Shape) and not source.shape.is_plain for source in sources)
