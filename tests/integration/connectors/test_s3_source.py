"""A bucket as a source: the same snapshot, bounded patience, and failures by cause."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from moto.server import ThreadedMotoServer

from connectors import s3
from connectors.places.bucket import BucketPlace
from connectors.places.fetching import FetchLimits
from connectors.places.visit import Access
from connectors.s3 import S3Settings
from connectors.snapshot_store import FolderSnapshotStore
from longwatch.errors import SourceError
from longwatch.study import SourceSpec
from tests.integration.connectors.small_files import small_study

QUICK = FetchLimits(attempts=3, wait_seconds=0)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    moto.start()
    host, port = moto.get_host_and_port()
    yield f"http://{host}:{port}"
    moto.stop()


@pytest.fixture
def settings(server: str, monkeypatch: pytest.MonkeyPatch) -> S3Settings:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return S3Settings(server, "us-east-1")


@pytest.fixture
def study(tmp_path: Path) -> Path:
    return small_study(tmp_path / "study")


@pytest.fixture
def bucket(settings: S3Settings, study: Path) -> str:
    """A bucket with the study under cut-1/, something else under cut-1/older/ and cut-10/."""
    client = s3.make_client(settings)
    client.create_bucket(Bucket="trial")
    for path in study.iterdir():
        client.put_object(Bucket="trial", Key=f"cut-1/{path.name}", Body=path.read_bytes())
    for key in ("cut-1/", "cut-1/readme.txt", "cut-1/older/ae.xpt", "cut-10/ae.xpt", "ae.xpt"):
        client.put_object(Bucket="trial", Key=key, Body=b"something else")
    return "trial"


@pytest.fixture
def store(tmp_path: Path, settings: S3Settings) -> FolderSnapshotStore:
    return FolderSnapshotStore(tmp_path / "store", Access(settings, limits=QUICK))


def frozen(store: FolderSnapshotStore, *paths: str, said: list[str] | None = None) -> str:
    remember = said.append if said is not None else lambda _message: None
    return store.freeze([SourceSpec(path=path) for path in paths], "/", remember).id


@pytest.mark.parametrize("prefix", ["cut-1", "cut-1/", "/cut-1"])
def test_a_prefix_is_the_same_snapshot_as_the_folder(
    store: FolderSnapshotStore, study: Path, bucket: str, prefix: str
) -> None:
    """Objects directly below the prefix; not those of a longer name, not those further down."""
    said: list[str] = []
    assert frozen(store, f"s3://{bucket}/{prefix}", said=said) == frozen(store, str(study))
    assert f"s3://{bucket}/{prefix}: ignored readme.txt" in said


def test_single_objects_too(store: FolderSnapshotStore, study: Path, bucket: str) -> None:
    objects = [f"s3://{bucket}/cut-1/{path.name}" for path in study.iterdir()]
    assert frozen(store, *objects) == frozen(store, str(study))


def test_a_whole_bucket(store: FolderSnapshotStore, settings: S3Settings, bucket: str) -> None:
    assert BucketPlace(f"s3://{bucket}", settings).names() == ("ae.xpt",)


def refused(settings: S3Settings, address: str, *, single: bool = False) -> SourceError:
    with pytest.raises(SourceError) as error:
        BucketPlace(address, settings, single).names()
    assert address in str(error.value)
    assert len(str(error.value).splitlines()) == 1
    return error.value


def test_a_bucket_that_is_not_there(settings: S3Settings) -> None:
    assert refused(settings, "s3://nowhere/cut-1").error_id == "LW-SRC-032"


def test_an_object_that_is_not_there(settings: S3Settings, bucket: str) -> None:
    assert refused(settings, f"s3://{bucket}/cut-1/lb.xpt", single=True).error_id == "LW-SRC-001"


def test_an_empty_prefix(store: FolderSnapshotStore, bucket: str) -> None:
    with pytest.raises(SourceError, match="LW-SRC-002"):
        frozen(store, f"s3://{bucket}/cut-7")


def test_no_credentials(settings: S3Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    assert refused(settings, "s3://trial/cut-1").error_id == "LW-SRC-030"


def test_nobody_answers(settings: S3Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Port 9 of this machine: nothing listens there."""
    assert refused(S3Settings("http://127.0.0.1:9", "us-east-1"), "s3://trial/cut-1").error_id == "LW-SRC-031"


def test_an_endpoint_that_is_no_address(settings: S3Settings) -> None:
    error = refused(S3Settings("store.example", "us-east-1"), "s3://trial/cut-1")
    assert error.error_id == "LW-SRC-031"
    assert "LONGWATCH_S3_ENDPOINT" in error.next_step


@contextmanager
def answering(handler: type[BaseHTTPRequestHandler]) -> Iterator[S3Settings]:
    """A server on this machine that answers as the handler does."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield S3Settings(f"http://127.0.0.1:{server.server_port}", "us-east-1")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Quiet(BaseHTTPRequestHandler):
    """Lists one object of 100,000 bytes; says nothing on the console."""

    content = bytes(range(250)) * 400

    def log_message(self, *_arguments: object) -> None: ...

    def answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def error(self, status: int, code: str) -> None:
        self.answer(status, f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode())

    def listed(self) -> bool:
        if "list-type=2" not in self.path:
            return False
        self.answer(
            200,
            b"<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>cut/ae.csv</Key><ETag>&quot;e1&quot;</ETag>"
            b"<Size>100000</Size></Contents></ListBucketResult>",
            Content_Type="application/xml",
        )
        return True


def test_a_connection_that_breaks_is_taken_up_where_it_broke(settings: S3Settings) -> None:
    """The first answer ends after 30,000 bytes; the second is asked for the rest, and for the same object."""
    asked: list[tuple[str | None, str | None]] = []

    class Breaking(Quiet):
        def do_GET(self) -> None:
            if self.listed():
                return
            asked.append((self.headers["Range"], self.headers["If-Match"]))
            start = int(self.headers["Range"].removeprefix("bytes=").removesuffix("-")) if self.headers["Range"] else 0
            rest = self.content[start:]
            if start:
                self.answer(206, rest, ETag='"e1"')
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(rest)))
            self.end_headers()
            self.wfile.write(rest[:30_000])

    with answering(Breaking) as own:
        place = BucketPlace("s3://trial/cut", own, limits=QUICK)
        assert place.names() == ("ae.csv",)
        assert b"".join(place.chunks("ae.csv")) == Quiet.content
    assert asked[0] == (None, '"e1"')
    assert asked[1][1] == '"e1"'
    assert len(asked) == 2


def test_a_connection_that_always_breaks_is_given_up(settings: S3Settings) -> None:
    class Hopeless(Quiet):
        def do_GET(self) -> None:
            if not self.listed():
                self.send_response(200)
                self.send_header("Content-Length", "100000")
                self.end_headers()

    with answering(Hopeless) as own:
        place = BucketPlace("s3://trial/cut", own, limits=QUICK)
        place.names()
        with pytest.raises(SourceError, match=r"LW-SRC-031: s3://trial/cut, ae\.csv"):
            list(place.chunks("ae.csv"))


@pytest.mark.parametrize(("status", "code"), [(412, "PreconditionFailed"), (404, "NoSuchKey")])
def test_an_object_replaced_or_removed_meanwhile(settings: S3Settings, status: int, code: str) -> None:
    class Changing(Quiet):
        def do_GET(self) -> None:
            if not self.listed():
                self.error(status, code)

    with answering(Changing) as own:
        place = BucketPlace("s3://trial/cut", own, limits=QUICK)
        place.names()
        with pytest.raises(SourceError, match="LW-SRC-036"):
            list(place.chunks("ae.csv"))


@pytest.mark.parametrize(
    ("status", "code", "error_id"),
    [
        (403, "AccessDenied", "LW-SRC-033"),
        (403, "SignatureDoesNotMatch", "LW-SRC-033"),
        (404, "NoSuchBucket", "LW-SRC-032"),
        (400, "AuthorizationHeaderMalformed", "LW-SRC-034"),
    ],
)
def test_refusals_by_cause(settings: S3Settings, status: int, code: str, error_id: str) -> None:
    class Refusing(Quiet):
        def do_GET(self) -> None:
            self.error(status, code)

        def do_HEAD(self) -> None:
            self.answer(status, b"")

    with answering(Refusing) as own:
        error = refused(own, "s3://trial/cut")
    assert error.error_id == error_id
    assert code in str(error) or error_id == "LW-SRC-032"


def test_a_passing_fault_is_tried_again_and_a_lasting_one_given_up(settings: S3Settings) -> None:
    attempts: list[str] = []

    class Busy(Quiet):
        def do_GET(self) -> None:
            attempts.append(self.path)
            if len(attempts) < 3 or len(attempts) > 3:
                self.error(503, "SlowDown")
            else:
                self.listed()

    with answering(Busy) as own:
        assert BucketPlace("s3://trial/cut", own, limits=QUICK).names() == ("ae.csv",)
        assert len(attempts) == s3.ATTEMPTS
        assert refused(own, "s3://trial/cut").error_id == "LW-SRC-034"
        assert len(attempts) == 2 * s3.ATTEMPTS


def test_a_listing_comes_in_pages(settings: S3Settings) -> None:
    class Paging(Quiet):
        def do_GET(self) -> None:
            last = "continuation-token=more" in self.path
            more = b"" if last else b"<NextContinuationToken>more</NextContinuationToken>"
            key = b"cut/dm.csv" if last else b"cut/ae.csv"
            self.answer(
                200,
                b"<ListBucketResult><IsTruncated>%s</IsTruncated>%s<Contents><Key>%s</Key><ETag>e</ETag></Contents>"
                b"</ListBucketResult>" % (b"false" if last else b"true", more, key),
            )

    with answering(Paging) as own:
        assert BucketPlace("s3://trial/cut", own, limits=QUICK).names() == ("ae.csv", "dm.csv")


def test_the_client_has_limits(settings: S3Settings) -> None:
    """5 s to connect, 60 s to read, so that a store that hangs does not hang a nightly pull."""
    config = s3.make_client(settings).meta.config
    assert (config.connect_timeout, config.read_timeout) == (5, 60)  # type: ignore[attr-defined]
