"""What every reader hands over, and what all of them refuse alike."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from longwatch.errors import SourceError
from longwatch.standards.dataset import Variable

VARIABLES = 32_767
DATASET_NAME = re.compile(r"[A-Z_][A-Z0-9_]{0,31}")


@dataclass(frozen=True)
class Reading:
    """A dataset file, opened: its metadata, and its rows in source order, batch by batch as they are asked for.

    `schema`: the columns that every batch has. `encoding` is the one the text is decoded with; `reader` names program
    and version. `rows` is how many records the file itself says to hold, None where it does not say.
    """

    dataset: str
    label: str
    variables: tuple[Variable, ...]
    schema: pl.Schema
    batches: Callable[[], Iterator[pl.DataFrame]]
    encoding: str
    reader: str
    rows: int | None = None


def check_dataset_name(name: str, where: str) -> str:
    """The name in capitals, where it can be a dataset's: a letter, then letters, digits, underscores.

    Raises SourceError LW-SRC-011.
    """
    if DATASET_NAME.fullmatch(name.upper()):
        return name.upper()
    raise SourceError(
        "LW-SRC-011",
        "the dataset's name is none that a dataset can have",
        where=where,
        expected="a letter, then letters and digits, such as AE",
        found=repr(name[:40]),
        next_step="give the name as `dataset:` of this source in the study file",
    )


def check_variables(names: Sequence[str], where: str) -> None:
    """At least one variable, none twice, and not more than SAS allows.

    Raises SourceError LW-SRC-013 (no variables), LW-SRC-014 (a name twice or empty), LW-SRC-017 (too many).
    """
    if len(names) > VARIABLES:
        raise SourceError(
            "LW-SRC-017",
            "the dataset has more variables than a dataset can have",
            where=where,
            expected=f"at most {VARIABLES:,}",
            found=f"{len(names):,}",
            next_step="ask the data provider whether the file is what it should be",
        )
    if not names:
        raise SourceError(
            "LW-SRC-013",
            "the dataset has no variables",
            where=where,
            next_step="ask the data provider for the complete file",
        )
    twice = sorted(name for name, count in Counter(names).items() if count > 1 or not name)
    if twice:
        raise SourceError(
            "LW-SRC-014",
            "a variable's name stands twice or is empty",
            where=where,
            expected="one column per variable",
            found=", ".join(name or "(empty)" for name in twice[:5]),
            next_step="ask the data provider to correct the columns",
        )
