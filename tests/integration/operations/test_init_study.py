"""`study init` and `study check`: a study file from a source that is right and guesses nothing in silence."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
import yaml

from cli.main import run
from simulation import write


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a Longwatch home of its own."""
    monkeypatch.setenv("LONGWATCH_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def init(source: Path) -> dict[str, object]:
    assert run(["study", "init", str(source)]) == 0
    assert run(["study", "check", "study.yaml"]) == 0
    drafted: dict[str, object] = yaml.safe_load(Path("study.yaml").read_text(encoding="utf-8"))
    return drafted


def test_the_bundled_study_runs_from_what_its_data_says(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(home / "islet", seed=1)
    drafted = init(home / "islet" / "data")
    assert drafted["treatment"] == {
        "basis": "actual",
        "arms": [{"code": "FULL", "name": "SC-islet full dose"}, {"code": "HALF", "name": "SC-islet half dose"}],
        "products": ["SCI-101"],
    }
    assert drafted["dictionaries"] == {"meddra": "MOCKDRA 1.0", "ctcae": "5.0"}
    text = Path("study.yaml").read_text(encoding="utf-8")
    assert "POSSIBLY RELATED (6)" in text
    assert run(["run", "study.yaml", "--direct"]) == 0
    capsys.readouterr()
    assert run(["study", "check", "study.yaml", "--data"]) == 0
    said = capsys.readouterr().out
    assert "To decide: line " in said
    assert "AEREL 'POSSIBLY RELATED' (6 records) is in neither list and counts as related" in said


def test_what_does_not_fit_the_data_is_said_at_once(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(home / "islet", seed=1)
    init(home / "islet" / "data")
    assert run(["pull", "study.yaml"]) == 0
    snapshot = re.search(r"Snapshot ([0-9a-f]{64})", capsys.readouterr().out)
    assert snapshot
    text = Path("study.yaml").read_text(encoding="utf-8")
    text = text.replace("id: ISLET-1\n", "id: ISLET-2\n").replace("code: HALF", "code: QUARTER")
    Path("other.yaml").write_text(text.replace("[SCI-101]", "[SCI-999]"), encoding="utf-8")
    assert run(["study", "check", "other.yaml", "--data"]) == 2
    assert "LW-STU-012" in capsys.readouterr().err
    assert run(["study", "check", "other.yaml", "--snapshot", snapshot[1][:12]]) == 2
    said = capsys.readouterr().err
    assert "LW-STU-013: other.yaml, snapshot" in said
    assert "3 things" in said
    for misfit in ("study.id: LW-FIT-009", "treatment.arms: LW-FIT-004", "treatment.products: LW-FIT-005"):
        assert re.search(rf"line [0-9]+, {re.escape(misfit)}", said), said


def test_a_file_is_never_overwritten(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("study.yaml").write_text("mine")
    assert run(["study", "init", str(home)]) == 2
    assert "LW-STU-011: study.yaml" in capsys.readouterr().err
    assert Path("study.yaml").read_text() == "mine"


def test_a_source_without_data_is_refused_and_leaves_no_file(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (home / "empty").mkdir()
    for source, error_id in (("empty", "LW-SRC-002"), ("absent", "LW-SRC-001")):
        assert run(["study", "init", source]) == 3
        assert error_id in capsys.readouterr().err
    assert not Path("study.yaml").exists()
    assert list((home / "home" / "snapshots" / "staging").iterdir()) == []


def test_a_file_that_cannot_be_read_is_named_and_the_others_are_taken(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(home / "islet", seed=1)
    (home / "islet" / "data" / "lb.xpt").write_bytes(b"no transport file")
    drafted = init(home / "islet" / "data")
    assert "Not taken: lb.xpt: LW-SRC-040" in capsys.readouterr().out
    sources = drafted["sources"]
    assert isinstance(sources, list)
    assert "lb.xpt" not in sources[0]["include"]
    assert run(["pull", "study.yaml"]) == 0


@pytest.mark.shared_data
class TestPublicData:
    """What the public studies say of themselves."""

    def test_the_pilot_study(self, home: Path, shared_data: Path) -> None:
        drafted = init(shared_data / "cdiscpilot01" / "sdtm")
        assert drafted["sources"] == [{"path": str(shared_data / "cdiscpilot01" / "sdtm"), "encoding": "cp1252"}]
        assert drafted["relatedness"] == {"related": [], "not_related": ["NONE"]}
        assert drafted["dictionaries"] == {"meddra": "8.0"}
        assert str(drafted["cutoff"]) == "2015-03-05"
        assert isinstance(treatment := drafted["treatment"], dict)
        assert [arm["code"] for arm in treatment["arms"]] == ["Pbo", "Xan_Hi", "Xan_Lo"]
        assert treatment["not_treated"] == ["Scrnfail"]
        text = Path("study.yaml").read_text(encoding="utf-8")
        for line in ("PROBABLE (361), POSSIBLE (343), REMOTE (161)", "# comparison: {control: Pbo", "CDISC SDTM 3.1.2"):
            assert line in text
        assert run(["pull", "study.yaml"]) == 0

    def test_a_split_dataset_is_named_as_its_domain(self, home: Path, shared_data: Path) -> None:
        (home / "in").mkdir()
        shutil.copy(shared_data / "cdiscpilot01" / "sdtm_split" / "lbch.xpt", home / "in")
        shutil.copy(shared_data / "cdiscpilot01" / "sdtm" / "dm.xpt", home / "in")
        drafted = init(home / "in")
        assert isinstance(sources := drafted["sources"], list)
        split = {"path": str(home / "in"), "include": ["lbch.xpt"], "dataset": "LB"}
        assert split in sources
        assert "LBCH is the only part of LB here" in Path("study.yaml").read_text(encoding="utf-8")
        assert run(["pull", "study.yaml"]) == 0

    def test_exports_as_csv(self, home: Path, shared_data: Path) -> None:
        drafted = init(shared_data / "metabolic")
        assert isinstance(sources := drafted["sources"], list)
        assert [source["dataset"] for source in sources] == ["DM", "LB", "QS", "VS"]
        assert sources[0]["missing"] == ["NA"]
        assert run(["pull", "study.yaml"]) == 0

    @pytest.mark.parametrize("name", ["odm-data-snapshot", "test_clinical_data_01"])
    def test_clinical_data_of_an_edc(self, home: Path, shared_data: Path, name: str) -> None:
        drafted = init(shared_data / "odm" / f"{name}.xml")
        assert isinstance(sources := drafted["sources"], list)
        assert {"AE", "DM", "LB"} <= set(sources[0]["odm"])
        assert run(["pull", "study.yaml"]) == 0


def test_the_variables_of_a_snapshot(home: Path, shared_data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Labels, formats, value labels and special missing values, as they came."""
    (home / "in").mkdir()
    for name in ("missing_test.sas7bdat", "missing_formats.sas7bcat"):
        shutil.copy(shared_data / "sas" / name, home / "in")
    init(home / "in")
    capsys.readouterr()
    assert run(["pull", "study.yaml"]) == 0
    snapshot = re.search(r"Snapshot ([0-9a-f]{64})", capsys.readouterr().out)
    assert snapshot
    assert run(["snapshot", "show", snapshot[1], "--variables", "--json"]) == 0
    import json

    rows = {row["variable"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["var1"]["special"] == ".A: 1"
    assert rows["var1"]["value_labels"] == "A = missing"
    assert (rows["var8"]["missing"], rows["var8"]["special"]) == (1, "")
    assert rows["var1"]["encoding"]
