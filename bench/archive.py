"""Archiving beside bare boto3 and bare files; a report found among many: docs/bench-archive.md.

To archive is to write only where nothing is, with the SHA-256, to read all of it back and to compare. Bare is
`put_object` and `get_object` of boto3 on the same server (Ceph's radosgw, in memory) in the same run, with the same
lock where there is one; for the folder, a file written, it and its folder synced, and read. The two take turns, block
by block, so that a noisy machine disturbs both.

    python -m bench.archive [--megabytes 1024] [--objects 10000] [--reports 100000]
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from bench.watched import ROOT, timed
from connectors.archive_folder import FolderArchive
from connectors.archive_s3 import S3Archive
from connectors.s3 import S3Settings, make_client
from connectors.staging import flush
from longwatch.evidence.registered import (
    PullRow,
    ReportFilter,
    ReportRow,
    ReportState,
    RunRow,
    RunState,
    SnapshotRow,
    StudyRow,
)
from longwatch.standards.hashing import sha256_of
from operations.archive_reading import find_report, list_reports
from operations.audited import make_event
from runtime.settings import Settings
from runtime.wiring import Wiring
from tests.s3_server import missing, running_s3

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

LARGE, SMALL, BLOCK_OF_SMALL = 16 * 1024**2, 2048, 500
STUDIES, ASKED = 50, 40
MEDIA = "application/octet-stream"
Put = Callable[[str, bytes], object]


def beside(name: str, unit: str, sizes: list[int], block: int, ours: Put, bare: Put) -> str:
    """Both put objects of these sizes, in blocks that take turns; a line of the table."""
    seconds = {"ours": 0.0, "bare": 0.0}
    for start in range(0, len(sizes), block):
        contents = [os.urandom(size) for size in sizes[start : start + block]]
        turns = [("ours", ours), ("bare", bare)]
        for who, put in turns if (start // block) % 2 else turns[::-1]:
            seconds[who] += timed(partial(_put_all, put, who, start, contents))[1]
    amount = sum(sizes) / 1e6 if unit == "MB/s" else len(sizes)
    ours_rate, bare_rate = amount / seconds["ours"], amount / seconds["bare"]
    return (
        f"| {name} | {seconds['ours']:.1f} s | {ours_rate:,.0f} {unit} | {seconds['bare']:.1f} s | "
        f"{bare_rate:,.0f} {unit} | **{seconds['ours'] / seconds['bare']:.2f} ×** |"
    )


def _put_all(put: Put, who: str, first: int, contents: list[bytes]) -> None:
    for number, content in enumerate(contents, start=first):
        put(f"{who}/{len(content)}-{number:06d}", content)


def in_bucket(megabytes: int, objects: int) -> Iterator[str]:
    """The bucket, without Object Lock and versions, and with both."""
    if missing():
        yield f"| bucket | not measured: {', '.join(missing())} not installed | | | | |"
        return
    # What was deleted stays in the server's memory for a while: it has room for all that is written.
    with running_s3(6 * megabytes * 1024**2 + (4 << 30)) as server:
        os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"] = server.access_key, server.secret_key
        settings = S3Settings(server.endpoint, "us-east-1")
        client = make_client(settings)
        for words, locked in (("bucket", False), ("bucket with Object Lock", True)):
            name = f"bench-{uuid.uuid4().hex[:8]}"
            client.create_bucket(Bucket=name, ObjectLockEnabledForBucket=locked)
            archive = S3Archive(name, "archive", settings)
            until = datetime.now(UTC) + timedelta(days=1) if locked else None
            ours = partial(_archive_in, archive, until)
            bare = partial(_bare_in, client, name, until)
            yield from _two(words, megabytes, objects, ours, bare)


def in_folder(folder: Path, megabytes: int, objects: int) -> Iterator[str]:
    """The folder, on the disk of the temporary folder."""
    (folder / "bare").mkdir()
    yield from _two(
        "folder", megabytes, objects, partial(_archive_in, FolderArchive(folder / "archive"), None),
        partial(_bare_file, folder),
    )  # fmt: skip


def _two(words: str, megabytes: int, objects: int, ours: Put, bare: Put) -> Iterator[str]:
    large = [LARGE] * max(megabytes * 1024**2 // LARGE, 2)
    yield beside(f"{words}: {sum(large) // 1024**2:,} MB in objects of 16 MB", "MB/s", large, 2, ours, bare)
    yield beside(f"{words}: {objects:,} objects of 2 KB", "objects/s", [SMALL] * objects, BLOCK_OF_SMALL, ours, bare)


def _archive_in(archive: S3Archive | FolderArchive, until: datetime | None, key: str, content: bytes) -> None:
    archive.put(key, content, media_type=MEDIA, retain_until=until)


def _bare_in(client: S3Client, bucket: str, until: datetime | None, key: str, content: bytes) -> None:
    if until is None:
        client.put_object(Bucket=bucket, Key=key, Body=content)
    else:
        # The same lock; boto3 adds the checksum that the protocol asks for with it.
        client.put_object(
            Bucket=bucket, Key=key, Body=content, ObjectLockMode="COMPLIANCE", ObjectLockRetainUntilDate=until
        )
    assert len(client.get_object(Bucket=bucket, Key=key)["Body"].read()) == len(content)


def _bare_file(folder: Path, key: str, content: bytes) -> None:
    file = folder / key
    with file.open("wb") as opened:
        opened.write(content)
        opened.flush()
        os.fsync(opened.fileno())
    flush(file.parent)
    assert len(file.read_bytes()) == len(content)


def found_among(folder: Path, count: int) -> Iterator[str]:
    """A report by its key, and a study's reports, among so many of several studies."""
    wiring = Wiring(Settings(home=folder, archive=str(folder / "archive"), user="ada"))
    keys = _fill(wiring, count)
    by_key, by_study, by_text = [], [], []
    for number in range(ASKED):
        by_key.append(timed(partial(find_report, wiring, keys[number * len(keys) // ASKED][:12]))[1])
        study = f"STUDY-{number % STUDIES}"
        by_study.append(timed(partial(list_reports, wiring, ReportFilter(study_id=study)))[1])
        by_text.append(timed(partial(list_reports, wiring, ReportFilter(text=study), 100))[1])
    wiring.close()
    for name, seconds in (
        ("a report by its key", by_key),
        (f"the {count // STUDIES:,} reports of a study", by_study),
        ("the newest 100 with a text", by_text),
    ):
        p95 = statistics.quantiles(seconds, n=20)[-1]
        yield f"| {name} | {count:,} | {statistics.median(seconds) * 1000:,.1f} ms | **{p95 * 1000:,.1f} ms** |"


def _fill(wiring: Wiring, count: int) -> list[str]:
    now, who = wiring.clock(), wiring.actor.name
    keys: list[str] = []
    for number in range(STUDIES):
        study, snapshot, run = f"STUDY-{number}", sha256_of(["snapshot", number]), f"run-{number}"
        with wiring.registers.transaction() as register:
            register.ensure_account(wiring.actor, make_event(wiring, "account seen", "account", who))
            register.ensure_study(
                StudyRow(study, "Islets", "c" * 64, now), make_event(wiring, "study seen", "study", study)
            )
            register.add_snapshot(
                SnapshotRow(snapshot, study, 1, 1, 1, None, now),
                PullRow(f"pull-{number}", study, snapshot, now, who, ("data",), "longwatch"),
                make_event(wiring, "data pulled", "snapshot", snapshot),
            )
            register.start_run(
                RunRow(run, study, RunState.STARTED, who, now), make_event(wiring, "run started", "run", run)
            )
            for each in range(count // STUDIES):
                keys.append(sha256_of(["report", number, each]))
                row = _report(keys[-1], study, snapshot, run, now + timedelta(seconds=each), who, each)
                register.add_report(row, make_event(wiring, "report archived", "report", row.key))
    return keys


def _report(key: str, study: str, snapshot: str, run: str, at: datetime, who: str, number: int) -> ReportRow:
    place = f"reports/{study}/safety_summary/{key}"
    return ReportRow(
        key=key, study_id=study, template="safety_summary", title="Safety summary",
        state=ReportState.ARCHIVED_CANDIDATE, snapshot_id=snapshot, cutoff=date(2000, 1, 1) + timedelta(days=number),
        run_id=run, pdf_key=f"{place}/report.pdf", pdf_sha256=key, manifest_key=f"{place}/manifest.json",
        manifest_sha256=key, pages=9, archived_at=at, archived_by=who,
    )  # fmt: skip


def main() -> None:
    """Measure, print, and write docs/bench-archive.md."""
    asked = argparse.ArgumentParser(prog="python -m bench archive")
    asked.add_argument("--megabytes", type=int, default=1024)
    asked.add_argument("--objects", type=int, default=10_000)
    asked.add_argument("--reports", type=int, default=100_000)
    given = asked.parse_args()
    lines = ["# The archive, measured", ""]
    lines += [f"By `python -m bench archive`, on {os.cpu_count()} cores. Bare: put and get, with nothing compared.", ""]
    lines += [
        "| archived, read back and compared | seconds | rate | bare | rate | ratio |",
        "|---|---|---|---|---|---|",
    ]

    def say(measured: Iterator[str]) -> None:
        for line in measured:
            lines.append(line)
            sys.stdout.write(line + "\n")

    with tempfile.TemporaryDirectory() as folder:
        say(in_bucket(given.megabytes, given.objects))
        say(in_folder(Path(folder), given.megabytes, given.objects))
        lines += ["", "| found | among | median | 95 of 100 within |", "|---|---|---|---|"]
        say(found_among(Path(folder) / "home", given.reports))
    (ROOT / "docs" / "bench-archive.md").write_text("\n".join([*lines, ""]))


if __name__ == "__main__":
    main()
