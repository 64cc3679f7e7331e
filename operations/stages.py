"""How the stages of a job are carried out: one after the other here, as Prefect tasks in `flows/`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

Result = TypeVar("Result")

STAGES = ("pull", "validate", "derive", "tabulate", "render", "archive")


class StageRunner(Protocol):
    """Carries out one stage. `name` is one of STAGES."""

    def __call__(self, name: str, work: Callable[[], Result]) -> Result:
        """What the work returns; what it raises passes through unchanged."""
        ...


def run_directly(name: str, work: Callable[[], Result]) -> Result:
    """The stage in this process, at once."""
    return work()
