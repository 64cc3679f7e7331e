"""How many random cases the slow comparisons take: a sample in `make test`, all in `make statistics`."""

from __future__ import annotations

import os

SLOW_CASES = int(os.environ.get("STATISTICS_CASES", "250"))
