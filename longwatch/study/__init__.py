"""The study file: one typed YAML document per study."""

from longwatch.study.model import (
    AnalysisData,
    Arm,
    Comparison,
    ReportRequest,
    SeverityChange,
    SourceSpec,
    Study,
    TreatmentBasis,
    TreatmentReference,
)
from longwatch.study.parse import parse_study
from longwatch.study.sources import Form, PlaceKind, SecretAt

__all__ = [
    "AnalysisData",
    "Arm",
    "Comparison",
    "Form",
    "PlaceKind",
    "ReportRequest",
    "SecretAt",
    "SeverityChange",
    "SourceSpec",
    "Study",
    "TreatmentBasis",
    "TreatmentReference",
    "parse_study",
]
