"""The probe: an object of a locking bucket withstands twelve hostile calls on a real server, and no other does."""

from __future__ import annotations

import os
import uuid
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest

from connectors.archive_s3 import S3Archive
from connectors.s3 import S3Settings
from longwatch.errors import IntegrityError
from longwatch.evidence.archived import PROBE_CALLS, ProbeCall
from tests.s3_server import S3Server


def probed(archive: Any) -> dict[str, ProbeCall]:
    """Each call by its name."""
    told: list[str] = []
    calls = archive.probe(datetime.now(UTC), told.append)
    assert [call.name for call in calls] == told
    assert len(told) == len(set(told)) == PROBE_CALLS
    return {call.name: call for call in calls}


@pytest.fixture
def real_client(real_s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The real server, its account's keys in the environment."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", real_s3.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", real_s3.secret_key)
    # A session of its own: the default one keeps the keys that it met first in this process.
    return boto3.session.Session().client("s3", endpoint_url=real_s3.endpoint, region_name="us-east-1")


@pytest.mark.xdist_group("s3_server")
@pytest.mark.timeout(600)
def test_a_bucket_with_object_lock_withstands_all_twelve(real_s3: S3Server, real_client: Any) -> None:
    """Twice, with an archived object beside: it and the bucket's versioning are as before, and nothing unlocked is
    left of the probes."""
    name = f"worm-{uuid.uuid4().hex[:12]}"
    real_client.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
    archive = S3Archive(name, "trial", S3Settings(real_s3.endpoint, "us-east-1"))
    archive.put("reports/a.pdf", b"report", media_type="application/pdf")
    for _ in range(2):
        assert {call.name: call.said for call in probed(archive).values() if not call.held} == {}
    assert archive.get("reports/a.pdf") == b"report"
    assert real_client.get_bucket_versioning(Bucket=name)["Status"] == "Enabled"
    left = real_client.list_object_versions(Bucket=name, Prefix="trial/probes/")
    assert len(left.get("Versions", ())) == 2
    assert left.get("DeleteMarkers", []) == []


@pytest.mark.xdist_group("s3_server")
@pytest.mark.timeout(600)
def test_a_bucket_without_object_lock_does_not(real_s3: S3Server, real_client: Any) -> None:
    """Deleting and overwriting do what they say; asking for unknown keys is refused as before."""
    name = f"plain-{uuid.uuid4().hex[:12]}"
    real_client.create_bucket(Bucket=name)
    archive = S3Archive(name, "", S3Settings(real_s3.endpoint, "us-east-1"))
    archive.put("reports/a.pdf", b"report", media_type="application/pdf")
    calls = probed(archive)
    assert not calls["overwrite it"].held
    assert not calls["delete its version"].held
    assert sum(call.held for call in calls.values()) < PROBE_CALLS
    assert archive.get("reports/a.pdf") == b"report"


def test_a_server_that_only_says_that_it_locks_is_found_out(s3_client: Any, s3_settings: S3Settings) -> None:
    """The S3 server from a Python package knows Object Lock by name: it lets locks be shortened, and takes any keys."""
    name = f"worm-{uuid.uuid4().hex[:12]}"
    s3_client.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
    calls = probed(S3Archive(name, "", s3_settings))
    assert not calls["shorten its lock"].held
    assert sum(call.held for call in calls.values()) < PROBE_CALLS


def test_a_local_folder_is_not_worm(kept_in_folder: Any) -> None:
    """It refuses other bytes under a key; who may write the folder may do the rest. The archive is as before."""
    kept_in_folder.archive.put("reports/a.pdf", b"report", media_type="application/pdf")
    calls = probed(kept_in_folder.archive)
    assert calls["archive other bytes under its key"].held
    withstood_by_anyone = {"permit writing, then write", "replace the file", "delete the file", "delete its folder"}
    assert [name for name in withstood_by_anyone if calls[name].held] == []
    assert calls["write into the file"].held == (os.geteuid() != 0)
    assert list(kept_in_folder.archive.keys()) == ["reports/a.pdf"]
    assert kept_in_folder.archive.get("reports/a.pdf") == b"report"


@pytest.mark.xdist_group("s3_server")
@pytest.mark.timeout(600)
def test_a_key_is_written_once_where_the_store_ignores_conditions(real_s3: S3Server, real_client: Any) -> None:
    """In a bucket that keeps versions this server does not look at If-None-Match: still the first bytes stay, and other
    bytes that slipped in between look and write are told."""
    name = f"versions-{uuid.uuid4().hex[:12]}"
    real_client.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
    archive = S3Archive(name, "", S3Settings(real_s3.endpoint, "us-east-1"))
    first = archive.put("a.pdf", b"report", media_type="application/pdf")
    assert archive.put("a.pdf", b"report", media_type="application/pdf") == first
    with pytest.raises(IntegrityError, match="LW-ARC-007"):
        archive.put("a.pdf", b"another", media_type="application/pdf")
    assert len(real_client.list_object_versions(Bucket=name, Prefix="a.pdf")["Versions"]) == 1
    another = S3Archive(name, "", S3Settings(real_s3.endpoint, "us-east-1"))
    another._look = lambda key: None  # type: ignore[method-assign,assignment] # as if both had looked at the same moment
    with pytest.raises(IntegrityError, match="LW-ARC-007"):
        another.put("a.pdf", b"another", media_type="application/pdf")
