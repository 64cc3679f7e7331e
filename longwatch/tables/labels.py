"""What variables of subjects and their values are printed as."""

from __future__ import annotations

from collections.abc import Mapping

from longwatch.derive import AnalysisDatasets
from longwatch.study import AnalysisData, Study

SEX = {"F": "Female", "M": "Male", "U": "Unknown", "UNDIFFERENTIATED": "Undifferentiated"}
LABELS = {"AGEGR1": "Age group (years)", "AGE": "Age (years)", "SEX": "Sex", "RACE": "Race", "ETHNIC": "Ethnicity",
          "GRAFTFL": "Engraftment"}  # fmt: skip


def label_of(datasets: AnalysisDatasets, study: Study, variable: str) -> str:
    """A variable of ADSL in words: ours, else the label of the data it was read from, else its name."""
    label = LABELS.get(variable, "")
    source = datasets.data.get("ADSL" if study.analysis_data is AnalysisData.ADAM else "DM")
    if not label and source is not None:
        label = next((item.label for item in source.variables if item.name == variable), "")
    return label or variable


def words_of_values(variable: str) -> Mapping[str, str]:
    """The words of a variable's values that are not their own."""
    return SEX if variable == "SEX" else {}
