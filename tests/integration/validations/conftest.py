"""The CDISC pilot study as these tests read it, and its validation, made once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from polars_readstat import scan_readstat

from longwatch.findings.finding import ValidationOutcome
from longwatch.standards.dataset import SourceData
from longwatch.standards.define_xml import parse_define
from longwatch.study import Study, parse_study
from validations import validate


@pytest.fixture(scope="session")
def pilot_data(shared_data: Path) -> SourceData:
    """CDISCPILOT01: its SDTM datasets, with LB (chemistry) and VS from the split files."""
    folder = shared_data / "cdiscpilot01"
    files = {path.stem.upper(): path for path in sorted((folder / "sdtm").glob("*.xpt"))}
    files |= {"LB": folder / "sdtm_split" / "lbch.xpt", "VS": folder / "sdtm_split" / "vs.xpt"}
    frames = {name: scan_readstat(str(path), preserve_order=True).collect() for name, path in files.items()}
    content = (folder / "sdtm" / "define.xml").read_bytes()
    return replace(SourceData.of(**frames), read_define=lambda: parse_define(content))


@pytest.fixture(scope="session")
def pilot_study(repository: Path) -> Study:
    """The study file that lowers ST02 to error, with a reason."""
    path = repository / "tests" / "studies" / "cdiscpilot01.yaml"
    return parse_study(path.read_text(encoding="utf-8"), path.name)


@pytest.fixture(scope="session")
def pilot_outcome(pilot_data: SourceData, pilot_study: Study) -> ValidationOutcome:
    """The validation of the pilot study by all rules."""
    return validate(pilot_data, pilot_study, lambda _: None)
