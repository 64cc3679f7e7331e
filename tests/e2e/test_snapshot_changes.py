"""`longwatch snapshot diff` and `export`: what a data manager asks when the next cut has come."""

from __future__ import annotations

import csv
import io
import json
import shutil
import subprocess
from pathlib import Path

import pytest

from simulation import write
from tests.e2e.conftest import Reported, living_in, report_islet1

pytestmark = pytest.mark.xdist_group("e2e")


@pytest.fixture(scope="module")
def reported_and_pulled(bundled_study: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Reported, str]:
    """ISLET-1 without errors, reported; then the cut with the planted errors, pulled: its id."""
    folder = tmp_path_factory.mktemp("cuts")
    write(folder / "islet-1", seed=1, plan="none")
    with living_in(folder) as longwatch:
        reported = report_islet1(longwatch, folder)
        shutil.rmtree(folder / "islet-1")
        shutil.copytree(bundled_study, folder / "islet-1")
        longwatch("pull", folder / "islet-1" / "study.yaml")
        ids = {row["snapshot"] for row in json.loads(longwatch("snapshot", "list", "--json").out)}
    (newer,) = ids - {reported.said["snapshot"]}
    return reported, newer


@pytest.fixture
def cuts(home: Path, reported_and_pulled: tuple[Reported, str], tmp_path: Path) -> tuple[str, str, Path]:
    """Both ids, the study file; in a home of the test's own."""
    reported, newer = reported_and_pulled
    return reported.copied_to(tmp_path)["snapshot"], newer, tmp_path / "islet-1" / "study.yaml"


def test_the_summary_has_a_line_per_domain(longwatch, cuts) -> None:  # type: ignore[no-untyped-def]
    older, newer, _ = cuts
    said = longwatch("snapshot", "diff", older[:12], newer[:12])
    assert said.code == 0, said.err
    lines = [line.split() for line in said.out.splitlines()]
    assert ["Older", "snapshot", older] in lines
    assert ["AE", "kept", "345", "346", "1", "0", "8", "0", "0", "0", "0"] in lines
    assert ["DM", "kept", "22", "22", "0", "0", "0", "0", "0", "0", "0"] in lines
    assert "report" not in said.out


def test_json_and_files_say_the_same_and_the_numbers_that_move(longwatch, cuts, home, tmp_path) -> None:  # type: ignore[no-untyped-def]
    older, newer, study = cuts
    archived = sorted((home / "archive").rglob("*"))
    said = longwatch("snapshot", "diff", older, newer, "--study", study, "--to", tmp_path / "out", "--json")
    assert said.code == 0, said.err
    value = json.loads(said.out)
    assert sorted((home / "archive").rglob("*")) == archived
    assert [Path(file).name for file in value["files"]] == [
        "changes.csv", "summary.csv", "moved-numbers.csv", "changes.xlsx",
    ]  # fmt: skip
    moved = list(csv.DictReader(io.StringIO((tmp_path / "out" / "moved-numbers.csv").read_text())))
    told = value["report"]["moved_numbers"]
    assert [(row["output"], row["row"], row["column"], row["statistic"]) for row in moved] == [
        (row["output"], row["row"], row["column"], row["statistic"]) for row in told
    ]
    assert {"AET01", "AET02"} <= {row["output"] for row in moved}
    ae = next(row for row in value["domains"] if row["dataset"] == "AE")
    summary = csv.DictReader(io.StringIO((tmp_path / "out" / "summary.csv").read_text()))
    assert {row["dataset"]: int(row["changed"]) for row in summary}["AE"] == ae["changed"] == 8
    (listed,) = json.loads(longwatch("archive", "list", "--json").out)
    assert value["report"]["report_key"] == listed["report_key"]


def test_the_terminal_shows_the_moved_numbers(longwatch, cuts) -> None:  # type: ignore[no-untyped-def]
    older, newer, study = cuts
    said = longwatch("snapshot", "diff", older, newer, "--study", study)
    assert said.code == 0, said.err
    assert "Last archived report     ISLET-1 safety_summary" in said.out
    assert "Changed beyond the printed digits" in said.out
    same = longwatch("snapshot", "diff", older, older, "--study", study)
    assert "No number of the last archived report moves." in same.out


def test_wrong_use_is_one_line(longwatch, cuts, tmp_path, home) -> None:  # type: ignore[no-untyped-def]
    """An unknown snapshot, a folder that holds a comparison, a study that has no report: exit 2, nothing written."""
    older, newer, study = cuts
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "changes.csv").write_text("mine")
    other = tmp_path / "other.yaml"
    other.write_text(study.read_text().replace("id: ISLET-1", "id: ISLET-2"))
    for arguments, error_id in (
        (("diff", older, "0123456789ab"), "LW-SNP-001"),
        (("diff", older, newer, "--to", tmp_path / "mine"), "LW-CHG-001"),
        (("diff", older, newer, "--study", other, "--to", tmp_path / "out"), "LW-CMP-001"),
        (("export", older, "--to", tmp_path / "mine"), "LW-SNX-001"),
    ):
        said = longwatch("snapshot", *arguments)
        assert said.code == 2
        (line,) = said.err.splitlines()
        assert line.startswith(error_id)
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["changes.csv"]
    assert not (tmp_path / "out").exists()


def test_an_exported_snapshot_checks_and_pulls_as_the_same(longwatch, islet1, tmp_path) -> None:  # type: ignore[no-untyped-def]
    """Out as it was: `sha256sum -c` agrees, and a pull of the exported files is the same snapshot. It is audited."""
    assert longwatch("pull", islet1 / "study.yaml").code == 0
    (row,) = json.loads(longwatch("snapshot", "list", "--json").out)
    said = longwatch("snapshot", "export", row["snapshot"][:8], "--to", tmp_path / "out")
    assert said.code == 0, said.err
    subprocess.run(["sha256sum", "-c", "--strict", "--quiet", "SHA256SUMS"], cwd=tmp_path / "out", check=True)
    for path in (islet1 / "data").iterdir():
        assert (tmp_path / "out" / "data" / path.name).read_bytes() == path.read_bytes()
        path.unlink()
        (tmp_path / "out" / "data" / path.name).rename(path)
    assert longwatch("pull", islet1 / "study.yaml").code == 0
    assert [each["snapshot"] for each in json.loads(longwatch("snapshot", "list", "--json").out)] == [row["snapshot"]]
    assert "snapshot exported" in [event["what"] for event in json.loads(longwatch("audit", "list", "--json").out)]
