"""Retention and legal hold of each object: extended, never shortened; what is kept is not removed.

The same on a folder and on a bucket with Object Lock of a real server; a bucket without it says that it keeps neither.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.archive_folder import FolderArchive
from connectors.archive_s3 import S3Archive
from connectors.s3 import S3Settings, make_client
from longwatch.errors import LongwatchError
from longwatch.evidence.archived import StoredKind
from operations.archive_ports import Archive
from tests.s3_server import S3Server

pytestmark = [pytest.mark.xdist_group("s3_server"), pytest.mark.timeout(600)]
KEY, PDF = "reports/ISLET-1/safety_report/2026-03-01/abc/report.pdf", "application/pdf"
NOW = datetime.now(UTC).replace(microsecond=0)
SOON, LATER = NOW + timedelta(seconds=3600), NOW + timedelta(days=2)


@pytest.fixture(params=["folder", "locked bucket"])
def keeping(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Archive]:
    """Each archive that keeps retention and holds, empty."""
    if request.param == "folder":
        yield FolderArchive(tmp_path / "archive")
        return
    server: S3Server = request.getfixturevalue("real_s3")
    given: pytest.MonkeyPatch = request.getfixturevalue("monkeypatch")
    given.setenv("AWS_ACCESS_KEY_ID", server.access_key)
    given.setenv("AWS_SECRET_ACCESS_KEY", server.secret_key)
    settings, name = S3Settings(server.endpoint, "us-east-1"), f"kept-{uuid.uuid4().hex[:8]}"
    make_client(settings).create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
    yield S3Archive(name, "trial", settings)


def refused(use: Callable[[], object]) -> str:
    with pytest.raises(LongwatchError) as found:
        use()
    assert found.value.next_step
    return found.value.error_id


def test_what_is_put_is_neither_retained_nor_held(keeping: Archive) -> None:
    """A draft: it can be removed, and nothing of it stays."""
    receipt = keeping.put(KEY, b"draft", media_type=PDF)
    assert (receipt.retain_until, receipt.held) == (None, False)
    assert keeping.describe().keeps_locks
    assert keeping.remove(KEY, NOW)
    assert keeping.head(KEY) is None
    assert list(keeping.survey()) == []
    assert not keeping.remove(KEY, NOW)
    assert keeping.put(KEY, b"another draft", media_type=PDF).size == 13


def test_retention_is_extended_and_never_shortened(keeping: Archive) -> None:
    keeping.put(KEY, b"final", media_type=PDF)
    assert keeping.retain(KEY, SOON).retain_until == SOON
    assert keeping.retain(KEY, LATER).retain_until == LATER
    assert keeping.retain(KEY, LATER).retain_until == LATER
    assert refused(lambda: keeping.retain(KEY, SOON)) == "LW-ARC-027"
    assert keeping.head(KEY) == keeping.put(KEY, b"final", media_type=PDF)
    receipt = keeping.head(KEY)
    assert receipt is not None
    assert receipt.retain_until == LATER


def test_what_is_retained_is_not_removed(keeping: Archive) -> None:
    """The same bytes put again, with a shorter retention, change nothing."""
    assert keeping.put(KEY, b"final", media_type=PDF, retain_until=LATER).retain_until == LATER
    assert keeping.put(KEY, b"final", media_type=PDF, retain_until=SOON).retain_until == LATER
    assert refused(lambda: keeping.remove(KEY, NOW)) == "LW-ARC-028"
    assert keeping.get(KEY) == b"final"


def test_a_hold_is_independent_of_retention(keeping: Archive) -> None:
    """Placed twice it is one; lifted, the object can be removed."""
    keeping.put(KEY, b"draft", media_type=PDF)
    assert keeping.hold(KEY, True).held
    assert keeping.hold(KEY, True).held
    assert refused(lambda: keeping.remove(KEY, NOW + timedelta(days=9999))) == "LW-ARC-028"
    assert keeping.get(KEY) == b"draft"
    assert not keeping.hold(KEY, False).held
    assert keeping.remove(KEY, NOW)


def test_nothing_there_is_neither_retained_nor_held(keeping: Archive) -> None:
    assert refused(lambda: keeping.retain(KEY, LATER)) == "LW-ARC-006"
    assert refused(lambda: keeping.hold(KEY, True)) == "LW-ARC-006"


def test_only_what_is_meant_is_removed(keeping: Archive) -> None:
    """Keys that begin so stay."""
    for key in (KEY, f"{KEY}.txt", f"{KEY}2"):
        keeping.put(key, key.encode(), media_type=PDF)
    assert keeping.remove(KEY, NOW)
    assert list(keeping.keys()) == [f"{KEY}.txt", f"{KEY}2"]
    assert {stored.kind for stored in keeping.survey()} == {StoredKind.OBJECT}


def test_the_store_refuses_what_goes_past_longwatch(keeping: Archive) -> None:
    """Object Lock is the store's own: whoever has the keys of the bucket deletes no locked version."""
    from botocore.exceptions import ClientError

    if not isinstance(keeping, S3Archive):
        pytest.skip("a folder cannot refuse its owner, and says so")
    client: Any = keeping._client
    for name, keep in (
        ("retained", lambda key: keeping.retain(key, LATER)),
        ("held", lambda key: keeping.hold(key, True)),
    ):
        version = keeping.put(name, b"final", media_type=PDF).version
        keep(name)
        with pytest.raises(ClientError):
            client.delete_object(
                Bucket=keeping._bucket, Key=f"trial/{name}", VersionId=version, BypassGovernanceRetention=True
            )


def test_a_hold_and_a_longer_retention_at_one_moment_both_stay(keeping: Archive) -> None:
    keeping.put(KEY, b"final", media_type=PDF)
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda use: use(), [lambda: keeping.retain(KEY, LATER), lambda: keeping.hold(KEY, True)] * 4))
    receipt = keeping.head(KEY)
    assert receipt is not None
    assert (receipt.retain_until, receipt.held) == (LATER, True)


def test_a_bucket_without_object_lock_says_that_it_keeps_neither(bucket: str, s3_settings: S3Settings) -> None:
    archive = S3Archive(bucket, "", s3_settings)
    archive.put(KEY, b"final", media_type=PDF)
    assert not archive.describe().keeps_locks
    assert archive.retain(KEY, LATER).retain_until is None
    assert not archive.hold(KEY, True).held
    assert archive.remove(KEY, NOW)


def test_a_damaged_row_of_the_folder_is_said(tmp_path: Path) -> None:
    archive = FolderArchive(tmp_path / "archive")
    archive.put(KEY, b"final", media_type=PDF, retain_until=LATER)
    row = tmp_path / "archive" / ".kept" / f"{KEY}.json"
    row.chmod(0o644)
    row.write_text('{"held": tru')
    assert refused(lambda: archive.head(KEY)) == "LW-ARC-029"
    assert refused(lambda: archive.remove(KEY, NOW)) == "LW-ARC-029"
