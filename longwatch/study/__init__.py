"""The study file: one typed YAML document per study."""

from longwatch.study.mistakes import KnownNames
from longwatch.study.model import (
    AnalysisData,
    Arm,
    Comparison,
    Laboratory,
    ReportRequest,
    RuleSettings,
    SeverityChange,
    SourceSpec,
    Study,
    TreatmentBasis,
    TreatmentReference,
    Visits,
)
from longwatch.study.parse import parse_study
from longwatch.study.shape import PLAIN, OdmDatasetSpec, OdmVariable, Shape
from longwatch.study.sources import Form, PlaceKind, SecretAt

__all__ = [
    "PLAIN",
    "AnalysisData",
    "Arm",
    "Comparison",
    "Form",
    "KnownNames",
    "Laboratory",
    "OdmDatasetSpec",
    "OdmVariable",
    "PlaceKind",
    "ReportRequest",
    "RuleSettings",
    "SecretAt",
    "SeverityChange",
    "Shape",
    "SourceSpec",
    "Study",
    "TreatmentBasis",
    "TreatmentReference",
    "Visits",
    "parse_study",
]
