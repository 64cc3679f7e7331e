"""The study file: one typed YAML document per study."""

from longwatch.study.model import (
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

__all__ = [
    "Arm",
    "Comparison",
    "ReportRequest",
    "SeverityChange",
    "SourceSpec",
    "Study",
    "TreatmentBasis",
    "TreatmentReference",
    "parse_study",
]
