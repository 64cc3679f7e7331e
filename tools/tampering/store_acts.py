"""Tampering with the archive folder, past Longwatch: the plain hand on the object, the skilled one on both."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random

from longwatch.standards.hashing import sha256_of_bytes
from tools.tampering.home import Evidence


def _objects(home: Path) -> list[str]:
    receipts = home / "archive" / ".receipts"
    return sorted(file.relative_to(receipts).as_posix().removesuffix(".json") for file in receipts.rglob("*.json"))


def _receipt(home: Path, key: str) -> Path:
    return home / "archive" / ".receipts" / f"{key}.json"


def _write(home: Path, key: str, content: bytes, skilled: bool) -> None:
    file = home / "archive" / key
    file.parent.mkdir(parents=True, exist_ok=True)
    file.unlink(missing_ok=True)
    file.write_bytes(content)
    if skilled:
        fields = {
            "key": key,
            "sha256": sha256_of_bytes(content),
            "size": len(content),
            "media_type": "text/plain",
            "stored_at": "2026-03-01T12:00:00+00:00",
        }
        _receipt(home, key).parent.mkdir(parents=True, exist_ok=True)
        _receipt(home, key).unlink(missing_ok=True)
        _receipt(home, key).write_text(json.dumps(fields, indent=1))


def _rot(home: Path, chance: Random, skilled: bool) -> None:
    """One bit of one object."""
    key = chance.choice(_objects(home))
    content = bytearray((home / "archive" / key).read_bytes())
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    _write(home, key, bytes(content), skilled)


def _cut(home: Path, chance: Random, skilled: bool) -> None:
    key = chance.choice(_objects(home))
    content = (home / "archive" / key).read_bytes()
    _write(home, key, content[: chance.randrange(len(content))], skilled)


def _lengthen(home: Path, chance: Random, skilled: bool) -> None:
    key = chance.choice(_objects(home))
    _write(home, key, (home / "archive" / key).read_bytes() + chance.randbytes(chance.randint(1, 9)), skilled)


def _swap(home: Path, chance: Random, skilled: bool) -> None:
    one, other = chance.sample(_objects(home), 2)
    first, second = ((home / "archive" / key).read_bytes() for key in (one, other))
    if first == second:
        first += b"x"
    _write(home, one, second, skilled)
    _write(home, other, first, skilled)


def _remove(home: Path, chance: Random, skilled: bool) -> None:
    key = chance.choice(_objects(home))
    (home / "archive" / key).unlink()
    if skilled:
        _receipt(home, key).unlink()


def _remove_receipt(home: Path, chance: Random, skilled: bool) -> None:
    key = chance.choice(_objects(home))
    _receipt(home, key).unlink()
    if skilled:
        _write(home, key, chance.randbytes(20), skilled=True)


def _change_receipt(home: Path, chance: Random, skilled: bool) -> None:
    """It names another hash or size; its time and media type are nobody's evidence."""
    file = _receipt(home, chance.choice(_objects(home)))
    fields = json.loads(file.read_text())
    fields |= {"sha256": chance.randbytes(32).hex()} if skilled else {"size": fields["size"] + chance.randint(1, 9)}
    file.unlink()
    file.write_text(json.dumps(fields, indent=1))


def _add(home: Path, chance: Random, skilled: bool) -> None:
    """Something that nobody registered, beside the reports or elsewhere."""
    folder = chance.choice(("reports/ISLET-1/report_9", "audit/keys", "elsewhere"))
    _write(home, f"{folder}/{chance.randbytes(4).hex()}.txt", chance.randbytes(30), skilled)


def _add_checkpoint(home: Path, chance: Random, skilled: bool) -> None:
    """A checkpoint that our key never signed."""
    key = chance.choice([key for key in _objects(home) if key.startswith("audit/checkpoints/")])
    lines = (home / "archive" / key).read_bytes().split(b"\n")
    lines[1] = chance.choice([size for size in (b"%d" % number for number in range(1, 100)) if size != lines[1]])
    place = f"{key.rpartition('/')[0]}/{chance.randrange(10**6):012d}.txt"
    _write(home, place, b"\n".join(lines), skilled)


def _copy_checkpoint(home: Path, chance: Random, skilled: bool) -> None:
    """A checkpoint that our key did sign, under a name of another size."""
    key = chance.choice([key for key in _objects(home) if key.startswith("audit/checkpoints/")])
    place = f"{key.rpartition('/')[0]}/{chance.randrange(100, 10**6):012d}-{key.rpartition('-')[2]}"
    _write(home, place, (home / "archive" / key).read_bytes(), skilled)


STORE_ACTS: dict[str, Callable[[Path, Random, bool], None]] = {
    "bit rot": _rot,
    "cut": _cut,
    "lengthened": _lengthen,
    "swapped": _swap,
    "removed": _remove,
    "receipt removed": _remove_receipt,
    "receipt changed": _change_receipt,
    "added": _add,
    "checkpoint added": _add_checkpoint,
    "checkpoint copied": _copy_checkpoint,
}


def roll_back_store(evidence: Evidence, home: Path) -> None:
    """The archive of an earlier day."""
    shutil.rmtree(home / "archive")
    shutil.copytree(evidence.earlier / "archive", home / "archive")


def empty_store(home: Path) -> None:
    """Nothing is archived."""
    shutil.rmtree(home / "archive")
