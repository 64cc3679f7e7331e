"""All pages of a plan, drawn in their order: those of a long report by two processes.

Each page is drawn from its plan alone, so its bytes are the same whoever draws it. How a long report is shared:

1. It is cut into blocks of `BLOCK` pages. The second process is given the next block that nobody has, and one more, so
   that it need not wait; this process draws the next one after, and looks after each page at what has come.
2. Blocks drawn before their turn are kept, compressed as they will stand in the file.
3. What the second process was given and does not answer (it did not start, it died, or it said nothing for too long
   when nothing else was left to do) is drawn here.
4. However drawing ends, the second process is ended, too.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Sequence

from report_templates.draw import Running, draw_page
from report_templates.drawing_messages import Job
from report_templates.excerpt import cut_out
from report_templates.flow import PagePlan
from report_templates.ink import DrawnPage
from report_templates.second_drawer import SecondDrawer

SHARED_FROM = 800
"""Pages from which on a second process is worth its start: that takes the time of some 200 pages where a core is free,
and about this many where none is."""
BLOCK = 50


def draw_pages(
    pages: Sequence[PagePlan],
    running: Running,
    *,
    shared_from: int = SHARED_FROM,
    block: int = BLOCK,
    start: Callable[[], SecondDrawer] = SecondDrawer,
) -> Generator[DrawnPage, None, None]:
    """The drawn pages. `shared_from`: so many are drawn by two processes, fewer by this one alone; `block`: how many
    are handed over at a time; `start` starts the second. To be closed where it is not taken to its end."""
    if len(pages) < shared_from:
        yield from (draw_page(page, running, number, len(pages)) for number, page in enumerate(pages, start=1))
        return
    second = start()
    try:
        yield from _Sharing(pages, running, block, second).drawn()
    finally:
        second.end()


class _Sharing:
    """Two drawers and the blocks between them. `_left`: blocks that nobody has; `_ahead`: drawn before their turn."""

    def __init__(self, pages: Sequence[PagePlan], running: Running, block: int, second: SecondDrawer) -> None:
        self._second = second
        self._pages, self._running = pages, running
        self._blocks = [range(start, min(start + block, len(pages))) for start in range(0, len(pages), block)]
        self._left = deque(range(len(self._blocks)))
        self._ahead: dict[int, list[DrawnPage]] = {}

    def drawn(self) -> Generator[DrawnPage, None, None]:
        for number in range(len(self._blocks)):
            while number not in self._ahead:
                if self._left:
                    self._draw(self._left.popleft())
                else:
                    self._second.wait()
                self._look()
            yield from self._ahead.pop(number)

    def _draw(self, block: int) -> None:
        drawn = []
        for page in self._blocks[block]:
            self._look()
            drawn.append(draw_page(self._pages[page], self._running, page + 1, len(self._pages)))
        self._ahead[block] = drawn

    def _look(self) -> None:
        """Take what the second process has drawn; give it more, or take back what it will not draw."""
        self._ahead.update(self._second.look())
        while self._left and self._second.wants_more:
            block = self._left.popleft()
            pages = self._blocks[block]
            job = Job(cut_out(self._pages[pages.start : pages.stop]), self._running, pages.start + 1, len(self._pages))
            self._second.give(block, job)
        if self._second.lost:
            self._left.extendleft(reversed(self._second.given))
            self._second.given.clear()
