"""One report key asked for at the same moment by several runs, and many times afterwards: one report."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.xdist_group("faults"), pytest.mark.timeout(3600)]
ALL = os.environ.get("LONGWATCH_FAULTS") == "all"


def test_runs_and_triggers_of_one_report_key_make_one_report(repository: Path) -> None:
    """Sixteen runs and ten thousand triggers, a thousand of them whole runs, in `make faults`; four and a hundred, ten
    of them whole, here."""
    runs, triggers = (16, 10_000) if ALL else (4, 100)
    command = ["-m", "tools.faults.duplicates", str(runs), str(triggers)]
    done = subprocess.run([sys.executable, *command], cwd=repository, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    came = json.loads(done.stdout)
    assert (came["done"], came["triggers"], came["whole"], came["wrong"]) == (runs, triggers, triggers // 10, [])
    assert came["made"] >= 1
