"""Files that someone made with intent, and files that contradict themselves: all of them must be refused."""

from __future__ import annotations

import functools
import io
import json
import random
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Sequence

from tools.fuzz.breaking import ANY, REFUSE, Broken
from tools.fuzz.seeds import Seed, zip_of

MEGABYTE = 1024 * 1024
LAUGHS = (
    b'<!DOCTYPE ODM [<!ENTITY a "ha">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(20))
    + b"]>"
)
EXTERNAL = b'<!DOCTYPE ODM [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
REMOTE = b'<!DOCTYPE ODM SYSTEM "http://127.0.0.1:9/x.dtd">'
_ROOT = re.compile(rb"<(?:\w+:)?[A-Za-z][^?!>]*>")
_RECORDS = re.compile(rb'"records":\s*(\d+)')


def hostile(rng: random.Random, seed: Seed, _others: Sequence[Seed]) -> Broken | None:
    """A hostile file of the seed's format; None where there is none for it."""
    makers = _MAKERS.get(seed.format)
    return rng.choice(makers)(rng, seed) if makers else None


def _doctype(rng: random.Random, seed: Seed) -> Broken:
    return Broken("a document type", _before_root(seed.content, rng.choice((LAUGHS, EXTERNAL, REMOTE))), REFUSE)


def _before_root(content: bytes, what: bytes) -> bytes:
    root = _ROOT.search(content)
    at = root.start() if root else 0
    return content[:at] + what + content[at:]


def _after_root(content: bytes, what: bytes) -> bytes:
    root = _ROOT.search(content)
    at = root.end() if root else 0
    return content[:at] + what + content[at:]


def _deep_xml(rng: random.Random, seed: Seed) -> Broken:
    depth = rng.choice((100, 10_000, 200_000))
    return Broken("nested deep", _after_root(seed.content, b"<a>" * depth + b"</a>" * depth), REFUSE)


def _wide_xml(rng: random.Random, seed: Seed) -> Broken:
    wide = b"<a " + b" ".join(b'a%d="x"' % n for n in range(50_000)) + b"/>"
    long = b'<a b="' + b"x" * (9 * MEGABYTE) + b'"/>'
    names = b"".join(b"<n%d/>" % n for n in range(60_000))
    return Broken("wide", _after_root(seed.content, rng.choice((wide, long, names))), REFUSE)


def _undefined_entity(rng: random.Random, seed: Seed) -> Broken:
    return Broken("an entity", _after_root(seed.content, rng.choice((b"&nbsp;", b"&x;", b"&#0;", b"&#xFFFF;"))), REFUSE)


# JSON


def _records_changed(rng: random.Random, seed: Seed) -> Broken | None:
    packed = seed.format == "dataset-json-compressed"
    content = zlib.decompress(seed.content) if packed else seed.content
    match = _RECORDS.search(content)
    if match is None:
        return None
    other = int(match[1]) + rng.choice((-1, 1, 1000, 2**62))
    content = content[: match.start(1)] + str(other).encode() + content[match.end(1) :]
    return Broken("records contradict rows", zlib.compress(content) if packed else content, REFUSE)


def _value_lost(rng: random.Random, seed: Seed) -> Broken | None:
    """One row has one value less or more than there are columns."""
    if seed.format == "dataset-json":
        document = json.loads(seed.content)
        rows = document["rows"]
        _change_width(rng, rng.choice(rows))
        return Broken("a row of another width", json.dumps(document).encode(), REFUSE)
    lines = seed.content.splitlines()
    at = rng.randrange(1, len(lines))
    row = json.loads(lines[at])
    _change_width(rng, row)
    lines[at] = json.dumps(row).encode()
    return Broken("a row of another width", b"\n".join(lines), REFUSE)


def _change_width(rng: random.Random, row: list[object]) -> None:
    if rng.random() < 0.5:
        row.append(None)
    else:
        row.pop()


def _odd_json(rng: random.Random, seed: Seed) -> Broken:
    odd = rng.choice(
        (
            b"[" * 100_000, b'{"a":' * 100_000, b"1" * 5_000_000, b'"' + b"\\u0041" * 1_000_000, b"{}", b"[]", b"null",
            b'{"records":' + b"9" * 100_000 + b"}", b"\x00" * 1000,
        )
    )  # fmt: skip
    return Broken("odd JSON", zlib.compress(odd) if seed.format == "dataset-json-compressed" else odd, REFUSE)


def _twice(_rng: random.Random, seed: Seed) -> Broken:
    """An attribute that stands twice, the second time with another value: which one counts is anyone's guess."""
    packed = seed.format == "dataset-json-compressed"
    content = zlib.decompress(seed.content) if packed else seed.content
    twice = content.replace(b'"records"', b'"records": 1, "records"', 1)
    return Broken("an attribute twice", zlib.compress(twice) if packed else twice, REFUSE)


def _zlib_bomb(_rng: random.Random, seed: Seed) -> Broken:
    head = zlib.decompress(seed.content).split(b"\n")[0]
    return Broken("bomb", _compressed_zeros(head + b"\n"), REFUSE)


@functools.cache
def _compressed_zeros(head: bytes) -> bytes:
    stream = zlib.compressobj(9)
    packed = [stream.compress(head)]
    packed += [stream.compress(b"\n" * MEGABYTE) for _ in range(200)]
    return b"".join([*packed, stream.flush()])


# Comma-separated


def _odd_csv(rng: random.Random, seed: Seed) -> Broken:
    separator = b"\t" if seed.format == "tsv" else b","
    names = separator.join(b"V%d" % n for n in range(200_000))
    odd = rng.choice(
        (
            (b"A" * 20 * MEGABYTE, REFUSE),
            (b'"' * 100_001, REFUSE),
            (b"A" + separator + b'B\n1,"' + b"x" * 5_000_000, REFUSE),
            (names + b"\n" + separator * 199_999, REFUSE),
            (b"A" + separator + b"A\n1" + separator + b"2\n", REFUSE),
            (b"A" + separator + b"B\n1\n", REFUSE),
            (b"A" + separator + b"B\n1" + separator + b"2" + separator + b"3\n", REFUSE),
            (b"A" + separator + b"B\n" + b"x" * 20 * MEGABYTE + separator + b"2\n", ANY),
            (b"A" + separator + b"B\n\x00" + separator + b"\x00\n", ANY),
        )
    )
    return Broken("odd lines", *odd)


# Zips


def _zip_bomb(_rng: random.Random, seed: Seed) -> Broken:
    return Broken("bomb", _zip_of_zeros("xl/worksheets/sheet1.xml" if seed.format == "xlsx" else "ae.csv"), REFUSE)


@functools.cache
def _zip_of_zeros(name: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive, archive.open(name, "w") as member:
        for _ in range(200):
            member.write(bytes(MEGABYTE))
    return content.getvalue()


def _zip_names(rng: random.Random, _seed: Seed) -> Broken:
    bad = rng.choice(("../ae.csv", "/etc/ae.csv", "C:\\ae.csv", "a/../../ae.csv", "..\\ae.csv", "x/\\..\\ae.csv", ".."))
    return Broken("a name that leads out", zip_of({"dm.csv": b"USUBJID\nS-1\n", bad: b"A\n1\n"}), REFUSE)


def _zip_link(_rng: random.Random, _seed: Seed) -> Broken:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        link = zipfile.ZipInfo("ae.csv")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    return Broken("a link", content.getvalue(), REFUSE)


def _zip_overlap(rng: random.Random, _seed: Seed) -> Broken:
    """Several entries of the central directory on the same member."""
    whole = zip_of({"aa.csv": b"USUBJID\nS-1\n"}, zipfile.ZIP_STORED)
    start = whole.index(b"PK\x01\x02")
    end = whole.index(b"PK\x05\x06")
    entry = whole[start:end]
    count = rng.choice((2, 50, 5000))
    entries = b"".join(entry.replace(b"aa.csv", b"%06x" % n) for n in range(count))
    tail = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, count, count, len(entries), start, 0)
    return Broken("members that overlap", whole[:start] + entries + tail, REFUSE)


def _zip_encrypted(_rng: random.Random, seed: Seed) -> Broken:
    content = bytearray(seed.content)
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = -1
        while (at := content.find(signature, at + 1)) >= 0:
            content[at + offset] |= 1
    return Broken("encrypted", bytes(content), REFUSE)


def _zip_twice(_rng: random.Random, _seed: Seed) -> Broken:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for folder in ("a", "b"):
            archive.writestr("ae.csv", f"A\n{folder}\n")
            archive.getinfo("ae.csv").filename = "ae.csv"
            archive.NameToInfo.clear()
    return Broken("a member twice", content.getvalue(), REFUSE)


def _xlsx_document_type(rng: random.Random, seed: Seed) -> Broken:
    with zipfile.ZipFile(io.BytesIO(seed.content)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = rng.choice(
        [name for name in sorted(members) if name.endswith(("sheet1.xml", "Strings.xml", "workbook.xml"))]
    )
    members[name] = _before_root(members[name], rng.choice((LAUGHS, EXTERNAL, REMOTE)))
    return Broken("a document type within", zip_of(members), REFUSE)


# Parquet, transport files, SAS data sets


@functools.cache
def _parquet_of_nothing() -> bytes:
    import pyarrow as pa
    from pyarrow import parquet

    content = io.BytesIO()
    nothing = pa.table({"A": pa.repeat(pa.scalar("x" * 1000), 100_000).dictionary_encode()})
    with parquet.ParquetWriter(content, nothing.schema, compression="zstd") as writer:
        for _ in range(1000):
            writer.write_table(nothing)
    return content.getvalue()


def _parquet_bomb(_rng: random.Random, _seed: Seed) -> Broken:
    """A hundred million values of a thousand bytes in a small file."""
    return Broken("bomb", _parquet_of_nothing(), REFUSE)


def _more_observations(rng: random.Random, seed: Seed) -> Broken | None:
    """A version 8 transport file that declares other than it has."""
    at = seed.content.find(b"OBSV8   ")
    if at < 0:
        return None
    place = at - 20 + 48
    declared = int(seed.content[place : place + 15].strip() or b"0")
    if not declared:
        return None
    other = b"%15d" % (declared * 2 + rng.choice((5, 10**6, 10**13)))
    return Broken("observations contradict", seed.content[:place] + other + seed.content[place + 15 :], REFUSE)


def _sas_rows(rng: random.Random, seed: Seed) -> Broken | None:
    """A SAS data set whose row size subheader counts other rows than there are."""
    little = seed.content[37:38] == b"\x01"
    wide = seed.content[32:33] == b"3"
    width, order = (8, "little" if little else "big") if wide else (4, "little" if little else "big")
    signature = b"\xf7\xf7\xf7\xf7" + (bytes(4) if little else b"") if wide else b"\xf7\xf7\xf7\xf7"
    if wide and not little:
        signature = bytes(4) + b"\xf7\xf7\xf7\xf7"
    at = seed.content.find(signature, 1024)
    if at < 0:
        return None
    place = at + 6 * width
    rows = int.from_bytes(seed.content[place : place + width], order)  # type: ignore[arg-type]
    if not 0 < rows < 10**6:
        return None
    other = rows + rng.choice((1, 7, 10**6, 2**30))
    changed = seed.content[:place] + other.to_bytes(width, order) + seed.content[place + width :]  # type: ignore[arg-type]
    return Broken("rows contradict", changed, REFUSE)


Maker = Callable[[random.Random, Seed], Broken | None]
_XML: tuple[Maker, ...] = (_doctype, _deep_xml, _wide_xml, _undefined_entity)
_JSON: tuple[Maker, ...] = (_records_changed, _odd_json, _twice)
_ZIP: tuple[Maker, ...] = (_zip_bomb, _zip_names, _zip_link, _zip_overlap, _zip_encrypted, _zip_twice)
_MAKERS: dict[str, tuple[Maker, ...]] = {
    "dataset-xml": _XML,
    "define": _XML,
    "odm": _XML,
    "dataset-json": (*_JSON, _value_lost),
    "dataset-ndjson": (*_JSON, _value_lost),
    "dataset-json-compressed": (_records_changed, _twice, _zlib_bomb),
    "csv": (_odd_csv,),
    "tsv": (_odd_csv,),
    "zip": _ZIP,
    "xlsx": (_zip_bomb, _zip_overlap, _zip_encrypted, _xlsx_document_type, _xlsx_document_type),
    "parquet": (_parquet_bomb,),
    "xpt8": (_more_observations,),
    "sas7bdat": (_sas_rows,),
}
