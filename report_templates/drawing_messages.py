"""What the process that renders and its second drawer say to each other, through two pipes: a length, and a pickled
value. Both run this code on the same data, so each believes the other."""

from __future__ import annotations

import pickle
import struct
from dataclasses import dataclass
from typing import Any

from report_templates.draw import Running
from report_templates.flow import PagePlan

HEAD = struct.Struct("<Q")


@dataclass(frozen=True)
class Job:
    """Pages to be drawn. `first`: the number of the first one, as printed; `count`: of all pages of the report."""

    pages: list[PagePlan]
    running: Running
    first: int
    count: int


def packed(value: Any) -> bytes:
    """A message."""
    body = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    return HEAD.pack(len(body)) + body
