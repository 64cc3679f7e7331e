"""`make bench`: every subject, or those named: `python -m bench formats`."""

from __future__ import annotations

import importlib
import sys

SUBJECTS = ("job", "formats", "validation", "exchange", "tables", "followup", "archive", "audit", "pdf")


def main() -> None:
    """Each subject measures, prints, and writes its page in docs/."""
    named = sys.argv[1:] or SUBJECTS
    unknown = [name for name in named if name not in SUBJECTS]
    if unknown:
        raise SystemExit(f"no such subject: {', '.join(unknown)}; there are {', '.join(SUBJECTS)}")
    # Each subject has options of its own, which are given to its module.
    del sys.argv[1:]
    for name in named:
        importlib.import_module(f"bench.{name}").main()


if __name__ == "__main__":
    main()
