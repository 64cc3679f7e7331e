"""Small studies for the derivations: a study file in a few lines, datasets as lists of records."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import polars as pl
import pytest

from longwatch.derive import AnalysisDatasets, derive
from longwatch.standards.dataset import SourceData
from longwatch.study import Study, parse_study

Records = list[dict[str, Any]]

STUDY = """
longwatch: 1
study: {id: ISLET-1, title: Islets}
sources: [{path: sdtm}]
treatment:
  arms: [{code: CELL, name: Islet cells}, {code: SOC, name: Standard of care}]
  not_treated: [SCRNFAIL]
  products: [ISLET CELLS, PLACEBO CELLS]
relatedness: {related: [RELATED, POSSIBLE], not_related: [NOT RELATED]}
"""


@pytest.fixture
def make_study() -> Callable[..., Study]:
    """A study file with lines added at its end, or replaced where a section is given again."""

    def make(**changes: Any) -> Study:
        study = parse_study(STUDY, "test")
        content = study.model_dump(mode="json", exclude_unset=True)
        for name, value in changes.items():
            content[name] = {**content[name], **value} if isinstance(content.get(name), dict) else value
        return Study.model_validate(content)

    return make


@pytest.fixture
def make_data() -> Callable[..., SourceData]:
    """Datasets from records: `make_data(DM=[{…}], AE=[{…}])`. A variable is there where one record has it."""

    def make(**datasets: Records) -> SourceData:
        return SourceData.of(**{name: as_frame(records) for name, records in datasets.items()})

    return make


def as_frame(records: Records) -> pl.DataFrame:
    """Records as a frame: numbers as Float64, all else as text."""
    names = list(dict.fromkeys(name for record in records for name in record))
    numeric = ("AGE", "EXDOSE", "SEQ", "STRESN", "STNRLO", "STNRHI", "TPTNUM", "VISITNUM", "GLUC")
    schema = {name: pl.Float64 if name.endswith(numeric) else pl.String for name in names}
    return pl.DataFrame([{name: record.get(name) for name in names} for record in records], schema=schema)


@pytest.fixture
def derived(make_study: Callable[..., Study], make_data: Callable[..., SourceData]) -> Callable[..., AnalysisDatasets]:
    """Analysis datasets of a few records at the end of 2023, with a DM, AE and EX to start from."""

    def make(cutoff: date = date(2023, 12, 31), study: Study | None = None, **datasets: Records) -> AnalysisDatasets:
        start: dict[str, Records] = {
            "DM": [{"USUBJID": "S1", "ARMCD": "CELL", "ACTARMCD": "CELL", "RFICDTC": "2022-02-01"}],
            "EX": [{"USUBJID": "S1", "EXTRT": "ISLET CELLS", "EXDOSE": 1.0, "EXSTDTC": "2022-03-01T10:15"}],
            "AE": [{"USUBJID": "S1", "AESEQ": 1.0, "AETERM": "headache", "AEDECOD": "Headache",
                    "AEBODSYS": "Nervous system disorders", "AESTDTC": "2022-04-01"}],
        }  # fmt: skip
        return derive(make_data(**{**start, **datasets}), study or make_study(), cutoff)

    return make
