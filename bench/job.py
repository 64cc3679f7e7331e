"""Times of the whole job and each stage's share, beside the floors, in one run: docs/bench.md.

Machines are noisy: what travels is the ratio.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from operations.stages import STAGES

ROOT = Path(__file__).resolve().parents[1]
LONGWATCH = Path(sys.executable).with_name("longwatch")
REPEATS = 3


def timed(command: list[str], environment: dict[str, str]) -> tuple[float, str]:
    """Wall seconds of a command that must succeed, and its standard output."""
    start = time.perf_counter()
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - start
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}: {done.stderr}")
    return seconds, done.stdout


def environment_in(folder: str) -> dict[str, str]:
    """A home folder of its own, nothing else of ours."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("LONGWATCH_", "PREFECT_"))}
    return clean | {"LONGWATCH_HOME": folder}


def job(title: str, command: list[str]) -> Iterator[str]:
    """The job with and without Prefect: wall, start-up, each stage's share of the stages' time."""
    for words, extra in (("with Prefect, no server running", []), ("directly (`--direct`)", ["--direct"])):
        walls, stages = [], []
        for _ in range(REPEATS):
            with tempfile.TemporaryDirectory() as folder:
                wall, out = timed([*command, *extra, "--json"], environment_in(folder))
            walls.append(wall)
            stages.append(json.loads(out)["seconds"])
        total = statistics.median(sum(item.values()) for item in stages)
        wall = statistics.median(walls)
        yield (
            f"| {title}, {words} | **{wall:.1f} s** | {wall - total:.1f} s | "
            + ", ".join(
                f"{name} {statistics.median(item[name] for item in stages):.2f} s "
                f"({statistics.median(item[name] / sum(item.values()) for item in stages):.0%})"
                for name in STAGES
            )
            + " |"
        )


def answering_at_once() -> Iterator[str]:
    """`longwatch archive list` beside the bare imports that it cannot do without."""
    with tempfile.TemporaryDirectory() as folder:
        environment = environment_in(folder)
        timed([str(LONGWATCH), "archive", "list"], environment)
        bare = [sys.executable, "-c", "import sqlalchemy.orm, typer, pydantic"]
        pairs = [
            (timed([str(LONGWATCH), "archive", "list"], environment)[0], timed(bare, environment)[0]) for _ in range(7)
        ]
    ours, floor = (statistics.median(column) for column in zip(*pairs, strict=True))
    floor_words = f"bare `import sqlalchemy.orm, typer, pydantic` {floor:.2f} s"
    yield f"| `longwatch archive list` | {ours:.2f} s | {floor_words} | {ours / floor:.2f} × |"


def main() -> None:
    """Measure, print, and write docs/bench.md."""
    lines = [
        "# Measured",
        "",
        f"By `make bench`, on {os.cpu_count()} cores; medians of {REPEATS}. Ratios travel, seconds do not.",
        "",
        "| job | wall | start-up (imports, Prefect) | stages and their share |",
        "|---|---|---|---|",
        *job("`longwatch demo` (ISLET-1)", [str(LONGWATCH), "demo"]),
    ]
    pilot = ROOT / "tests" / "studies" / "cdiscpilot01.yaml"
    if (ROOT.parent / "shared" / "data" / "MANIFEST.csv").is_file():
        lines += job("CDISCPILOT01", [str(LONGWATCH), "run", str(pilot)])
    lines += ["", "| command | seconds | floor | ratio |", "|---|---|---|---|", *answering_at_once(), ""]
    text = "\n".join(lines)
    (ROOT / "docs" / "bench.md").write_text(text)
    sys.stdout.write(text)
