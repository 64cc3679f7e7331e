"""Seconds of some work; and a measurement in a process of its own, with the peak of memory of it and its children.

Memory is resident memory, what several processes share counted once (PSS); where the system does not tell it (other
than Linux), counted in each. PSS is asked for only while there are several: to count it, the system walks all pages of
a process and stops its allocations meanwhile, which costs a process of gigabytes a good part of its time.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import psutil

ROOT = Path(__file__).resolve().parents[1]
LOOK_SECONDS = 0.05
Result = TypeVar("Result")


def timed(work: Callable[[], Result]) -> tuple[Result, float, float]:
    """What it gives, its seconds, and its processor seconds in this process."""
    start, spent = time.perf_counter(), time.process_time()
    result = work()
    return result, time.perf_counter() - start, time.process_time() - spent


def watched(arguments: Sequence[str]) -> tuple[dict[str, Any], float]:
    """What `python arguments` prints as JSON in its last line, and the peak in megabytes, looked for 20 times a second.
    `children` in what it says is what its children had of resident memory at most, in megabytes.

    Raises SystemExit where it fails.
    """
    command = [sys.executable, *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        said: list[tuple[str, str]] = []
        reading = threading.Thread(target=lambda: said.append(process.communicate()))
        reading.start()
        peak, of_children, root = 0, 0, psutil.Process(process.pid)
        while reading.is_alive():
            with suppress(psutil.NoSuchProcess):
                children = root.children(recursive=True)
                alone = root.memory_info().rss if not children else sum(map(_resident, [root, *children]))
                peak = max(peak, alone)
                of_children = max(of_children, sum(child.memory_info().rss for child in children))
            time.sleep(LOOK_SECONDS)
        reading.join()
    out, errors = said[0]
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}: {errors[-2000:]}")
    result: dict[str, Any] = json.loads(out.splitlines()[-1])
    return {"children": of_children / 1024**2, **result}, peak / 1024**2


def _resident(process: psutil.Process) -> int:
    try:
        lines = Path(f"/proc/{process.pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return int(process.memory_info().rss)
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
