"""A study file from what is found in a source."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from longwatch.errors import SourceError
from longwatch.study import parse_study
from longwatch.study.draft import draft_study
from longwatch.study.facts import find_facts
from operations.ports import Adapters, Progress


@dataclass(frozen=True)
class DraftedStudy:
    """A study file's text, the files that are not taken with why, and how many things a person has to decide."""

    text: str
    not_taken: tuple[str, ...]
    to_decide: int


def init_study(adapters: Adapters, source: str, base: str, path: str, progress: Progress) -> DraftedStudy:
    """The text of a study file for a source. `base`: the folder that a relative source starts from; `path`: what the
    study file calls it. The text has passed `study check`.

    Raises SourceError where the source cannot be read, LW-SRC-066 where nothing in it can; StudyError
    LW-STU-002 where no study file can name it (a secret in its address).
    """
    with adapters.snapshots.look(source, base, progress) as look:
        not_taken = tuple(f"{file.name}: {file.trouble}" for file in look.files if file.trouble)
        if len(not_taken) == len(look.files):
            raise SourceError(
                "LW-SRC-066",
                "no file of the source can be read",
                where=source,
                expected="at least one dataset",
                found="; ".join(not_taken) or "no data file",
                next_step="get readable files from the sender, or name the folder that holds them",
            )
        today = adapters.clock().astimezone(ZoneInfo("UTC")).date()
        text = draft_study(find_facts(look.data, look.define, today), look, path)
        parse_study(text, "the study file", adapters.known_names)
    return DraftedStudy(text, not_taken, text.count("TO DECIDE:"))
