"""Ways to break a file. Each takes the random numbers and a whole file, and gives the bytes of a broken one.

What a reader must say is known of some: `refuse` where the file now contradicts itself (cut off, a count that is not
that of its records), `same` where a checksum of the format covers all that it holds, so that it is either refused or
says what the whole file says. Of the rest only that it is read or refused in time.
"""

from __future__ import annotations

import io
import random
import re
import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tools.fuzz.seeds import Seed

ANY, REFUSE, SAME = "any", "refuse", "same"
EXTREME = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x7FFFFFFFFFFFFFFF)
TEXTS = {"dataset-json", "dataset-ndjson", "dataset-xml", "define", "odm", "csv", "tsv"}
ZIPS = {"zip", "xlsx"}
CHECKED = {"zip", "dataset-json-compressed"}
# Cut off anywhere, these can be told from whole ones; a comma-separated file, and a transport file of version 5 that
# ends with an observation, cannot.
ENDS = {"dataset-json", "dataset-xml", "define", "odm", "dataset-json-compressed", "xlsx", "parquet", "zip", "xpt8"}
_NUMBER = re.compile(rb"-?\d+(\.\d+)?")


@dataclass(frozen=True)
class Broken:
    """A broken file: how it was broken, its bytes, and what must come of it."""

    how: str
    content: bytes
    must: str = ANY


Breaking = Callable[[random.Random, Seed, Sequence[Seed]], Broken | None]


def cut_off(rng: random.Random, seed: Seed, _others: Sequence[Seed]) -> Broken:
    """The beginning only."""
    content = seed.content
    length = rng.randrange(len(content))
    if rng.random() < 0.3:
        length -= length % 80
    lost = content[length:]
    ends = seed.format in ENDS or (seed.format == "dataset-ndjson" and b"\n" in lost.strip())
    if seed.format == "xpt":
        ends = length % 80 != 0
    return Broken("cut off", content[:length], REFUSE if ends and lost.strip(b" \r\n\t") else ANY)


def flipped(rng: random.Random, seed: Seed, _others: Sequence[Seed]) -> Broken:
    """One to sixteen bits the other way, anywhere or close together."""
    content = bytearray(seed.content)
    around = rng.randrange(len(content))
    for _ in range(rng.choice((1, 1, 2, 4, 16))):
        at = rng.randrange(len(content)) if rng.random() < 0.5 else min(len(content) - 1, around + rng.randrange(16))
        content[at] ^= 1 << rng.randrange(8)
    return Broken("bits flipped", bytes(content), SAME if seed.format in CHECKED else ANY)


def flipped_head(rng: random.Random, seed: Seed, others: Sequence[Seed]) -> Broken:
    """Bits of the first or the last half kilobyte, where headers and tables are."""
    content = bytearray(seed.content)
    for _ in range(rng.choice((1, 2, 4))):
        at = rng.randrange(min(512, len(content)))
        content[at if rng.random() < 0.6 else -1 - at] ^= 1 << rng.randrange(8)
    return Broken("bits flipped at the ends", bytes(content), SAME if seed.format in CHECKED else ANY)


def overwritten(rng: random.Random, seed: Seed, _others: Sequence[Seed]) -> Broken:
    """A stretch of zeros, of ones, of blanks, of noise."""
    content = bytearray(seed.content)
    at, length = rng.randrange(len(content)), rng.choice((1, 4, 8, 80, 512, 4096))
    length = min(length, len(content) - at)
    content[at : at + length] = rng.choice((bytes(length), b"\xff" * length, b" " * length, rng.randbytes(length)))
    return Broken("overwritten", bytes(content))


def spliced(rng: random.Random, seed: Seed, others: Sequence[Seed]) -> Broken:
    """A stretch taken out, doubled, moved, or put in from another file."""
    content = seed.content
    at = rng.randrange(len(content))
    end = min(len(content), at + rng.choice((1, 8, 80, 100, 1000, 10_000)))
    piece = content[at:end]
    if (kind := rng.randrange(4)) == 0:
        return Broken("a piece taken out", content[:at] + content[end:])
    if kind == 1:
        return Broken("a piece doubled", content[:end] + piece * rng.choice((1, 1, 50)) + content[end:])
    if kind == 2:
        to = rng.randrange(len(content))
        rest = content[:at] + content[end:]
        return Broken("a piece moved", rest[:to] + piece + rest[to:])
    other = rng.choice(others).content
    begin = rng.randrange(len(other))
    return Broken("a piece of another file", content[:at] + other[begin : begin + end - at] + content[end:])


def length_changed(rng: random.Random, seed: Seed, _others: Sequence[Seed]) -> Broken:
    """A number that may be a length or a count is now absurd: in text a number, else two, four or eight bytes."""
    content = seed.content
    value = rng.choice(EXTREME)
    if seed.format in TEXTS:
        found = list(_NUMBER.finditer(content))
        if found:
            match = rng.choice(found)
            other = rng.choice((str(value), f"-{value}", "1e400", "9" * 400, "0.5", "1e-400", "NaN", "0x10", "٣"))
            return Broken("a number changed", content[: match.start()] + other.encode() + content[match.end() :])
    width = rng.choice((2, 4, 8))
    head = rng.random() < 0.7
    at = rng.randrange(min(len(content), 1024 if head else len(content)))
    at -= at % (width if rng.random() < 0.8 else 1)
    order = rng.choice(("big", "little"))
    changed = bytearray(content)
    changed[at : at + width] = (value & (1 << 8 * width) - 1).to_bytes(width, order)  # type: ignore[arg-type]
    return Broken("a length changed", bytes(changed))


def other_encoding(rng: random.Random, seed: Seed, _others: Sequence[Seed]) -> Broken:
    """Bytes that do not belong to the encoding: another one as a whole, or a few bytes put in."""
    content = seed.content
    if seed.format in TEXTS and rng.random() < 0.3:
        text = content.decode(seed.encoding, "replace")
        kind = rng.choice(("utf-16", "utf-16-be", "utf-32", "cp037", "shift_jis"))
        return Broken("in another encoding", text.encode(kind, "replace"))
    at = rng.randrange(len(content))
    wrong = rng.choice(
        (
            b"\x00", b"\xff", b"\xe9", b"\xed\xa0\x80", b"\xc0\x80", b"\xf4\x90\x80\x80", b"\xef\xbb\xbf", b"\x1a",
            b"\\ud800", b"\\u0000", b"&#0;", b"&#xD800;", "\u202e".encode(), b"\r", b"\n", b'"', b"'",
        )
    )  # fmt: skip
    keep = rng.choice((0, len(wrong)))
    return Broken("bytes of another encoding", content[:at] + wrong + content[at + keep :])


def another_format(rng: random.Random, seed: Seed, others: Sequence[Seed]) -> Broken:
    """A whole file of another format under this one's name."""
    other = rng.choice([each for each in others if each.format[:3] != seed.format[:3]])
    both = {seed.format, other.format}
    # A comma-separated file without commas is a tab-separated one of one column; a define.xml is ODM; XLSX is a zip.
    related = both <= {"csv", "tsv"} or both <= {"define", "odm", "dataset-xml"} or seed.format == "zip"
    return Broken("another format", other.content, ANY if related else REFUSE)


def longer(rng: random.Random, seed: Seed, _others: Sequence[Seed]) -> Broken:
    """Something after the end."""
    more = rng.choice((bytes(80), b"\n", b"}", b"<a/>", rng.randbytes(100), seed.content))
    must = REFUSE if seed.format in ("dataset-json-compressed", "xpt8") and more.strip() else ANY
    return Broken("something after the end", seed.content + more, must)


def rewrapped(rng: random.Random, seed: Seed, others: Sequence[Seed]) -> Broken | None:
    """What is within a zip or a zlib stream broken, and packed again with a checksum that is right."""
    if seed.format == "dataset-json-compressed":
        inner = rng.choice(INNER)(rng, Seed("dataset-ndjson", seed.name, zlib.decompress(seed.content)), others)
        return Broken(f"within: {inner.how}", zlib.compress(inner.content), inner.must) if inner else None
    if seed.format not in ZIPS:
        return None
    with zipfile.ZipFile(io.BytesIO(seed.content)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = rng.choice(sorted(members))
    kind = "odm" if name.endswith((".xml", ".rels")) else "member"
    inner = rng.choice(INNER)(rng, Seed(kind, name, members[name]), others)
    if inner is None:
        return None
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", rng.choice((zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED))) as archive:
        for each, member in members.items():
            archive.writestr(each, inner.content if each == name else member)
    return Broken(f"within: {inner.how}", content.getvalue())


INNER: tuple[Breaking, ...] = (
    cut_off, flipped, flipped_head, overwritten, spliced, length_changed, other_encoding,
)  # fmt: skip
BREAKINGS: tuple[Breaking, ...] = (*INNER, another_format, longer, rewrapped, rewrapped)
