"""`make fuzz`: broken files given to the readers, and docs/fuzz.md.

    python -m tools.fuzz [--files 20000] [--seed 1] [--state FILE] [--keep FOLDER] [--only FORMAT]

A run goes on where it was stopped, by its state file. Exit 1 where something went wrong.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tools.fuzz.campaign import State, run
from tools.fuzz.report import report
from tools.fuzz.seeds import seeds

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared" / "data"


def main() -> int:
    """Run, write the page, say what went wrong."""
    asked = argparse.ArgumentParser(prog="python -m tools.fuzz")
    asked.add_argument("--files", type=int, default=20_000)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--state", type=Path, default=Path(tempfile.gettempdir()) / "longwatch-fuzz.json")
    asked.add_argument("--keep", type=Path, help="a folder for the files that went wrong")
    asked.add_argument("--only", help="this format only; the page is not written")
    given = asked.parse_args()
    shared = SHARED if (SHARED / "MANIFEST.csv").is_file() else None
    found = seeds(shared)
    if given.only and given.only not in found:
        asked.error(f"--only: {given.only} is none of {', '.join(sorted(found))}")
    state = State.load(given.state, given.seed)

    def save(state: State) -> None:
        state.save(given.state)
        sys.stderr.write(f"{state.done:,} of {given.files:,} files, {state.seconds:.0f} s, {len(state.wrong)} wrong\n")

    run(state, found, given.files, save, given.keep, given.only)
    if not given.only:
        (ROOT / "docs" / "fuzz.md").write_text(report(state, found, public=shared is not None))
    for wrong in state.wrong:
        sys.stdout.write(f"{wrong}\n")
    return 1 if state.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
