"""The study file: one typed YAML document per study."""

from longwatch.study.model import (
    AnalysisData,
    Arm,
    Comparison,
    ReportRequest,
    RuleSettings,
    SeverityChange,
    SourceSpec,
    Study,
    TreatmentBasis,
    TreatmentReference,
)
from longwatch.study.parse import parse_study

__all__ = [
    "AnalysisData",
    "Arm",
    "Comparison",
    "ReportRequest",
    "RuleSettings",
    "SeverityChange",
    "SourceSpec",
    "Study",
    "TreatmentBasis",
    "TreatmentReference",
    "parse_study",
]
