"""Small trials for the tables: so many subjects per arm, and events in a line each."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from longwatch.derive import AnalysisDatasets
from longwatch.study import Study
from longwatch.tables.catalogue import make_table
from longwatch.tables.result import TableResult

Event = tuple[str, str, str] | tuple[str, str, str, dict[str, Any]]
Texts = dict[tuple[str, str, str, str], str]


@pytest.fixture
def tabulate(derived: Callable[..., AnalysisDatasets], make_study: Callable[..., Study]) -> Callable[..., TableResult]:
    """A table of a trial: `tabulate("AET02", {"CELL": 12, "SOC": 12}, [("CELL1", "Blood", "Neutropenia")])`.

    Subjects are named by arm and number (CELL1 … CELL12), dosed on 2022-03-01; each event starts on 2022-04-01 unless
    its own values say otherwise. `study`: changes of the study file; `parameters`: of the output.
    """

    def make(
        code: str,
        arms: dict[str, int],
        events: list[Event],
        parameters: dict[str, object] | None = None,
        **study: Any,
    ) -> TableResult:
        changed = make_study(**study)
        names = [(f"{arm}{number}", arm) for arm, size in arms.items() for number in range(1, size + 1)]
        records = [
            {"USUBJID": subject, "AEBODSYS": soc, "AEDECOD": pt, "AETERM": pt, "AESTDTC": "2022-04-01", **dict(*more)}
            for subject, soc, pt, *more in events
        ]
        subjects = [{"USUBJID": name, "ARMCD": arm, "ACTARMCD": arm} for name, arm in names]
        doses = [{"USUBJID": name, "EXTRT": "ISLET CELLS", "EXDOSE": 1.0, "EXSTDTC": "2022-03-01"} for name, _ in names]
        datasets = derived(
            study=changed,
            DM=subjects or [dict.fromkeys(("USUBJID", "ARMCD", "ACTARMCD"))],
            EX=doses or [dict.fromkeys(("USUBJID", "EXTRT", "EXDOSE", "EXSTDTC"))],
            AE=records or [dict.fromkeys(("USUBJID", "AEBODSYS", "AEDECOD", "AETERM", "AESTDTC"))],
        )
        return make_table(code, datasets, changed, parameters)

    return make


@pytest.fixture
def texts() -> Callable[[TableResult], Texts]:
    """The text of each statistic by row group, row, column and name."""

    def of(table: TableResult) -> Texts:
        return {(item.row_group, item.row, item.column, item.statistic): item.text for item in table.statistics}

    return of


@pytest.fixture
def golden(repository: Path) -> Callable[[str, str], None]:
    """Compares a text, to the letter, with the one kept under a name; LONGWATCH_WRITE_GOLDENS=1 writes it first."""

    def compare(name: str, text: str) -> None:
        kept = repository / "tests" / "golden" / f"{name}.txt"
        if os.environ.get("LONGWATCH_WRITE_GOLDENS"):
            kept.write_text(text, encoding="utf-8")
        assert text == kept.read_text(encoding="utf-8")

    return compare
