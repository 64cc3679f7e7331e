"""One tampering after the other, each on a fresh copy of the home, each followed by a look that must notice."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random

from longwatch.errors import LongwatchError
from operations.audit_trail import verify_audit
from operations.scrub_archive import scrub_archive
from tools.tampering.home import Evidence, open_home
from tools.tampering.log_acts import (
    REWRITES,
    edit_report,
    edit_tree,
    lose_report,
    replace_registers,
    rewrite_log,
    roll_back_registers,
)
from tools.tampering.store_acts import STORE_ACTS, empty_store, roll_back_store

BOTH = "registers and store:"
"""Acts that leave nothing that contradicts itself: they are looked for with a checkpoint that somebody kept."""

Act = Callable[[Evidence, Path, Random], None]


@dataclass(frozen=True)
class Tampered:
    """One tampering: what was done, and by which errors it was noticed; none where it was not."""

    number: int
    act: str
    noticed: tuple[str, ...]


def acts() -> dict[str, Act]:
    """Every act by its name."""

    def rewrite(name: str, skilled: bool, _evidence: Evidence, home: Path, chance: Random) -> None:
        rewrite_log(name, home, chance, skilled)

    def store(name: str, skilled: bool, _evidence: Evidence, home: Path, chance: Random) -> None:
        STORE_ACTS[name](home, chance, skilled)

    found: dict[str, Act] = {}
    for hand, skilled in (("plain", False), ("skilled", True)):
        found |= {f"log: {name}, {hand}": partial(rewrite, name, skilled) for name in REWRITES}
        found |= {f"store: {name}, {hand}": partial(store, name, skilled) for name in STORE_ACTS}
    return {
        **found,
        "log: tree changed": lambda _evidence, home, chance: edit_tree(home, chance),
        "registers: rolled back": lambda evidence, home, _chance: roll_back_registers(evidence, home),
        "registers: replaced": lambda _evidence, home, _chance: replace_registers(home),
        "registers: report lost": lambda _evidence, home, chance: lose_report(home, chance),
        "registers: report changed": lambda _evidence, home, chance: edit_report(home, chance),
        "store: rolled back": lambda evidence, home, _chance: roll_back_store(evidence, home),
        "store: emptied": lambda _evidence, home, _chance: empty_store(home),
        f"{BOTH} rolled back to one moment": lambda evidence, home, _chance: _put_in_place(evidence.earlier, home),
        f"{BOTH} replaced by another whole home": lambda evidence, home, _chance: _put_in_place(evidence.other, home),
    }


def _put_in_place(whole: Path, home: Path) -> None:
    """Registers, archive and key agree with each other: only what was kept elsewhere tells."""
    shutil.rmtree(home)
    shutil.copytree(whole, home)


def tamper(evidence: Evidence, work: Path, count: int, seed: int, first: int = 0) -> Iterator[Tampered]:
    """The tamperings of these numbers, the acts in turn, places and values by chance."""
    every = list(acts().items())
    for number in range(first, count):
        name, act = every[number % len(every)]
        home = work / "tampered"
        shutil.copytree(evidence.home, home)
        try:
            act(evidence, home, Random(f"{seed}-{number}"))
            witnesses = {"kept.txt": evidence.witness} if name.startswith(BOTH) else {}
            yield Tampered(number, name, look(home, witnesses))
        finally:
            shutil.rmtree(home)


def look(home: Path, witnesses: Mapping[str, bytes] | None = None) -> tuple[str, ...]:
    """The ids of what a scrub of the home says; with checkpoints that somebody kept, of `audit verify`."""
    wiring = open_home(home)
    try:
        if witnesses:
            verify_audit(wiring, lambda _: None, witnesses)
            return ()
        return tuple(sorted({problem.error_id for problem in scrub_archive(wiring, lambda _: None).problems}))
    except LongwatchError as stopped:
        return (stopped.error_id,)
    finally:
        wiring.close()
