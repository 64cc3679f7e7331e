"""The journal of a campaign: one line per simulated trial, so that a run that was stopped goes on where it was.

A line holds the size of the arms, the seed, the print of the code that made it, the seconds, and for each claim its
truth and limits. Lines of other code are of another product: they are left where they are and do not count. A line that
was not written whole (the machine went down) does not count either.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CODE = ("longwatch/**/*.py", "simulation/**/*.py", "simulation/*.csv", "tools/simulate/claims.py",
        "tools/simulate/estimates.py", "runtime/requirements.lock")  # fmt: skip
"""What a trial's estimates depend on."""


@dataclass(frozen=True)
class Claimed:
    """One claim in one trial: its key, output, method and truth; its limits, None where there is no interval."""

    key: str
    output: str
    method: str
    truth: float
    lower: float | None
    upper: float | None


@dataclass(frozen=True)
class Line:
    """One simulated trial."""

    arms: int
    seed: int
    code: str
    seconds: float
    claims: tuple[Claimed, ...]


def print_of_code(root: Path = ROOT) -> str:
    """SHA-256 over the names and bytes of what estimates depend on, its first 16 digits."""
    whole = hashlib.sha256()
    for path in sorted({path for pattern in CODE for path in root.glob(pattern)}):
        whole.update(f"{path.relative_to(root).as_posix()}\n".encode() + path.read_bytes())
    return whole.hexdigest()[:16]


def write_line(journal: Path, line: Line) -> None:
    """Adds a line, on a line of its own even where the last one was cut off."""
    journal.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(asdict(line)) + "\n"
    with journal.open("a+b") as file:
        if file.tell():
            file.seek(-1, 2)
            text = text if file.read(1) == b"\n" else "\n" + text
        file.write(text.encode())


def read_lines(journal: Path, code: str) -> tuple[dict[tuple[int, int], Line], int]:
    """The trials of this code by size of arms and seed, and how many lines do not count."""
    found: dict[tuple[int, int], Line] = {}
    ignored = 0
    for line in _whole_lines(journal):
        if line is None or line.code != code:
            ignored += 1
            continue
        found[line.arms, line.seed] = line
    return found, ignored


def _whole_lines(journal: Path) -> Iterator[Line | None]:
    if not journal.is_file():
        return
    for text in journal.read_text(encoding="utf-8").splitlines():
        try:
            held = json.loads(text)
            claims = tuple(Claimed(**claim) for claim in held.pop("claims"))
            yield Line(**held, claims=claims)
        except (ValueError, TypeError, KeyError, AttributeError):
            yield None
