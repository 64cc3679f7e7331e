"""The archives under test: a folder, and a bucket on an S3 server from a Python package, on loopback."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from connectors.archive_folder import FolderArchive
from connectors.archive_s3 import S3Archive
from connectors.s3 import S3Settings


@dataclass(frozen=True)
class Kept:
    """An archive, and a hand that reaches past it: `overwrite(key, content)` and `smuggle(key, content)`."""

    archive: FolderArchive | S3Archive
    overwrite: Callable[[str, bytes], None]
    smuggle: Callable[[str, bytes], None]


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """The endpoint of an S3 server."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3_settings(s3_server: str, monkeypatch: pytest.MonkeyPatch) -> S3Settings:
    """Settings for that server, with credentials in the environment as boto expects them."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    return S3Settings(s3_server, "us-east-1")


@pytest.fixture
def s3_client(s3_settings: S3Settings) -> Any:
    """The server without Longwatch."""
    return boto3.client("s3", endpoint_url=s3_settings.endpoint_url, region_name="us-east-1")


@pytest.fixture
def bucket(s3_client: Any) -> str:
    """A new bucket without Object Lock."""
    name = f"evidence-{uuid.uuid4().hex[:12]}"
    s3_client.create_bucket(Bucket=name)
    return name


@pytest.fixture
def kept_in_folder(tmp_path: Path) -> Kept:
    """A folder that is not made yet."""
    root = tmp_path / "archive"

    def overwrite(key: str, content: bytes) -> None:
        os.chmod(root / key, 0o644)
        (root / key).write_bytes(content)

    def smuggle(key: str, content: bytes) -> None:
        (root / key).parent.mkdir(parents=True, exist_ok=True)
        (root / key).write_bytes(content)

    return Kept(FolderArchive(root), overwrite, smuggle)


@pytest.fixture
def kept_in_s3(s3_client: Any, bucket: str, s3_settings: S3Settings) -> Kept:
    """A prefix of a bucket."""

    def overwrite(key: str, content: bytes) -> None:
        receipt = s3_client.head_object(Bucket=bucket, Key=f"trial/one/{key}")["Metadata"]
        s3_client.put_object(Bucket=bucket, Key=f"trial/one/{key}", Body=content, Metadata=receipt)

    def smuggle(key: str, content: bytes) -> None:
        s3_client.put_object(Bucket=bucket, Key=f"trial/one/{key}", Body=content)

    return Kept(S3Archive(bucket, "/trial/one/", s3_settings), overwrite, smuggle)


@pytest.fixture(params=["folder", "s3"])
def kept(request: pytest.FixtureRequest) -> Kept:
    """Each kind of archive, empty."""
    archive: Kept = request.getfixturevalue(f"kept_in_{request.param}")
    return archive
