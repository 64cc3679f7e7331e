"""AWIN of every event, by SQL, where an output is restricted to one of its windows."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from crosscheck.interest_questions import number_infusions
from crosscheck.questions import Asked, quote
from longwatch.tables.result import TableResult

SQL = Path(__file__).with_name("sql") / "windows.sql"
GIVEN = "(SELECT max(day) FROM numbered_infusion i WHERE i.USUBJID = e.USUBJID AND i.day <= e.start_day)"
PART = f"part_of(e.USUBJID, e.start_day, {GIVEN}, t.infused, t.begun, t.last_with)"


def asks_for_windows(tables: Iterable[TableResult]) -> bool:
    """Whether any of the outputs is made of the events of a window."""
    return any(re.match(r"AWIN\b", item.asked) for table in tables for item in table.restrictions)


def add_windows(asked: Asked, intervention: str) -> None:
    """The variable AWIN of the events; of the sponsor's own ADAE as supplied, where it has one. `intervention`: the
    variable of the first study intervention, or NULL. Expects `every_subject` and the events."""
    if asked.supplied and "AWIN" in asked.data.datasets["ADAE"].columns:
        placed = "SELECT e.*, a.AWIN FROM {} e JOIN ADAE a USING (_row)"
    else:
        if not asked.study.aesi:
            number_infusions(asked)
        words = {
            "drugs": ", ".join(map(quote, asked.study.exposure.drugs)) or "NULL",
            "losses": ", ".join(quote(term.upper()) for term in asked.study.graft.loss_terms) or "NULL",
            "days": str(asked.study.treatment_emergence.periprocedural_days),
            "intervention": f"s.{intervention}" if intervention != "NULL" else "NULL",
        }
        asked.engine.execute(SQL.read_text(encoding="utf-8").format(**words))
        placed = f"SELECT e.*, {PART} AS AWIN FROM {{}} e LEFT JOIN turning_point t ON t.USUBJID = e.USUBJID"
    kinds = dict.fromkeys(("every_emergent", "every_started"), "TABLE" if asked.study.aesi else "VIEW")
    kinds["every_emergent"] = "TABLE"
    for name, kind in kinds.items():
        asked.engine.execute(f"CREATE TABLE with_window AS {placed.format(name)}")
        asked.engine.execute(f"DROP {kind} {name}")
        asked.engine.execute(f"ALTER TABLE with_window RENAME TO {name}")
