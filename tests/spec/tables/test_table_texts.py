"""Whole tables as reviewable text, with their empty and missing-variable cases.

The texts are in tests/golden. `LONGWATCH_WRITE_GOLDENS=1 pytest tests/spec/tables` writes them
anew; the difference is then read line by line before it is committed.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from longwatch.tables.catalogue import OUTPUTS
from longwatch.tables.result import TableResult
from longwatch.tables.text import as_text

BLOOD, GASTRO = "Blood and lymphatic system disorders", "Gastrointestinal disorders"


def event(subject: str, soc: str | None, pt: str | None, **values: Any) -> tuple[Any, ...]:
    """An event as a site would report it, unless its values say otherwise."""
    usual = {"AESEV": "MILD", "AESER": "N", "AESDTH": "N", "AESHOSP": "N", "AESLIFE": "N", "AEREL": "NOT RELATED",
             "AEACN": "NOT APPLICABLE", "AEOUT": "RECOVERED/RESOLVED"}  # fmt: skip
    return (subject, soc, pt, {**usual, **values})


SIZES = {"CELL": 12, "SOC": 12}
MICRO = [
    event("CELL1", BLOOD, "Neutropenia", AESEV="SEVERE", AESER="Y", AESHOSP="Y", AEREL="RELATED"),
    event("CELL1", BLOOD, "Neutropenia", AESEV="MODERATE"),
    event("CELL2", BLOOD, "Neutropenia", AEREL="POSSIBLE", AEACN="DRUG WITHDRAWN"),
    event("CELL3", BLOOD, "Neutropenia", AEREL=None, AESEV=None),
    event("CELL4", BLOOD, "Febrile neutropenia", AESER="Y", AESDTH="Y", AEOUT="FATAL", AESEV="SEVERE"),
    event("CELL5", GASTRO, "Nausea"),
    event("SOC1", GASTRO, "Nausea", AEACN=None),
    event("SOC2", GASTRO, "Nausea"),
    event("SOC3", GASTRO, "Vomiting", AESTDTC="2022-02-01"),  # before treatment
]
BARE = [item[:3] for item in MICRO]
COMPARED = {"comparison": {"control": "SOC", "statistics": ["risk_difference"]}, "dictionaries": {"meddra": "28.0"}}
BOTH = {"comparison": {"control": "SOC", "statistics": ["risk_difference", "fisher"]}}
ONE_ARM = {"treatment": {"arms": [{"code": "CELL", "name": "Islet cells"}]}}
THREE_ARMS = {
    "treatment": {
        "basis": "planned",
        "arms": [
            {"code": "CELL", "name": "Cells, two infusions"},
            {"code": "LOW", "name": "Cells, one infusion"},
            {"code": "SOC", "name": "Standard of care"},
        ],
    },
    **BOTH,
}
UNCODED = [*MICRO, event("SOC4", None, None, AETERM="felt odd after the second infusion, for about an hour or two")]

TABLES: dict[str, tuple[str, dict[str, int], list[Any], dict[str, Any]]] = {
    "aet01_two_arms": ("AET01", SIZES, MICRO, COMPARED),
    "aet01_one_arm": ("AET01", {"CELL": 12}, MICRO[:6], ONE_ARM),
    "aet01_no_event": ("AET01", SIZES, [], COMPARED),
    "aet01_missing_variables": ("AET01", SIZES, BARE, BOTH),
    "aet02_micro_example": ("AET02", SIZES, MICRO, COMPARED),
    "aet02_three_arms": ("AET02", {"CELL": 12, "LOW": 6, "SOC": 12}, UNCODED, THREE_ARMS),
    "aet02_one_arm": ("AET02", {"CELL": 12}, MICRO[:6], ONE_ARM),
    "aet02_not_assigned": ("AET02", {"CELL": 12, "SCRNFAIL": 1}, [event("SCRNFAIL1", BLOOD, "Anaemia")], {}),
    "aet02_no_event": ("AET02", SIZES, [], COMPARED),
    "aet02_missing_variables": ("AET02", SIZES, BARE, {}),
    "aet02_ser_two_arms": ("AET02_SER", SIZES, MICRO, COMPARED),
    "aet02_ser_no_event": ("AET02_SER", SIZES, MICRO[5:], {}),
    "aet02_ser_missing_variables": ("AET02_SER", SIZES, BARE, {}),
}


@pytest.mark.parametrize("name", TABLES)
def test_table_as_text(tabulate: Callable[..., TableResult], golden: Callable[[str, str], None], name: str) -> None:
    """Title, header with N, rows, footnotes: to the letter."""
    code, sizes, events, study = TABLES[name]
    golden(name, as_text(tabulate(code, sizes, events, **study)))


def test_every_golden_text_has_its_table(repository: Path) -> None:
    """None is left behind: its name, or what comes after the output's code, stands in a test of this folder."""
    sources = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))
    texts = {file.stem for file in (repository / "tests" / "golden").glob("*.txt")}
    written = {form for code in OUTPUTS for form in (code.lower(), code.lower().replace("_", ""))}
    codes = sorted((f"{code}_" for code in written), key=len, reverse=True)
    after = {name: name.removeprefix(next((code for code in codes if name.startswith(code)), "")) for name in texts}
    assert [name for name in sorted(texts) if f'"{name}"' not in sources and after[name] not in sources] == []
