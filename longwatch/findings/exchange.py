"""Findings given out as rows that people fill, and taken back: what was filled becomes acts, or is refused by its cell.

A row has protected columns (what the finding is) and columns that people fill (`FILLED`). Its last column, the seal,
holds a short digest of every cell as it was given out. So what comes back says by itself what was touched:

1. no cell differs from its seal → nothing is asked, whatever happened to the finding meanwhile;
2. a protected cell differs, the seal or the id cannot be read, a filled cell holds what cannot be used → the whole row
   is refused, by the address of each such cell;
3. else the filled cells become acts, in this order, all of them or none: the assignee, a comment, an answer, a state.
   They name the version that was given out: a finding that changed meanwhile is refused by whoever carries them out.

Of the states, `answered` needs an answer, `waived` a reason and the waiver's last day, `false positive` and `reopened`
a reason; `new` and `fixed` are said by the data, never by a person. An answer alone makes the state answered.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from longwatch.findings.life import ActRequest, KnownFinding
from longwatch.findings.states import Act, FindingState

CELL_UNITS = 32_767
"""What a cell of a workbook holds, in UTF-16 units (Microsoft, Excel specifications and limits)."""
CUT = " … (cut here; whole in the registers)"
SEAL_DIGITS = 6

PROTECTED = (
    "id", "version", "group", "rule", "severity", "dataset", "subject", "site", "record", "message", "values",
    "records", "what to do", "first found",
)  # fmt: skip
FILLED = ("state", "assignee", "answer", "comment", "reason", "waive until")
SEAL = "seal"
COLUMNS = (*PROTECTED, *FILLED, SEAL)
SETTABLE = (
    FindingState.OPEN, FindingState.ANSWERED, FindingState.WAIVED, FindingState.FALSE_POSITIVE, FindingState.REOPENED,
)  # fmt: skip
"""The states that a person may write."""

_NOT_IN_A_CELL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_FINGERPRINT = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class FilledRow:
    """A row that came back: its cells, and the address of each (`Details!O17`), by column."""

    cells: Mapping[str, str]
    addresses: Mapping[str, str]


@dataclass(frozen=True)
class RefusedCell:
    """A cell that cannot be taken, and why. `record`: whose row it is in, as the row says."""

    address: str
    rule_id: str
    record: str
    reason: str


@dataclass(frozen=True)
class RowAsked:
    """What one row asks: nothing, acts, or nothing because of refused cells."""

    address: str
    requests: tuple[ActRequest, ...] = ()
    refused: tuple[RefusedCell, ...] = ()


def cell_text(value: str) -> str:
    """A text as a cell can hold it, the same in every program that opens and saves the file.

    Cases: line ends are one character; a control character or half a surrogate pair, which no workbook may hold, is
    its symbol (␀ …) or U+FFFD; a text longer than a cell is cut and says so.
    """
    text = _NOT_IN_A_CELL.sub(_symbol, value.replace("\r\n", "\n").replace("\r", "\n"))
    if len(text.encode("utf-16-le")) <= 2 * CELL_UNITS:
        return text
    return text[: CELL_UNITS // 2] + CUT


def _symbol(character: re.Match[str]) -> str:
    code = ord(character[0])
    return chr(0x2400 + code) if code < 0x20 else "␡" if code == 0x7F else "\ufffd"


def row_of(item: KnownFinding, group_id: str) -> dict[str, str]:
    """A finding as a row, its cells by column."""
    finding, decision = item.finding, item.decision if item.is_set_aside else None
    cells = {
        "id": finding.fingerprint,
        "version": str(item.version),
        "group": group_id,
        "rule": finding.rule_id,
        "severity": finding.severity.value,
        "dataset": finding.dataset,
        "subject": finding.subject or "",
        "site": item.site or "",
        "record": finding.record_key,
        "message": finding.message,
        "values": "; ".join(f"{name}={value if value is not None else ''}" for name, value in finding.values.items()),
        "records": str(finding.records),
        "what to do": finding.action,
        "first found": item.first_seen.date().isoformat(),
        "state": item.state.value,
        "assignee": item.assignee or "",
        "answer": "",
        "comment": "",
        "reason": decision.reason if decision else "",
        "waive until": decision.until.isoformat() if decision and decision.until else "",
    }
    kept = {name: cell_text(value) for name, value in cells.items()}
    return {**kept, SEAL: _seal(kept)}


def _seal(cells: Mapping[str, str]) -> str:
    return "".join(_digest(cells[name]) for name in (*PROTECTED, *FILLED))


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=SEAL_DIGITS // 2).hexdigest()


def ask(rows: Iterable[FilledRow], known: Mapping[str, KnownFinding]) -> list[RowAsked]:
    """What each row asks, in order; the cases are those of the module. `known`: the study's findings by fingerprint.

    A finding that stands in two touched rows is refused in the second.
    """
    asked: list[RowAsked] = []
    seen: dict[str, str] = {}
    for row in rows:
        answer = _ask_row(row, known)
        if answer.requests:
            fingerprint = answer.requests[0].fingerprint
            if fingerprint in seen:
                reason = f"the same finding is filled in at {seen[fingerprint]} already"
                answer = RowAsked(answer.address, refused=(_refused(row, "id", reason),))
            seen.setdefault(fingerprint, answer.address)
        asked.append(answer)
    return asked


def _ask_row(row: FilledRow, known: Mapping[str, KnownFinding]) -> RowAsked:
    address = row.addresses["id"]
    seals = _read_seal(row.cells[SEAL])
    if seals is None:
        return RowAsked(
            address, refused=(_refused(row, SEAL, "the seal of this row was changed or is of another row"),)
        )
    touched = [name for name, seal in seals.items() if _digest(cell_text(row.cells[name])) != seal]
    if not touched:
        return RowAsked(address)
    edited = [name for name in touched if name in PROTECTED]
    if edited:
        return RowAsked(address, refused=tuple(_refused(row, name, "a protected cell was edited") for name in edited))
    item = known.get(row.cells["id"]) if _FINGERPRINT.fullmatch(row.cells["id"]) else None
    if item is None:
        return RowAsked(address, refused=(_refused(row, "id", "the study has no such finding"),))
    requests, problems = _requests(row.cells, frozenset(touched))
    if problems:
        return RowAsked(address, refused=tuple(_refused(row, name, reason) for name, reason in problems))
    return RowAsked(address, tuple(requests))


def _read_seal(text: str) -> dict[str, str] | None:
    names = (*PROTECTED, *FILLED)
    if not re.fullmatch(rf"[0-9a-f]{{{SEAL_DIGITS * len(names)}}}", text):
        return None
    parts = (text[start : start + SEAL_DIGITS] for start in range(0, len(text), SEAL_DIGITS))
    return dict(zip(names, parts, strict=True))


def _requests(cells: Mapping[str, str], touched: frozenset[str]) -> tuple[list[ActRequest], list[tuple[str, str]]]:
    """The acts of the filled cells of one row, or the columns that cannot be taken with the reason of each."""
    fingerprint, version = cells["id"], int(cells["version"])
    filled = {name: cells[name].strip() for name in FILLED}
    requests: list[ActRequest] = []
    if "assignee" in touched:
        requests.append(ActRequest(fingerprint, version, Act.ASSIGN, assignee=filled["assignee"] or None))
    if filled["comment"]:
        requests.append(ActRequest(fingerprint, version, Act.COMMENT, filled["comment"]))
    if filled["answer"]:
        requests.append(ActRequest(fingerprint, version, Act.ANSWER, filled["answer"]))
    if not touched & {"state", "reason", "waive until"}:
        return requests, []
    state = next((item for item in SETTABLE if item.value == filled["state"].casefold()), None)
    if state is None:
        words = ", ".join(item.value for item in SETTABLE)
        return [], [("state", f"{filled['state'] or 'no state'!r} is none that a person can set ({words})")]
    problems = _lacking(state, filled, state_touched="state" in touched)
    until = _read_date(filled["waive until"])
    if filled["waive until"] and until is None:
        problems.append(("waive until", f"{filled['waive until']!r} is no date such as 2026-12-31"))
    acts = {
        FindingState.OPEN: Act.OPEN,
        FindingState.WAIVED: Act.WAIVE,
        FindingState.FALSE_POSITIVE: Act.FALSE_POSITIVE,
        FindingState.REOPENED: Act.REOPEN,
    }
    if state in acts:
        end = until if state is FindingState.WAIVED else None
        requests.append(ActRequest(fingerprint, version, acts[state], filled["reason"], until=end))
    return requests, problems


def _lacking(state: FindingState, filled: Mapping[str, str], *, state_touched: bool) -> list[tuple[str, str]]:
    """What a state needs and the row does not give."""
    problems: list[tuple[str, str]] = []
    needs_reason = state in (FindingState.WAIVED, FindingState.FALSE_POSITIVE, FindingState.REOPENED)
    if needs_reason and not filled["reason"]:
        problems.append(("reason", f"{state.value} needs a reason"))
    if state is FindingState.WAIVED and not filled["waive until"]:
        problems.append(("waive until", "a waiver needs its last day"))
    if state is FindingState.ANSWERED and state_touched and not filled["answer"]:
        problems.append(("answer", "answered needs an answer"))
    if not needs_reason and filled["reason"]:
        problems.append(("reason", f"a reason belongs to waived, false positive or reopened, not to {state.value}"))
    if state is not FindingState.WAIVED and filled["waive until"]:
        problems.append(("waive until", f"a last day belongs to waived, not to {state.value}"))
    return problems


def _read_date(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if re.fullmatch(r"\d{4}-\d\d-\d\d", text) else None
    except ValueError:
        return None


def _refused(row: FilledRow, column: str, reason: str) -> RefusedCell:
    return RefusedCell(row.addresses[column], row.cells.get("rule", ""), row.cells.get("record", ""), reason)
