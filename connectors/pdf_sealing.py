"""Signed copies of reports: PAdES seals by pyHanko, with a certificate from a PKCS#12 file or a PKCS#11 token.

The unsigned copy stays as it is: pages and seal are appended to it (an incremental update, PDF 1.7, 7.5.6), so that the
signed file begins with the bytes of the unsigned one. A time stamp (RFC 3161) is taken where a server is set; a server
that does not answer costs the time stamp, never the signature.
"""

from __future__ import annotations

import io
import logging
from contextlib import contextmanager
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from connectors.private_file import make_private_file
from connectors.token_signing import TokenAddress, token_signer
from longwatch.errors import StoreError
from longwatch.reports.signatures import SealCertificate, SealedCopy, SignatureSheet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

DEMO_NAME = "Longwatch demonstration certificate (proves no identity)"
"""A common name: at most 64 characters, none that a distinguished name escapes."""
FIELD = "Seal"
B_B, B_T = "PAdES B-B", "PAdES B-T"
_DEMO_PASSWORD = b"demonstration"
_DEMO_DAYS = 3650


class PdfSealer:
    """Seals copies with the certificate of a PKCS#12 file or a PKCS#11 token, or with one of its own making. Fits the
    port `Sealer`.

    `given`: the file or the token; None: `demo_file`, which is made at first use. `password`: of the file, or the
    token's PIN. `timestamp_url`: empty for none.
    """

    def __init__(
        self, given: Path | TokenAddress | None, password: str, demo_file: Path, timestamp_url: str,
        timestamp_seconds: float, clock: Callable[[], datetime],
    ) -> None:  # fmt: skip
        self._given, self._password, self._demo_file = given, password, demo_file
        self._url, self._seconds, self._clock = timestamp_url, timestamp_seconds, clock

    @cached_property
    def certificate(self) -> SealCertificate:
        """What seals. Raises StoreError LW-SGN-003 where the file cannot be read, or its password is another one;
        LW-SGN-004 where the certificate is not valid now; LW-SGN-008, LW-SGN-009 of `token_signer`."""
        from cryptography import x509
        from cryptography.hazmat.primitives.hashes import SHA256

        with self._signing() as signer:
            certificate = x509.load_der_x509_certificate(signer.signing_cert.dump())
        now = self._clock()
        if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
            raise StoreError(
                "LW-SGN-004",
                "the certificate is not valid now",
                where=str(self._given or self._demo_file),
                expected=f"{certificate.not_valid_before_utc:%Y-%m-%d} to {certificate.not_valid_after_utc:%Y-%m-%d}",
                found=f"{now:%Y-%m-%d}",
                next_step="name a certificate that is valid with LONGWATCH_SEAL_CERTIFICATE",
            )
        return SealCertificate(
            certificate.subject.rfc4514_string(),
            certificate.issuer.rfc4514_string(),
            certificate.fingerprint(SHA256()).hex(),
            date.fromisoformat(f"{certificate.not_valid_after_utc:%Y-%m-%d}"),
            self._given is None,
        )

    def seal(self, unsigned: bytes, pages: bytes, sheet: SignatureSheet) -> SealedCopy:
        """The unsigned copy with the signature pages after it, sealed. `pages`: a PDF of their own.

        Cases: 1. no time-stamp server: B-B; 2. it answers: B-T; 3. it does not: B-B, and the note says why.
        """
        reason = "; ".join(f"{each.meaning}: {each.printed_name}, {each.moment}" for each in sheet.signings)
        if self._url:
            try:
                return SealedCopy(self._sealed(unsigned, pages, sheet, reason, self._timestamper()), B_T)
            except Exception as failed:  # noqa: BLE001  whatever a server does, its outage must not block a signature
                logging.getLogger(__name__).warning("no time stamp: %s", type(failed).__name__)
                note = f"the time-stamp server {self._url} gave no time stamp ({type(failed).__name__})"
                return SealedCopy(self._sealed(unsigned, pages, sheet, reason, None), B_B, note)
        return SealedCopy(self._sealed(unsigned, pages, sheet, reason, None), B_B)

    def _sealed(self, unsigned: bytes, pages: bytes, sheet: SignatureSheet, reason: str, timestamper: Any) -> bytes:
        from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
        from pyhanko.sign import PdfSignatureMetadata, PdfSigner
        from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter

        written = io.BytesIO()
        with_pages = IncrementalPdfFileWriter(io.BytesIO(unsigned))
        _append_pages(with_pages, pages)
        with_pages.write(written)
        written.seek(0)
        with self._signing() as signer:
            sealer = PdfSigner(
                PdfSignatureMetadata(
                    field_name=FIELD,
                    reason=reason,
                    name=", ".join(each.printed_name for each in sheet.signings),
                    subfilter=SigSeedSubFilter.PADES,
                    md_algorithm="sha256",
                    certify=True,
                    docmdp_permissions=MDPPerm.NO_CHANGES,
                    signer_key_usage=set(),
                ),
                signer=signer,
                timestamper=timestamper,
            )
            sealed: bytes = sealer.sign_pdf(IncrementalPdfFileWriter(written)).getvalue()
        return sealed

    def _timestamper(self) -> Any:
        from pyhanko.sign.timestamps.requests_client import HTTPTimeStamper

        return HTTPTimeStamper(self._url, timeout=self._seconds)

    @contextmanager
    def _signing(self) -> Iterator[Any]:
        """What signs, for as long as it is needed."""
        if isinstance(self._given, TokenAddress):
            with token_signer(self._given, self._password) as signer:
                yield signer
        else:
            yield self._signer_of_file

    @cached_property
    def _signer_of_file(self) -> Any:
        from pyhanko.sign.signers import SimpleSigner

        if not isinstance(self._given, Path):
            _make_demo_certificate(self._demo_file, self._clock())
            file, password = self._demo_file, _DEMO_PASSWORD
        else:
            file, password = self._given, self._password.encode()
        try:
            return SimpleSigner.load_pkcs12_data(file.read_bytes(), (), password or None)
        except (OSError, ValueError) as unreadable:
            said = unreadable.strerror if isinstance(unreadable, OSError) else "no PKCS#12 file, or another password"
            raise StoreError(
                "LW-SGN-003",
                f"the certificate cannot be read: {said}",
                where=str(file),
                expected="a PKCS#12 file with a key and its certificate",
                next_step="correct LONGWATCH_SEAL_CERTIFICATE and LONGWATCH_SEAL_PASSWORD",
            ) from unreadable


def _append_pages(writer: Any, pages: bytes) -> None:
    """Add the pages of a PDF after the last one, with the objects that they need."""
    from pyhanko.pdf_utils import generic
    from pyhanko.pdf_utils.reader import PdfFileReader

    source = PdfFileReader(io.BytesIO(pages))
    for number in range(int(source.root["/Pages"]["/Count"])):
        page = source.root["/Pages"]["/Kids"][number]
        page = page.get_object() if isinstance(page, generic.IndirectObject) else page
        copied = {
            generic.pdf_name(name): writer.import_object(page.raw_get(name)) for name in ("/Resources", "/Contents")
        }
        box = generic.ArrayObject(generic.FloatObject(str(edge)) for edge in page["/MediaBox"])
        named = {generic.pdf_name("/Type"): generic.pdf_name("/Page"), generic.pdf_name("/MediaBox"): box}
        writer.insert_page(generic.DictionaryObject({**named, **copied}))


def _make_demo_certificate(file: Path, now: datetime) -> None:
    """Write a self-made certificate and its key, once. Raises StoreError LW-SGN-005 where that is not possible."""
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12
    from cryptography.x509.oid import NameOID

    if file.exists():
        return
    key = generate_private_key(SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, DEMO_NAME)])
    usage = x509.KeyUsage(True, True, False, False, False, False, False, False, False)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=_DEMO_DAYS))
        .add_extension(usage, critical=True)
        .sign(key, SHA256())
    )
    content = pkcs12.serialize_key_and_certificates(
        b"demo", key, certificate, None, BestAvailableEncryption(_DEMO_PASSWORD)
    )
    try:
        make_private_file(file, content)
    except OSError as refused:
        raise StoreError(
            "LW-SGN-005",
            f"the demonstration certificate cannot be written: {refused.strerror}",
            where=str(file),
            next_step="set LONGWATCH_HOME to a folder that can be written, or name a certificate with "
            "LONGWATCH_SEAL_CERTIFICATE",
        ) from refused
