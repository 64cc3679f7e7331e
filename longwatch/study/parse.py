"""Text of a study file → `Study`, with every mistake named by its line."""

from __future__ import annotations

from pydantic import TypeAdapter

from longwatch.standards.yaml_lines import DocumentKind, read_document
from longwatch.study.model import Study

_STUDY = TypeAdapter(Study)
_KIND = DocumentKind(
    name="study file",
    no_document="LW-STU-001",
    mistakes="LW-STU-002",
    outline="`longwatch: 1`, `study:`, `sources:`, `treatment:`",
    start="start from the example in the README",
    correct="correct each line; `longwatch study check` reads the file again",
)


def parse_study(text: str, where: str) -> Study:
    """The study of a YAML text. `where` names the file in messages.

    Raises StudyError: LW-STU-001 where the text is no YAML mapping, LW-STU-002 naming every mistake with its line,
    what stands there and what is expected (a key that stands twice is a mistake).
    """
    return read_document(text, where, _STUDY, _KIND)
