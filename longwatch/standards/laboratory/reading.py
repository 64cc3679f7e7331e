"""The data files of this folder, read once. They are part of the engine and change only with its version."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

LEVELS, CRITERIA, BLOOD_PRESSURE = "fda_levels_2_0.csv", "ctcae_5_0.csv", "fda_blood_pressure_2_0.csv"


@cache
def read_units() -> Mapping[str, Mapping[str, float]]:
    """By test its units, each with the factor to the unit that limits of the test are written in.

    A unit that is not here is not converted: results in it are left out where a limit has a unit. The factors of
    glucose, lipids and haemoglobin are those in common use; they were not checked against their source."""
    found: dict[str, dict[str, float]] = {}
    for row in read_rows("units.csv"):
        found.setdefault(row["test"], {})[row["unit"]] = float(row["factor"])
    return found


def factors_to(test: str, unit: str) -> Mapping[str, float]:
    """By unit of results, in small letters, what they are multiplied by to be in `unit`; of a test or unit without a
    table, itself."""
    known = {other.lower(): factor for other, factor in read_units().get(test, {}).items()}
    own = unit.lower()
    return {other: factor / known[own] for other, factor in known.items()} if own in known else {own: 1.0}


@cache
def read_rows(name: str) -> tuple[dict[str, str], ...]:
    """The lines of a file of this folder, by their headings."""
    text = files("longwatch.standards.laboratory").joinpath(name).read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))


def as_number(text: str) -> float | None:
    """A number of a data file; empty → None."""
    return float(text) if text else None
