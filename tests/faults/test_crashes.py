"""A sample of `make faults`: a run killed at a step, killed again while it recovers, and what must hold afterwards."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.xdist_group("faults"), pytest.mark.timeout(900)]


def test_a_sample_of_the_crash_schedules_holds(repository: Path, tmp_path: Path) -> None:
    """In processes of their own: they fork, and are killed."""
    journal = tmp_path / "journal.jsonl"
    command = ["-m", "tools.faults", "--sample", "2", "--flow", "0", "--state", str(journal)]
    done = subprocess.run(
        [sys.executable, *command], cwd=repository, capture_output=True, text=True, check=False, timeout=900
    )
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [json.loads(line) for line in journal.read_text().splitlines()[1:]]
    crashed = [each for line in lines for each in line["crashed"]]
    assert len(crashed) == 2 * 2 + 2
    assert [each["refused"] for each in crashed] == [""] * len(crashed)
