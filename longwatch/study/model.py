"""The study file, typed. One YAML file says all that Longwatch may not guess about a study."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

from pydantic import Field, StrictFloat, StrictInt, StrictStr, field_validator, model_validator

from longwatch.standards.laboratory.reading import LEVELS, read_rows
from longwatch.standards.nearest import did_you_mean
from longwatch.study.algorithmic import AlgorithmicQuery, Query
from longwatch.study.event_lists import AesiSpec, EventGroupsSpec
from longwatch.study.exposure import Exposure, PeriodSpec
from longwatch.study.follow_up import FollowUp
from longwatch.study.graft import Graft
from longwatch.study.part import Part
from longwatch.study.retention import Retention
from longwatch.study.shape import Shape
from longwatch.study.sources import PlaceOptions
from longwatch.study.time_to_event import Parameter, TimeToEvent

RULE_ID = r"^[A-Z][A-Z0-9]*[0-9]{2,}$"
PARAMETER_NAME = r"^[a-z][a-z0-9_]*$"
STUDY_ID = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
ENCODINGS = ("utf-8", "cp1252", "latin-1", "iso8859-15", "cp1250", "shift_jis", "cp932", "euc-jp", "gb18030", "euc-kr")
TEMPLATE_NAME = r"^[a-z][a-z0-9_]*$"


class Identity(Part):
    """Which study this is. `id` is STUDYID; `timezone` the IANA zone that defines its dates."""

    id: Annotated[str, Field(min_length=1, max_length=64, pattern=STUDY_ID)]
    title: Annotated[str, Field(min_length=1)]
    sponsor: str = ""
    protocol: str = ""
    timezone: str = "UTC"

    @field_validator("timezone")
    @classmethod
    def check_timezone(cls, value: str) -> str:
        """An IANA zone name."""
        if value not in available_timezones():
            known = available_timezones()
            raise ValueError(f"{value!r} is not an IANA time zone such as Europe/London{did_you_mean(value, known)}")
        return value


class SourceSpec(PlaceOptions, Shape):
    """Where data comes from (see `longwatch.study.sources`); relative paths start from the study file's folder.

    `encoding`: of text that does not say its own (XPT, CSV); default UTF-8 (US-ASCII is part of it). `dataset`: the
    name of a single file's dataset where the file name does not tell (`lbch.xpt` is LB). `include`: file names to
    take, default every dataset file, define.xml and SAS catalogues. The other keys say how its files become
    SDTM-shaped (`Shape`).
    """

    encoding: str = "utf-8"

    @field_validator("encoding")
    @classmethod
    def check_encoding(cls, value: str) -> str:
        """An encoding Python knows."""
        try:
            "".encode(value)
        except LookupError as unknown:
            near = did_you_mean(value, ENCODINGS)
            raise ValueError(f"{value!r} is not a known encoding such as {', '.join(ENCODINGS)}{near}") from unknown
        return value

    @property
    def shape(self) -> Shape:
        """How its files become SDTM-shaped."""
        return Shape.model_validate({name: getattr(self, name) for name in Shape.model_fields})


class TreatmentBasis(StrEnum):
    """Which arm a subject is analysed under: `actual` (DM.ACTARM, the default) or `planned` (DM.ARM)."""

    ACTUAL = "actual"
    PLANNED = "planned"


class Arm(Part):
    """One arm: its code in the data (ARMCD / ACTARMCD) and the heading printed."""

    code: Annotated[str, Field(min_length=1)]
    name: Annotated[str, Field(min_length=1)]


class Treatment(Part):
    """Arms in the order printed. `not_treated`: codes of arms that get no study treatment (screen failures).
    `products`: EXTRT values that are the study product; empty means every EX record is."""

    basis: TreatmentBasis = TreatmentBasis.ACTUAL
    arms: Annotated[tuple[Arm, ...], Field(min_length=1)]
    not_treated: tuple[str, ...] = ()
    products: tuple[str, ...] = ()
    total_column: bool = True

    @model_validator(mode="after")
    def check_codes(self) -> Treatment:
        """No code and no heading twice."""
        codes = [arm.code for arm in self.arms] + list(self.not_treated)
        names = [arm.name for arm in self.arms]
        for values in (codes, names):
            twice = sorted({value for value in values if values.count(value) > 1})
            if twice:
                raise ValueError(f"{', '.join(twice)} stands twice")
        if "Total" in names:
            raise ValueError("Total is the column over all arms; name the arm otherwise")
        return self


class TreatmentReference(StrEnum):
    """From when an AE is treatment-emergent (spec A.6)."""

    FIRST_INFUSION = "FIRST_INFUSION"
    FIRST_STUDY_INTERVENTION = "FIRST_STUDY_INTERVENTION"


class TreatmentEmergence(Part):
    """The rule for TRTEMFL. FIRST_INFUSION: first EX record of a product. FIRST_STUDY_INTERVENTION: first EX record of
    anything, induction immunosuppression included. `periprocedural_days`: how many days from an infusion on, its own
    day counted, AWIN calls PERIPROC (28: spec A.6, to be confirmed)."""

    reference: TreatmentReference = TreatmentReference.FIRST_INFUSION
    periprocedural_days: Annotated[int, Field(ge=1)] = 28


class Relatedness(Part):
    """The mapping of AEREL, which has no CDISC codelist (spec A.2). A missing AEREL counts as related where
    `missing_is_related` (spec C.2 rule 6)."""

    related: tuple[str, ...] = ()
    not_related: tuple[str, ...] = ()
    missing_is_related: bool = True

    @model_validator(mode="after")
    def check_disjoint(self) -> Relatedness:
        """No value on both sides."""
        both = sorted(set(self.related) & set(self.not_related))
        if both:
            raise ValueError(f"{', '.join(both)} is both related and not related")
        return self


class Comparison(Part):
    """What is compared with the control arm. Empty `statistics`: nothing. Method of the interval: spec C.4.
    `hazard_ratio` and `log_rank` are of times to an event, the others of numbers of subjects and rates."""

    control: str
    statistics: tuple[Literal["risk_difference", "fisher", "hazard_ratio", "log_rank"], ...] = ("risk_difference",)
    method: Literal["miettinen-nurminen", "newcombe", "wald"] = "miettinen-nurminen"


class Dictionaries(Part):
    """Versions of the dictionaries the data was coded with, as printed in the footnotes.

    `meddra`: a version (`27.1`), or the name and version of another dictionary (`MOCKDRA 1.0`). `meddra_folder`: the
    folder with that version's files as its licence holder gets them (`mdhier.asc`, …), relative to the study file;
    without it coding is not compared with the dictionary.
    """

    meddra: str = ""
    ctcae: str = ""
    meddra_folder: str = ""

    @property
    def meddra_name(self) -> str:
        """`MedDRA 27.1`, or the other dictionary's own name; empty where none is stated."""
        return f"MedDRA {self.meddra}" if self.meddra[:1].isdigit() else self.meddra


class AnalysisData(StrEnum):
    """Whose analysis datasets the tables count: `derived` by Longwatch from SDTM (the default), or the sponsor's own
    `adam` (ADSL, ADAE, ADTTE … of the sources)."""

    DERIVED = "derived"
    ADAM = "adam"


class PopulationSpec(Part):
    """A further population: the variable of ADSL that is Y in it, and its name as printed."""

    flag: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9]{0,7}$")]
    name: Annotated[str, Field(min_length=1)]


class Visits(Part):
    """Which visits tables by visit describe. `analysed`: values of VISIT, in the order printed; empty: every planned
    one, by VISITNUM. `several`: which result counts where a visit has several. `last_of`: the visits of which the last
    result is the last value; empty: every analysed one after the first dose."""

    analysed: tuple[str, ...] = ()
    several: Literal["last", "first", "highest", "lowest"] = "last"
    last_of: tuple[str, ...] = ()

    @field_validator("analysed", "last_of")
    @classmethod
    def check_visits(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        """None twice, none empty."""
        if len(set(value)) != len(value) or not all(value):
            raise ValueError("a visit stands twice, or its name is empty")
        return value

    @model_validator(mode="after")
    def check_last(self) -> Visits:
        """What is the last of is analysed, where the analysed visits are named."""
        others = [name for name in self.last_of if self.analysed and name not in self.analysed]
        if others:
            raise ValueError(f"last_of: {', '.join(others)} is none of the analysed visits")
        return self


class Laboratory(Part):
    """How laboratory results are judged. `levels`: the study's own limits of levels 1, 2, 3 of an analyte, by its name
    in LBT_LEVELS, in place of the guide's. `liver_from_day`: the study day from which results count for liver
    screening: an infusion into the portal vein itself lifts transaminases. `liver_within_days`: how long after a
    transaminase a bilirubin is still marked as one event."""

    levels: dict[str, Annotated[tuple[float, ...], Field(min_length=1, max_length=3)]] = Field(default_factory=dict)
    liver_from_day: Annotated[int, Field(ge=1)] = 1
    liver_within_days: Annotated[int, Field(ge=1)] = 30

    @field_validator("levels")
    @classmethod
    def check_analytes(cls, value: dict[str, tuple[float, ...]]) -> dict[str, tuple[float, ...]]:
        """Analytes that there are."""
        known = {row["name"] for row in read_rows(LEVELS)}
        for name in value:
            if name not in known:
                raise ValueError(f"{name!r} is no analyte of LBT_LEVELS{did_you_mean(name, known)}")
        return value


_Severity = Literal["reject", "error", "warning", "note"]


class SeverityChange(Part):
    """The study's own severity for a rule, with the reason that the report prints (CONTRACTS.md, Two gates).

    `severity`: of what the rule finds. `not_evaluable`: of the rule not being evaluable; by default that stops nothing.
    """

    rule: Annotated[str, Field(pattern=RULE_ID)]
    severity: _Severity | None = None
    not_evaluable: _Severity | None = None
    reason: Annotated[str, Field(min_length=10)]

    @model_validator(mode="after")
    def check_changes_something(self) -> SeverityChange:
        """One of the two, or both."""
        if self.severity is None and self.not_evaluable is None:
            raise ValueError("give severity, not_evaluable, or both")
        return self


RuleValue = StrictStr | StrictInt | StrictFloat


class RuleSettings(Part):
    """The study's own rules and what it sets of the others.

    `files`: rule files in the form of Longwatch's own, relative to the study file. `parameters`: by rule id and name;
    `longwatch rules show` lists a rule's parameters with their defaults.
    """

    files: tuple[str, ...] = ()
    parameters: dict[
        Annotated[str, Field(pattern=RULE_ID)],
        dict[Annotated[str, Field(pattern=PARAMETER_NAME)], RuleValue | tuple[RuleValue, ...]],
    ] = Field(default_factory=dict)

    @field_validator("files")
    @classmethod
    def check_files(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        """No file twice, none empty."""
        if len(set(value)) != len(value) or not all(value):
            raise ValueError("a file stands twice, or its name is empty")
        return value


class ReportRequest(Part):
    """One report of the study, by its template. `subject`: the USUBJID that it is about, of a template about one."""

    template: Annotated[str, Field(pattern=TEMPLATE_NAME)]
    subject: str = ""


class Study(Part):
    """A study file."""

    longwatch: Literal[1]
    study: Identity
    sources: Annotated[tuple[SourceSpec, ...], Field(min_length=1)]
    cutoff: date | None = None
    analysis_data: AnalysisData = AnalysisData.DERIVED
    populations: tuple[PopulationSpec, ...] = ()
    demographics: Annotated[tuple[str, ...], Field(min_length=1)] = ("AGE", "AGEGR1", "SEX", "RACE", "ETHNIC")
    age_groups: Annotated[tuple[int, ...], Field(min_length=1)] = (18, 65)
    visits: Visits = Visits()
    laboratory: Laboratory = Laboratory()
    treatment: Treatment
    treatment_emergence: TreatmentEmergence = TreatmentEmergence()
    relatedness: Relatedness = Relatedness()
    exposure: Exposure = Exposure()
    follow_up: FollowUp = FollowUp()
    graft: Graft = Graft()
    periods: tuple[PeriodSpec, ...] = ()
    development_birth_date: date | None = None
    interval_months: tuple[Annotated[int, Field(ge=1)], ...] = ()
    comparison: Comparison | None = None
    time_to_event: TimeToEvent = TimeToEvent()
    dictionaries: Dictionaries = Dictionaries()
    event_groups: tuple[EventGroupsSpec, ...] = ()
    aesi: tuple[AesiSpec, ...] = ()
    algorithmic_queries: tuple[AlgorithmicQuery, ...] = ()
    subgroups: Annotated[tuple[str, ...], Field(min_length=1)] = ("AGEGR1", "SEX", "RACE", "ETHNIC")
    severities: tuple[SeverityChange, ...] = ()
    rules: RuleSettings = RuleSettings()
    retention: Retention = Retention()
    reports: Annotated[tuple[ReportRequest, ...], Field(min_length=1)] = (ReportRequest(template="safety_summary"),)

    @model_validator(mode="after")
    def check_references(self) -> Study:
        """Names used are names declared; no rule's severity is changed twice, no report asked for twice; age groups
        rise."""
        unknown = [item.code for item in self.time_to_event.parameters if item.event is None]
        if unknown and self.analysis_data is AnalysisData.DERIVED:
            raise ValueError(f"time_to_event: {', '.join(unknown)} has no event, and there is no ADTTE to take it from")
        if sorted(set(self.age_groups)) != list(self.age_groups):
            raise ValueError("age_groups: cut points rise, such as [18, 65]")
        if sorted(set(self.interval_months)) != list(self.interval_months):
            raise ValueError("interval_months: months rise, such as [3, 12, 24]")
        if any(period.starts != (number > 0) for number, period in enumerate(self.periods)):
            raise ValueError(
                "periods: the first begins with follow-up; each other says once when it begins "
                "(from_day, from_epoch or from_element)"
            )
        if len({period.name for period in self.periods}) != len(self.periods):
            raise ValueError("periods: a name stands twice")
        codes = {arm.code for arm in self.treatment.arms}
        if self.comparison and self.comparison.control not in codes:
            raise ValueError(f"comparison.control {self.comparison.control!r} is none of the arms {sorted(codes)}")
        rules = [change.rule for change in self.severities]
        twice = sorted({rule for rule in rules if rules.count(rule) > 1})
        if twice:
            raise ValueError(f"severities: {', '.join(twice)} is changed twice")
        names = [item.name.upper() for item in self.aesi]
        if len(set(names)) != len(names):
            raise ValueError("aesi: a name stands twice")
        queries = [item.query for item in self.algorithmic_queries]
        if len(set(queries)) != len(queries):
            raise ValueError("algorithmic_queries: a query stands twice")
        templates = [(request.template, request.subject) for request in self.reports]
        if len(set(templates)) != len(templates):
            raise ValueError("reports: a template stands twice")
        return self

    @property
    def aesi_of_events(self) -> tuple[AesiSpec, ...]:
        """The AESIs that adverse events can be of: those with terms."""
        return tuple(item for item in self.aesi if item.has_terms)

    @property
    def names_of_level_3(self) -> tuple[str, ...]:
        """What CESCAT calls hypoglycaemia of level 3, in capitals: a parameter of rule GF03."""
        named = self.rules.parameters.get("GF03", {}).get("level_3", "LEVEL 3")
        return tuple(str(name).upper() for name in (named if isinstance(named, tuple) else (named,)))

    def algorithmic_query(self, query: Query) -> AlgorithmicQuery:
        """A query as the study declares it, else the guide's."""
        declared = (item for item in self.algorithmic_queries if item.query is query)
        return next(declared, AlgorithmicQuery(query=query))

    @property
    def time_parameters(self) -> tuple[Parameter, ...]:
        """Times to an event that the study file declares or implies: its own and the standard ones, then the first
        event of each group that follow-up watches: MAL and MAL1 … (malignancies), IMM1 …, ORG1 …, REC1 …"""
        own = self.time_to_event.all_parameters()
        return (*own, *(item for item in self.follow_up.time_parameters if item.code not in {one.code for one in own}))

    @property
    def id(self) -> str:
        """STUDYID."""
        return self.study.id

    def content_used_by_reports(self) -> dict[str, Any]:
        """What of the study file enters a report key: all but where things are fetched from, the list of reports, and
        how long they are kept.

        The snapshot stands for the data; the template and its parameters stand for the report; the version of the rule
        set stands for rule files and the dictionary's files, the digest of the lists for files of lists.
        """
        content = self.model_dump(mode="json", exclude={"sources", "reports", "cutoff", "event_groups", "retention"})
        del content["dictionaries"]["meddra_folder"], content["rules"]["files"]
        return content

    @classmethod
    def from_content(cls, content: Mapping[str, Any]) -> Study:
        """The study of what a report key was made from (`content_used_by_reports`); it has no source to fetch from."""
        return cls.model_validate({**content, "sources": [{"path": "archived"}]})
