"""Signed copies: the unsigned bytes first, signature pages after them, a PAdES seal over both."""

from __future__ import annotations

import http.server
import io
import resource
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from pypdf import PdfReader

from connectors.pdf_sealing import B_B, B_T, DEMO_NAME, PdfSealer
from connectors.token_signing import SCHEME, read_address
from longwatch.errors import StoreError, StudyError
from longwatch.reports.contents import Paragraphs, ReportContents, Section
from longwatch.reports.signatures import SignatureSheet, Signing, check_signings
from longwatch.standards.hashing import sha256_of_bytes
from report_templates import render
from report_templates.signature_page import render_signature_pages

NOW = datetime(2026, 3, 29, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def unsigned() -> bytes:
    """The submission copy of a small report."""
    contents = ReportContents(
        "STUDY-1", "A study", "A sponsor", "Safety summary", "a" * 64, "b" * 64, date(2026, 1, 31), (("Made", "here"),),
        (Section("Basis", (Paragraphs(("Words.",)),)),),
    )  # fmt: skip
    return render(contents).pdf


def sheet_of(sealer: PdfSealer, unsigned: bytes) -> SignatureSheet:
    """Two persons signed."""
    signings = (
        Signing("Ada Lovelace", NOW - timedelta(hours=1), "reviewed", "ada"),
        Signing("Grace <b>Hopper</b>", NOW, "released", "grace"),
    )
    return SignatureSheet(
        "STUDY-1", "A study", "Safety summary", "a" * 64, date(2026, 1, 31), False, "letter", sha256_of_bytes(unsigned),
        3, signings, sealer.certificate,
    )  # fmt: skip


def clock() -> datetime:
    """The clock of the machine: pyHanko compares a seal's time with the certificate's."""
    return datetime.now(UTC)


def make_p12(folder: Path, name: str, *, days: int = 30, for_time: bool = False) -> Path:
    """A certificate of somebody, as an authority would give it out."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    start = clock() - timedelta(days=40)
    builder = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(start)
        .not_valid_after(start + timedelta(days=40 + days))
    )  # fmt: skip
    if for_time:
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
    file = folder / f"{name}.p12"
    file.write_bytes(
        pkcs12.serialize_key_and_certificates(
            b"k", key, builder.sign(key, hashes.SHA256()), None, serialization.BestAvailableEncryption(b"secret")
        )
    )
    return file


@pytest.fixture
def time_server(tmp_path: Path) -> Iterator[str]:
    """A time-stamp server (RFC 3161) on loopback."""
    from asn1crypto import tsp
    from pyhanko.sign.signers import SimpleSigner
    from pyhanko.sign.timestamps.dummy_client import DummyTimeStamper

    signer = SimpleSigner.load_pkcs12_data(make_p12(tmp_path, "TSA", for_time=True).read_bytes(), (), b"secret")
    stamper = DummyTimeStamper(signer.signing_cert, signer.signing_key)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = tsp.TimeStampReq.load(self.rfile.read(int(self.headers["Content-Length"])))
            said = stamper.request_tsa_response(asked).dump()
            self.send_response(200)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def seal(sealer: PdfSealer, unsigned: bytes):  # type: ignore[no-untyped-def]
    """A signed copy."""
    sheet = sheet_of(sealer, unsigned)
    return sealer.seal(unsigned, render_signature_pages(sheet), sheet)


def validated(pdf: bytes):  # type: ignore[no-untyped-def]
    """What pyHanko's validator, which is not its signer, says of the one signature."""
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko_certvalidator import ValidationContext

    (signature,) = PdfFileReader(io.BytesIO(pdf)).embedded_signatures
    trusted = ValidationContext(trust_roots=[signature.signer_cert])
    return signature, validate_pdf_signature(signature, trusted)


def test_the_demonstration_seal_is_intact_and_says_what_it_is(tmp_path: Path, unsigned: bytes) -> None:
    sealer = PdfSealer(None, "", tmp_path / "demo.p12", "", 5, clock)
    sealed = seal(sealer, unsigned)
    assert (sealed.level, sealed.note) == (B_B, "")
    assert sealer.certificate.is_demo
    assert sealer.certificate.subject == f"CN={DEMO_NAME}"
    assert (tmp_path / "demo.p12").stat().st_mode & 0o777 == 0o600
    signature, status = validated(sealed.pdf)
    assert status.intact
    assert status.valid
    assert signature.sig_object["/SubFilter"] == "/ETSI.CAdES.detached"
    assert str(signature.sig_object["/Reason"]).startswith(
        "reviewed: Ada Lovelace, 2026-03-29 11:00:00 UTC; released: "
    )


def test_the_file_begins_with_the_unsigned_copy_and_ends_with_its_signature_pages(
    tmp_path: Path, unsigned: bytes
) -> None:
    sealed = seal(PdfSealer(None, "", tmp_path / "demo.p12", "", 5, clock), unsigned)
    assert sealed.pdf.startswith(unsigned)
    pages = [" ".join(page.extract_text().split()) for page in PdfReader(io.BytesIO(sealed.pdf), strict=True).pages]
    before = [" ".join(page.extract_text().split()) for page in PdfReader(io.BytesIO(unsigned)).pages]
    assert pages[: len(before)] == before
    (signatures,) = pages[len(before) :]
    for words in (
        "Ada Lovelace reviewed 2026-03-29 11:00:00 UTC ada",
        "Grace <b>Hopper</b> released 2026-03-29 12:00:00 UTC grace",
        sha256_of_bytes(unsigned),
        "self-made, for demonstration: it proves nobody's identity",
        "Signature page 1 of 1",
    ):
        assert words in signatures


def test_poppler_finds_the_seal_valid_and_qpdf_no_error(tmp_path: Path, unsigned: bytes) -> None:
    file = tmp_path / "signed.pdf"
    file.write_bytes(seal(PdfSealer(None, "", tmp_path / "demo.p12", "", 5, clock), unsigned).pdf)
    for command, words in (
        (("pdfsig", "-nocert", file), "Signature is Valid."),
        (("pdfsig", "-nocert", file), "Total document signed"),
        (("qpdf", "--check", file), "No syntax or stream encoding errors found"),
    ):
        if shutil.which(command[0]) is None:
            pytest.skip(f"{command[0]} is not installed (Debian: qpdf, poppler-utils)")
        said = subprocess.run(command, capture_output=True, text=True, check=True)
        assert words in said.stdout


def test_a_changed_byte_breaks_the_seal(tmp_path: Path, unsigned: bytes) -> None:
    sealed = seal(PdfSealer(None, "", tmp_path / "demo.p12", "", 5, clock), unsigned)
    place = sealed.pdf.index(b"/Longwatch") if b"/Longwatch" in sealed.pdf else len(unsigned) // 2
    changed = sealed.pdf[:place] + bytes([sealed.pdf[place] ^ 1]) + sealed.pdf[place + 1 :]
    _, status = validated(changed)
    assert not status.intact


def test_a_demonstration_certificate_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    """A disk that is full in the middle of it leaves none behind, and the next seal makes one; two at once, one."""
    file = tmp_path / "demo.p12"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        with pytest.raises(StoreError, match="LW-SGN-005"):
            _ = PdfSealer(None, "", file, "", 5, clock).certificate
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(tmp_path.iterdir()) == []
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: PdfSealer(None, "", file, "", 5, clock).certificate.sha256, range(4)))
    assert len(set(made)) == 1
    assert list(tmp_path.iterdir()) == [file]


def test_a_certificate_of_the_sponsor_is_no_demonstration(tmp_path: Path, unsigned: bytes) -> None:
    sealer = PdfSealer(make_p12(tmp_path, "A sponsor"), "secret", tmp_path / "demo.p12", "", 5, clock)
    assert sealer.certificate.subject == "CN=A sponsor"
    assert not sealer.certificate.is_demo
    sealed = seal(sealer, unsigned)
    assert validated(sealed.pdf)[1].intact
    assert "demonstration" not in "".join(page.extract_text() for page in PdfReader(io.BytesIO(sealed.pdf)).pages)
    assert not (tmp_path / "demo.p12").exists()


def test_a_time_stamp_server_makes_it_b_t(tmp_path: Path, unsigned: bytes, time_server: str) -> None:
    sealed = seal(PdfSealer(None, "", tmp_path / "demo.p12", time_server, 5, clock), unsigned)
    assert (sealed.level, sealed.note) == (B_T, "")
    _, status = validated(sealed.pdf)
    assert status.intact
    assert status.timestamp_validity is not None
    assert status.timestamp_validity.intact
    assert status.timestamp_validity.valid


def test_a_time_stamp_server_that_is_gone_costs_the_time_stamp_only(tmp_path: Path, unsigned: bytes) -> None:
    url = "http://127.0.0.1:9/"
    sealed = seal(PdfSealer(None, "", tmp_path / "demo.p12", url, 2, clock), unsigned)
    assert sealed.level == B_B
    assert sealed.note.startswith(f"the time-stamp server {url} gave no time stamp (")
    assert validated(sealed.pdf)[1].intact


def test_a_certificate_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    file = make_p12(tmp_path, "A sponsor")
    for password, path in (("wrong", file), ("secret", tmp_path / "none.p12")):
        with pytest.raises(StoreError, match="LW-SGN-003"):
            _ = PdfSealer(path, password, tmp_path / "demo.p12", "", 5, clock).certificate
    old = make_p12(tmp_path, "Expired", days=-1)
    with pytest.raises(StoreError, match=r"LW-SGN-004.*is not valid now"):
        _ = PdfSealer(old, "secret", tmp_path / "demo.p12", "", 5, clock).certificate


def test_what_nobody_signed_is_not_sealed() -> None:
    check_signings((Signing("Ada Lovelace", NOW, "reviewed", "ada"),), "report")
    with pytest.raises(StudyError, match="LW-SGN-001"):
        check_signings((), "report")


HSM = Path("/usr/lib/softhsm/libsofthsm2.so")
PIN = "73914"


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URI of a certificate on a SoftHSM token, its PIN set and its key imported by SoftHSM's own program."""
    if shutil.which("softhsm2-util") is None:
        pytest.skip("softhsm2-util is not installed (Debian: softhsm2)")
    import pkcs11
    from pkcs11.util.x509 import decode_x509_certificate

    folder = tmp_path_factory.mktemp("hsm")
    (folder / "tokens").mkdir()
    (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder / 'tokens'}\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOFTHSM2_CONF", str(folder / "softhsm2.conf"))
        given = pkcs12.load_key_and_certificates(make_p12(folder, "A sponsor").read_bytes(), b"secret")
        assert given[0] is not None
        assert given[1] is not None
        (folder / "key.pem").write_bytes(
            given[0].private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        label = ("--token", "Seals of A & B", "--pin", PIN)
        for command in (
            ("--init-token", "--free", "--label", "Seals of A & B", "--so-pin", "5678", "--pin", PIN),
            ("--import", str(folder / "key.pem"), *label, "--label", "sponsor", "--id", "A1"),
        ):
            subprocess.run(["softhsm2-util", *command], check=True, capture_output=True)
        with pkcs11.lib(str(HSM)).get_token(token_label="Seals of A & B").open(user_pin=PIN, rw=True) as session:
            attributes = decode_x509_certificate(given[1].public_bytes(serialization.Encoding.DER))
            named = {pkcs11.Attribute.TOKEN: True, pkcs11.Attribute.LABEL: "sponsor", pkcs11.Attribute.ID: b"\xa1"}
            session.create_object({**attributes, **named})
        yield f"{SCHEME}token=Seals%20of%20A%20%26%20B;object=sponsor?module-path={HSM}"


def test_a_certificate_on_a_token_seals_and_the_key_stays_there(token: str, tmp_path: Path, unsigned: bytes) -> None:
    """PKCS#11: a real token (SoftHSM), twice, since each seal has a session of its own; named by label or by id."""
    for uri in (token, token.replace("object=sponsor", "id=%A1")):
        sealer = PdfSealer(read_address(uri), PIN, tmp_path / "demo.p12", "", 5, clock)
        assert sealer.certificate.subject == "CN=A sponsor"
        assert not sealer.certificate.is_demo
        sealed = seal(sealer, unsigned)
        _, status = validated(sealed.pdf)
        assert (status.intact, status.valid) == (True, True)
        assert sealed.pdf.startswith(unsigned)
    assert not (tmp_path / "demo.p12").exists()


@pytest.mark.parametrize(
    ("change", "pin", "said"),
    [
        (("", ""), "00000", "it does not take the PIN"),
        (("token=Seals", "token=Steals"), PIN, "there is no such token"),
        (("object=sponsor", "object=somebody"), PIN, "it holds no such certificate"),
        ((str(HSM), "/none/of/these.so"), PIN, "the library cannot be loaded"),
    ],
)
def test_a_token_that_cannot_be_used_is_told_and_no_pin_with_it(
    token: str, tmp_path: Path, change: tuple[str, str], pin: str, said: str
) -> None:
    sealer = PdfSealer(read_address(token.replace(*change)), pin, tmp_path / "demo.p12", "", 5, clock)
    with pytest.raises(StoreError, match="LW-SGN-009") as told:
        _ = sealer.certificate
    assert said in str(told.value)
    assert pin not in str(told.value)


def test_without_its_package_a_token_is_told_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pkcs11", None)
    address = read_address("pkcs11:object=sponsor?module-path=/none/of/these.so")
    with pytest.raises(StoreError, match="LW-SGN-008") as told:
        _ = PdfSealer(address, PIN, tmp_path / "demo.p12", "", 5, clock).certificate
    assert "pip install 'longwatch[pkcs11]'" in str(told.value)


@pytest.mark.parametrize(
    ("uri", "found"),
    [
        ("pkcs11:object=a", "no module-path"),
        ("pkcs11:token=a?module-path=/a.so", "neither object nor id"),
        ("pkcs11:object=a;slot=3?module-path=/a.so", "'slot', which is not known here, empty, or there twice"),
        ("pkcs11:object=a;object=b?module-path=/a.so", "'object', which is not known here, empty, or there twice"),
        ("pkcs11:object=?module-path=/a.so", "'object', which is not known here, empty, or there twice"),
        ("pkcs11:object=a?module-path=/a.so&pin-value=73914", "pin-value, which settings must not hold"),
    ],
)
def test_a_uri_that_names_no_certificate_is_told_and_a_pin_in_it_is_not_repeated(uri: str, found: str) -> None:
    with pytest.raises(StoreError, match="LW-SGN-007") as told:
        read_address(uri)
    assert found in str(told.value)
    assert PIN not in str(told.value)
