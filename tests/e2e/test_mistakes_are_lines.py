"""What a person meets who mistypes: each mistake on a line of its own, and nothing done before it is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.main import run
from simulation import write


def test_each_mistake_of_a_study_file_is_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "study.yaml"
    file.write_text(
        "longwatch: 2\nstudy: {id: S, title: T}\nsources: [{path: data}]\ncutof: 2025-01-01\n"
        "treatment: {arms: [{code: A, name: A}]}\nseverities: [{rule: XX99, severity: note, reason: R}]\n"
    )
    assert run(["study", "check", str(file)]) == 2
    lines = capsys.readouterr().err.splitlines()
    named = [line.partition(",")[0].rpartition(": ")[2].strip() for line in lines]
    assert named == ["line 1", "line 4", "line 6", "line 6"]
    assert max(len(line) for line in lines) < 300


def test_an_output_that_is_not_there_pulls_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LONGWATCH_HOME", str(tmp_path / "home"))
    write(tmp_path / "islet", seed=1)
    assert run(["table", "make", str(tmp_path / "islet" / "study.yaml"), "AET99"]) == 2
    assert "LW-TAB-001" in capsys.readouterr().err
    assert not list(tmp_path.glob("home/snapshots/**/*.json"))
