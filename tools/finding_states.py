"""docs/finding-states.md from the code: the life of a finding, drawn from its table. `make states` writes it."""

from __future__ import annotations

import sys
from pathlib import Path

from longwatch.findings.states import MOVES, OPEN_STATES, OWNERS, SET_ASIDE, FindingState

PAGE = Path(__file__).resolve().parents[1] / "docs" / "finding-states.md"
HEAD = """# The life of a finding

This page is made from `longwatch/findings/states.py` by `make states`. Assigning and commenting leave a state as it is,
but for a new finding: whoever is given it has it open. Every act is a line of the finding's history; those of persons
and of time are audit events, too.

"""


def page() -> str:
    """The page: the diagram, the moves, and who owns each state."""
    names = {state: state.value.replace(" ", "_") for state in FindingState}
    arrows = [
        f"    {names[before]} --> {names[move.after]}: {move.act.value}" for move in MOVES for before in move.before
    ]
    labels = [f"    {names[state]}: {state.value}" for state in FindingState]
    diagram = "\n".join(["```mermaid", "stateDiagram-v2", *labels, "    [*] --> new: seen", *arrows, "```"])
    moves = "\n".join(
        f"| {move.act.value} | {', '.join(before.value for before in move.before)} | {move.after.value} "
        f"| {move.mover.value} |"
        for move in MOVES
    )
    owners = "\n".join(f"| {state.value} | {_counts(state)} | {OWNERS[state]} |" for state in FindingState)
    return (
        f"{HEAD}{diagram}\n\n| act | from | to | moved by |\n|---|---|---|---|\n"
        f"| seen | | new | the data |\n{moves}\n\n"
        f"| state | at the gate | who acts next |\n|---|---|---|\n{owners}\n"
    )


def _counts(state: FindingState) -> str:
    if state in OPEN_STATES:
        return "counts"
    return "does not count; reports list it" if state in SET_ASIDE else "is not there any more"


def main() -> None:
    """Write the page."""
    PAGE.write_text(page())
    sys.stdout.write(f"{len(MOVES)} moves\n")


if __name__ == "__main__":
    main()
