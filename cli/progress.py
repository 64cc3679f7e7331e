"""Progress of long work on a terminal: one line a stage. Quiet where standard error is no terminal."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from rich.console import Console
from rich.progress import Progress as RichProgress
from rich.progress import SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

Result = TypeVar("Result")

STAGE_WORDS = {
    "pull": "Pull and freeze",
    "validate": "Validate",
    "derive": "Derive",
    "tabulate": "Tabulate",
    "render": "Render",
    "archive": "Archive",
    "scrub": "Scrub",
    "probe": "Probe",
}


class StageDisplay:
    """Shows each stage as it starts and ends, with its latest message, and keeps how long each took (seconds)."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._progress: RichProgress | None = None
        self._task: TaskID | None = None
        self._label = ""

    @contextmanager
    def shown(self, first: str) -> Iterator[StageDisplay]:
        """On a terminal: display while the block runs, beginning with the words `first`."""
        console = Console(stderr=True)
        if not console.is_terminal:
            yield self
            return
        columns = (SpinnerColumn(finished_text="✓"), TextColumn("{task.description}"), TimeElapsedColumn())
        with RichProgress(*columns, console=console) as self._progress:
            self._begin(first)
            yield self
            self._end()

    def message(self, text: str) -> None:
        """What the stage is at."""
        if self._progress is not None and self._task is not None:
            self._progress.update(self._task, description=f"{self._label:<18} {text}")

    def around(self, name: str, work: Callable[[], Result]) -> Result:
        """Carry out a stage and show it (a `StageRunner`)."""
        self._begin(STAGE_WORDS.get(name, name))
        start = time.perf_counter()
        result = work()
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - start
        self._end()
        return result

    def _begin(self, label: str) -> None:
        self._end()
        self._label = label
        if self._progress is not None:
            self._task = self._progress.add_task(label, total=1)

    def _end(self) -> None:
        if self._progress is not None and self._task is not None:
            self._progress.update(self._task, completed=1, description=self._label)
        self._task = None
