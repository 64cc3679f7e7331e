"""An evidence package verifies itself; one flipped byte of any of its files makes it fail and names the file."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest

from connectors.evidence_package import verify
from connectors.signing import FileSigner
from longwatch.errors import StudyError
from longwatch.evidence.signed_note import parse_key, sign_note
from operations.archive_reading import list_reports
from operations.package_report import Packaged, package_report
from runtime.wiring import Wiring
from tools.tampering.home import Evidence, make_evidence, open_home


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    """Three archived reports. Do not write into it."""
    return make_evidence(tmp_path_factory.mktemp("evidence"))


@pytest.fixture
def wiring(evidence: Evidence, tmp_path: Path) -> Iterator[Wiring]:
    """A copy of that home, opened."""
    opened = open_home(Path(shutil.copytree(evidence.home, tmp_path / "home")))
    yield opened
    opened.close()


@pytest.fixture
def packaged(wiring: Wiring, tmp_path: Path) -> Packaged:
    """The package of one report."""
    row = list_reports(wiring)[-1]
    return package_report(wiring, row.key, str(tmp_path / "evidence.zip"), lambda _: None)


@pytest.fixture
def unpacked(packaged: Packaged, tmp_path: Path) -> Path:
    """The package as an inspector unpacks it."""
    with zipfile.ZipFile(packaged.file) as package:
        package.extractall(tmp_path / "unpacked")
    return tmp_path / "unpacked"


def said_by(folder: Path, *arguments: str) -> tuple[int, str]:
    """What `verify.py` of a folder says, run alone: no package of ours, no site packages, no network."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(folder / "verify.py"), *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=folder.parent,
    )
    assert done.stderr == ""
    return done.returncode, done.stdout


def said_here(monkeypatch: pytest.MonkeyPatch, folder: Path) -> tuple[int, str]:
    """The same in this process, since there are many."""
    monkeypatch.setattr(verify, "__file__", str(folder / "verify.py"))
    said: list[str] = []
    return verify.main([str(folder)], said.append), "".join(said)


def test_an_untouched_package_holds_and_says_what_that_proves(packaged: Packaged, unpacked: Path) -> None:
    code, said = said_by(unpacked)
    assert code == 0, said
    for words in ("HOLDS", packaged.row.key, packaged.key_line, "2 raw files", "this PDF was archived", "Not proved"):
        assert words in said
    assert said_by(unpacked, packaged.file) == (code, said)


def test_the_program_needs_only_python_and_can_be_read(unpacked: Path) -> None:
    text = (unpacked / "verify.py").read_text()
    assert len(text.splitlines()) <= 300
    imported = {line.split()[1] for line in text.splitlines() if line.startswith(("import ", "from "))}
    assert imported - {"__future__"} <= set(sys.stdlib_module_names)


@pytest.mark.parametrize("version", ["3.9", "3.10", "3.12", "3.13"])
def test_other_pythons_verify_it_too(unpacked: Path, version: str) -> None:
    """Where this machine has them, by their name or by pyenv."""
    by_pyenv = sorted((Path.home() / ".pyenv" / "versions").glob(f"{version}.*/bin/python3"))
    named = [shutil.which(f"python{version}"), *map(str, by_pyenv)]
    there = [
        each
        for each in named
        if each and not subprocess.run([each, "-c", ""], capture_output=True, check=False).returncode
    ]
    if not there:
        pytest.skip(f"no Python {version} on this machine")
    done = subprocess.run(
        [there[0], "-I", "-S", "verify.py"], capture_output=True, text=True, check=False, cwd=unpacked
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_one_flipped_byte_of_any_file_is_named(unpacked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every file, at its first, its last and ten other bytes; of the small signed ones at every byte."""
    for file in sorted(path for path in unpacked.rglob("*") if path.is_file()):
        name, content = file.relative_to(unpacked).as_posix(), file.read_bytes()
        chance = Random(name)
        places = {0, len(content) - 1, *(chance.randrange(len(content)) for _ in range(10))}
        if name == "audit/key.txt":
            places = set(range(len(content)))
        for place in sorted(places):
            changed = bytearray(content)
            changed[place] ^= 1 << chance.randrange(8)
            file.write_bytes(bytes(changed))
            code, said = said_here(monkeypatch, unpacked)
            assert code == 1, (name, place)
            assert f"DOES NOT HOLD. {name}: " in said, (name, place)
        file.write_bytes(content)
    assert said_here(monkeypatch, unpacked)[0] == 0


def test_a_machine_without_longwatch_finds_a_flipped_byte_of_any_file(unpacked: Path) -> None:
    """The bare interpreter, isolated and without site packages: it has no Longwatch, and the program that the package
    brings names each file that is changed, at its first, a middle and its last byte."""
    for part in ("longwatch", "cryptography"):
        bare = [sys.executable, "-I", "-S", "-c", f"import {part}"]
        assert subprocess.run(bare, capture_output=True, check=False, cwd=unpacked).returncode == 1
    changed = 0
    for file in sorted(path for path in unpacked.rglob("*") if path.is_file()):
        name, content = file.relative_to(unpacked).as_posix(), file.read_bytes()
        for place in {0, len(content) // 2, len(content) - 1} if name != "verify.py" else set[int]():
            file.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
            code, said = said_by(unpacked)
            assert (code, f"DOES NOT HOLD. {name}: " in said) == (1, True), (name, place, said)
            changed += 1
        file.write_bytes(content)
    assert changed >= 3 * 12
    assert said_by(unpacked)[0] == 0


def test_a_flipped_byte_in_the_program_stops_the_program_itself(unpacked: Path) -> None:
    """Run for real: it says so, or Python cannot read it; it never says HOLDS."""
    file = unpacked / "verify.py"
    content, chance = file.read_bytes(), Random(1)
    for _ in range(12):
        changed = bytearray(content)
        changed[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        file.write_bytes(bytes(changed))
        done = subprocess.run([sys.executable, "-I", "-S", str(file)], capture_output=True, check=False)
        assert done.returncode != 0
        assert b"verify.py" in done.stdout + done.stderr


def test_what_is_missing_or_added_is_named(unpacked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (unpacked / "report" / "more.pdf").write_bytes(b"%PDF")
    assert "report/more.pdf: it was added" in said_here(monkeypatch, unpacked)[1]
    (unpacked / "report" / "more.pdf").unlink()
    for name in ("report/results.csv", "CONTENTS", "audit/key.txt"):
        (unpacked / name).rename(unpacked.parent / "aside")
        code, said = said_here(monkeypatch, unpacked)
        assert (code, f"{name}: it is missing" in said) == (1, True)
        (unpacked.parent / "aside").rename(unpacked / name)


def resigned(unpacked: Path, tmp_path: Path, change: Callable[[dict[str, bytes]], None]) -> None:
    """What a forger does who has the files and a key of his own: change, list and sign all anew."""
    forger = FileSigner(tmp_path / "forger.pem")
    files = {path.relative_to(unpacked).as_posix(): path.read_bytes() for path in unpacked.rglob("*") if path.is_file()}
    head = files.pop("CONTENTS").decode().splitlines()[:3]
    change(files)
    files["audit/key.txt"] = f"{forger.key.text}\n".encode()
    lines = [
        f"{verify.hashlib.sha256(text).hexdigest()} {len(text)} {json.dumps(name)}" for name, text in files.items()
    ]
    for name, content in files.items():
        (unpacked / name).write_bytes(content)
    (unpacked / "CONTENTS").write_bytes(sign_note("\n".join([*head, *lines, ""]), forger.key, forger.sign))


def test_a_forger_with_another_key_is_found_out(
    packaged: Packaged, unpacked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the key that the inspector had from elsewhere; and by the checkpoint, which that key did not sign."""
    resigned(unpacked, tmp_path, lambda files: None)
    code, said = said_by(unpacked, "--key", packaged.key_line)
    assert (code, "audit/key.txt: it is not the key that you expected" in said) == (1, True)
    assert "audit/checkpoint.txt: it is not signed by the key" in said_here(monkeypatch, unpacked)[1]


def test_what_the_key_signed_must_also_agree(unpacked: Path, wiring: Wiring, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each link by itself, all signed by the right key: report key, manifest, inputs, lock file, events."""
    files = {path.relative_to(unpacked).as_posix(): path.read_bytes() for path in unpacked.rglob("*") if path.is_file()}
    head = files.pop("CONTENTS").decode().splitlines()[:3]
    event = json.loads(files["audit/events.ndjson"].splitlines()[-1])
    changes = {
        "report/manifest.json": (b'"cutoff":"2026-03-01"', b'"cutoff":"2026-03-02"'),
        "report/report.pdf": (b"%PDF", b"%PDX"),
        "inputs/manifest.json": (b"ae.xpt", b"ax.xpt"),
        "program/requirements.lock": (b"==", b"=="),
        "audit/events.ndjson": (event["actor"].encode(), b"eve"),
    }
    files["program/requirements.lock"] += b"#"
    for name, (old, new) in changes.items():
        changed = {**files, name: files[name].replace(old, new)}
        if name != "program/requirements.lock":
            changed["program/requirements.lock"] = files["program/requirements.lock"][:-1]
        lines = [
            f"{verify.hashlib.sha256(text).hexdigest()} {len(text)} {json.dumps(at)}" for at, text in changed.items()
        ]
        for at, content in changed.items():
            (unpacked / at).write_bytes(content)
        signer = wiring.signer
        (unpacked / "CONTENTS").write_bytes(sign_note("\n".join([*head, *lines, ""]), signer.key, signer.sign))
        code, said = said_here(monkeypatch, unpacked)
        assert (code, f"DOES NOT HOLD. {name}: " in said) == (1, True), (name, said)


def test_signatures_as_the_standard_has_them() -> None:
    """RFC 8032, 7.1, tests 1 to 3; and what `cryptography` signs, of any length; each refused where a bit differs."""
    vectors = [
        ("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
         "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe246"
         "55141438e7a100b"),
        ("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
         "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aee"
         "b00d291612bb0c00"),
        ("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
         "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28d"
         "c027beceea1ec40a"),
    ]  # fmt: skip
    for public, message, signature in vectors:
        key, text, signed = (bytes.fromhex(each) for each in (public, message, signature))
        assert verify.is_signed(key, text, signed)
        assert not verify.is_signed(key, text + b"x", signed)
        for place in (0, 31, 32, 63):
            assert not verify.is_signed(key, text, signed[:place] + bytes([signed[place] ^ 1]) + signed[place + 1 :])


def test_signatures_of_another_program(tmp_path: Path) -> None:
    signer = FileSigner(tmp_path / "key.pem")
    for length in (0, 1, 31, 64, 1000):
        message = Random(length).randbytes(length)
        assert verify.is_signed(signer.key.public, message, signer.sign(message))
        assert not verify.is_signed(signer.key.public, message + b"x", signer.sign(message))
    assert parse_key(signer.key.text) == signer.key


def test_a_package_is_not_written_over(packaged: Packaged, wiring: Wiring) -> None:
    before = Path(packaged.file).read_bytes()
    with pytest.raises(StudyError, match=r"LW-PKG-001: .*Next: "):
        package_report(wiring, packaged.row.key, packaged.file, lambda _: None)
    assert Path(packaged.file).read_bytes() == before
    assert [path.name for path in Path(packaged.file).parent.glob(".*")] == []
