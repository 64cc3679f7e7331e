"""Signed notes and checkpoints of the audit log, in the form that transparency logs share (C2SP signed-note and
tlog-checkpoint; Go's sumdb/note), so that other programs can verify them, too.

    longwatch-audit/0123456789abcdef        the log: the beginning of its first entry's hash
    5012                                    how many entries
    qD0p…=                                  the root of their tree, base64
    2026-03-01T12:00:00.000000Z             when the newest of them was recorded
    (blank)
    — longwatch x08go/…=                    the key's name; base64 of the key's id and the Ed25519 signature

The signature is over the text with its last line break, without the blank line. A verifier key is one line:
`name+id+base64`, the id being the first four bytes of SHA-256(name, line break, 0x01, public key).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass

Sign = Callable[[bytes], bytes]
"""The Ed25519 signature of a message, 64 bytes."""

IsSigned = Callable[[bytes, bytes, bytes], bool]
"""Whether a public key signed a message: key, message, signature."""

_ED25519 = b"\x01"
_NAME = re.compile(r"[^\s+]+")


class NotSigned(ValueError):
    """A note that is none, or that the key did not sign; its text says which."""


@dataclass(frozen=True)
class VerifierKey:
    """A public key with its name."""

    name: str
    public: bytes

    @property
    def id(self) -> str:
        """Eight hexadecimal digits."""
        return hashlib.sha256(self.name.encode() + b"\n" + _ED25519 + self.public).hexdigest()[:8]

    @property
    def text(self) -> str:
        """The one line that a verifier is given."""
        return f"{self.name}+{self.id}+{base64.b64encode(_ED25519 + self.public).decode()}"


def parse_key(text: str) -> VerifierKey:
    """A verifier key from its line. NotSigned where the line is none, or its parts do not belong together."""
    try:
        name, _id, material = text.strip().split("+", 2)
        key = VerifierKey(name, _decode(material)[1:])
    except ValueError as wrong:
        raise NotSigned("no verifier key") from wrong
    if key.text != text.strip() or len(key.public) != 32 or not _NAME.fullmatch(name):
        raise NotSigned("no verifier key, or one that was changed")
    return key


def sign_note(text: str, key: VerifierKey, sign: Sign) -> bytes:
    """The note of a text, which ends in a line break."""
    signature = base64.b64encode(bytes.fromhex(key.id) + sign(text.encode())).decode()
    return f"{text}\n\N{EM DASH} {key.name} {signature}\n".encode()


def open_note(note: bytes, key: VerifierKey, is_signed: IsSigned) -> str:
    """The text of a note that the key signed, with its last line break.

    Raises NotSigned where it has another form by one byte, is of another key, or where the signature is wrong.
    """
    try:
        text, line = note.decode().rsplit("\n\n", 1)
        mark, name, encoded = line.removesuffix("\n").split(" ")
        signature = _decode(encoded)
    except ValueError as wrong:
        raise NotSigned("no signed note") from wrong
    if mark != "\N{EM DASH}" or not line.endswith("\n") or len(signature) != 68:
        raise NotSigned("no signed note")
    if name != key.name or signature[:4].hex() != key.id:
        raise NotSigned(f"signed by another key ({name}, {signature[:4].hex()})")
    if not is_signed(key.public, f"{text}\n".encode(), signature[4:]):
        raise NotSigned("the signature is not that of this text")
    return f"{text}\n"


@dataclass(frozen=True)
class Checkpoint:
    """What was signed of the audit log at a moment: which log, how many entries, the root of their tree."""

    origin: str
    size: int
    root: bytes
    at: str

    @property
    def text(self) -> str:
        """As it is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n{self.at}\n"


def parse_checkpoint(text: str) -> Checkpoint:
    """A checkpoint from the text of its note. NotSigned where it is none of ours."""
    try:
        origin, size, root, at = text.removesuffix("\n").split("\n")
        found = Checkpoint(origin, int(size), _decode(root), at)
    except ValueError as wrong:
        raise NotSigned("no checkpoint") from wrong
    if found.text != text:
        raise NotSigned("no checkpoint")
    return found


def origin_of(first_leaf: bytes) -> str:
    """The name of the log that begins with this entry."""
    return f"longwatch-audit/{first_leaf.hex()[:16]}"


def _decode(text: str) -> bytes:
    """Base64, of which only one spelling is accepted."""
    try:
        found = base64.b64decode(text, validate=True)
    except binascii.Error as wrong:
        raise ValueError("no base64") from wrong
    if base64.b64encode(found).decode() != text:
        raise ValueError("another spelling of base64")
    return found
