"""docs/faults.md: what came of the crash schedules."""

from __future__ import annotations

from collections import Counter

from tools.faults.crashes import PAIRS, SINGLE, Crashed, Undisturbed
from tools.faults.flow_crashes import FLOW

HEAD = """# Killed at every step

By `make faults`: whole runs of a small study (SQLite, a folder archive), ended by `kill -9` at a step. A step is
whatever leaves a trace outside the process: every file opened for writing, linked, renamed, removed or synced, every
statement that changes the registers, every commit. Nothing is marked in the program: Python's audit events and
SQLAlchemy's tell. *Marked* are the steps that make something appear: links, renames, commits, the end of the run.

- **{pairs}**: the first run is killed at a marked step, the next one at a marked step of its own; all pairs.
- **{single}**: a run is killed at a step of any kind; all steps.
- **{flow}**: as a real Prefect flow with a real server, killed at marked steps, evenly spread.

After each kill: no committed row and no receipt was lost or changed, and every archived row has its bytes. After the
run that follows: it is done and earlier ones have ended; there is one row, one audit event and one folder for the
report key, with the bytes of an undisturbed run; a signed checkpoint covers the report; the audit trail verifies;
`archive scrub` with the raw data finds nothing.

An undisturbed run has {every} steps, {marked} of them marked.

| schedules | number | restart refused, by an error of ours | something did not hold |
|---|---|---|---|
"""
NAMES = {PAIRS: "pairs of marked steps", SINGLE: "every step, singly", FLOW: "through a Prefect flow"}


def report(crashed: list[Crashed], undisturbed: Undisturbed, seconds: float) -> str:
    """The page."""
    text = HEAD.format(
        pairs=NAMES[PAIRS],
        single=NAMES[SINGLE],
        flow=NAMES[FLOW],
        every=len(undisturbed.every),
        marked=len(undisturbed.marked),
    )
    for kind, name in NAMES.items():
        text += _row(name, [each for each in crashed if each.kind == kind])
    text += _row("**all**", crashed)
    text += f"\nThey took {seconds / 60:,.0f} minutes of one process.\n"
    text += "\n## Where it was killed first\n\n| kind of step | times |\n|---|---|\n"
    kinds = Counter(each.at.partition(" ")[0] for each in crashed)
    text += "".join(f"| {kind} | {count:,} |\n" for kind, count in kinds.most_common())
    wrong = [each for each in crashed if each.wrong]
    if wrong:
        text += "\n## Did not hold\n\n| schedule | killed at | then at | what |\n|---|---|---|---|\n"
        text += "".join(
            f"| {NAMES[each.kind]} {each.first}, {each.second} | {each.at} | {each.then} | {'; '.join(each.wrong)} |\n"
            for each in wrong
        )
    return text


def _row(name: str, crashed: list[Crashed]) -> str:
    refused, wrong = sum(bool(each.refused) for each in crashed), sum(bool(each.wrong) for each in crashed)
    return f"| {name} | {len(crashed):,} | {refused:,} | {wrong:,} |\n"
