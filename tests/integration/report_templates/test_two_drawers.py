"""A long report is drawn by two processes: the same bytes as from one, whatever becomes of the second."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any, overload

import psutil
import pytest

from longwatch.reports.contents import ReportContents
from report_templates import render
from report_templates.document_plan import plan_document
from report_templates.draw import Running, draw_page
from report_templates.draw_pages import draw_pages
from report_templates.drawing_messages import Job, packed
from report_templates.excerpt import cut_out
from report_templates.flow import PagePlan
from report_templates.ink import DrawnPage
from report_templates.second_drawer import SecondDrawer

ROOT = Path(__file__).resolve().parents[3]


class Watched(SecondDrawer):
    """The real one, always waited for, so that it surely draws; `answered` are the blocks that came from it. After its
    first answer it is sent the signal `then`, and waited for no longer."""

    def __init__(self, then: signal.Signals | None = None) -> None:
        super().__init__(patience=60.0)
        self.started = self.pid
        self.answered: list[int] = []
        self._then = then

    def look(self) -> list[tuple[int, list[DrawnPage]]]:
        got = super().look()
        while self.given and not self.lost and not got:
            self.wait()
            got = super().look()
        if got and not self.answered and self._then and self.pid:
            os.kill(self.pid, self._then)
            self.patience = 0.5
        self.answered += [block for block, _ in got]
        return got


def planned(contents: ReportContents) -> tuple[Sequence[PagePlan], Running]:
    return plan_document(contents).pages, Running.of(contents)


def alone(contents: ReportContents) -> list[DrawnPage]:
    pages, running = planned(contents)
    return list(draw_pages(pages, running, shared_from=len(pages) + 1))


def is_gone(pid: int | None, seconds: float = 0.0) -> bool:
    """Whether the process is neither there nor waits to be taken note of."""
    assert pid is not None
    end = time.monotonic() + seconds
    while (there := psutil.pid_exists(pid)) and time.monotonic() < end:
        time.sleep(0.02)
    return not there


@pytest.fixture(params=["listing", "tables", "draft", "stress"])
def contents(request: pytest.FixtureRequest, samples: ModuleType) -> ReportContents:
    """A listing; tables; the same with the DRAFT mark; figures, wide tables, and rows taller than a page."""
    made = {
        "listing": lambda: samples.make_contents((samples.make_listing(600),), draft=False),
        "tables": lambda: samples.make_contents(draft=False),
        "draft": samples.make_contents,
        "stress": samples.make_stress,
    }
    report: ReportContents = made[request.param]()
    return report


def test_the_second_process_draws_a_part_of_the_same_pages(contents: ReportContents) -> None:
    pages, running = planned(contents)
    second = Watched()
    drawn = list(draw_pages(pages, running, shared_from=1, block=2, start=lambda: second))
    assert drawn == alone(contents)
    assert len(second.answered) >= len(pages) // 4 > 0
    assert is_gone(second.started)


def test_every_page_is_the_same_from_either_process(contents: ReportContents) -> None:
    pages, running = planned(contents)
    job = pickle.loads(pickle.dumps(Job(cut_out(pages), running, 1, len(pages))))
    assert [draw_page(page, running, number, len(pages)) for number, page in enumerate(job.pages, 1)] == alone(contents)


def test_a_report_drawn_by_two_has_the_bytes_of_one_drawn_by_one(contents: ReportContents) -> None:
    assert render(contents, shared_from=1).sha256 == render(contents).sha256


def test_a_short_report_starts_no_process(samples: ModuleType) -> None:
    def refuse() -> SecondDrawer:
        raise AssertionError("a process was started")

    pages, running = planned(samples.make_contents())
    assert len(list(draw_pages(pages, running, start=refuse))) == len(pages)


@pytest.mark.parametrize("what", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "stopped"])
def test_what_the_second_process_was_given_and_does_not_draw_is_drawn_here(
    samples: ModuleType, what: signal.Signals
) -> None:
    contents = samples.make_contents((samples.make_listing(600),))
    pages, running = planned(contents)
    second = Watched(what)
    drawn = list(draw_pages(pages, running, shared_from=1, block=2, start=lambda: second))
    assert drawn == alone(contents)
    assert second.answered
    assert is_gone(second.started)


@pytest.mark.parametrize("python", ["/nowhere/python", "/bin/true", "/bin/echo"])
def test_a_second_process_that_does_not_start_or_talks_nonsense_is_not_needed(samples: ModuleType, python: str) -> None:
    contents = samples.make_contents((samples.make_listing(600),))
    pages, running = planned(contents)
    second = SecondDrawer(python)
    pid = second.pid
    drawn = list(draw_pages(pages, running, shared_from=1, block=2, start=lambda: second))
    assert drawn == alone(contents)
    assert pid is None or is_gone(pid)


def test_who_stops_taking_pages_ends_the_second_process(samples: ModuleType) -> None:
    pages, running = planned(samples.make_contents((samples.make_listing(600),)))
    second = Watched()
    drawn = draw_pages(pages, running, shared_from=1, block=2, start=lambda: second)
    next(drawn)
    assert not is_gone(second.started)
    drawn.close()
    assert is_gone(second.started)


def test_a_page_that_cannot_be_drawn_is_an_error_here_and_ends_the_second_process(samples: ModuleType) -> None:
    pages, running = planned(samples.make_contents((samples.make_listing(600),)))
    broken: Any = replace(pages[3], items=[*pages[3].items, replace(pages[3].items[0], style=None)])
    second = Watched()
    with pytest.raises(AttributeError, match=r"style|leading|size|weight"):
        list(draw_pages([*pages[:3], broken, *pages[4:]], running, shared_from=1, block=2, start=lambda: second))
    assert is_gone(second.started)


def test_the_second_process_ends_when_the_first_is_killed() -> None:
    program = (
        "import time; from report_templates.second_drawer import SecondDrawer; second = SecondDrawer();"
        "print(second.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout is not None
        pid = int(first.stdout.readline())
        assert not is_gone(pid)
        first.kill()
    with suppress(psutil.NoSuchProcess):  # an orphan is taken note of by the system, in its own time
        psutil.wait_procs([psutil.Process(pid)], timeout=20)
        assert psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_what_is_sent_does_not_grow_with_the_report(samples: ModuleType) -> None:
    def size_of_ten_pages(rows: int) -> int:
        pages, running = planned(samples.make_contents((samples.make_listing(rows),)))
        return len(packed(Job(cut_out(pages[5:15]), running, 6, len(pages))))

    assert abs(size_of_ten_pages(4000) - size_of_ten_pages(400)) < 1000


class OnDemand(Sequence[tuple[str, ...]]):
    """Rows that are not in memory."""

    def __init__(self, rows: tuple[tuple[str, ...], ...]) -> None:
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, index: int) -> tuple[str, ...]: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[tuple[str, ...], ...]: ...
    def __getitem__(self, index: Any) -> Any:
        return self._rows[index]


def test_rows_may_be_made_when_they_are_asked_for(samples: ModuleType) -> None:
    listing = samples.make_listing(600)
    lazy = replace(listing, rows=OnDemand(listing.rows))
    shas = {render(samples.make_contents((each,)), shared_from=1).sha256 for each in (listing, lazy)}
    assert len(shas) == 1
