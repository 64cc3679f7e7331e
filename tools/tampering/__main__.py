"""`make tamper`: ten thousand tamperings with audit trail and archive, and docs/tampering.md.

    python -m tools.tampering [--count 10000] [--seed 1] [--state FILE]

A run goes on where it was stopped, by its state file. Exit 1 where one was not noticed.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections import Counter, defaultdict
from pathlib import Path

from tools.tampering.campaign import Tampered, acts, look, tamper
from tools.tampering.home import make_evidence

ROOT = Path(__file__).resolve().parents[2]
HEAD = """# Tampering, tried

By `make tamper`: each on a fresh copy of a home with three archived reports and three signed checkpoints, past
Longwatch (SQL with the triggers dropped; files of the archive), then `longwatch archive scrub`. The plain hand changes
the thing; the skilled one also what would give it away (the log's tree; the object's receipt). Where registers and
store were changed together and agree, it is `longwatch audit verify` with a checkpoint that somebody kept that tells.
Untouched, the home has no problem.

| what was done | times | not noticed | by |
|---|---|---|---|
"""


def main() -> int:
    """Tamper, write the page, say what was not noticed."""
    asked = argparse.ArgumentParser(prog="python -m tools.tampering")
    asked.add_argument("--count", type=int, default=10_000)
    asked.add_argument("--seed", type=int, default=1)
    asked.add_argument("--state", type=Path, default=Path(tempfile.gettempdir()) / "longwatch-tampering.jsonl")
    given = asked.parse_args()
    done = _load(given.state, given.seed)
    with tempfile.TemporaryDirectory() as folder:
        evidence = make_evidence(Path(folder))
        if look(shutil.copytree(evidence.home, Path(folder) / "untouched")):
            raise SystemExit("the untouched home has problems: the campaign would prove nothing")
        if look(shutil.copytree(evidence.home, Path(folder) / "kept"), {"kept.txt": evidence.witness}):
            raise SystemExit("the untouched home does not fit its own checkpoint: the campaign would prove nothing")
        for tampered in tamper(evidence, Path(folder), given.count, given.seed, len(done)):
            done.append(tampered)
            _save(given.state, tampered)
            if len(done) % 500 == 0:
                sys.stderr.write(f"{len(done):,} of {given.count:,}\n")
    missed = [tampered for tampered in done if not tampered.noticed]
    (ROOT / "docs" / "tampering.md").write_text(HEAD + "\n".join(_lines(done)) + "\n")
    for tampered in missed:
        sys.stdout.write(f"{tampered}\n")
    sys.stdout.write(f"{len(done):,} tamperings, {len(missed)} not noticed\n")
    return 1 if missed else 0


def _load(state: Path, seed: int) -> list[Tampered]:
    """What was done before by the same seed and acts; else nothing, and a new file."""
    head = json.dumps({"seed": seed, "acts": list(acts())})
    if not state.exists() or state.read_text().partition("\n")[0] != head:
        state.write_text(head + "\n")
    return [
        Tampered(number, act, tuple(noticed))
        for number, act, noticed in map(json.loads, state.read_text().splitlines()[1:])
    ]


def _save(state: Path, tampered: Tampered) -> None:
    with state.open("a") as opened:
        opened.write(json.dumps([tampered.number, tampered.act, tampered.noticed]) + "\n")


def _lines(done: list[Tampered]) -> list[str]:
    times, missed = Counter(each.act for each in done), Counter(each.act for each in done if not each.noticed)
    by: dict[str, set[str]] = defaultdict(set)
    for each in done:
        by[each.act] |= set(each.noticed)
    rows = [f"| {act} | {times[act]:,} | {missed[act]:,} | {', '.join(sorted(by[act]))} |" for act in sorted(times)]
    return [*rows, f"| **all** | **{len(done):,}** | **{sum(missed.values()):,}** | |"]


if __name__ == "__main__":
    sys.exit(main())
