"""Tampering with the registers, past Longwatch: by SQL, with the triggers dropped.

Each act has two hands. The plain one changes rows. The skilled one also writes the tree anew, as Longwatch would have
written it: then only what was signed and archived before tells. It changes what is signed; what is not signed yet,
nobody could tell from the truth (docs/commands.md says how to sign more often).
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from random import Random

from longwatch.evidence.audit import make_entry
from longwatch.evidence.merkle import grown_nodes, hash_leaf
from tools.tampering.home import Evidence

Row = tuple[int, str, str, str, str, str, str | None, str, str]
_COLUMNS = "position, at, actor, action, entity, entity_id, old, new, reason"
_SIGNED = "SELECT max(json_extract(new, '$.size')) FROM audit_events WHERE action = 'audit checkpoint archived'"


def _edit(rows: list[Row], chance: Random, signed: int) -> list[Row]:
    place, column = chance.randrange(signed), chance.choice((1, 2, 3, 4, 5, 7, 8))
    values = list(rows[place])
    old = str(values[column])
    if column == 1:
        values[1] = old[:-1] + str((int(old[-1]) + chance.randint(1, 9)) % 10)
    elif column == 7:
        values[7] = json.dumps({**json.loads(old), "edited": chance.randint(0, 9)}, separators=(",", ":"))
    else:
        cut = chance.randint(0, len(old))
        values[column] = old[:cut] + chance.choice("xyz ") + old[cut:]
    return [*rows[:place], tuple(values), *rows[place + 1 :]]  # type: ignore[list-item]


def _delete(rows: list[Row], chance: Random, signed: int) -> list[Row]:
    place = chance.randrange(signed)
    return [*rows[:place], *rows[place + 1 :]]


def _insert(rows: list[Row], chance: Random, signed: int) -> list[Row]:
    place, copied = chance.randrange(signed), chance.choice(rows)
    return [*rows[:place], copied, *rows[place:]]


def _reorder(rows: list[Row], chance: Random, signed: int) -> list[Row]:
    one, other = chance.sample(range(signed), 2)
    moved = list(rows)
    moved[one], moved[other] = moved[other], moved[one]
    return moved


def _truncate(rows: list[Row], chance: Random, signed: int) -> list[Row]:
    return rows[: chance.randrange(signed)]


def _fork(rows: list[Row], chance: Random, signed: int) -> list[Row]:
    """Cut, and go on with other events to the same length or beyond."""
    cut = chance.randrange(signed)
    other = [(0, row[1], "eve", *row[3:]) for row in rows[cut:]]
    return [*rows[:cut], *other, *chance.choices(rows, k=chance.randint(0, 3))]


REWRITES: dict[str, Callable[[list[Row], Random, int], list[Row]]] = {
    "edit": _edit,
    "delete": _delete,
    "insert": _insert,
    "reorder": _reorder,
    "truncate": _truncate,
    "fork": _fork,
}


def rewrite_log(name: str, home: Path, chance: Random, skilled: bool) -> None:
    """Carry an act out on the log of a home."""
    with closing(sqlite3.connect(home / "registers.sqlite3")) as database, database:
        _drop_triggers(database)
        rows = database.execute(f"SELECT {_COLUMNS} FROM audit_events ORDER BY position").fetchall()
        ((signed,),) = database.execute(_SIGNED)
        changed = rows
        while changed[:signed] == rows[:signed]:  # an event put in again behind the last one that is signed, say
            found = REWRITES[name](rows, chance, signed)
            changed = [(position, *row[1:]) for position, row in enumerate(found, start=1)]
        database.execute("DELETE FROM audit_events")
        database.executemany(f"INSERT INTO audit_events ({_COLUMNS}) VALUES ({', '.join('?' * 9)})", changed)
        if skilled:
            entries = (make_entry(row[0], f"{row[1].replace(' ', 'T')}Z", *row[2:]) for row in changed)
            database.execute("DELETE FROM audit_tree")
            grown = grown_nodes(lambda *_: b"", 0, (hash_leaf(entry) for entry in entries))
            database.executemany("INSERT INTO audit_tree (level, number, hash) VALUES (?, ?, ?)", grown)


def edit_tree(home: Path, chance: Random) -> None:
    """Another hash in the tree."""
    with closing(sqlite3.connect(home / "registers.sqlite3")) as database, database:
        _drop_triggers(database)
        place = chance.choice(database.execute("SELECT level, number FROM audit_tree").fetchall())
        database.execute(
            "UPDATE audit_tree SET hash = ? WHERE level = ? AND number = ?", (chance.randbytes(32), *place)
        )


def roll_back_registers(evidence: Evidence, home: Path) -> None:
    """The registers of an earlier day."""
    for file in home.glob("registers.sqlite3*"):
        file.unlink()
    for file in evidence.earlier.glob("registers.sqlite3*"):
        shutil.copy2(file, home / file.name)


def replace_registers(home: Path) -> None:
    """New registers: nothing was ever recorded."""
    for file in home.glob("registers.sqlite3*"):
        file.unlink()


def lose_report(home: Path, chance: Random) -> None:
    """A report's row goes."""
    with closing(sqlite3.connect(home / "registers.sqlite3")) as database, database:
        key = chance.choice(database.execute("SELECT key FROM reports").fetchall())
        database.execute("DELETE FROM reports WHERE key = ?", key)


def edit_report(home: Path, chance: Random) -> None:
    """A report's row names other bytes."""
    with closing(sqlite3.connect(home / "registers.sqlite3")) as database, database:
        key = chance.choice(database.execute("SELECT key FROM reports").fetchall())
        column = chance.choice(("pdf_sha256", "manifest_sha256"))
        database.execute(f"UPDATE reports SET {column} = ? WHERE key = ?", (chance.randbytes(32).hex(), *key))


def _drop_triggers(database: sqlite3.Connection) -> None:
    for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        database.execute(f"DROP TRIGGER {name}")
