"""An auditor's day: the trail signed and proved, the archive scrubbed and probed, a report's evidence taken home."""

from __future__ import annotations

import base64
import csv
import io
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import zipfile
from contextlib import closing
from pathlib import Path

import pytest

from longwatch.evidence.merkle import MerkleTree
from tests.e2e.conftest import Reported, living_in, report_islet1

pytestmark = pytest.mark.xdist_group("e2e")


@pytest.fixture(scope="module")
def waived_once(bundled_study: Path, tmp_path_factory: pytest.TempPathFactory) -> Reported:
    """ISLET-1, one finding waived, reported."""
    folder = tmp_path_factory.mktemp("waived")
    with living_in(folder) as longwatch:
        shutil.copytree(bundled_study, folder / "islet-1")
        longwatch("validate", folder / "islet-1" / "study.yaml", "--direct")
        (finding, *_) = json.loads(longwatch("findings", "list", "ISLET-1", "--json").out)
        longwatch(
            "findings", "waive", "ISLET-1", "--finding", finding["finding"], "--reason", "the site confirmed it",
            "--until", "2099-12-31", "--yes",
        )  # fmt: skip
        return report_islet1(longwatch, folder)


@pytest.fixture
def archived(home: Path, waived_once: Reported, tmp_path: Path) -> str:
    """A report of ISLET-1, with one waived finding; its key. The home is the test's own."""
    return str(waived_once.copied_to(tmp_path)["reports"][0]["report_key"])


def test_a_report_s_evidence_is_taken_home_and_verified_there(longwatch, archived, tmp_path) -> None:  # type: ignore[no-untyped-def]
    """With the raw data; by a Python that has no Longwatch, from the ZIP and unpacked; the waiver is in it, with its
    event; the bill of materials names what is installed."""
    made = longwatch("archive", "package", archived[:12], "--inputs", "--to", tmp_path / "evidence.zip", "--json")
    assert made.code == 0, made.err
    (told,) = json.loads(made.out)
    with zipfile.ZipFile(told["file"]) as package:
        package.extractall(tmp_path / "home-of-the-inspector")
    folder = tmp_path / "home-of-the-inspector"
    for place in ([], [told["file"]]):
        command = [sys.executable, "-I", "-S", str(folder / "verify.py"), *place, "--key", told["signed_by"]]
        said = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, cwd=tmp_path)
        assert (said.returncode, said.stderr) == (0, ""), said.stdout
        assert "The lock file names, by hash, every package" in said.stdout
    inputs = json.loads((folder / "inputs" / "manifest.json").read_bytes())["files"]
    assert {path.name for path in (folder / "inputs" / "data").iterdir()} == {file["name"] for file in inputs}
    findings = json.loads((folder / "findings" / "findings.json").read_bytes())["findings"]
    (waived,) = [item for item in findings if item["state"] == "waived"]
    assert [line["text"] for line in waived["history"] if line["act"] == "waive"] == ["the site confirmed it"]
    events = [json.loads(line) for line in (folder / "audit" / "events.ndjson").read_bytes().splitlines()]
    assert ("finding waived", "the site confirmed it") in {(event["action"], event["reason"]) for event in events}
    bill = json.loads((folder / "program" / "sbom.cdx.json").read_bytes())
    assert {"sqlalchemy", "polars", "reportlab"} <= {part["name"] for part in bill["components"]}
    page = (folder / "README.html").read_text()
    assert archived in page
    assert told["signed_by"] in page
    assert longwatch("archive", "package", archived, "--to", told["file"]).code == 2


def test_the_trail_is_signed_proved_and_given_out(longwatch, archived, home, tmp_path) -> None:  # type: ignore[no-untyped-def]
    """Signed after the report; more at will; its entries, given out, have the root that was printed; filters say that
    they are filters; a change behind our back is exit 5."""
    proved = json.loads(longwatch("audit", "verify", "--json").out)[0]
    assert proved["checkpoints"] == 1
    assert 0 < proved["signed up to"] < proved["events"]
    kept = longwatch("audit", "checkpoint").out
    (tmp_path / "kept.txt").write_text(kept)
    assert longwatch("audit", "verify", "--checkpoint", tmp_path / "kept.txt").code == 0
    assert longwatch("audit", "verify", "--checkpoint", tmp_path / "none.txt").code == 2

    assert longwatch("audit", "export", "--to", tmp_path / "trail.ndjson").code == 0
    tree = MerkleTree()
    for line in (tmp_path / "trail.ndjson").read_bytes().splitlines():
        tree.append(line)
    size, root = int(kept.splitlines()[1]), kept.splitlines()[2]
    assert tree.root(size) == base64.b64decode(root)
    said = longwatch("audit", "export", "--what", "report archived", "--to", tmp_path / "part.csv")
    (row,) = csv.DictReader(io.StringIO((tmp_path / "part.csv").read_text()))
    assert (row["id"], row["selection"]) == (archived, said.out.splitlines()[1])
    assert row["selection"].startswith("1 of ")
    assert longwatch("audit", "export", "--to", tmp_path / "trail.pdf").code == 2
    (listed,) = json.loads(longwatch("audit", "list", "--entity", "report", "--text", "PDF_SHA256", "--json").out)
    assert (listed["id"], listed["new"]["state"]) == (archived, "archived-draft")
    assert longwatch("audit", "list", "--since", "yesterday").code == 2

    with closing(sqlite3.connect(home / "registers.sqlite3")) as database, database:
        database.execute("DROP TRIGGER audit_events_no_update")
        database.execute("UPDATE audit_events SET reason = 'nobody confirmed it' WHERE action = 'finding waived'")
    said = longwatch("audit", "verify")
    assert (said.code, said.err[:10]) == (5, "LW-AUD-003")


def test_the_archive_is_scrubbed_and_its_store_probed(longwatch, archived, home) -> None:  # type: ignore[no-untyped-def]
    """A folder is not WORM, and list and doctor say so as it was tried; a scrub finds nothing, then what was done."""
    assert "never probed" in longwatch("archive", "list").out
    said = longwatch("archive", "probe")
    assert said.code == 4
    assert "not WORM: withstood" in said.out
    assert "not WORM: withstood" in longwatch("archive", "list").out
    assert "not WORM: withstood" in json.loads(longwatch("archive", "list", "--json").out)[0]["store"]
    assert "not WORM: withstood" in longwatch("doctor").out

    said = longwatch("archive", "scrub", "--snapshots")
    assert (said.code, said.out[:11]) == (0, "No problems")
    (pdf,) = (home / "archive").rglob("report.pdf")
    pdf.chmod(0o644)
    pdf.write_bytes(pdf.read_bytes() + b" ")
    said = longwatch("archive", "scrub")
    assert (said.code, "LW-SCR-004" in said.out, "report.pdf" in said.out) == (5, True, True)
    assert [row["problem"] for row in json.loads(longwatch("archive", "scrub", "--json").out)] == ["LW-SCR-004"]
    assert longwatch("archive", "package", archived).code == 5


@pytest.mark.prefect
@pytest.mark.timeout(600)
def test_prefect_takes_care_of_the_archive(longwatch, archived, home) -> None:  # type: ignore[no-untyped-def]
    """The weekly flow: scrub and probe, in the audit trail as by hand."""
    environment = {**os.environ, "PREFECT_HOME": str(home / "prefect")}
    program = "from flows.archive_care import archive_care; archive_care()"
    said = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False, timeout=500,
        cwd=Path(__file__).resolve().parents[2],
    )  # fmt: skip
    assert said.returncode == 0, said.stderr
    actions = {row["what"] for row in json.loads(longwatch("audit", "list", "--json").out)}
    assert {"archive scrubbed", "archive probed"} <= actions
