"""Hypoglycaemia levels (spec D.4): by the findings of each event, to the bound."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from longwatch.derive import AnalysisDatasets

HYPO = {"CECAT": "HYPOGLYCAEMIA", "CEDECOD": "HYPOGLYCAEMIA", "CEOCCUR": "Y"}


def event(number: int, day: str = "2022-06-01", stated: str | None = None, **other: Any) -> dict[str, Any]:
    return {"USUBJID": "S1", "CESEQ": float(number), "CELNKID": f"H{number}", "CESTDTC": day, "CESCAT": stated, **HYPO,
            **other}  # fmt: skip


def finding(number: int, test: str, value: float | str | None, unit: str | None = None) -> dict[str, Any]:
    is_number = isinstance(value, float)
    return {"USUBJID": "S1", "FALNKID": f"H{number}", "FATESTCD": test, "FASTRESC": str(value) if value else None,
            "FASTRESN": value if is_number else None, "FASTRESU": unit}  # fmt: skip


@pytest.mark.parametrize(
    ("assist", "glucose", "unit", "stated", "expected"),
    [
        # the bounds: below 70 and at least 54 mg/dL, below 54
        ("N", 70.0, "mg/dL", None, ("NONE", "FINDINGS", None)),
        ("N", 69.0, "mg/dL", None, ("LEVEL 1", "FINDINGS", None)),
        ("N", 54.0, "mg/dL", None, ("LEVEL 1", "FINDINGS", None)),
        ("N", 53.0, "mg/dL", None, ("LEVEL 2", "FINDINGS", None)),
        ("N", 3.9, "mmol/L", None, ("NONE", "FINDINGS", None)),
        ("N", 3.8, "mmol/L", None, ("LEVEL 1", "FINDINGS", None)),
        ("N", 3.0, "mmol/L", None, ("LEVEL 1", "FINDINGS", None)),
        ("N", 2.9, "mmol/L", None, ("LEVEL 2", "FINDINGS", None)),
        # help was needed: any glucose, or none
        ("Y", 95.0, "mg/dL", None, ("LEVEL 3", "FINDINGS", None)),
        ("Y", None, None, "LEVEL 3", ("LEVEL 3", "FINDINGS", "N")),
        ("Y", 60.0, "mg/dL", "LEVEL 1", ("LEVEL 3", "FINDINGS", "Y")),
        # what is missing is not guessed: as stated, else not evaluable
        (None, 50.0, "mg/dL", None, ("NE", None, None)),
        (None, 50.0, "mg/dL", "Level 2", ("LEVEL 2", "STATED", None)),
        ("N", None, None, None, ("NE", None, None)),
        ("N", 50.0, "g/L", None, ("NE", None, None)),
        (None, None, None, "SEVERE", ("NE", None, None)),
    ],
)
def test_levels(
    derived: Callable[..., AnalysisDatasets], assist: str | None, glucose: float | None, unit: str | None,
    stated: str | None, expected: tuple[str, str | None, str | None],
) -> None:  # fmt: skip
    """Level, what it rests on, and whether the site states another."""
    fa = [finding(1, "ASSIST", assist), finding(1, "GLUC", glucose, unit)]
    found = derived(CE=[event(1, stated=stated)], FA=fa).adhg
    assert found.select("AVALC", "BASIS", "DIFFERS").row(0) == expected


def test_the_endpoint_window_is_not_the_safety_count(derived: Callable[..., AnalysisDatasets]) -> None:
    """Infused 2022-03-01: day 90 is 2022-05-29, day 365 is 2023-02-28. Before the infusion neither counts."""
    days = ("2022-02-28", "2022-03-01", "2022-05-28", "2022-05-29", "2023-02-28", "2023-03-01", "2022-06")
    found = derived(CE=[event(number, day, "LEVEL 3") for number, day in enumerate(days)]).adhg
    assert found.select("ADY", "SAFEFL", "ENDPFL").rows() == [
        (-1, "N", "N"), (1, "Y", "N"), (89, "Y", "N"), (90, "Y", "Y"), (365, "Y", "Y"), (366, "Y", "N"),
        (None, None, None),
    ]  # fmt: skip


def test_which_events_are_hypoglycaemia(derived: Callable[..., AnalysisDatasets]) -> None:
    """Not one that did not happen, not graft loss, not after the cut-off; without CE there is none."""
    ce = [
        event(1, CEOCCUR="N"), event(2, CECAT="GRAFT FUNCTION", CEDECOD="ISLET GRAFT LOSS"), event(3, "2024-01-01"),
        event(4, CECAT=None, CEDECOD=None, CETERM="hypoglycemia with seizure"),
    ]  # fmt: skip
    assert derived(CE=ce).adhg["CESEQ"].to_list() == [4.0]
    assert derived().adhg.is_empty()
    assert "AVALC" in derived().adhg.columns


def test_every_level_that_the_synthetic_study_states_is_what_its_findings_give() -> None:
    """ISLET-1: levels 2 and 3 of CE, from FA alone."""
    from longwatch.derive import derive
    from longwatch.standards.dataset import SourceData
    from longwatch.study import parse_study
    from simulation import generate
    from simulation.study_file import study_file

    trial = generate(1)
    study = parse_study(study_file(trial.design.parameters), "study.yaml")
    found = derive(SourceData.of(**trial.frames), study, trial.design.parameters.cut).adhg
    assert set(found["AVALC"]) == {"LEVEL 2", "LEVEL 3"}
    assert (found["BASIS"] == "FINDINGS").all()
    assert (found["DIFFERS"] == "N").all()
    assert found.filter(pl.col("AVALC") == "LEVEL 3").height > 5
