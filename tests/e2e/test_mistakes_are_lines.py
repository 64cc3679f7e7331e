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


def test_what_no_store_takes_back_is_asked_before_it_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A retention under Object Lock only grows: 2052 for 2025 is a mistype for ever. Nobody to ask: nothing is done."""
    monkeypatch.setenv("LONGWATCH_HOME", str(tmp_path / "home"))
    extend = ["archive", "extend", "0123456789ab", "--until", "2052-06-30", "--why", "an inspection"]
    assert run(extend) == 2
    said = capsys.readouterr().err
    assert said.startswith("LW-CLI-011: archive extend: 0123456789ab would be kept to the end of 2052-06-30")
    assert not (tmp_path / "home").exists()
    assert run([*extend, "--yes"]) == 2
    assert "LW-CLI-011" not in capsys.readouterr().err
