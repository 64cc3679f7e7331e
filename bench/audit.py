"""One million audit events written, signed, verified; and durable single ones: docs/bench-audit.md.

Events are acts on findings, written through the registers on SQLite, ten thousand a transaction; then changes that are
durable one by one: a run registered, its row, its event and the tree in one transaction, beside bare commits of
`sqlite3` to the same disk with the same `synchronous=FULL`. Verified is what `longwatch audit verify` does: every event
read, the tree computed anew and compared with the one in the table, every checkpoint of the archive opened and
compared. Beside it, the floor: `sqlite3` alone reading the same columns, and SHA-256 over them.

    python -m bench.audit [--events 1000000]
"""

from __future__ import annotations

import argparse
import hashlib
import os
import resource
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

from bench.watched import ROOT, timed
from longwatch.evidence.merkle import make_inclusion_proof
from longwatch.evidence.registered import RunRow, RunState, StudyRow
from operations.audit_checkpoint import make_checkpoint
from operations.audit_trail import examine_audit
from operations.audited import make_event
from runtime.settings import Settings
from runtime.wiring import Wiring

TOGETHER, SINGLE, PROOFS = 10_000, 2_000, 100
STUDY = "ISLET-1"
COLUMNS = "position, at, actor, action, entity, entity_id, old, new, reason"


def write(wiring: Wiring, first: int, count: int, together: int) -> None:
    """Events, so many in a transaction."""
    for start in range(first, first + count, together):
        _write(wiring, range(start, min(start + together, first + count)))


def _write(wiring: Wiring, numbers: range) -> None:
    with wiring.registers.transaction() as register:
        for number in numbers:
            identity = hashlib.sha256(str(number).encode()).hexdigest()
            said = {"state": "answered", "version": number % 7, "assignee": "bea"}
            register.record_read(make_event(wiring, "finding answered", "finding", identity, said, "asked at the site"))


def change(wiring: Wiring, count: int) -> None:
    """So many audited changes, each durable before the next: runs that start."""
    now, who = wiring.clock(), wiring.actor.name
    with wiring.registers.transaction() as register:
        register.ensure_account(wiring.actor, make_event(wiring, "account seen", "account", who))
        seen = make_event(wiring, "study seen", "study", STUDY)
        register.ensure_study(StudyRow(STUDY, "Islets", "c" * 64, now), seen)
    for number in range(count):
        run = RunRow(f"run-{number}", STUDY, RunState.STARTED, who, now)
        with wiring.registers.transaction() as register:
            register.start_run(run, make_event(wiring, "run started", "run", run.id, {"study": STUDY}))


def commit_bare(file: Path, count: int) -> None:
    """So many commits of one row by `sqlite3` alone, as durable."""
    with closing(sqlite3.connect(file, isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=FULL")
        database.execute("CREATE TABLE changes (number INTEGER PRIMARY KEY, said TEXT)")
        for number in range(count):
            database.execute("BEGIN IMMEDIATE")
            database.execute("INSERT INTO changes VALUES (?, ?)", (number, "x" * 300))
            database.execute("COMMIT")


def bare(file: Path) -> int:
    """`sqlite3` and SHA-256 alone."""
    digest, rows = hashlib.sha256(), 0
    with closing(sqlite3.connect(file)) as database:
        for row in database.execute(f"SELECT {COLUMNS} FROM audit_events ORDER BY position"):
            digest.update(repr(row).encode())
            rows += 1
    return rows


def lines_in(folder: Path, events: int) -> Iterator[str]:
    """Each measurement, as a line of the table."""
    wiring = Wiring(Settings(home=folder, archive=str(folder / "archive"), user="ada"))
    _, wall, cpu = timed(partial(write, wiring, 0, events, TOGETHER))
    yield f"| written, {TOGETHER:,} a transaction | {events:,} | {wall:.1f} s | {cpu:.1f} s | {events / wall:,.0f} |"
    _, wall, cpu = timed(partial(change, wiring, SINGLE))
    yield f"| **audited changes, each durable** | {SINGLE:,} | **{wall:.1f} s** | {cpu:.1f} s | {SINGLE / wall:,.0f} |"
    _, wall, cpu = timed(partial(commit_bare, folder / "bare.sqlite3", SINGLE))
    yield f"| floor: bare commits of sqlite3 | {SINGLE:,} | {wall:.1f} s | {cpu:.1f} s | {SINGLE / wall:,.0f} |"
    made, wall, cpu = timed(lambda: make_checkpoint(wiring))
    assert made is not None
    yield f"| signed and archived | {made.checkpoint.size:,} | {wall:.2f} s | {cpu:.2f} s | |"
    size = made.checkpoint.size
    with wiring.registers.transaction() as register:
        asked = range(0, size, max(size // PROOFS, 1))
        _, wall, cpu = timed(lambda: [make_inclusion_proof(register.tree_node, index, size) for index in asked])
    yield f"| proofs of inclusion | {len(asked):,} | {wall:.2f} s | {cpu:.2f} s | {len(asked) / wall:,.0f} |"
    examined, wall, cpu = timed(lambda: examine_audit(wiring, lambda _: None))
    assert (examined.problems, examined.covered) == ([], size)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    yield f"| **verified** | **{size:,}** | **{wall:.1f} s** | {cpu:.1f} s | {size / wall:,.0f} |"
    wiring.close()
    rows, wall, cpu = timed(lambda: bare(folder / "registers.sqlite3"))
    yield f"| floor: read by sqlite3, hashed | {rows:,} | {wall:.1f} s | {cpu:.1f} s | {rows / wall:,.0f} |"
    yield f"\nThe process had {peak:,.0f} MB at most."


def main() -> None:
    """Measure, print, and write docs/bench-audit.md."""
    asked = argparse.ArgumentParser(prog="python -m bench audit")
    asked.add_argument("--events", type=int, default=1_000_000)
    events = asked.parse_args().events
    lines = [
        "# The audit trail, measured",
        "",
        f"By `python -m bench audit`, on {os.cpu_count()} cores; SQLite with `synchronous=FULL`, a folder archive.",
        "",
        "| what | events | seconds | processor | a second |",
        "|---|---|---|---|---|",
    ]
    with tempfile.TemporaryDirectory() as folder:
        for line in lines_in(Path(folder), events):
            lines.append(line)
            sys.stdout.write(line + "\n")
    (ROOT / "docs" / "bench-audit.md").write_text("\n".join([*lines, ""]))


if __name__ == "__main__":
    main()
