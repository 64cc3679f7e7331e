"""A real S3-compatible server as a source: streamed, taken up where it broke, refused where it changed."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from connectors import s3
from connectors.places.bucket import BucketPlace
from connectors.places.fetching import FetchLimits
from connectors.places.visit import Access
from connectors.s3 import S3Settings
from connectors.snapshot_store import FolderSnapshotStore
from longwatch.errors import SourceError
from longwatch.study import SourceSpec
from tests.integration.connectors.small_files import small_study
from tests.s3_server import S3Server

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# A busy machine may need minutes to start the server.
pytestmark = [pytest.mark.xdist_group("s3_server"), pytest.mark.timeout(600)]

QUICK = FetchLimits(attempts=3, wait_seconds=0)
MEBIBYTE = 1024 * 1024
LARGE = os.urandom(MEBIBYTE) * 24


@pytest.fixture
def settings(real_s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> S3Settings:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", real_s3.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", real_s3.secret_key)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return S3Settings(real_s3.endpoint, "us-east-1", read_seconds=10)


@pytest.fixture
def client(settings: S3Settings) -> S3Client:
    return s3.make_client(settings)


@pytest.fixture
def bucket(client: S3Client) -> Iterator[str]:
    """An empty bucket of one's own."""
    name = f"trial-{os.urandom(4).hex()}"
    client.create_bucket(Bucket=name)
    yield name
    for found in client.list_objects_v2(Bucket=name).get("Contents", []):
        client.delete_object(Bucket=name, Key=found["Key"])
    client.delete_bucket(Bucket=name)


@pytest.fixture
def store(tmp_path: Path, settings: S3Settings) -> FolderSnapshotStore:
    return FolderSnapshotStore(tmp_path / "store", Access(settings, limits=QUICK))


def frozen(store: FolderSnapshotStore, path: str) -> str:
    return store.freeze([SourceSpec(path=path)], "/", lambda _message: None).id


def test_a_folder_a_prefix_and_a_zip_are_one_snapshot(
    store: FolderSnapshotStore, client: S3Client, bucket: str, tmp_path: Path
) -> None:
    """The zip on disk, and the same zip in the bucket."""
    study = small_study(tmp_path / "study")
    with zipfile.ZipFile(tmp_path / "cut.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for path in study.iterdir():
            archive.write(path, f"cut/{path.name}")
            client.put_object(Bucket=bucket, Key=f"cut/{path.name}", Body=path.read_bytes())
    client.put_object(Bucket=bucket, Key="deliveries/cut.zip", Body=(tmp_path / "cut.zip").read_bytes())
    places = [str(study), str(tmp_path / "cut.zip"), f"s3://{bucket}/cut/", f"s3://{bucket}/deliveries/cut.zip"]
    assert len({frozen(store, place) for place in places}) == 1
    assert list((store.root / "staging").iterdir()) == []


@contextmanager
def breaking_proxy(port: int, *after: int) -> Iterator[tuple[int, list[int]]]:
    """A port that hands everything on to `port`, and cuts its first answers after so many bytes each (counted where an
    answer is longer than 64 kB); its port, and the bytes that each connection brought."""
    listener = socket.create_server(("127.0.0.1", 0))
    cuts, brought = list(after), []
    ended = threading.Event()

    def hand_on(source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while piece := source.recv(65536):
                target.sendall(piece)
        with suppress(OSError):
            target.shutdown(socket.SHUT_WR)

    def connection(near: socket.socket) -> None:
        with near, socket.create_connection(("127.0.0.1", port)) as far:
            threading.Thread(target=hand_on, args=(near, far), daemon=True).start()
            total = 0
            with suppress(OSError):
                while piece := far.recv(65536):
                    near.sendall(piece)
                    total += len(piece)
                    if cuts and total > max(cuts[0], 65536):
                        cuts.pop(0)
                        near.shutdown(socket.SHUT_RDWR)
                        break
            brought.append(total)

    def accept() -> None:
        while not ended.is_set():
            with suppress(OSError):
                near, _ = listener.accept()
                threading.Thread(target=connection, args=(near,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1], brought
    finally:
        ended.set()
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


def test_a_broken_connection_is_taken_up_where_it_broke(
    client: S3Client, bucket: str, settings: S3Settings, real_s3: S3Server
) -> None:
    """Cut twice on the way; the object arrives whole, and not much of it twice."""
    client.put_object(Bucket=bucket, Key="cut/ae.csv", Body=LARGE)
    with breaking_proxy(real_s3.port, 10 * MEBIBYTE, 6 * MEBIBYTE) as (port, brought):
        own = S3Settings(f"http://127.0.0.1:{port}", "us-east-1", read_seconds=10)
        place = BucketPlace(f"s3://{bucket}/cut", own, limits=QUICK)
        assert place.names() == ("ae.csv",)
        assert b"".join(place.chunks("ae.csv")) == LARGE
    assert sum(brought) < len(LARGE) + 12 * MEBIBYTE


def test_an_object_replaced_between_two_parts_is_refused(
    client: S3Client, bucket: str, settings: S3Settings, real_s3: S3Server
) -> None:
    client.put_object(Bucket=bucket, Key="cut/ae.csv", Body=LARGE)
    with breaking_proxy(real_s3.port, 10 * MEBIBYTE) as (port, _):
        own = S3Settings(f"http://127.0.0.1:{port}", "us-east-1", read_seconds=10)
        place = BucketPlace(f"s3://{bucket}/cut", own, limits=QUICK)
        place.names()
        pieces = place.chunks("ae.csv")
        next(pieces)
        client.put_object(Bucket=bucket, Key="cut/ae.csv", Body=b"x" + LARGE[1:])
        with pytest.raises(SourceError, match="LW-SRC-036"):
            list(pieces)


def test_an_object_replaced_after_it_was_listed_is_refused(client: S3Client, bucket: str, settings: S3Settings) -> None:
    client.put_object(Bucket=bucket, Key="cut/ae.csv", Body=b"first")
    place = BucketPlace(f"s3://{bucket}/cut", settings, limits=QUICK)
    place.names()
    client.put_object(Bucket=bucket, Key="cut/ae.csv", Body=b"other")
    with pytest.raises(SourceError, match="LW-SRC-036"):
        list(place.chunks("ae.csv"))


def test_a_size_limit_stops_it(store: FolderSnapshotStore, client: S3Client, bucket: str, settings: S3Settings) -> None:
    client.put_object(Bucket=bucket, Key="cut/ae.csv", Body=LARGE)
    store.access = Access(settings, limits=FetchLimits(total_bytes=len(LARGE) - 1))
    with pytest.raises(SourceError, match="LW-SRC-100"):
        frozen(store, f"s3://{bucket}/cut")
    assert not [path for path in store.root.rglob("*") if path.is_file()]


@pytest.mark.parametrize("wrong", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
def test_wrong_keys_are_refused(
    settings: S3Settings, client: S3Client, bucket: str, wrong: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(wrong, "another")
    with pytest.raises(SourceError, match="LW-SRC-033"):
        BucketPlace(f"s3://{bucket}/cut", settings, limits=QUICK).names()


def test_a_bucket_or_prefix_that_is_not_there(settings: S3Settings, store: FolderSnapshotStore, bucket: str) -> None:
    with pytest.raises(SourceError, match="LW-SRC-032"):
        BucketPlace("s3://nowhere-at-all/cut", settings, limits=QUICK).names()
    with pytest.raises(SourceError, match="LW-SRC-002"):
        frozen(store, f"s3://{bucket}/cut")


STREAMED = """
import resource, sys
from connectors.places.bucket import BucketPlace
from connectors.s3 import S3Settings

place = BucketPlace(sys.argv[2], S3Settings(sys.argv[1], "us-east-1"))
place.names()
next(place.chunks("small.csv"))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
size = sum(len(piece) for piece in place.chunks("large.csv"))
print(size, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def test_an_object_is_streamed(
    client: S3Client, bucket: str, real_s3: S3Server, settings: S3Settings, repository: Path
) -> None:
    """An object of 240 MB takes a few pieces of 4 MiB of memory, not its own size."""
    client.put_object(Bucket=bucket, Key="cut/small.csv", Body=LARGE[: 4 * MEBIBYTE])
    client.put_object(Bucket=bucket, Key="cut/large.csv", Body=LARGE * 10)
    said = subprocess.run(
        [sys.executable, "-c", STREAMED, real_s3.endpoint, f"s3://{bucket}/cut"],
        cwd=repository, capture_output=True, text=True, check=True,
    )  # fmt: skip
    size, grown = map(int, said.stdout.split())
    assert size == 10 * len(LARGE)
    assert grown < 64
