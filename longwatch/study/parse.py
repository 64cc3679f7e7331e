"""Text of a study file → `Study`, with every mistake named by its line."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from pydantic import TypeAdapter

from longwatch.standards.yaml_lines import DocumentKind, read_document
from longwatch.study.mistakes import KnownNames, find_more, say_mistake
from longwatch.study.model import Study

_STUDY = TypeAdapter(Study)
_KIND = DocumentKind(
    name="study file",
    no_document="LW-STU-001",
    mistakes="LW-STU-002",
    outline="`longwatch: 1`, `study:`, `sources:`, `treatment:`",
    start="`longwatch study init SOURCE` writes one from the data; docs/study-file.md says what may stand in it",
    correct="correct each line; `longwatch study check` reads the file again",
    say=say_mistake,
)


def parse_study(text: str, where: str, known: KnownNames = KnownNames()) -> Study:  # noqa: B008 - frozen
    """The study of a YAML text. `where` names the file in messages. `known`: names that it may use.

    Raises StudyError: LW-STU-001 where the text is no YAML mapping, LW-STU-002 naming every mistake with its line,
    what stands there and what is expected (a key that stands twice is a mistake).
    """
    return read_document(text, where, _STUDY, replace(_KIND, more=partial(find_more, known=known)))
