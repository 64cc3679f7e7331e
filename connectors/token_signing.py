"""A certificate and its key on a PKCS#11 token (a smart card, a hardware security module), named by a PKCS#11 URI.

The URI (RFC 7512): `pkcs11:token=Seals;object=sponsor?module-path=/usr/lib/softhsm/libsofthsm2.so`. Taken: `token`,
`serial`, `object` (the label of certificate and key), `id`, and `module-path`, which must be there. Each value may be
percent-encoded. A PIN is never part of it: settings are printed, and a PIN is not. The key never leaves the token.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NoReturn
from urllib.parse import unquote, unquote_to_bytes

from longwatch.errors import StoreError

SCHEME = "pkcs11:"
_PATH, _QUERY = ("token", "serial", "object", "id"), ("module-path",)
_ONE_SESSION = threading.Lock()
_EXAMPLE = "pkcs11:token=NAME;object=LABEL?module-path=/path/of/the/library.so"


@dataclass(frozen=True)
class TokenAddress:
    """Where a certificate lies. `module`: the library of the token's maker. Empty: any token, any object."""

    module: str
    token: str = ""
    serial: bytes = b""
    label: str = ""
    key_id: bytes = b""

    def __str__(self) -> str:
        name = self.token or self.serial.decode(errors="replace") or "the token"
        return f"{self.label or self.key_id.hex()} on {name}, by {self.module}"


def read_address(uri: str) -> TokenAddress:
    """The address that a URI names. Raises StoreError LW-SGN-007 where it is none; a PIN in it is not repeated."""
    path, _, query = uri.removeprefix(SCHEME).partition("?")
    values: dict[str, str] = {}
    for part, separator, known in ((path, ";", _PATH), (query, "&", _QUERY)):
        for pair in filter(None, part.split(separator)):
            name, _, value = pair.partition("=")
            if name in ("pin-value", "pin-source"):
                _refuse(f"{name}, which settings must not hold")
            if name not in known or name in values or not value:
                _refuse(f"{name!r}, which is not known here, empty, or there twice")
            values[name] = value
    if "module-path" not in values:
        _refuse("no module-path")
    if not {"object", "id"} & values.keys():
        _refuse("neither object nor id")
    read = {name: unquote(value) for name, value in values.items()}
    return TokenAddress(
        read["module-path"],
        read.get("token", ""),
        read.get("serial", "").encode(),
        read.get("object", ""),
        unquote_to_bytes(values.get("id", "")),
    )


def _refuse(found: str) -> NoReturn:
    raise StoreError(
        "LW-SGN-007",
        "the PKCS#11 URI of the seal's certificate cannot be used",
        where="LONGWATCH_SEAL_CERTIFICATE",
        expected=_EXAMPLE,
        found=found,
        next_step="correct LONGWATCH_SEAL_CERTIFICATE; the PIN goes into LONGWATCH_SEAL_PASSWORD",
    )


@contextmanager
def token_signer(address: TokenAddress, pin: str) -> Iterator[Any]:
    """pyHanko's signer, its certificate read, while a session with the token is open; one at a time in a process, since
    a token knows processes and not threads. It is closed, and logged out, afterwards.

    Raises StoreError LW-SGN-008 where python-pkcs11 is not installed; LW-SGN-009 where the library cannot be loaded,
    the token is not there, the PIN is another one (tried once: a token locks itself), or the object is not on it.
    """
    try:
        import pkcs11
        from pyhanko.sign.pkcs11 import PKCS11Signer
    except ImportError as missing:
        raise StoreError(
            "LW-SGN-008",
            "a PKCS#11 token needs the package python-pkcs11, which is not installed",
            where=str(address),
            next_step="install the extra: pip install 'longwatch[pkcs11]'; or name a PKCS#12 file with "
            "LONGWATCH_SEAL_CERTIFICATE",
        ) from missing
    with _ONE_SESSION:
        with _told(address, "the library cannot be loaded"):
            library = pkcs11.lib(address.module)
        with _told(address, "there is no such token"):
            token = library.get_token(token_label=address.token or None, token_serial=address.serial or None)
        with _told(address, "it does not take the PIN" if pin else "it wants a PIN"):
            session = token.open(user_pin=pin or None)
        with session:
            with _told(address, "it holds no such certificate, or more than one"):
                signer = PKCS11Signer(session, cert_label=address.label or None, cert_id=address.key_id or None)
                found = signer.signing_cert
            if found is None:
                raise _cannot(address, "it holds no such certificate")
            with _told(address, "it refused to sign"):
                yield signer


@contextmanager
def _told(address: TokenAddress, found: str) -> Iterator[None]:
    """What a token's refusal means. Its own words are left out: they may repeat what was given."""
    from pkcs11.exceptions import PKCS11Error

    try:
        yield
    except PKCS11Error as refused:
        raise _cannot(address, f"{found} ({type(refused).__name__})") from refused


def _cannot(address: TokenAddress, found: str) -> StoreError:
    return StoreError(
        "LW-SGN-009",
        f"the certificate on the token cannot be used: {found}",
        where=str(address),
        expected="a token with a certificate and its key under one label or id",
        next_step="correct LONGWATCH_SEAL_CERTIFICATE; the PIN is LONGWATCH_SEAL_PASSWORD",
    )
