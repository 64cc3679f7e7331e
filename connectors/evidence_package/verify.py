"""Verify a Longwatch evidence package. Needs Python 3.9 or later, nothing else, no network.

    python3 verify.py                        in the folder that the package was unpacked into
    python3 verify.py PACKAGE.zip            the package as it came
    python3 verify.py --key longwatch+…      and: it must be signed by this key, which you had from elsewhere

Says in words what it proved. Exit 0: all of it holds; 1: something does not, and it names the file.
"""

from __future__ import annotations

import base64
import hashlib
import json
import sys
import zipfile
import zlib
from pathlib import Path
from typing import Any, Callable  # noqa: UP035 - Python 3.9

CONTENTS, KEY, CHECKPOINT = "CONTENTS", "audit/key.txt", "audit/checkpoint.txt"
EVENTS, PROOFS = "audit/events.ndjson", "audit/proofs.json"
MANIFEST, PDF = "report/manifest.json", "report/report.pdf"
INPUTS, LOCK = "inputs/manifest.json", "program/requirements.lock"


class Fails(Exception):
    """Something does not hold: the file, and what is wrong with it."""


# Ed25519 (RFC 8032, section 5.1): verification only; nothing here is secret.

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)
Point = tuple[int, int, int, int]


def add(one: Point, other: Point) -> Point:
    a, b = (one[1] - one[0]) * (other[1] - other[0]) % P, (one[1] + one[0]) * (other[1] + other[0]) % P
    c, d = 2 * one[3] * other[3] * D % P, 2 * one[2] * other[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(number: int, point: Point) -> Point:
    total: Point = (0, 1, 1, 0)
    while number:
        if number & 1:
            total = add(total, point)
        point, number = add(point, point), number >> 1
    return total


def decode_point(text: bytes) -> Point | None:
    y = int.from_bytes(text, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT_OF_MINUS_ONE % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P


BASE = decode_point((4 * pow(5, -1, P) % P).to_bytes(32, "little"))


def is_signed(public: bytes, message: bytes, signature: bytes) -> bool:
    key, commitment = decode_point(public), decode_point(signature[:32])
    scalar = int.from_bytes(signature[32:], "little")
    if key is None or commitment is None or BASE is None or scalar >= ORDER:
        return False
    challenge = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % ORDER
    left, right = times(scalar, BASE), add(commitment, times(challenge, key))
    return not ((left[0] * right[2] - right[0] * left[2]) % P or (left[1] * right[2] - right[1] * left[2]) % P)


def decode(text: str) -> bytes:
    """Base64 in its one right spelling."""
    found = base64.b64decode(text, validate=True)
    if base64.b64encode(found).decode() != text:
        raise ValueError("another spelling")
    return found


def read_key(text: str) -> tuple[str, str, bytes]:
    """Name, id and public key of a verifier key."""
    name, key_id, material = text.split("+", 2)
    public = decode(material)[1:]
    right = hashlib.sha256(name.encode() + b"\n\x01" + public).hexdigest()[:8]
    if len(public) != 32 or decode(material)[:1] != b"\x01" or key_id != right:
        raise ValueError("its parts do not belong together")
    return name, key_id, public


def open_note(file: str, note: bytes, key: tuple[str, str, bytes]) -> str:
    """The text of a signed note (C2SP signed-note)."""
    try:
        text, line = note.decode().rsplit("\n\n", 1)
        mark, name, encoded = line[:-1].split(" ")
        signature = decode(encoded)
    except ValueError:
        raise Fails(file, "it is no signed text any more") from None
    shape_is_right = mark == "\N{EM DASH}" and line.endswith("\n") and len(signature) == 68
    if not shape_is_right or (name, signature[:4].hex()) != key[:2]:
        raise Fails(file, "it is not signed by the key of this package")
    if not is_signed(key[2], text.encode() + b"\n", signature[4:]):
        raise Fails(file, "its text is not the one that was signed")
    return text + "\n"


class Package:
    """The files of a package, unpacked or in the zip, and what was proved of them."""

    def __init__(self, place: Path) -> None:
        self.proved: list[str] = []
        self.listed: dict[str, tuple[str, int]] = {}
        self.zip: zipfile.ZipFile | None = None
        self.place = place
        if place.is_dir():
            self.names = sorted(p.relative_to(place).as_posix() for p in place.rglob("*") if not p.is_dir())
        else:
            self.zip = zipfile.ZipFile(place)
            self.names = sorted(self.zip.namelist())
        if len(set(self.names)) != len(self.names):
            raise Fails(str(place), "a name stands twice in the zip")

    def read(self, name: str) -> bytes:
        if name not in self.names:
            raise Fails(name, "it is missing")
        try:
            return self.zip.read(name) if self.zip else (self.place / name).read_bytes()
        except (zipfile.BadZipFile, OSError, NotImplementedError, EOFError, RuntimeError, zlib.error) as broken:
            raise Fails(name, "it cannot be read: " + str(broken)) from None

    def json(self, name: str) -> dict[str, Any]:
        try:
            return dict(json.loads(self.read(name)))
        except (ValueError, TypeError):
            raise Fails(name, "it is no JSON object") from None


def check_signature(package: Package, expected: str | None) -> tuple[str, str, bytes]:
    text = package.read(KEY)
    try:
        key = read_key(text.decode()[:-1])
        if text[-1:] != b"\n":
            raise ValueError("its end is missing")
    except ValueError as wrong:
        raise Fails(KEY, "it is no key: " + str(wrong)) from None
    if expected is not None and text.decode().strip() != expected.strip():
        raise Fails(KEY, "it is not the key that you expected")
    lines = open_note(CONTENTS, package.read(CONTENTS), key).splitlines()
    for line in lines[3:]:
        sha256, size, name = line.split(" ", 2)
        package.listed[json.loads(name)] = (sha256, int(size))
    package.proved.append(
        "The list of files is signed by the key " + text.decode().strip() + ". "
        + ("That is the key you expected." if expected else "Compare this line with one that you had from elsewhere.")
    )  # fmt: skip
    return key


def check_files(package: Package) -> None:
    for name, (sha256, size) in package.listed.items():
        content = package.read(name)
        if len(content) != size or hashlib.sha256(content).hexdigest() != sha256:
            raise Fails(name, "it is not what it was when the package was made")
    for name in package.names:
        if name != CONTENTS and name not in package.listed:
            raise Fails(name, "it was added to the package")
    if package.listed.get("verify.py", ("", 0))[0] != hashlib.sha256(Path(__file__).read_bytes()).hexdigest():
        raise Fails("verify.py", "the program that runs is not the one of this package")
    package.proved.append(f"All {len(package.listed)} files are there, whole, as they were signed; none was added.")


def check_report(package: Package) -> dict[str, Any]:
    content, manifest = package.read(MANIFEST).decode(), package.json(MANIFEST)
    start = content.index('"identity":') + len('"identity":')
    _, end = json.JSONDecoder().raw_decode(content, start)
    key = hashlib.sha256(content[start:end].encode()).hexdigest()
    if key != manifest["report_key"]:
        raise Fails(MANIFEST, "its report key is not that of what it says the report was made from")
    for file in manifest["files"]:
        name = "report/" + file["name"]
        if hashlib.sha256(package.read(name)).hexdigest() != file["sha256"]:
            raise Fails(name, "it is not the file that the report's manifest names")
    package.proved.append(
        "The report has the key " + key + ". That is the SHA-256 of all that it was made from (study, data, cut-off, "
        "template, rules, findings, program), and PDF and results are those of its manifest."
    )
    return manifest


def check_inputs(package: Package, manifest: dict[str, Any]) -> None:
    snapshot, inputs = manifest["snapshot"], package.json(INPUTS)
    if inputs != snapshot:
        raise Fails(INPUTS, "it is not the list of the report's manifest")
    pairs = sorted([file["name"], file["sha256"]] for file in inputs["files"])
    text, given = json.dumps(pairs, ensure_ascii=False, separators=(",", ":")), 0
    if hashlib.sha256(text.encode()).hexdigest() != inputs["id"]:
        raise Fails(INPUTS, "the snapshot's id is not that of its files")
    for name, sha256 in pairs:
        if "inputs/data/" + name in package.listed:
            given += 1
            if hashlib.sha256(package.read("inputs/data/" + name)).hexdigest() != sha256:
                raise Fails("inputs/data/" + name, "it is not the raw file that the report was made from")
    package.proved.append(
        f"The report was made from {len(pairs)} raw files, each named by its SHA-256; {given} of them are in this "
        "package, and are those."
    )
    if LOCK in package.listed:
        if hashlib.sha256(package.read(LOCK)).hexdigest() != manifest["identity"]["engine"]["lock_sha256"]:
            raise Fails(LOCK, "it is not the lock file of the program that made the report")
        package.proved.append("The lock file names, by hash, every package of the program that made the report.")


def check_audit(package: Package, key: tuple[str, str, bytes], manifest: dict[str, Any]) -> None:
    lines = open_note(CHECKPOINT, package.read(CHECKPOINT), key).splitlines()
    size, root, proofs = int(lines[1]), decode(lines[2]), package.json(PROOFS)
    named, signed = False, []
    entries = package.read(EVENTS).splitlines()
    for entry in entries:
        event = json.loads(entry)
        path = [bytes.fromhex(each) for each in proofs[str(event["position"])]]
        if walk(entry, event["position"] - 1, size, path) != root:
            raise Fails(EVENTS, f"event {event['position']} is not in the audit trail that was signed")
        if event["entity"] == "report" and event["entity_id"] == manifest["report_key"]:
            for field, file in (("pdf_sha256", PDF), ("manifest_sha256", MANIFEST)):
                right = hashlib.sha256(package.read(file)).hexdigest()
                if event["new"].get(field, right) != right:
                    raise Fails(file, "the audit trail says that another one was archived")
            named |= event["action"] == "report archived"
            if "signature" in event["new"]:
                signed.append((event["action"][7:], event["new"]["full_name"], event["actor"], event["at"]))
    if not named:
        raise Fails(EVENTS, "no event says that this report was archived")
    package.proved.append(
        f"{len(entries)} events of the audit trail are about this report, and one says that this PDF was archived. "
        f"They stood in the trail when its first {size} events were signed, the newest of them of {lines[3]}."
    )
    package.proved += ["Signed as {} by {} ({}) at {}, on this PDF.".format(*each) for each in signed]


def walk(entry: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    """From an entry to the root (RFC 9162, section 2.1.3.2); empty where the path does not fit."""
    found, last = hashlib.sha256(b"\x00" + entry).digest(), size - 1
    for beside in path:
        if last == 0:
            return b""
        if index & 1 or index == last:
            found = hashlib.sha256(b"\x01" + beside + found).digest()
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            found = hashlib.sha256(b"\x01" + found + beside).digest()
        index, last = index >> 1, last >> 1
    return found if last == 0 else b""


NOT_PROVED = """
Not proved here: that the data is true; that the clock was right; that the key belongs to whom you think (compare its
line); that nothing was archived beside this. `longwatch audit verify --checkpoint audit/checkpoint.txt`, run where the
archive is, shows that the audit trail was not changed since.
"""


def verify(package: Package, expected: str | None) -> None:
    key = check_signature(package, expected)
    check_files(package)
    check_inputs(package, manifest := check_report(package))
    check_audit(package, key, manifest)


def main(arguments: list[str], say: Callable[[str], object] = sys.stdout.write) -> int:
    expected = None
    if "--key" in arguments:
        place = arguments.index("--key")
        expected, arguments = "".join(arguments[place + 1 : place + 2]), arguments[:place] + arguments[place + 2 :]
    try:
        package = Package(Path(arguments[0]) if arguments else Path(__file__).resolve().parent)
        verify(package, expected)
    except (Fails, OSError, zipfile.BadZipFile, LookupError, ValueError, TypeError) as wrong:
        say(f"DOES NOT HOLD. {': '.join(map(str, wrong.args))}\n")
        return 1
    say("HOLDS.\n")
    for number, words in enumerate(package.proved, start=1):
        say(f"{number}. {words}\n")
    say(NOT_PROVED)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
