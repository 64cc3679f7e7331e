"""One run of the flow `safety_report` on the small study: `python -m tools.faults.one_flow HOME STUDY-FILE KILL-AT`.

Exit 1 with the error's id where it is refused.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from longwatch.errors import LongwatchError
from tools.faults.steps import StepCounter, watch


def main() -> int:
    """Count the steps, run the flow, say what it made."""
    home, study_file, kill_at = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    os.environ["LONGWATCH_HOME"], os.environ["LONGWATCH_USER"] = str(home), "ada"
    counter = StepCounter(home, marked=True, kill_at=kill_at)
    from flows.safety_report import safety_report
    from runtime import wiring
    from runtime.settings import read_settings
    from tools.faults.small_study import SmallWiring

    # The flow asks for the adapters of the settings, and gets those of the small study.
    wiring._made[read_settings()] = SmallWiring(read_settings())
    watch(counter)
    try:
        outcome = safety_report(study_file)
    except LongwatchError as refused:
        sys.stderr.write(f"{refused.error_id} {refused}\n")
        return 1
    counter.tell("end", "of the run")
    sys.stdout.write(f"\n{json.dumps([counter.seen, [report.row.pdf_sha256 for report in outcome.reports]])}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
