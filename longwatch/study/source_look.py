"""What a look at a source found: its files, how each can be read, and their data, for `study init`."""

from __future__ import annotations

from dataclasses import dataclass, field

from longwatch.standards.dataset import SourceData
from longwatch.standards.define_model import Define
from longwatch.study.shape import PLAIN, Shape


@dataclass(frozen=True)
class LookedFile:
    """One file. `datasets`: what is in it. `declared`: the name that the study file has to give its dataset, where the
    file does not tell. `encoding`: the one its text can be decoded with. `shape`: what it needs to be SDTM-shaped.
    `notes`: what a person has to know or decide. `trouble`: why it cannot be taken, empty where it can."""

    name: str
    format: str
    datasets: tuple[str, ...] = ()
    declared: str | None = None
    encoding: str = "utf-8"
    shape: Shape = PLAIN
    notes: tuple[str, ...] = ()
    trouble: str = ""


@dataclass(frozen=True)
class SourceLook:
    """A source: its files, sorted by name; their datasets; the define.xml beside them, if it can be read."""

    files: tuple[LookedFile, ...]
    data: SourceData = field(default_factory=SourceData)
    define: Define | None = None
