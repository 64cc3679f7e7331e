"""DMT01: demographics and baseline characteristics (FDA table 2; spec C.2)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from longwatch.derive import AnalysisDatasets
from longwatch.study import Study
from longwatch.tables.catalogue import make_table
from longwatch.tables.result import TableResult
from longwatch.tables.text import as_text

Texts = dict[tuple[str, str, str, str], str]

SUBJECTS = [
    # arm, age, sex
    ("CELL", 30.0, "F"), ("CELL", 41.0, "M"), ("CELL", 66.0, "F"), ("CELL", None, None),
    ("SOC", 50.0, "M"), ("SOC", 70.0, "M"),
]  # fmt: skip


@pytest.fixture
def demographics(
    derived: Callable[..., AnalysisDatasets], make_study: Callable[..., Study]
) -> Callable[..., TableResult]:
    """DMT01 of subjects given as arm, age, sex; all dosed on 2022-03-01."""

    def make(
        subjects: list[tuple[str, float | None, str | None]], parameters: dict[str, object] | None = None, **study: Any
    ) -> TableResult:
        changed = make_study(**study)
        dm = [
            {"USUBJID": f"S{place}", "ARMCD": arm, "ACTARMCD": arm, "AGE": age, "AGEU": "YEARS", "SEX": sex}
            for place, (arm, age, sex) in enumerate(subjects, 1)
        ]
        ex = [
            {"USUBJID": record["USUBJID"], "EXTRT": "ISLET CELLS", "EXDOSE": 1.0, "EXSTDTC": "2022-03-01"}
            for record in dm
        ]
        nobody = {"DM": [dict.fromkeys(("USUBJID", "ARMCD", "ACTARMCD"))],
                  "EX": [dict.fromkeys(("USUBJID", "EXTRT", "EXDOSE", "EXSTDTC"))]}  # fmt: skip
        datasets = derived(study=changed, **({"DM": dm, "EX": ex} if dm else nobody))
        return make_table("DMT01", datasets, changed, parameters)

    return make


def test_numbers_and_categories_by_arm(demographics: Callable[..., TableResult], texts: Callable[..., Texts]) -> None:
    """One decimal more for mean and median, two for SD; percent of N, a missing value in a line of its own."""
    found = texts(demographics(SUBJECTS))
    age = {name: text for (group, _, column, name), text in found.items() if (group, column) == ("AGE", "Islet cells")}
    assert age == {"n": "3", "mean": "45.7", "sd": "18.45", "median": "41.0", "q1": "30.0", "q3": "66.0",
                   "min": "30", "max": "66"}  # fmt: skip
    assert found["SEX", "F", "Islet cells", "pct"] == "50.0"
    assert found["SEX", "Missing", "Islet cells", "n"] == "1"
    assert found["SEX", "M", "Total", "n"] == "3"
    assert found["AGEGR1", ">=65", "Total", "pct"] == "33.3"


def test_a_mean_is_rounded_from_its_exact_ratio(
    demographics: Callable[..., TableResult], texts: Callable[..., Texts]
) -> None:
    """(40 + 40 + 40 + 41) / 4 = 40.25 prints 40.3, halves away from zero (spec C.2 rule 3)."""
    found = texts(demographics([("CELL", age, "F") for age in (40.0, 40.0, 40.0, 41.0)]))
    assert found["AGE", "", "Islet cells", "mean"] == "40.3"


def test_a_variable_that_is_not_collected_is_not_available(
    demographics: Callable[..., TableResult], texts: Callable[..., Texts]
) -> None:
    """RACE and ETHNIC are not in DM: NA, no Missing."""
    found = texts(demographics(SUBJECTS))
    assert found["RACE", "", "Total", "n"] == "NA"
    assert not [key for key in found if key[:2] == ("RACE", "Missing")]


@pytest.mark.parametrize(
    ("name", "subjects", "parameters", "study"),
    [
        ("two_arms", SUBJECTS, None, {}),
        ("with_p_values", SUBJECTS, {"p_values": True, "variables": ("AGE", "SEX")}, {}),
        ("one_arm", SUBJECTS[:4], None, {"treatment": {"arms": [{"code": "CELL", "name": "Islet cells"}]}}),
        ("no_subject", [], None, {}),
        ("missing_variables", SUBJECTS, {"variables": ("COUNTRY", "SEX")}, {}),
    ],
)
def test_the_table_as_text(
    demographics: Callable[..., TableResult],
    golden: Callable[[str, str], None],
    name: str,
    subjects: list[tuple[str, float | None, str | None]],
    parameters: dict[str, object] | None,
    study: dict[str, Any],
) -> None:
    golden(f"dmt01_{name}", as_text(demographics(subjects, parameters, **study)))
