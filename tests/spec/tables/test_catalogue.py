"""The outputs there are, and what is refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from longwatch.errors import StudyError
from longwatch.tables.catalogue import OUTPUTS, read_parameters
from longwatch.tables.result import TableResult


def test_codes_and_numbers_of_the_fda_guide() -> None:
    """Each output has its code, its title and the guide's table number (spec C.1)."""
    assert {code: output.number for code, output in OUTPUTS.items()} == {
        "TRLT01": "1",
        "DMT01": "2", "ENT01": "3", "POPT01": "4", "DST01": "5", "EXT01": "6", "DTHT01": "8", "DTHL01": "9",
        "AET01": "7", "AET02": "14", "AET02_SER": "10",
        "AET02_WD": "12", "AET07": "", "AET09": "",
        "AET03": "", "AET03_WORST": "", "AET04": "", "AET05": "16", "AET05_ALL": "16", "AET10": "15",
        "VST01": "", "LBT01": "", "KIDT01": "35", "LBT04": "", "LBT07": "", "LBT14": "", "LBT_SHIFT": "",
        "LBT_LEVELS": "20", "LBT_LAST": "", "LBL01": "", "LBL02": "", "LBT_HEP": "21", "LBT_CHOL": "22",
        "LBL_HYSLAW": "",
        "LBG_HEP": "Fig 7", "LBG_CHOL": "Fig 8", "LBG01": "Fig 6", "LBG_SHARE": "Fig 5", "VSG01": "Fig 6",
        "LBG02": "", "VSG02": "Fig 10", "LBG03": "", "VSG03": "",
        "LTF01": "", "LTF02": "", "LTF04": "", "LTF05": "", "LTF06": "", "LTF07": "", "LTF08": "",
        "LTF09": "", "LTF10": "", "LTF11": "", "LTF12": "", "LTF13": "", "LTF14": "",
        "SWMG01": "", "SUBG01": "", "SUBL01": "", "NARR01": "", "LOTL01": "", "LOTL02": "", "LOTL03": "",
        "AET05_INT": "23–28", "AET05_INT_ALL": "23–28", "AET05_PER": "23–28", "AET05_PER_ALL": "23–28",
        "IRG01": "Fig 12", "AEL02": "", "AEL03": "", "AEL02_WD": "39",
        "DSUR61": "", "DSUR72": "", "DSUR73": "", "DSURDTHL": "", "DSURWDL": "",
        "TTET01": "", "KMG01": "Fig 1, 4, 13", "CIFG01": "Fig 11", "MCCG01": "",
        "AET02_OCMQ": "17", "AET02_OCMQ_SER": "11", "AET02_OCMQ_WD": "13", "AET02_SMQ": "", "AET02_CQ": "",
        "AET_HYPOGLY": "47", "AET_HYPERGLY": "48",
        "AEFG01": "Fig 2", "AEFG_OCMQ": "Fig 3",
        "AESI01": "18", "AESI02": "", "AET01_SG": "51", "AET01_SG_SER": "50", "AESI01_SG": "19",
        "VST_SBP": "36", "VST_DBP": "37", "VST_HYPO": "38",
    }  # fmt: skip
    assert all(output.code == code and output.title for code, output in OUTPUTS.items())


@pytest.mark.parametrize("code", sorted(OUTPUTS))
def test_a_table_says_its_code_title_and_number(tabulate: Callable[..., TableResult], code: str) -> None:
    """As the catalogue lists them; of a time to an event the title names it, too."""
    table = tabulate(code, {"CELL": 2, "SOC": 2}, [("CELL1", "Nervous", "Headache", {"AESER": "Y"})])
    assert table.code == code
    assert table.title == OUTPUTS[code].title or table.title.startswith(f"{OUTPUTS[code].title}: ")
    assert set(table.number.removeprefix("Fig ").split(", ")) <= set(
        OUTPUTS[code].number.removeprefix("Fig ").split(", ")
    )


@pytest.mark.parametrize(
    ("code", "parameters", "error_id", "named"),
    [
        ("AET99", {}, "LW-TAB-001", "AET99"),
        ("AET01", {"serious": True}, "LW-TAB-002", "serious"),
        ("AET02", {"grade": 3}, "LW-TAB-002", "grade"),
        ("AET02", {"events": "yes"}, "LW-TAB-002", "events"),
        ("AET02_SER", {"only": "related"}, "LW-TAB-002", "only"),
        ("TTET01", {"parameter": "TTNONE"}, "LW-TAB-007", "TTNONE"),
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


def test_parameters_as_they_are_written() -> None:
    """Text, numbers, true and false, several texts: by the type that the output wants."""
    assert read_parameters("AET10", ["at_least=2.5", "events=true"]) == {"at_least": 2.5, "events": True}
    assert read_parameters("DTHT01", ["within_days=90"]) == {"within_days": 90}
    assert read_parameters("DMT01", ["variables=AGE, SEX", "population=ITTFL"]) == {
        "variables": ("AGE", "SEX"),
        "population": "ITTFL",
    }


@pytest.mark.parametrize("text", ["events=yes", "at_least=much", "grade=3", "events"])
def test_a_parameter_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(StudyError) as raised:
        read_parameters("AET10", [text])
    assert raised.value.error_id == "LW-TAB-002"
    assert text in raised.value.one_line()
