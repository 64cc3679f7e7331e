"""What a foreign file can do to its reader, carried out in a child."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

from connectors.parsing.limits import MEGABYTE
from connectors.readers.typed_copy import ReadResult, read_dataset


def crash() -> int:
    os.kill(os.getpid(), signal.SIGSEGV)
    return 0


def out_of_memory_of_the_machine() -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return 0


def swell() -> int:
    held = [bytearray(os.urandom(1024)) * 1024 * 20 for _ in range(100)]
    return len(held)


def hang() -> int:
    while True:
        pass


def dawdle() -> int:
    """Reads on and on."""
    while True:
        Path("/proc/self/stat").read_bytes()


def fail() -> int:
    return int("a patient's value")


def write_much(target: str) -> int:
    with open(target, "wb") as file:
        for _ in range(400):
            file.write(bytes(MEGABYTE))
    return 0


def talk() -> int:
    """A library that prints where the answers go."""
    os.write(1, b"no answer of ours")
    return 7


def environment() -> list[str]:
    return sorted(os.environ)


def limits_of_the_system() -> list[int]:
    import resource

    kinds = (resource.RLIMIT_CORE, resource.RLIMIT_NOFILE)
    return [resource.getrlimit(kind)[1] for kind in kinds] + [os.getpid() == os.getsid(0)]


def two() -> int:
    return 2


def forever() -> Iterator[bytes]:
    while True:
        yield bytes(1000)


def dies_at_dm(path: Path, *rest: object) -> ReadResult:
    """A reader that a file makes crash."""
    if rest[4] == "dm.xpt":
        crash()
    return read_dataset(path, *rest)  # type: ignore[arg-type]
