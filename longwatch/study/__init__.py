"""The study file: one typed YAML document per study."""

from longwatch.study.event_lists import AesiSpec, EventGroupsSpec
from longwatch.study.mistakes import KnownNames
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
from longwatch.study.shape import PLAIN, OdmDatasetSpec, OdmVariable, Shape
from longwatch.study.sources import Form, PlaceKind, SecretAt

__all__ = [
    "PLAIN",
    "AesiSpec",
    "AnalysisData",
    "Arm",
    "Comparison",
    "EventGroupsSpec",
    "Form",
    "KnownNames",
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
    "parse_study",
]
