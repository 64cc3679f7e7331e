"""What becomes of an archived report: made again, staged for a submission (signed: test_two_person_release)."""

from __future__ import annotations

import csv
import hashlib
import json
from pathlib import Path

import pytest

pytestmark = pytest.mark.xdist_group("e2e")


@pytest.mark.timeout(900)
def test_an_archived_report_is_made_again_and_staged(longwatch, islet1, tmp_path) -> None:  # type: ignore[no-untyped-def]
    done = longwatch("run", islet1 / "study.yaml", "--direct", "--json")
    assert done.code == 0, done.err
    (report,) = json.loads(done.out)["reports"]
    key, archived = report["report_key"][:12], Path(report["pdf"]).read_bytes()

    # the archived file keeps the rules
    checked = longwatch("report", "check", report["pdf"])
    assert checked.code == 0
    assert "14 of 14 rules hold." in checked.out

    # a word spoken later changes nothing in what was reported then
    waived = longwatch(
        "findings", "waive", "ISLET-1", "--rule", "ST05", "--reason", "later", "--until", "2999-12-31", "--yes"
    )
    again = longwatch("report", "reproduce", key, "--study", islet1 / "study.yaml", "--json")
    (made,) = json.loads(again.out)
    assert (again.code, made["same"], made["inputs"], made["pages"]) == (0, True, [], []), (waived.err, made)
    assert made["made"] == report["sha256"] == hashlib.sha256(archived).hexdigest()

    # without the study's dictionary another report comes out, and it is said why
    other = longwatch("report", "reproduce", key)
    assert other.code == 1
    assert "OTHER BYTES." in other.out
    assert "The numbers (results.csv) are the same." in other.out
    assert "the rules (a study's own rules and dictionary are read beside its file" in other.out
    assert "page 1: " in other.out

    # a draft is never signed, so there is nothing to seal
    refused = longwatch("report", "seal", key)
    assert refused.code == 2
    assert "LW-SGN-001" in refused.err
    assert longwatch("archive", "get", key, "--signed").code == 2

    # staging: only what is released, unless it is a rehearsal
    folder = tmp_path / "0001"
    options = ("--to", folder, "--indication", "Type 1 diabetes")
    refused = longwatch("report", "stage", key, *options)
    assert (refused.code, folder.exists()) == (2, False)
    assert "LW-STG-002" in refused.err
    assert longwatch("report", "stage", key, *options, "--rehearsal", "--data").code == 0
    with (folder / "leaf-list.csv").open(encoding="utf-8-sig", newline="") as file:
        leaves = list(csv.DictReader(file))
    assert sorted(leaf["path"] for leaf in leaves) == sorted(
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file() and path.parent != folder
    )
    for leaf in leaves:
        content = (folder / leaf["path"]).read_bytes()
        assert leaf["sha256"] == hashlib.sha256(content).hexdigest()
        assert leaf["md5"] == hashlib.md5(content, usedforsecurity=False).hexdigest()
        assert leaf["state"] == "archived-draft"
    assert leaves[0]["sha256"] == report["sha256"]
    assert longwatch("report", "stage", key, *options, "--rehearsal").code == 4
