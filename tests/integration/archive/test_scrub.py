"""The audit trail verified, the archive scrubbed: each tampering is done for real and found; nothing is found in what
is untouched; and what an S3 store can show beside (delete markers, older versions) is looked at, too."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from connectors.archive_s3 import S3Archive
from connectors.s3 import S3Settings
from longwatch.errors import IntegrityError, LongwatchError
from longwatch.evidence.audit import EventFilter
from longwatch.evidence.signed_note import origin_of
from longwatch.standards.hashing import sha256_of_bytes
from operations.archive_reading import list_reports
from operations.audit_checkpoint import (
    CHECKPOINTS,
    EVENTS,
    find_checkpoint,
    make_checkpoint,
    sign_archived_reports,
    would_write,
)
from operations.audit_trail import verify_audit
from operations.audited import make_event
from operations.probe_archive import last_probe, probe_archive
from operations.scrub_archive import Scrubbed, scrub_archive
from runtime.settings import Settings
from runtime.wiring import Wiring
from tools.tampering.campaign import acts, look, tamper
from tools.tampering.home import Evidence, make_evidence, open_home

SAMPLE = int(os.environ.get("LONGWATCH_TAMPERINGS", "0")) or len(acts())


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    """Three archived reports. Do not write into it."""
    return make_evidence(tmp_path_factory.mktemp("evidence"))


@pytest.fixture
def home(evidence: Evidence, tmp_path: Path) -> Path:
    """A copy of that home."""
    return Path(shutil.copytree(evidence.home, tmp_path / "home"))


@pytest.fixture
def wiring(home: Path) -> Iterator[Wiring]:
    """The copy, opened."""
    opened = open_home(home)
    yield opened
    opened.close()


def scrubbed(wiring: Wiring) -> Scrubbed:
    """A scrub; each of its problems is one line with a next step."""
    found = scrub_archive(wiring, lambda _: None)
    for problem in found.problems:
        assert "\n" not in problem.one_line()
        assert problem.next_step
    return found


def test_what_is_untouched_has_no_problem(wiring: Wiring) -> None:
    """Three reports of three objects, three checkpoints with their events, one key; then it is signed, and the next
    scrub sees that."""
    told: list[str] = []
    found = scrub_archive(wiring, told.append)
    assert (found.problems, found.reports, found.objects) == ([], 3, 16)
    assert told
    examined = verify_audit(wiring, told.append, {})
    assert (examined.checkpoints, examined.problems) == (4, [])
    assert scrubbed(wiring).objects == 18


def test_each_tampering_is_found(evidence: Evidence, tmp_path: Path) -> None:
    """Every act once, and all that `LONGWATCH_TAMPERINGS` asks for; `make tamper` does ten thousand."""
    assert [each for each in tamper(evidence, tmp_path, SAMPLE, seed=7) if not each.noticed] == []


def test_a_tampering_is_told_by_its_own_error(evidence: Evidence, tmp_path: Path) -> None:
    """Whatever else is told beside."""
    expected = {
        "log: edit, skilled": {"LW-AUD-008"},
        "log: tree changed": {"LW-AUD-003"},
        "registers: report lost": {"LW-SCR-001", "LW-SCR-005"},
        "store: receipt changed, plain": {"LW-SCR-008"},
        "store: added, plain": {"LW-SCR-005"},
    }
    for name, ids in expected.items():
        home = Path(shutil.copytree(evidence.home, tmp_path / name.replace(" ", "-")))
        acts()[name](evidence, home, Random(1))
        assert ids <= set(look(home)), name


def test_a_scrub_that_finds_something_signs_nothing_and_says_so_in_the_trail(wiring: Wiring, home: Path) -> None:
    (home / "archive" / "elsewhere.txt").write_bytes(b"x")
    before = find_checkpoint(wiring)
    assert [problem.error_id for problem in scrubbed(wiring).problems] == ["LW-SCR-005"]
    assert find_checkpoint(wiring) == before
    with wiring.registers.transaction() as register:
        (record,) = register.events(1, EventFilter(entity="archive"))
    assert (record.event.action, record.event.reason) == ("archive scrub found problems", "LW-SCR-005")


def test_a_report_whose_run_died_before_it_signed_comes_under_a_checkpoint_once(wiring: Wiring) -> None:
    """As the next run does it; where all are covered, nothing is signed."""
    assert sign_archived_reports(wiring) is None
    with wiring.registers.transaction() as register:
        row = replace(register.reports()[0], key="f" * 64, template="another", supersedes=())
        register.add_report(row, make_event(wiring, "report archived", "report", row.key))
    made = sign_archived_reports(wiring)
    assert made is not None
    assert made.checkpoint.size == verify_audit(wiring, lambda _: None, {}).covered
    assert sign_archived_reports(wiring) is None


def test_raw_data_is_hashed_where_it_is_asked_for(wiring: Wiring) -> None:
    """This home has no snapshots on disk, and its registers name one."""
    assert scrubbed(wiring).problems == []
    problems = scrub_archive(wiring, lambda _: None, snapshots=True).problems
    assert [problem.error_id for problem in problems] == ["LW-SNP-001"]


def test_a_checkpoint_is_made_once_for_the_same_log(wiring: Wiring) -> None:
    assert make_checkpoint(wiring) is None
    list_reports(wiring)
    made = make_checkpoint(wiring)
    assert made is not None
    assert find_checkpoint(wiring) == made
    assert find_checkpoint(wiring, made.checkpoint.size + 1) is None
    assert make_checkpoint(wiring) is None


def test_what_a_killed_signing_left_is_no_stranger_and_anything_else_there_is(wiring: Wiring, home: Path) -> None:
    """Killed between an object and its receipt: the next signing covers more events, under other keys, and completes
    neither. Byte for byte what this log writes there, it is known; a byte else, and it is not."""
    list_reports(wiring)
    with wiring.registers.transaction() as register:
        size, origin = register.log_size(), origin_of(register.tree_node(0, 0)).rpartition("/")[2]
    left = [f"{EVENTS}{origin}/{1:012d}-{size:012d}.ndjson",
            f"{CHECKPOINTS}{origin}/{size:012d}-{wiring.signer.key.id}.txt"]  # fmt: skip
    for key in left:
        written = would_write(wiring, key)
        assert written is not None
        (home / "archive" / key).write_bytes(written)
    list_reports(wiring)
    assert make_checkpoint(wiring) is not None
    assert scrubbed(wiring).problems == []
    for key in left:
        (home / "archive" / key).write_bytes((would_write(wiring, key) or b"") + b"\n")
    foreign = f"{CHECKPOINTS}{origin}/{size + 999:012d}-{wiring.signer.key.id}.txt"
    (home / "archive" / foreign).write_bytes(b"x")
    found = [(problem.error_id, problem.where) for problem in scrubbed(wiring).problems]
    assert sorted(found) == sorted(("LW-SCR-005", key) for key in [*left, foreign])


def test_another_key_may_go_on_signing(wiring: Wiring, home: Path) -> None:
    """What the old one signed stays valid, since the log names both."""
    (home / "signing-key.pem").unlink()
    again = open_home(home)
    assert make_checkpoint(again) is not None
    examined = verify_audit(again, lambda _: None, {})
    assert (len(examined.keys), examined.checkpoints) == (2, 4)
    again.close()


def test_both_rolled_back_is_told_by_a_kept_checkpoint(evidence: Evidence, tmp_path: Path) -> None:
    """Registers and archive of the same earlier day agree with each other. Who kept a later checkpoint can tell."""
    now = open_home(Path(shutil.copytree(evidence.home, tmp_path / "now")))
    kept = find_checkpoint(now)
    now.close()
    assert kept is not None
    earlier = open_home(Path(shutil.copytree(evidence.earlier, tmp_path / "earlier")))
    with pytest.raises(IntegrityError, match=r"LW-AUD-007: .*rolled back"):
        verify_audit(earlier, lambda _: None, {"kept.txt": kept.note})
    assert scrubbed(earlier).problems == []
    for _ in range(3):
        list_reports(earlier)
    with pytest.raises(IntegrityError, match=r"LW-AUD-008: .*continued as two"):
        verify_audit(earlier, lambda _: None, {"kept.txt": kept.note})
    earlier.close()


def test_a_checkpoint_of_another_log_is_refused(wiring: Wiring, tmp_path: Path) -> None:
    another = open_home(make_evidence(tmp_path / "another").home)
    kept = find_checkpoint(another)
    another.close()
    assert kept is not None
    for note in (kept.note, b"no checkpoint"):
        with pytest.raises(IntegrityError, match=r"LW-AUD-005: "):
            verify_audit(wiring, lambda _: None, {"kept.txt": note})


def test_the_last_probe_is_remembered(wiring: Wiring) -> None:
    assert last_probe(wiring) is None
    probed = probe_archive(wiring, lambda _: None)
    assert last_probe(wiring) == probed.result
    assert "not WORM: withstood" in probed.result.in_words()
    assert scrubbed(wiring).problems == []


@pytest.fixture
def in_bucket(
    s3_client: Any, s3_settings: S3Settings, evidence: Evidence, tmp_path: Path
) -> Iterator[tuple[Wiring, str]]:
    """The same evidence, its archive in a bucket that keeps versions."""
    name = f"evidence-{uuid.uuid4().hex[:12]}"
    s3_client.create_bucket(Bucket=name)
    s3_client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    home = Path(shutil.copytree(evidence.home, tmp_path / "home"))
    folder = open_home(home)
    archive = S3Archive(name, "trial", s3_settings)
    for key in folder.archive.keys(""):
        archive.put(key, folder.archive.get(key), media_type="text/plain")
    folder.close()
    opened = Wiring(
        Settings(
            home=home, archive=f"s3://{name}/trial", s3_endpoint=s3_settings.endpoint_url or "", s3_region="us-east-1",
            user="ada",
        )
    )  # fmt: skip
    yield opened, name
    opened.close()


def test_what_a_bucket_hides_is_found(in_bucket: tuple[Wiring, str], s3_client: Any) -> None:
    """A deleted object behind its marker, one whose only version was deleted, an overwritten one, one that was
    overwritten and put right again, one whose hash was taken away, a stranger."""
    wiring, bucket = in_bucket
    assert scrubbed(wiring).problems == []
    pdfs = [key for key in wiring.archive.keys("reports/") if key.endswith(".pdf")]
    s3_client.delete_object(Bucket=bucket, Key=f"trial/{pdfs[0]}")
    s3_client.put_object(Bucket=bucket, Key=f"trial/{pdfs[1]}", Body=b"other", Metadata={"sha256": "0" * 64})
    results = pdfs[0].replace("report.pdf", "results.csv")
    content = wiring.archive.get(results)
    s3_client.put_object(Bucket=bucket, Key=f"trial/{results}", Body=b"other")
    digest = {"sha256": sha256_of_bytes(content)}
    s3_client.put_object(Bucket=bucket, Key=f"trial/{results}", Body=content, Metadata=digest)
    gone = pdfs[1].replace("report.pdf", "results.csv")
    for each in s3_client.list_object_versions(Bucket=bucket, Prefix=f"trial/{gone}")["Versions"]:
        s3_client.delete_object(Bucket=bucket, Key=f"trial/{gone}", VersionId=each["VersionId"])
    content = wiring.archive.get(pdfs[2])
    s3_client.put_object(Bucket=bucket, Key=f"trial/{pdfs[2]}", Body=content)
    for _ in range(2):
        s3_client.put_object(Bucket=bucket, Key="trial/else where", Body=b"x")
    found = [(problem.error_id, problem.where) for problem in scrubbed(wiring).problems]
    assert sorted(found) == sorted([
        ("LW-SCR-003", pdfs[0]),
        ("LW-SCR-004", pdfs[1]),
        ("LW-SCR-006", results),
        ("LW-SCR-003", gone),
        ("LW-ARC-010", pdfs[2]),
        ("LW-SCR-005", "else where"),
    ])  # fmt: skip


def test_a_store_out_of_reach_is_no_problem_of_the_evidence(home: Path, s3_settings: S3Settings) -> None:
    """It ends with an error of its own, and no verdict."""
    nowhere = Wiring(Settings(home=home, archive="s3://no-such-bucket", s3_endpoint=s3_settings.endpoint_url or ""))
    with pytest.raises(LongwatchError, match="LW-ARC-022"):
        scrub_archive(nowhere, lambda _: None)
    nowhere.close()
