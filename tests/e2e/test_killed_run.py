"""A run whose process is killed is closed as failed by the next one; a run that goes on is left alone."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from runtime.process_mark import SystemProcesses, is_gone

pytestmark = pytest.mark.xdist_group("e2e")

START = """
import sys, time
from pathlib import Path
from operations.registered_run import registered_run
from runtime.settings import read_settings
from runtime.study_files import read_study
from runtime.wiring import make_adapters
study, _ = read_study(Path(sys.argv[1]))
with registered_run(make_adapters(read_settings()), study):
    print("started", flush=True)
    time.sleep(120)
"""


def test_a_killed_run_is_closed_with_its_reason(longwatch, islet1) -> None:  # type: ignore[no-untyped-def]
    process = subprocess.Popen(
        [sys.executable, "-c", START, str(islet1 / "study.yaml")], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n"
        # While it goes on, another run leaves it alone, and the doctor says nothing.
        assert longwatch("validate", islet1 / "study.yaml", "--direct").code == 0
        assert "left as started" not in longwatch("doctor").out
        states = [row["state"] for row in json.loads(longwatch("runs", "--json").out)]
        assert sorted(states) == ["done", "started"]
        process.send_signal(signal.SIGKILL)
    finally:
        process.kill()
        process.communicate()
    assert "1 left as started by a process that is gone" in longwatch("doctor").out
    assert longwatch("validate", islet1 / "study.yaml", "--direct").code == 0
    failed = [row for row in json.loads(longwatch("runs", "--json").out) if row["state"] == "failed"]
    assert [row["reason"] for row in failed] == [
        "the process that ran it ended without a word (killed, or the machine stopped)"
    ]
    assert "left as started" not in longwatch("doctor").out
    audit = json.loads(longwatch("audit", "list", "--json").out)
    assert [row["id"] for row in audit if row["what"] == "run failed"] == [failed[0]["run"]]


def test_only_evidence_counts() -> None:
    """This process is there; one of that number that started before is not; another host's nobody here can see."""
    mark = json.loads(SystemProcesses().mark())
    assert is_gone(json.dumps(mark)) is False
    assert is_gone(json.dumps({**mark, "started": time.time() - 10**7})) is True
    assert is_gone(json.dumps({**mark, "boot": "another"})) is True
    assert is_gone(json.dumps({**mark, "host": "another"})) is None
    assert is_gone(json.dumps({**mark, "namespace": "another"})) is None
    assert mark["pid"] == os.getpid()
