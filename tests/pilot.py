"""CDISCPILOT01 as published, and its analysis datasets, for comparison with published numbers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from polars_readstat import scan_readstat

from longwatch.derive import AnalysisDatasets, derive
from longwatch.standards.dataset import SourceData
from longwatch.study import Study, parse_study

PILOT = """
longwatch: 1
study: {id: CDISCPILOT01, title: Xanomeline in Alzheimer's disease, timezone: America/New_York}
sources: [{path: sdtm}]
cutoff: 2015-12-31
treatment:
  basis: planned
  arms:
    - {code: Pbo, name: Placebo}
    - {code: Xan_Lo, name: Xanomeline Low Dose}
    - {code: Xan_Hi, name: Xanomeline High Dose}
  not_treated: [Scrnfail]
relatedness: {related: [POSSIBLE, PROBABLE], not_related: [NONE, REMOTE], missing_is_related: false}
interval_months: [1, 3, 6]
periods: [{name: Treatment}, {name: Follow-up, from_element: FOLO}]
exposure:
  product: continuing
  classes: [{name: Salicylates, drugs: [acetylsalicylic acid]}]
comparison: {control: Pbo, statistics: [fisher]}
"""


@pytest.fixture(scope="session")
def read_xpt(shared_data: Path) -> Callable[[str], pl.DataFrame]:
    """Reads a transport file of the pilot study: `read_xpt("adam/adae")`."""

    def read(name: str) -> pl.DataFrame:
        file = shared_data / "cdiscpilot01" / f"{name}.xpt"
        return scan_readstat(str(file), preserve_order=True).collect()

    return read


@pytest.fixture(scope="session")
def pilot_study() -> Study:
    """Arms as planned, Fisher against placebo, a missing relationship not counted as related: as the CSR has it."""
    return parse_study(PILOT, "pilot")


@pytest.fixture(scope="session")
def pilot_data(read_xpt: Callable[[str], pl.DataFrame]) -> SourceData:
    """The SDTM datasets that derivations read; of LB only chemistry is published in a size that is kept."""
    names = {name.upper(): f"sdtm/{name}" for name in ("dm", "ae", "ex", "ds", "sv", "ts", "cm", "se")}
    names |= {"LB": "sdtm_split/lbch", "VS": "sdtm_split/vs"}
    return SourceData.of(**{name: read_xpt(file) for name, file in names.items()})


@pytest.fixture(scope="session")
def pilot(pilot_data: SourceData, pilot_study: Study) -> AnalysisDatasets:
    """ADSL and ADAE, derived from SDTM."""
    return derive(pilot_data, pilot_study, date(2015, 12, 31))


@pytest.fixture(scope="session")
def pilot_adam_study() -> Study:
    """The same, counting from the sponsor's own ADaM: one word in the study file."""
    return parse_study(f"{PILOT}analysis_data: adam\n", "pilot")


@pytest.fixture(scope="session")
def pilot_adam(read_xpt: Callable[[str], pl.DataFrame], pilot_adam_study: Study) -> AnalysisDatasets:
    """ADSL and ADAE as the sponsor supplied them."""
    data = SourceData.of(**{name.upper(): read_xpt(f"adam/{name}") for name in ("adsl", "adae", "adtte")})
    return derive(data, pilot_adam_study, date(2015, 12, 31))
