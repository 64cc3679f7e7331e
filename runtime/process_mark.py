"""Which process this is, so that a later one can tell whether it is still there."""

from __future__ import annotations

import json
import os
import platform
import time
from pathlib import Path

START_TOLERANCE = 2.0
"""Seconds by which the start of one process may be told differently at two times."""


class SystemProcesses:
    """The processes of this machine."""

    def mark(self) -> str:
        """Host, boot, process namespace, number and start of this process, as JSON."""
        import psutil

        process = psutil.Process()
        return json.dumps({**_here(), "pid": process.pid, "started": round(process.create_time(), 2)}, sort_keys=True)

    def is_gone(self, mark: str) -> bool | None:
        """See `is_gone`."""
        return is_gone(mark)


def is_gone(mark: str) -> bool | None:
    """Whether the process of a mark has ended: True and False by evidence, None where this process cannot see it.

    Cases: of another host or process namespace → None; the host was booted since → True; no process has the number, or
    one that started at another time → True; else False.
    """
    import psutil

    told, here = json.loads(mark), _here()
    if (told["host"], told["namespace"]) != (here["host"], here["namespace"]):
        return None
    if told["boot"] != here["boot"]:
        return True
    try:
        started = psutil.Process(told["pid"]).create_time()
    except psutil.NoSuchProcess:
        return True
    except psutil.AccessDenied:
        return None
    return bool(abs(started - told["started"]) > START_TOLERANCE)


def _here() -> dict[str, str]:
    boot = Path("/proc/sys/kernel/random/boot_id")
    namespace = Path("/proc/self/ns/pid")
    return {
        "host": platform.node(),
        "boot": boot.read_text().strip() if boot.exists() else _boot_time(),
        "namespace": os.readlink(namespace) if namespace.exists() else "",
    }


def _boot_time() -> str:
    import psutil

    return time.strftime("%Y-%m-%dT%H:%MZ", time.gmtime(psutil.boot_time()))
