"""Outputs of a part of a trial, and of several trials together, from the command line."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from simulation import write

POOL = """
longwatch_pool: 1
id: ISS-1
title: Two runs of the bundled study
studies:
  - {file: one/study.yaml, arms: {FULL: F, HALF: H}}
  - {file: two/study.yaml, arms: {FULL: F, HALF: H}}
arms: [{code: F, name: Full dose}, {code: H, name: Half dose}]
comparison: {control: H, statistics: [risk_difference, cmh]}
"""


def test_by_subgroup_each_document_is_a_file_and_each_number_opens(longwatch, islet1, tmp_path) -> None:  # type: ignore[no-untyped-def]
    study = islet1 / "study.yaml"
    said = longwatch("table", "make", study, "AET02", "--by", "SEX", "--where", "related", "--format", "html",
                     "--to", tmp_path / "made" / "aet02.html")  # fmt: skip
    assert said.code == 0, said.err
    assert sorted(path.name for path in (tmp_path / "made").iterdir()) == [
        "aet02-1-SEX-M-related.html", "aet02-2-SEX-F-related.html",
    ]  # fmt: skip
    made = longwatch("table", "make", study, "AET02_SER", "--by", "SEX", "--with", "at_least=20", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(made.out)))
    assert {row["output"] for row in rows} == {"AET02_SER[SEX=F]", "AET02_SER[SEX=M]"}
    one = next(row for row in rows if row["statistic"] == "n" and row["row"] and row["value"] != "0")
    cell = ("--group", one["row_group"], "--row", one["row"], "--column", one["column"])
    sex = one["output"][-2]
    opened = longwatch("table", "explain", study, "AET02_SER", "--where", f"SEX={sex}", *cell, "--json")
    assert json.loads(opened.out)[0]["subjects"] == int(one["value"])
    refused = longwatch("table", "make", study, "AET02", "--where", "SEX=X")
    assert (refused.code, "LW-TAB-010" in refused.err) == (2, True)


@pytest.fixture
def two_studies(tmp_path: Path) -> Path:
    """The bundled study, and another of its kind: other subjects, and ISLET-2 in study file and data."""
    write(tmp_path / "one", seed=1)
    write(tmp_path / "two", seed=2)
    for file in (path for path in (tmp_path / "two").rglob("*") if path.is_file()):
        file.write_bytes(file.read_bytes().replace(b"ISLET-1", b"ISLET-2"))
    (tmp_path / "pool.yaml").write_text(POOL)
    return tmp_path


def test_two_studies_together(longwatch, two_studies) -> None:  # type: ignore[no-untyped-def]
    """Each number is computed twice, adds up over the studies, and opens."""
    pool = two_studies / "pool.yaml"
    said = longwatch("pool", "make", pool, "AET02_SER", "--format", "csv")
    assert said.code == 0, said.err
    assert "The second opinion agrees on" in said.err
    rows = list(csv.DictReader(io.StringIO(said.out)))
    size = {row["column"]: int(row["value"]) for row in rows if row["statistic"] == "N"}
    assert size["Full dose"] == size["Full dose, ISLET-1"] + size["Full dose, ISLET-2"]
    column = "Full dose, ISLET-2"
    one = next(row for row in rows if row["column"] == column and row["statistic"] == "n" and row["value"] > "0")
    cell = ("--group", one["row_group"], "--row", one["row"], "--column", column, "--json")
    numbers = json.loads(longwatch("pool", "explain", pool, "AET02_SER", *cell).out)[0]["numbers"]
    assert next(item["counted again"] for item in numbers if item["statistic"] == "n") == int(one["value"])
    refused = longwatch("pool", "make", pool, "DTHL01")
    assert (refused.code, "LW-POL-007" in refused.err) == (2, True)
