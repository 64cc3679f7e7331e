"""The run: file after file is broken, read in a child, and judged."""

from __future__ import annotations

import json
import random
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from connectors.parsing.children import Children
from connectors.parsing.limits import MEGABYTE, ParseLimits
from longwatch.errors import LongwatchError
from tools.fuzz.breaking import BREAKINGS, REFUSE, SAME, Broken
from tools.fuzz.hostile import hostile
from tools.fuzz.reading import read_file
from tools.fuzz.seeds import Seed

# What the parent sees between two looks comes on top: a child may have 512 MB at most.
LIMITS = ParseLimits(memory_bytes=440 * MEGABYTE, still_seconds=30)
MEMORY = 512 * MEGABYTE
SECONDS = 30.0

FAULT = "LW-PAR-005"
HOSTILE_SHARE = 0.1
BLOCK = 200
SHOWN = 200


@dataclass
class Tally:
    """What came of the files of one format. `ended`: children that were ended or died, by error id."""

    files: int = 0
    read: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    ended: dict[str, int] = field(default_factory=dict)
    slowest: float = 0.0
    largest: int = 0


@dataclass
class State:
    """How far a run has come: the seed of its random numbers, files done, what came of them, what went wrong."""

    seed: int
    done: int = 0
    seconds: float = 0.0
    formats: dict[str, Tally] = field(default_factory=dict)
    wrong: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def load(cls, path: Path, seed: int) -> State:
        """The state that a file holds; a new one where there is none, or one of another seed."""
        if path.exists():
            found = json.loads(path.read_text())
            if found["seed"] == seed:
                tallies = {name: Tally(**tally) for name, tally in found.pop("formats").items()}
                return cls(**found, formats=tallies)
        return cls(seed)

    def save(self, path: Path) -> None:
        """Whole or not at all."""
        part = path.with_suffix(".part")
        part.write_text(json.dumps(asdict(self), indent=1))
        part.replace(path)


def break_file(number: int, run_seed: int, seeds: dict[str, list[Seed]]) -> tuple[Seed, Broken]:
    """The broken file of that number: the same one for the same seed and the same whole files."""
    rng = random.Random(f"{run_seed}/{number}")
    seed = rng.choice(seeds[format_of(number, seeds)])
    others = [each for group in seeds.values() for each in group]
    while True:
        broken = (hostile if rng.random() < HOSTILE_SHARE else rng.choice(BREAKINGS))(rng, seed, others)
        if broken is not None and broken.content != seed.content:
            return seed, broken


class Reader:
    """Reads files in the children of a run, each thread in a folder of its own."""

    def __init__(self, folder: Path, children: Children) -> None:
        self.folder, self.children = folder, children

    def read(self, seed: Seed, content: bytes) -> tuple[str, str, float, int]:
        """What was read (its hash) or empty, the error's id or empty, seconds, largest resident memory."""
        folder = self.folder / str(threading.get_ident())
        folder.mkdir(exist_ok=True)
        path = folder / "file"
        path.write_bytes(content)
        start = time.perf_counter()
        with self.children.lent() as child:
            arguments = (path, seed.format, seed.name, seed.encoding, folder / "typed")
            said, error_id = "", ""
            try:
                said = b"".join(child.work(seed.name, len(content), read_file, arguments)).decode()
            except LongwatchError as error:
                error_id = error.error_id if error.error_id != FAULT else f"{FAULT} {error.found}"
            except OSError as error:
                error_id = f"{FAULT} {error!r}"
            return said, error_id, time.perf_counter() - start, child.peak


def format_of(number: int, seeds: dict[str, list[Seed]]) -> str:
    """The format of the broken file of that number: the formats take turns."""
    formats = sorted(seeds)
    return formats[number % len(formats)]


def run(
    state: State, seeds: dict[str, list[Seed]], count: int, save: Callable[[State], None],
    keep: Path | None = None, only: str | None = None,
) -> None:  # fmt: skip
    """Files up to that number; with `only` those of one format. `keep`: a folder for the files that went wrong."""
    with tempfile.TemporaryDirectory() as folder:
        children = Children(LIMITS)
        reader = Reader(Path(folder), children)
        try:
            whole = _control(reader, seeds, state)
            with ThreadPoolExecutor(LIMITS.children) as threads:
                while state.done < count:
                    start = time.perf_counter()
                    numbers = range(state.done, min(count, state.done + BLOCK))
                    asked = [number for number in numbers if only in (None, format_of(number, seeds))]
                    outcomes = threads.map(lambda number: _one(number, state.seed, seeds, reader, whole), asked)
                    for outcome in outcomes:
                        _count(state, outcome, keep)
                    state.done = numbers.stop
                    state.seconds += time.perf_counter() - start
                    save(state)
        finally:
            children.close()


@dataclass(frozen=True)
class Outcome:
    """What came of one file; `wrong` says what should not have, empty where all is well."""

    number: int
    seed: Seed
    broken: Broken
    error_id: str
    seconds: float
    resident: int
    wrong: str


def _control(reader: Reader, seeds: dict[str, list[Seed]], state: State) -> dict[Seed, str]:
    """The whole files: each is read, and says the same when it is read again. What was read, by file."""
    whole = {}
    for seed in [each for group in seeds.values() for each in group]:
        said, error_id, _, _ = reader.read(seed, seed.content)
        again, _, _, _ = reader.read(seed, seed.content)
        if error_id or said != again:
            what = f"a whole file: {error_id or 'read otherwise the second time'}"
            state.wrong.append({"number": -1, "format": seed.format, "file": seed.name, "how": "whole", "wrong": what})
        whole[seed] = said
    return whole


def _one(number: int, run_seed: int, seeds: dict[str, list[Seed]], reader: Reader, whole: dict[Seed, str]) -> Outcome:
    seed, broken = break_file(number, run_seed, seeds)
    said, error_id, seconds, resident = reader.read(seed, broken.content)
    wrong = ""
    if error_id.startswith(FAULT):
        wrong = error_id
    elif seconds > SECONDS + 2:
        wrong = f"it took {seconds:.0f} s"
    elif resident > MEMORY:
        wrong = f"it took {resident / MEGABYTE:.0f} MB"
    elif broken.must == REFUSE and not error_id:
        wrong = "read, though it contradicts itself"
    elif broken.must == SAME and not error_id and said != whole[seed]:
        wrong = "read, and says something else, though a checksum covers it"
    return Outcome(number, seed, broken, error_id, seconds, resident, wrong)


def _count(state: State, outcome: Outcome, keep: Path | None) -> None:
    tally = state.formats.setdefault(outcome.seed.format, Tally())
    tally.files += 1
    tally.slowest = max(tally.slowest, round(outcome.seconds, 2))
    tally.largest = max(tally.largest, outcome.resident)
    if not outcome.error_id:
        tally.read += 1
    else:
        name = outcome.error_id.split()[0]
        group = tally.ended if name.startswith("LW-PAR") else tally.refused
        group[name] = group.get(name, 0) + 1
    if outcome.wrong and len(state.wrong) < SHOWN:
        state.wrong.append(
            {
                "number": outcome.number, "format": outcome.seed.format, "file": outcome.seed.name,
                "how": outcome.broken.how, "wrong": outcome.wrong,
            }
        )  # fmt: skip
        if keep is not None:
            keep.mkdir(parents=True, exist_ok=True)
            (keep / f"{outcome.number}-{outcome.seed.format}-{outcome.seed.name}").write_bytes(outcome.broken.content)
