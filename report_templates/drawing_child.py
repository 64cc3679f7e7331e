"""The second drawer: draws the pages that it is sent, until the process that started it wants no more, or is gone."""

from __future__ import annotations

import os
import pickle

from report_templates.draw import draw_page
from report_templates.drawing_messages import HEAD, Job, packed


def serve() -> None:
    """Answer each `Job` on standard input with its drawn pages, in their order, on standard output."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not come between the answers
    with answers, os.fdopen(0, "rb") as jobs:
        while head := jobs.read(HEAD.size):
            job: Job = pickle.loads(jobs.read(*HEAD.unpack(head)))
            drawn = [
                draw_page(page, job.running, number, job.count) for number, page in enumerate(job.pages, job.first)
            ]
            answers.write(packed(drawn))
            answers.flush()
