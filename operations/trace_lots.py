"""Lots traced through a snapshot: forward, backward, by cell bank."""

from __future__ import annotations

from collections.abc import Callable

from longwatch.derive.lot_trace import Trace
from longwatch.standards.dataset import SourceData
from longwatch.study import Study
from operations.ports import Adapters, Progress
from operations.pull import pull_study

Question = Callable[[SourceData, Study], Trace]


def trace(
    adapters: Adapters, study: Study, base: str, snapshot_id: str | None, question: Question, progress: Progress
) -> Trace:
    """The answer to a question on lots, from a snapshot, or from the data as it is now (which is pulled and frozen).

    The data is not cut: a recall concerns whoever got the lot until today. Raises what pulling and the question raise.
    """
    if snapshot_id is None:
        snapshot = pull_study(adapters, study, base, progress=progress)
    else:
        snapshot = adapters.snapshots.get(snapshot_id)
    return question(adapters.snapshots.open(snapshot.id), study)
