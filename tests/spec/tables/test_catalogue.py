"""The outputs there are, and what is refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from longwatch.errors import StudyError
from longwatch.tables.catalogue import OUTPUTS
from longwatch.tables.result import TableResult


def test_codes_and_numbers_of_the_fda_guide() -> None:
    """Each output has its code, its title and the guide's table number (spec C.1)."""
    assert {code: output.number for code, output in OUTPUTS.items()} == {
        "DMT01": "2", "ENT01": "3", "POPT01": "4", "DST01": "5", "DTHT01": "8", "DTHL01": "9",
        "AET01": "7", "AET02": "14", "AET02_SER": "10",
        "AET02_WD": "12", "AET07": "", "AET09": "",
        "AET03": "", "AET04": "", "AET05": "16", "AET05_ALL": "16", "AET10": "15",
        "AET02_OCMQ": "17", "AET02_OCMQ_SER": "11", "AET02_OCMQ_WD": "13", "AET02_SMQ": "", "AET02_CQ": "",
        "AEFG01": "Fig 2", "AEFG_OCMQ": "Fig 3",
        "AESI01": "18", "AET01_SG": "51", "AET01_SG_SER": "50", "AESI01_SG": "19",
    }  # fmt: skip
    assert all(output.code == code and output.title for code, output in OUTPUTS.items())


@pytest.mark.parametrize("code", sorted(OUTPUTS))
def test_a_table_says_its_code_title_and_number(tabulate: Callable[..., TableResult], code: str) -> None:
    """As the catalogue lists them."""
    table = tabulate(code, {"CELL": 2, "SOC": 2}, [("CELL1", "Nervous", "Headache", {"AESER": "Y"})])
    assert (table.code, table.title, table.number) == (code, OUTPUTS[code].title, OUTPUTS[code].number)


@pytest.mark.parametrize(
    ("code", "parameters", "error_id", "named"),
    [
        ("AET99", {}, "LW-TAB-001", "AET99"),
        ("AET01", {"serious": True}, "LW-TAB-002", "serious"),
        ("AET02", {"grade": 3}, "LW-TAB-002", "grade"),
        ("AET02", {"events": "yes"}, "LW-TAB-002", "events"),
        ("AET02_SER", {"only": "related"}, "LW-TAB-002", "only"),
    ],
)
def test_what_cannot_be_made_is_refused(
    tabulate: Callable[..., TableResult], code: str, parameters: dict[str, object], error_id: str, named: str
) -> None:
    """An unknown output, an unknown parameter, a parameter of another type."""
    with pytest.raises(StudyError) as raised:
        tabulate(code, {"CELL": 2}, [], parameters)
    assert raised.value.error_id == error_id
    assert named in raised.value.one_line()
