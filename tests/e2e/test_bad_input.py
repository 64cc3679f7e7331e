"""Bad input is one line that says what, where and what next, with its own id and the exit code of its class.

Nothing is half-written: the archive stays empty; the registers hold one finished run with its reason, or none where the
command never got to a run.
"""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl
import polars_readstat
import pyreadstat
import pytest

pytestmark = pytest.mark.xdist_group("e2e")


def rewrite(study: Path, dataset: str, change: Callable[[pl.DataFrame], pl.DataFrame]) -> None:
    """A dataset of the study, changed."""
    path = study / "data" / f"{dataset.lower()}.xpt"
    frame = change(polars_readstat.scan_readstat(str(path), preserve_order=True).collect())
    pyreadstat.write_xport(frame.to_pandas(), str(path), file_format_version=5, table_name=dataset)


def edit_study(study: Path, pattern: str, by: str) -> None:
    """The study file, changed once; a pattern that is not there is a fault of the test."""
    path = study / "study.yaml"
    text, count = re.subn(pattern, by, path.read_text(), count=1, flags=re.MULTILINE)
    assert count == 1
    path.write_text(text)


def edit_bytes(study: Path, file: str, change: Callable[[bytes], bytes]) -> None:
    path = study / "data" / file
    path.write_bytes(change(path.read_bytes()))


def undecodable(content: bytes) -> bytes:
    """One letter of one verbatim term becomes byte 0xE9: é in cp1252, nothing in UTF-8."""
    place = content.index(b"Loose stools") + 1
    return content[:place] + b"\xe9" + content[place + 1 :]


def without_usubjid(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.drop("USUBJID")


def unknown_arm(study: Path) -> None:
    """The data has HALF; the study file names HALB."""
    for setting in ("code", "control"):
        edit_study(study, f"{setting}: HALF", f"{setting}: HALB")


# What is done to the study · exit code · error id · a word that the line must hold.
DAMAGES = {
    "missing folder": (lambda study: edit_study(study, "path: data", "path: nowhere"), 3, "LW-SRC-001", "nowhere"),
    "missing file": (lambda study: edit_study(study, "path: data", "path: data/no.xpt"), 3, "LW-SRC-001", "no.xpt"),
    "empty file": (lambda study: edit_bytes(study, "ae.xpt", lambda _: b""), 3, "LW-SRC-003", "ae.xpt"),
    "truncated XPT": (lambda study: edit_bytes(study, "ae.xpt", lambda old: old[:-777]), 3, "LW-SRC-045", "ae.xpt"),
    "text named .xpt": (
        lambda study: edit_bytes(study, "ae.xpt", lambda _: b"USUBJID\n" * 40),
        3,
        "LW-SRC-040",
        "ae.xpt",
    ),
    "undecodable byte": (lambda study: edit_bytes(study, "ae.xpt", undecodable), 3, "LW-SRC-012", "AE."),
    "domain without USUBJID": (lambda study: rewrite(study, "AE", without_usubjid), 3, "LW-FIT-002", "USUBJID"),
    "unknown arm": (unknown_arm, 2, "LW-FIT-004", "HALF"),
}


def snapshots_left(home: Path) -> list[str]:
    """What a failed pull left in the snapshot store, besides its empty folders."""
    return sorted(str(path.relative_to(home)) for path in (home / "snapshots").rglob("*") if path.is_file())


def check_one_line(said, code: int, word: str) -> str:  # type: ignore[no-untyped-def]
    """The error's id, after checking its form."""
    assert said.code == code, said.err
    assert said.out == ""
    (line,) = said.err.splitlines()
    assert re.match(r"LW-[A-Z]+-\d{3}: ", line)
    assert word in line
    assert ". Next: " in line
    assert "Traceback" not in said.err
    return line.split(":")[0]


def check_nothing_half_written(longwatch, home: Path, error_id: str) -> None:  # type: ignore[no-untyped-def]
    """One finished run with the error's reason; no report, no archived object, nothing staged."""
    runs = json.loads(longwatch("runs", "--json").out)
    assert [run["state"] for run in runs] == ["failed"]
    assert runs[0]["reason"].startswith(error_id)
    assert runs[0]["finished"]
    assert json.loads(longwatch("archive", "list", "--json").out) == []
    assert [path for path in (home / "archive").rglob("*") if path.is_file()] == []
    if not runs[0]["snapshot"]:
        assert snapshots_left(home) == []
        assert json.loads(longwatch("snapshot", "list", "--json").out) == []


@pytest.mark.parametrize("name", list(DAMAGES))
def test_damaged_input_is_one_line(longwatch, islet1, home, name) -> None:  # type: ignore[no-untyped-def]
    damage, code, error_id, word = DAMAGES[name]
    damage(islet1)
    said = longwatch("run", islet1 / "study.yaml", "--direct")
    assert check_one_line(said, code, word) == error_id
    check_nothing_half_written(longwatch, home, error_id)


def test_declared_cp1252_is_read(longwatch, islet1) -> None:  # type: ignore[no-untyped-def]
    """The byte that is refused as UTF-8 is an é once the study file says cp1252."""
    edit_bytes(islet1, "ae.xpt", undecodable)
    edit_study(islet1, r"path: data", "path: data\n    encoding: cp1252")
    assert longwatch("pull", islet1 / "study.yaml").code == 0


def test_a_cut_off_before_the_first_dose_is_refused(longwatch, islet1, home) -> None:  # type: ignore[no-untyped-def]
    said = longwatch("run", islet1 / "study.yaml", "--direct", "--cutoff", "2000-01-01")
    check_nothing_half_written(longwatch, home, check_one_line(said, 2, "before the first dose"))


def test_a_cut_off_after_the_datas_own_is_refused(longwatch, islet1, home) -> None:  # type: ignore[no-untyped-def]
    """The data is cut at 2025-06-30: a report "as of" a later day would claim what nobody knows."""
    said = longwatch("run", islet1 / "study.yaml", "--direct", "--cutoff", "2025-07-01")
    error_id = check_one_line(said, 2, "TS.DCUTDTC")
    assert error_id == "LW-FIT-010"
    check_nothing_half_written(longwatch, home, error_id)


def test_data_of_another_study_is_refused(longwatch, islet1, home) -> None:  # type: ignore[no-untyped-def]
    edit_study(islet1, "  id: ISLET-1", "  id: ISLET-2")
    assert check_one_line(longwatch("run", islet1 / "study.yaml", "--direct"), 2, "ISLET-2") == "LW-FIT-009"


def test_a_template_that_is_not_there_is_told_before_a_run_begins(longwatch, islet1) -> None:  # type: ignore[no-untyped-def]
    said = longwatch("run", islet1 / "study.yaml", "--direct", "--report", "nope")
    assert check_one_line(said, 2, "nope") == "LW-TPL-004"
    assert json.loads(longwatch("runs", "--json").out) == []


def test_an_interrupted_run_is_registered_as_failed(islet1, home) -> None:  # type: ignore[no-untyped-def]
    """Ctrl-C, or a polite end: one line, exit 130, and a finished run that says so."""
    command = [sys.executable, "-c", "from cli.main import main; main()"]
    run = subprocess.Popen(
        [*command, "run", str(islet1 / "study.yaml"), "--direct"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not list((home / "snapshots").glob("typed/*")) and time.monotonic() < deadline:
        time.sleep(0.01)
    run.send_signal(signal.SIGTERM)
    _, said = run.communicate(timeout=60)
    assert run.returncode == 130, said
    assert said.startswith("LW-CLI-003: interrupted")
    listed = subprocess.run([*command, "runs", "--json"], capture_output=True, text=True, check=True, timeout=60)
    (row,) = json.loads(listed.stdout)
    assert (row["state"], row["reason"]) == ("failed", "interrupted")


def test_the_gate_names_no_subject(longwatch, islet1) -> None:  # type: ignore[no-untyped-def]
    """Its message goes to Prefect and to the audit trail: rules and counts only."""
    reason = "a subject that is not in DM must never be reported"
    with (islet1 / "study.yaml").open("a") as file:
        file.write(f"severities:\n  - {{rule: XR01, severity: reject, reason: {reason}}}\n")
    said = longwatch("run", islet1 / "study.yaml", "--direct")
    assert check_one_line(said, 1, "XR01") == "LW-GATE-001"
    assert "ISLET-1-" not in said.err
    assert "ISLET-1-" not in longwatch("audit", "list", "--json").out


def test_an_unwritable_archive_is_told_before_anything_is_fetched(
    longwatch, islet1, home, monkeypatch, tmp_path
) -> None:  # type: ignore[no-untyped-def]
    """A path below a file cannot be a folder, for root neither."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LONGWATCH_ARCHIVE", str(tmp_path / "file" / "archive"))
    error_id = check_one_line(longwatch("run", islet1 / "study.yaml", "--direct"), 4, "archive")
    check_nothing_half_written(longwatch, home, error_id)
    assert snapshots_left(home) == []


def test_a_bucket_that_is_not_there_is_told(longwatch, islet1, home, bucket, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("LONGWATCH_ARCHIVE", "s3://absent/evidence")
    error_id = check_one_line(longwatch("run", islet1 / "study.yaml", "--direct"), 4, "absent")
    monkeypatch.setenv("LONGWATCH_ARCHIVE", "s3://trial/evidence")
    check_nothing_half_written(longwatch, home, error_id)


def test_a_source_bucket_that_is_not_there_is_the_data_providers_error(longwatch, islet1, home, bucket) -> None:  # type: ignore[no-untyped-def]
    edit_study(islet1, r"path: data", "path: s3://absent/cut-1")
    error_id = check_one_line(longwatch("run", islet1 / "study.yaml", "--direct"), 3, "absent")
    check_nothing_half_written(longwatch, home, error_id)


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("run", "nowhere.yaml"), "nowhere.yaml"),
        (("run",), "STUDY.yaml"),
        (("frobnicate",), "frobnicate"),
        (("archive", "get", "abc"), "abc"),
        (("archive", "get", "0123456789ab"), "0123456789ab"),
        (("snapshot", "show", "0123456789ab"), "0123456789ab"),
        (("run", "study.yaml", "--cutoff", "yesterday"), "yesterday"),
    ],
)
def test_wrong_use_is_one_line_and_exit_2(longwatch, home, arguments, word) -> None:  # type: ignore[no-untyped-def]
    check_one_line(longwatch(*arguments), 2, word)


def test_a_gated_run_is_registered_and_its_findings_written(longwatch, islet1, home) -> None:  # type: ignore[no-untyped-def]
    """A reject rule failed: exit 1, the snapshot stays, findings are written, nothing is rendered or archived."""
    rewrite(islet1, "TS", lambda frame: frame.filter(pl.col("TSPARMCD") != "SSTDTC"))
    said = longwatch("run", islet1 / "study.yaml", "--direct")
    assert check_one_line(said, 1, "ST02") == "LW-GATE-001"
    (run,) = json.loads(longwatch("runs", "--json").out)
    assert run["state"] == "gated"
    assert run["snapshot"]
    assert {path.suffix for path in (home / "findings").iterdir()} == {".csv", ".json"}
    assert json.loads(longwatch("findings", "list", "ISLET-1", "--severity", "reject", "--json").out)
    assert json.loads(longwatch("archive", "list", "--json").out) == []
    assert [path for path in (home / "archive").rglob("*") if path.is_file()] == []
