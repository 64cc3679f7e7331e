"""Tables counted from the sponsor's own ADaM beside those derived from SDTM: the same numbers, both ways."""

from __future__ import annotations

import pytest

from longwatch.derive import AnalysisDatasets
from longwatch.study import Study
from longwatch.tables.catalogue import make_table


@pytest.mark.parametrize("code", ["AET01", "AET02", "AET02_SER"])
def test_supplied_and_derived_give_the_same_table(
    pilot: AnalysisDatasets, pilot_study: Study, pilot_adam: AnalysisDatasets, pilot_adam_study: Study, code: str
) -> None:
    """Every statistic of every line, in the same order."""
    derived, supplied = make_table(code, pilot, pilot_study), make_table(code, pilot_adam, pilot_adam_study)
    assert list(derived.tidy()) == list(supplied.tidy())
    assert [row.cells for row in derived.rows] == [row.cells for row in supplied.rows]
