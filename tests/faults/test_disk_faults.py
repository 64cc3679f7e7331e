"""A disk that is full or fails: at every file of a run, and at every size that a file may have.

In processes of their own (`tools.faults.disk`): the fault is the operating system's own answer. All of them in
`make faults`, a sample in `make test`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.xdist_group("faults"), pytest.mark.timeout(7200)]
ALL = os.environ.get("LONGWATCH_FAULTS") == "all"


@pytest.mark.parametrize("fault", ["no space", "disk fails", "no room for the file"])
def test_a_disk_that_is_full_or_fails(repository: Path, fault: str) -> None:
    """It is told by an error of ours or does no harm; afterwards everything holds, and the next run finishes."""
    command = ["-m", "tools.faults.disk", fault, "0" if ALL else "3"]
    done = subprocess.run([sys.executable, *command], cwd=repository, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    schedules = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(schedules) >= 3
    assert [each for each in schedules if each["wrong"]] == []
    assert any(each["refused"] for each in schedules)
