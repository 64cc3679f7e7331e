"""Signed notes, against the example that Go's own implementation documents; checkpoints; and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from connectors.signing import FileSigner
from longwatch.errors import StoreError
from longwatch.evidence.signed_note import (
    Checkpoint,
    NotSigned,
    open_note,
    parse_checkpoint,
    parse_key,
    sign_note,
)

GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
GO_NOTE = (
    f"{GO_TEXT}\n\N{EM DASH} PeterNeumann "
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
"""golang.org/x/mod/sumdb/note, package documentation."""


@pytest.fixture
def signer(tmp_path: Path) -> FileSigner:
    """A key that is not made yet."""
    return FileSigner(tmp_path / "keys" / "signing-key.pem")


def test_a_note_of_another_program_is_opened(signer: FileSigner) -> None:
    key = parse_key(GO_KEY)
    assert (key.name, key.id, key.text) == ("PeterNeumann", "c74f20a3", GO_KEY)
    assert open_note(GO_NOTE.encode(), key, signer.is_signed) == GO_TEXT


def test_every_other_byte_is_refused(signer: FileSigner) -> None:
    """Of the note and of the key: whichever byte is changed, by whichever bit."""
    key, note = parse_key(GO_KEY), GO_NOTE.encode()
    for place in range(len(note)):
        for bit in range(8):
            with pytest.raises(NotSigned):
                open_note(note[:place] + bytes([note[place] ^ 1 << bit]) + note[place + 1 :], key, signer.is_signed)
    for place in range(len(GO_KEY)):
        with pytest.raises(NotSigned):
            parse_key(GO_KEY[:place] + chr(ord(GO_KEY[place]) ^ 1) + GO_KEY[place + 1 :])


def test_what_our_key_signs_is_opened_by_it_only(signer: FileSigner, tmp_path: Path) -> None:
    checkpoint = Checkpoint("longwatch-audit/0123456789abcdef", 5012, bytes(range(32)), "2026-03-01T12:00:00.000000Z")
    note = sign_note(checkpoint.text, signer.key, signer.sign)
    assert parse_checkpoint(open_note(note, signer.key, signer.is_signed)) == checkpoint
    again = FileSigner(tmp_path / "keys" / "signing-key.pem")
    assert again.key == signer.key
    another = FileSigner(tmp_path / "another.pem")
    with pytest.raises(NotSigned, match="another key"):
        open_note(note, another.key, another.is_signed)


@pytest.mark.parametrize(
    "text", ["", "a\n1\n", "a\nx\nAAAA\nb\n", "a\n01\nAAAA\nb\n", "a\n1\nAAA\nb\n", "a\n1\nAAAA\nb"]
)
def test_what_is_no_checkpoint(text: str) -> None:
    with pytest.raises(NotSigned):
        parse_checkpoint(text)


def test_only_its_owner_reads_the_key(signer: FileSigner, tmp_path: Path) -> None:
    assert signer.key.name == "longwatch"
    (file,) = (tmp_path / "keys").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_file_that_is_no_key_is_refused_and_left(tmp_path: Path) -> None:
    file = tmp_path / "signing-key.pem"
    file.write_text("no key")
    with pytest.raises(StoreError, match=r"LW-SIG-002: .*Next: "):
        FileSigner(file).sign(b"x")
    assert file.read_text() == "no key"
    with pytest.raises(StoreError, match=r"LW-SIG-001: .*Next: "):
        FileSigner(file / "below a file").sign(b"x")
