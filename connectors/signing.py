"""The key that signs audit checkpoints and evidence packages: Ed25519 in a file of its own, made at first use.

Whoever can read the file can sign as this Longwatch. It cannot undo what was signed and archived before.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from connectors.private_file import make_private_file
from longwatch.errors import StoreError
from longwatch.evidence.signed_note import VerifierKey

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

KEY_NAME = "longwatch"


class FileSigner:
    """Signs with the key of a PEM file (PKCS 8, no password). Fits the port `Signer`."""

    def __init__(self, file: Path) -> None:
        self._file = file

    @cached_property
    def key(self) -> VerifierKey:
        """The public key. Makes the file, readable by its owner only, where there is none.

        Raises StoreError LW-SIG-001 where it cannot be made or read, LW-SIG-002 where it holds no Ed25519 key.
        """
        return VerifierKey(KEY_NAME, self._private.public_key().public_bytes_raw())

    def sign(self, message: bytes) -> bytes:
        """The signature, 64 bytes; raises as `key` does."""
        return self._private.sign(message)

    def is_signed(self, public: bytes, message: bytes, signature: bytes) -> bool:
        """Whether a public key, any one, signed a message."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        try:
            Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True

    @cached_property
    def _private(self) -> Ed25519PrivateKey:
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        try:
            if not self._file.exists():
                _make_key_file(self._file)
            text = self._file.read_bytes()
        except OSError as refused:
            raise StoreError(
                "LW-SIG-001",
                f"the signing key cannot be made or read ({refused.strerror or refused})",
                where=str(self._file),
                next_step="give the account that runs Longwatch the right to read it, or name another file in "
                "LONGWATCH_SIGNING_KEY",
            ) from refused
        try:
            key = load_pem_private_key(text, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            key = None
        if not isinstance(key, Ed25519PrivateKey):
            raise StoreError(
                "LW-SIG-002",
                "the file holds no Ed25519 key that can be used",
                where=str(self._file),
                expected="a private key in PEM (PKCS 8) without a password",
                next_step="restore it from a backup, or name another file in LONGWATCH_SIGNING_KEY; what the old key "
                "signed stays valid",
            )
        return key


def _make_key_file(file: Path) -> None:
    """A new key."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    text = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    make_private_file(file, text)
