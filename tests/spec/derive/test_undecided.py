"""What a run would take as it is, though a person should have decided it: said by `study check --data`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from longwatch.derive.misfits import find_undecided
from longwatch.standards.dataset import SourceData
from longwatch.study import Study

DM = [{"USUBJID": "S1", "ARMCD": "CELL", "ACTARMCD": "CELL"}, {"USUBJID": "S2", "ARMCD": "SOC", "ACTARMCD": "SOC"}]
EX = [
    {"USUBJID": "S1", "EXTRT": name, "EXDOSE": 1.0, "EXSTDTC": "2022-03-01", "EXENDTC": end}
    for name, end in (("ISLET CELLS", "2022-03-02"), ("PLACEBO CELLS", None), ("INDUCTION", "2022-06-01"))
]
SE = [{"USUBJID": "S1", "EPOCH": "TREATMENT", "SESTDTC": "2022-03-01"}]
CM = [{"USUBJID": "S1", "CMTRT": "prograf", "CMDECOD": "TACROLIMUS"}]
CLASSES = [{"name": "CNI", "drugs": ["tacrolimus", "Prograf", "INDUCTION", "CICLOSPORIN"]}]
PERIODS = [{"name": "Controlled"}, {"name": "Extension", "from_epoch": "EXTENSION"}, {"name": "Late", "from_day": 900}]


@pytest.mark.parametrize(
    ("study", "data", "said"),
    [
        # nothing to decide: a dose of two days is an infusion, induction is no product
        ({}, {}, []),
        ({"exposure": {"product": "continuing"}}, {"EX": [{**EX[0], "EXENDTC": "2022-09-01"}, EX[1]]}, []),
        # a product that goes on, called infusions
        (
            {},
            {"EX": [{**EX[0], "EXENDTC": "2022-03-04"}, EX[1]]},
            [(("exposure", "product"), "1 records of EX last longer than 3 days")],
        ),
        # drugs by their names in CM and EX, whatever the case; one that nobody has
        (
            {"exposure": {"classes": CLASSES}},
            {"CM": CM},
            [(("exposure", "classes", 0), "CNI: no record of CM or EX is of CICLOSPORIN")],
        ),
        # an epoch that nobody enters
        (
            {"periods": PERIODS},
            {"SE": SE},
            [(("periods", 1), "no record of SE has EPOCH 'EXTENSION': nobody enters Extension")],
        ),
    ],
)
def test_what_is_undecided(
    make_study: Callable[..., Study],
    make_data: Callable[..., SourceData],
    study: dict[str, Any],
    data: dict[str, Any],
    said: list[tuple[Any, str]],
) -> None:
    found = list(find_undecided(make_data(**{"DM": DM, "EX": EX, **data}), make_study(**study)))
    assert [path for path, _ in found] == [path for path, _ in said]
    assert all(text.startswith(start) for (_, text), (_, start) in zip(found, said, strict=True))
