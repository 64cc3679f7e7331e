"""The study file: one typed YAML document per study."""

from longwatch.study.algorithmic import AlgorithmicQuery, Criterion, Query, Results, kind_of
from longwatch.study.event_lists import AesiSpec, AesiWindow, EventGroupsSpec, Terms
from longwatch.study.exposure import PeriodSpec
from longwatch.study.laboratory_criterion import LaboratoryCriterion
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
from longwatch.study.retention import Retention, RetentionRule
from longwatch.study.shape import PLAIN, OdmDatasetSpec, OdmVariable, Shape
from longwatch.study.sources import Form, PlaceKind, SecretAt
from longwatch.study.time_to_event import EventKind, Parameter, TimeToEvent

__all__ = [
    "PLAIN",
    "AesiSpec",
    "AesiWindow",
    "AlgorithmicQuery",
    "AnalysisData",
    "Arm",
    "Comparison",
    "Criterion",
    "EventGroupsSpec",
    "EventKind",
    "Form",
    "KnownNames",
    "Laboratory",
    "LaboratoryCriterion",
    "OdmDatasetSpec",
    "OdmVariable",
    "Parameter",
    "PeriodSpec",
    "PlaceKind",
    "Query",
    "ReportRequest",
    "Results",
    "Retention",
    "RetentionRule",
    "RuleSettings",
    "SecretAt",
    "SeverityChange",
    "Shape",
    "SourceSpec",
    "Study",
    "Terms",
    "TimeToEvent",
    "TreatmentBasis",
    "TreatmentReference",
    "Visits",
    "kind_of",
    "parse_study",
]
