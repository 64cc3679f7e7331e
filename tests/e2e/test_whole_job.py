"""The main job, end to end, on the bundled study: every place it can keep things, twice, at once, and given back."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from tests.spec.ars_schema import SCHEMA, dangling

pytestmark = pytest.mark.xdist_group("e2e")


def one_run(longwatch, study: Path, *options: str):  # type: ignore[no-untyped-def]
    """Run the whole job; it must be done."""
    said = longwatch("run", study / "study.yaml", "--direct", "--json", *options)
    assert said.code == 0, said.err
    return json.loads(said.out)


def test_the_job_ends_in_an_archived_report_given_back_verified(longwatch, islet1, home, tmp_path) -> None:  # type: ignore[no-untyped-def]
    """Run, list, show, get, verify: the PDF that comes out is, byte for byte, the one that was archived."""
    done = one_run(longwatch, islet1)
    (report,) = done["reports"]
    assert report["state"] == "archived-draft"
    assert not report["already_archived"]

    listed = json.loads(longwatch("archive", "list", "--json").out)
    assert [row["report_key"] for row in listed] == [report["report_key"]]

    key = report["report_key"][:12]
    got = longwatch("archive", "get", key, "--to", tmp_path / "copy.pdf")
    assert got.code == 0
    assert report["sha256"] in got.out
    assert (tmp_path / "copy.pdf").read_bytes() == Path(report["pdf"]).read_bytes()
    assert (tmp_path / "copy.pdf").read_bytes().startswith(b"%PDF-1.")

    assert longwatch("archive", "verify").code == 0
    actions = [row["what"] for row in json.loads(longwatch("audit", "list", "--json").out)]
    assert actions[::-1] == [
        "account seen", "study seen", "run started", "data pulled", "data validated", "report archived",
        "audit key archived", "audit checkpoint archived", "run done",
        "archive listed", "report retrieved", "archive verified",
    ]  # fmt: skip


def test_a_second_run_says_already_archived_and_makes_no_second_report(longwatch, reported, home, tmp_path) -> None:  # type: ignore[no-untyped-def]
    files = sorted(path for path in (home / "archive").rglob("*") if path.is_file())
    second = one_run(longwatch, tmp_path / "islet-1")
    assert second["reports"][0]["already_archived"]
    assert second["reports"][0]["report_key"] == reported["reports"][0]["report_key"]
    assert second["run"] != reported["run"]
    assert sorted(path for path in (home / "archive").rglob("*") if path.is_file()) == files
    assert len(json.loads(longwatch("archive", "list", "--json").out)) == 1


def test_the_same_key_gives_the_same_bytes_in_another_home(longwatch, reported, monkeypatch, tmp_path) -> None:  # type: ignore[no-untyped-def]
    """Same inputs, same bytes: nothing of the run, the clock, the person or the folder is in the report."""
    (first,) = reported["reports"]
    monkeypatch.setenv("LONGWATCH_HOME", str(tmp_path / "another"))
    monkeypatch.setenv("LONGWATCH_USER", "grace")
    second = one_run(longwatch, tmp_path / "islet-1")["reports"][0]
    assert (first["report_key"], first["sha256"]) == (second["report_key"], second["sha256"])
    folder_of = {report["pdf"]: Path(report["pdf"]).parent for report in (first, second)}
    left, right = ({path.name: path.read_bytes() for path in folder.iterdir()} for folder in folder_of.values())
    assert left == right


def test_folder_zip_and_bucket_are_one_snapshot_and_one_report(longwatch, reported, home, bucket, tmp_path) -> None:  # type: ignore[no-untyped-def]
    """The same files from an S3 prefix, archived on S3: the same snapshot and the same report key."""
    import boto3

    islet1 = tmp_path / "islet-1"
    text = (islet1 / "study.yaml").read_text()
    client = boto3.client("s3", endpoint_url=bucket)
    for path in (islet1 / "data").iterdir():
        client.upload_file(str(path), "trial", f"cut-1/{path.name}")
    (islet1 / "study.yaml").write_text(text.replace("path: data", "path: s3://trial/cut-1"))
    second = one_run(longwatch, islet1)
    assert second["snapshot"] == reported["snapshot"]
    assert second["reports"][0]["already_archived"]


def test_the_archive_may_be_a_bucket_and_the_registers_postgresql(  # type: ignore[no-untyped-def]
    longwatch, islet1, home, bucket, postgres_url, monkeypatch, tmp_path
) -> None:
    """One setting each: everything else stays as it is."""
    monkeypatch.setenv("LONGWATCH_ARCHIVE", "s3://trial/evidence")
    monkeypatch.setenv("LONGWATCH_DATABASE_URL", postgres_url)
    done = one_run(longwatch, islet1)
    report = done["reports"][0]
    assert report["pdf"].startswith("s3://trial/evidence/reports/ISLET-1/")
    assert longwatch("archive", "get", report["report_key"], "--to", tmp_path / "copy.pdf").code == 0
    assert longwatch("archive", "verify", report["report_key"]).code == 0
    assert one_run(longwatch, islet1)["reports"][0]["already_archived"]
    assert not (home / "archive").exists()
    assert not (home / "registers.sqlite3").exists()


def test_a_flipped_byte_in_the_archive_is_found_and_named(longwatch, reported) -> None:  # type: ignore[no-untyped-def]
    (report,) = reported["reports"]
    pdf = Path(report["pdf"])
    content = bytearray(pdf.read_bytes())
    content[len(content) // 2] ^= 1
    pdf.chmod(0o644)
    pdf.write_bytes(bytes(content))
    for command in (("archive", "verify"), ("archive", "get", report["report_key"])):
        said = longwatch(*command)
        assert said.code == 5
        assert "report.pdf" in said.err
        assert len(said.err.splitlines()) == 1


def test_a_report_whose_bytes_are_gone_is_not_called_archived(longwatch, reported, home, tmp_path) -> None:  # type: ignore[no-untyped-def]
    """The register alone proves nothing: a second run looks whether the archive still has what it names."""
    (home / "archive").rename(home / "moved away")
    said = longwatch("run", tmp_path / "islet-1" / "study.yaml", "--direct")
    assert said.code == 5
    assert said.err.startswith("LW-ARR-005")


def test_a_report_whose_bytes_were_changed_is_not_called_archived(longwatch, reported, tmp_path) -> None:  # type: ignore[no-untyped-def]
    pdf = Path(reported["reports"][0]["pdf"])
    pdf.chmod(0o644)
    pdf.write_bytes(pdf.read_bytes() + b" ")
    assert longwatch("run", tmp_path / "islet-1" / "study.yaml", "--direct").code == 5
    assert longwatch("archive", "get", pdf.parent.name).code == 5
    events = json.loads(longwatch("audit", "list", "--json").out)
    assert [row["reason"] for row in events if row["what"] == "report retrieval failed"] == ["LW-ARC-008"]


def test_an_object_that_no_register_names_is_found(longwatch, reported, home) -> None:  # type: ignore[no-untyped-def]
    """A report that was archived and is missing from the registers: verification looks both ways."""
    (home / "registers.sqlite3").unlink()
    said = longwatch("archive", "verify")
    assert said.code == 5
    assert said.err.startswith("LW-ARR-006")


def test_results_carry_the_numbers_of_the_report_with_their_provenance(reported) -> None:  # type: ignore[no-untyped-def]
    folder = Path(reported["reports"][0]["pdf"]).parent
    rows = list(csv.DictReader(io.StringIO((folder / "results.csv").read_text())))
    assert list(rows[0]) == ["output", "row_group", "row", "column", "statistic", "value", "text"]
    tables = json.loads((folder / "results.json").read_bytes())
    assert {table["output"] for table in tables} == {row["output"] for row in rows}
    assert sum(len(table["statistics"]) for table in tables) == len(rows)
    for table in tables:
        for item in table["statistics"]:
            source = table["provenance"][item["provenance"]]
            assert source["dataset"]
            assert source["variables"]


def test_the_reporting_event_of_a_report_holds_each_number_once(reported) -> None:  # type: ignore[no-untyped-def]
    """CDISC ARS v1 beside the PDF that it names; schema, ids, and as many results as the CSV has lines."""
    folder = Path(reported["reports"][0]["pdf"]).parent
    event = json.loads((folder / "results.ars.json").read_bytes())
    assert list(Draft202012Validator(SCHEMA).iter_errors(event)) == []
    assert dangling(event) == []
    assert {output["fileSpecifications"][0]["location"] for output in event["outputs"]} == {"report.pdf"}
    rows = list(csv.DictReader(io.StringIO((folder / "results.csv").read_text())))
    assert sum(len(analysis["results"]) for analysis in event["analyses"]) == len(rows)
    assert "results.ars.json" in (folder / "manifest.json").read_text()


@pytest.mark.parametrize("fmt", ["text", "csv", "json", "ars", "html", "rtf", "docx"])
def test_an_output_is_written_in_each_format(longwatch, islet1, tmp_path, fmt) -> None:  # type: ignore[no-untyped-def]
    """To a file that is named; a second time over it, with the same bytes."""
    file = tmp_path / "made" / f"aet02.{fmt}"
    made = []
    for _ in range(2):
        said = longwatch("table", "make", islet1 / "study.yaml", "AET02", "--format", fmt, "--to", file)
        assert (said.code, said.out.strip()) == (0, str(file)), said.err
        made.append(file.read_bytes())
    assert made[0] == made[1] != b""
    assert made[0].startswith({"html": b"<!doctype html>", "rtf": b"{\\rtf1", "docx": b"PK"}.get(fmt, b""))


def test_two_runs_at_once_make_one_report(islet1, home) -> None:  # type: ignore[no-untyped-def]
    """Four processes start together; each ends well, one made the report, and the registers are whole."""
    command = [
        sys.executable,
        "-c",
        "from cli.main import main; main()",
        "run",
        str(islet1 / "study.yaml"),
        "--direct",
        "--json",
    ]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(4)]
    said = [process.communicate(timeout=240) for process in running]
    assert [process.returncode for process in running] == [0, 0, 0, 0], said
    reports = [json.loads(out)["reports"][0] for out, _ in said]
    assert len({report["report_key"] for report in reports}) == 1
    assert sorted(report["already_archived"] for report in reports) == [False, True, True, True]
    assert len(list((home / "archive").rglob("report.pdf"))) == 1


def test_findings_are_written_for_the_data_manager(reported) -> None:  # type: ignore[no-untyped-def]
    """CSV and JSON hold every finding, each with record, value and what to do."""
    table, document = reported["findings_files"]
    rows = list(csv.DictReader(io.StringIO(Path(table).read_text(encoding="utf-8-sig"))))
    listed = json.loads(Path(document).read_bytes())["findings"]
    assert len(rows) == len(listed) == sum(reported["findings"].values())
    assert all(row["rule"] and row["message"] and row["action"] for row in rows)
    assert any(row["subject"] for row in rows)
