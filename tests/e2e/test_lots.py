"""A recall as a person does it: from a lot to subjects, from a subject to its cell banks, and from a bank to all."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

Command = Callable[..., Any]


def test_a_lot_is_traced_both_ways(longwatch: Command, islet1: Path, tmp_path: Path) -> None:
    study = islet1 / "study.yaml"
    (listed,) = json.loads(longwatch("lot", "list", study, "--json").out)
    lot = max(listed["rows"], key=lambda row: row["subjects"])
    (traced,) = json.loads(longwatch("lot", "trace", study, lot["LOTID"], "--json").out)
    subjects = {row["USUBJID"] for row in traced["rows"]}
    assert len(subjects) == lot["subjects"] > 0
    (origin,) = json.loads(longwatch("lot", "origin", study, min(subjects), "--json").out)
    assert lot["LOTID"] in {row["LOTID"] for row in origin["rows"]}
    file = tmp_path / "recall.csv"
    assert longwatch("lot", "recall", study, lot["CELLBANK"], "--to", file).code == 0
    with file.open(newline="") as lines:
        assert {row["USUBJID"] for row in csv.DictReader(lines)} >= subjects


def test_what_is_not_there_is_told_by_name(longwatch: Command, islet1: Path) -> None:
    study = islet1 / "study.yaml"
    for words, error_id in (
        (("trace", study, "LOT-NONE"), "LW-LOT-002"),
        (("origin", study, "ISLET-NOBODY"), "LW-LOT-003"),
        (("recall", study, "BANK-NONE"), "LW-LOT-004"),
    ):
        said = longwatch("lot", *words)
        assert (said.code, error_id in said.err) == (2, True)
