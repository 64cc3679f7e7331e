"""How many random cases the slow comparisons take: a sample in `make test`, all in `make statistics`."""

from __future__ import annotations

import os

SLOW_CASES = int(os.environ.get("STATISTICS_CASES", "250"))
SLOWEST_CASES = SLOW_CASES if SLOW_CASES >= 1000 else 40
"""Of those that take a fifth of a second each."""
