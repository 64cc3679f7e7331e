"""The study file: one typed YAML document per study."""

from longwatch.study.event_lists import AesiSpec, EventGroupsSpec
from longwatch.study.exposure import PeriodSpec
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
from longwatch.study.time_to_event import EventKind, Parameter, TimeToEvent

__all__ = [
    "PLAIN",
    "AesiSpec",
    "AnalysisData",
    "Arm",
    "Comparison",
    "EventGroupsSpec",
    "EventKind",
    "Form",
    "KnownNames",
    "Laboratory",
    "OdmDatasetSpec",
    "OdmVariable",
    "Parameter",
    "PeriodSpec",
    "PlaceKind",
    "ReportRequest",
    "RuleSettings",
    "SecretAt",
    "SeverityChange",
    "Shape",
    "SourceSpec",
    "Study",
    "TimeToEvent",
    "TreatmentBasis",
    "TreatmentReference",
    "Visits",
    "parse_study",
]
