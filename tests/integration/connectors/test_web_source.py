"""Files at web addresses: the same snapshot, taken up where a connection broke, and never with a secret let slip."""

from __future__ import annotations

import base64
import hashlib
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from connectors.places.fetching import FetchLimits
from connectors.places.visit import Access, Visit
from connectors.places.web import WebPlace
from connectors.snapshot_store import FolderSnapshotStore
from longwatch.errors import SourceError
from longwatch.study import SourceSpec
from tests.integration.connectors.small_files import small_study
from tests.web_server import WebServer, serving, status

QUICK = FetchLimits(attempts=3, wait_seconds=0, connect_seconds=2, read_seconds=2)
SECRET = "s3cret-t0ken-of-the-sponsor"
AE = bytes(range(256)) * 2000


@pytest.fixture
def web() -> Iterator[WebServer]:
    with serving() as server:
        yield server


@pytest.fixture
def study(tmp_path: Path) -> Path:
    return small_study(tmp_path / "study")


@pytest.fixture
def store(tmp_path: Path) -> FolderSnapshotStore:
    return FolderSnapshotStore(tmp_path / "store", Access(limits=QUICK))


def frozen(store: FolderSnapshotStore, *sources: dict[str, Any]) -> str:
    specs = [SourceSpec.model_validate(source) for source in sources]
    return store.freeze(specs, "/", lambda _message: None).id


def fetched(path: str, limits: FetchLimits = QUICK, **options: Any) -> bytes:
    """The one file of an address."""
    with ExitStack() as closing:
        visit = Visit(Access(limits=limits), Path("/"), Path("/nowhere"), closing, lambda _message: None)
        place = WebPlace(SourceSpec.model_validate({"path": path, **options}), visit)
        (name,) = place.names()
        return b"".join(place.chunks(name))


def refusal(path: str, limits: FetchLimits = QUICK, **options: Any) -> SourceError:
    with pytest.raises(SourceError) as refused:
        fetched(path, limits, **options)
    assert refused.value.next_step
    assert SECRET not in str(refused.value)
    return refused.value


# The same snapshot


def test_files_below_an_address_are_the_same_snapshot_as_the_folder(
    web: WebServer, store: FolderSnapshotStore, study: Path
) -> None:
    address = web.put(study, "/export/cut 3/")
    names = [path.name for path in study.iterdir()]
    assert frozen(store, {"path": address, "include": names}) == frozen(store, {"path": str(study)})
    assert {asked.path for asked in web.asked} == {f"/export/cut%203/{name}" for name in names}


def test_files_one_by_one_too(web: WebServer, store: FolderSnapshotStore, study: Path) -> None:
    address = web.put(study, "/export/")
    sources = [{"path": f"{address}{path.name}?cut=3"} for path in study.iterdir()]
    assert frozen(store, *sources) == frozen(store, {"path": str(study)})


def test_a_zip_too(web: WebServer, store: FolderSnapshotStore, study: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "cut.zip", "w") as archive:
        for path in study.iterdir():
            archive.write(path, f"cut/{path.name}")
    web.files["/cut.zip"] = (tmp_path / "cut.zip").read_bytes()
    sha256 = hashlib.sha256(web.files["/cut.zip"]).hexdigest()
    assert frozen(store, {"path": f"{web.url}/cut.zip", "sha256": {"cut.zip": sha256}}) == frozen(
        store, {"path": str(study)}
    )
    assert list((store.root / "staging").iterdir()) == []


def test_a_damaged_zip_is_called_by_its_address(web: WebServer, store: FolderSnapshotStore) -> None:
    web.files["/cut.zip"] = b"PK\x03\x04 and no more"
    with pytest.raises(SourceError, match=r"LW-SRC-020: http://127.0.0.1:\d+/cut\.zip: "):
        frozen(store, {"path": f"{web.url}/cut.zip"})


# A connection that breaks


def test_a_broken_transfer_is_taken_up_where_it_broke(web: WebServer) -> None:
    """Twice; each time the rest is asked for, and of the same file."""
    web.files["/ae.xpt"] = AE
    web.breaks = [200_000, 100_000]
    assert fetched(f"{web.url}/ae.xpt") == AE
    etag = f'"{hashlib.md5(AE).hexdigest()}"'
    assert [(asked.headers.get("range"), asked.headers.get("if-range")) for asked in web.asked] == [
        (None, None), ("bytes=200000-", etag), ("bytes=300000-", etag),
    ]  # fmt: skip


@pytest.mark.parametrize(("ranges", "etags"), [(False, True), (True, False), (False, False)])
def test_a_server_that_cannot_give_a_rest_gives_all_of_it_again(web: WebServer, ranges: bool, etags: bool) -> None:
    """What had arrived is compared and left out."""
    web.files["/ae.xpt"] = AE
    web.ranges, web.etags, web.breaks = ranges, etags, [200_000]
    assert fetched(f"{web.url}/ae.xpt") == AE
    assert len(web.asked) == 2


@pytest.mark.parametrize("etags", [True, False])
def test_a_file_replaced_meanwhile_is_refused(web: WebServer, etags: bool) -> None:
    """Two halves of two files are no file."""
    web.files["/ae.xpt"] = AE
    web.etags, web.breaks = etags, [200_000]

    def replaced(_request: object) -> bool:
        web.files["/ae.xpt"] = b"x" + AE[1:]
        return False

    web.faults = [lambda _request: False, replaced]
    assert refusal(f"{web.url}/ae.xpt").error_id == "LW-SRC-114"


def test_a_connection_that_always_breaks_is_given_up(web: WebServer) -> None:
    web.files["/ae.xpt"] = AE
    web.breaks = [1000] * 9
    assert refusal(f"{web.url}/ae.xpt").error_id == "LW-SRC-110"
    assert len(web.asked) == QUICK.attempts


def test_attempts_count_anew_after_a_mebibyte(web: WebServer) -> None:
    """A large file over a poor line arrives, though it breaks more often than attempts are allowed."""
    web.files["/ae.xpt"] = AE * 16
    web.breaks = [1_500_000] * 5
    assert fetched(f"{web.url}/ae.xpt") == AE * 16
    assert len(web.asked) == 6


@pytest.mark.parametrize("code", [429, 500, 502, 503, 504])
def test_a_passing_fault_is_tried_again_and_a_lasting_one_given_up(web: WebServer, code: int) -> None:
    web.files["/ae.xpt"] = AE
    web.faults = [status(code, Retry_After="0"), status(code)]
    assert fetched(f"{web.url}/ae.xpt") == AE
    web.faults = [status(code)] * 9
    assert refusal(f"{web.url}/ae.xpt").error_id == "LW-SRC-113"
    assert len(web.asked) == 3 + QUICK.attempts


def test_a_server_that_hangs_is_given_up(web: WebServer) -> None:
    """It takes the request and says nothing; twice half a second, and the pull goes on to say so."""
    import time

    def hang(_request: object) -> bool:
        time.sleep(1.5)
        return True

    web.faults = [hang, hang]  # type: ignore[list-item]
    impatient = FetchLimits(attempts=2, wait_seconds=0, read_seconds=0.5)
    assert "ReadTimeout" in str(refusal(f"{web.url}/ae.xpt", impatient))


def test_nobody_answers() -> None:
    """Port 9 of this machine: nothing listens there."""
    assert refusal("http://127.0.0.1:9/ae.xpt").error_id == "LW-SRC-110"


@pytest.mark.parametrize(
    ("code", "error_id"), [(401, "LW-SRC-111"), (403, "LW-SRC-111"), (404, "LW-SRC-112"), (400, "LW-SRC-115")]
)
def test_refusals_by_cause_are_not_tried_again(web: WebServer, code: int, error_id: str) -> None:
    web.faults = [status(code)]
    error = refusal(f"{web.url}/ae.xpt")
    assert error.error_id == error_id
    assert str(code) in str(error)
    assert len(web.asked) == 1


# How much, and whether it is right


def test_a_size_limit_stops_before_and_while_it_arrives(
    web: WebServer, store: FolderSnapshotStore, study: Path
) -> None:
    web.files["/ae.xpt"] = AE
    small = FetchLimits(total_bytes=len(AE) - 1)
    assert refusal(f"{web.url}/ae.xpt", small).error_id == "LW-SRC-100"
    address = web.put(study, "/cut/")
    store.access = Access(limits=FetchLimits(total_bytes=sum(path.stat().st_size for path in study.iterdir()) - 1))
    with pytest.raises(SourceError, match="LW-SRC-100"):
        frozen(store, {"path": address, "include": [path.name for path in study.iterdir()]})
    assert not [path for path in store.root.rglob("*") if path.is_file()]


def b64(value: bytes) -> str:
    return base64.b64encode(value).decode()


STATED = {
    "Content-MD5": lambda content: b64(hashlib.md5(content).digest()),
    "Digest": lambda content: f"SHA-256={b64(hashlib.sha256(content).digest())}",
    "Repr-Digest": lambda content: f"sha-512=:{b64(hashlib.sha512(content).digest())}:",
    "Content-Digest": lambda content: f"unknown=:AAAA:, sha-256=:{b64(hashlib.sha256(content).digest())}:",
    "x-amz-checksum-sha256": lambda content: b64(hashlib.sha256(content).digest()),
    "x-amz-checksum-crc32": lambda content: b64(zlib.crc32(content).to_bytes(4, "big")),
    "x-goog-hash": lambda content: f"crc32c=AAAAAA==,md5={b64(hashlib.md5(content).digest())}",
}


@pytest.mark.parametrize("name", STATED)
def test_what_the_server_states_is_compared(web: WebServer, name: str) -> None:
    """Also over a connection that broke."""
    web.files["/ae.xpt"] = AE
    web.headers = {name: STATED[name](AE)}
    web.breaks = [200_000]
    assert fetched(f"{web.url}/ae.xpt") == AE
    web.headers = {name: STATED[name](AE + b"x")}
    assert refusal(f"{web.url}/ae.xpt").error_id == "LW-SRC-102"


def test_what_cannot_be_a_checksum_is_not_taken_for_one(web: WebServer) -> None:
    """A composite checksum of parts, an algorithm that nobody here knows, and rubbish."""
    web.files["/ae.xpt"] = AE
    web.headers = {"x-amz-checksum-sha256": "AAAA-3", "Digest": "sha3=AAAA", "Content-MD5": "?"}
    assert fetched(f"{web.url}/ae.xpt") == AE


def test_what_the_study_file_states_is_compared(web: WebServer, store: FolderSnapshotStore, study: Path) -> None:
    address = web.put(study, "/cut/") + "ae.xpt"
    right = hashlib.sha256((study / "ae.xpt").read_bytes()).hexdigest()
    frozen(store, {"path": address, "sha256": {"ae.xpt": right}})
    with pytest.raises(SourceError, match=f"LW-SRC-101: .*{right}"):
        frozen(store, {"path": address, "sha256": {"ae.xpt": "0" * 64}})


def test_a_file_compressed_on_the_way_is_refused(web: WebServer) -> None:
    """It is asked for as it is; other bytes would be frozen as if they were the sender's."""
    web.files["/ae.xpt"] = AE
    web.headers = {"Content-Encoding": "gzip"}
    assert refusal(f"{web.url}/ae.xpt").error_id == "LW-SRC-118"
    assert web.asked[0].headers["accept-encoding"] == "identity"


# Secrets


@pytest.fixture
def secret(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("EDC_SECRET", f" {SECRET}\n")
    return SECRET


def test_a_token_is_sent_as_asked(web: WebServer, secret: str, tmp_path: Path) -> None:
    web.files["/ae.xpt"] = AE
    (tmp_path / "token").write_text(f"{SECRET}\n")
    address = f"{web.url}/ae.xpt"
    fetched(address, token={"env": "EDC_SECRET"})
    fetched(address, token={"file": str(tmp_path / "token")}, header="X-Api-Key")
    fetched(address, user="reader", password={"env": "EDC_SECRET"})
    assert web.asked[0].headers["authorization"] == f"Bearer {SECRET}"
    assert web.asked[1].headers["x-api-key"] == SECRET
    assert web.asked[2].headers["authorization"] == f"Basic {b64(f'reader:{SECRET}'.encode())}"


def test_a_secret_that_is_not_there(web: WebServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    address = f"{web.url}/ae.xpt"
    monkeypatch.setenv("EDC_EMPTY", " ")
    (tmp_path / "two").write_text("one\ntwo\n")
    assert refusal(address, token={"env": "EDC_NOT_SET"}).error_id == "LW-SRC-103"
    assert refusal(address, token={"env": "EDC_EMPTY"}).error_id == "LW-SRC-103"
    assert refusal(address, token={"file": str(tmp_path / "none")}).error_id == "LW-SRC-104"
    assert refusal(address, token={"file": str(tmp_path / "two")}).error_id == "LW-SRC-105"
    assert web.asked == []


def test_a_redirect_keeps_the_secret_at_home(web: WebServer, secret: str) -> None:
    """To another place of the same host with it, to another host (here: port) without."""
    web.files["/moved/ae.xpt"] = AE
    with serving(WebServer(files={"/elsewhere": AE})) as other:
        web.faults = [status(302, Location="/moved/ae.xpt")]
        assert fetched(f"{web.url}/ae.xpt", token={"env": "EDC_SECRET"}) == AE
        web.faults = [status(307, Location=f"{other.url}/elsewhere")]
        assert fetched(f"{web.url}/ae.xpt", token={"env": "EDC_SECRET"}) == AE
        assert web.asked[1].headers["authorization"] == f"Bearer {SECRET}"
        assert [SECRET in str(asked.headers) for asked in other.asked] == [False]


def test_redirects_that_are_not_followed(web: WebServer) -> None:
    web.faults = [status(302, Location="file:///etc/passwd")]
    assert refusal(f"{web.url}/ae.xpt").error_id == "LW-SRC-117"
    web.faults = [status(302, Location="/ae.xpt")] * 20
    assert refusal(f"{web.url}/ae.xpt").error_id == "LW-SRC-117"


def test_no_redirect_from_https_to_http(tmp_path: Path, web: WebServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server with a certificate of its own; first nobody trusts it, then it sends to plain http."""
    import ssl
    import subprocess
    import threading
    from http.server import BaseHTTPRequestHandler, HTTPServer

    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1", "-addext",
         "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)],
        check=True, capture_output=True,
    )  # fmt: skip

    class Downgrading(BaseHTTPRequestHandler):
        def log_message(self, *_arguments: object) -> None: ...

        def do_GET(self) -> None:
            status(302, Location=f"{web.url}/ae.xpt")(self)

    server = HTTPServer(("127.0.0.1", 0), Downgrading)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.handle_error = lambda *_arguments: None  # type: ignore[method-assign]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        address = f"https://127.0.0.1:{server.server_port}/ae.xpt"
        assert refusal(address).error_id == "LW-SRC-116"
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        error = refusal(address)
        assert error.error_id == "LW-SRC-117"
        assert "from https to http" in error.found
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert web.asked == []
