"""The analysis datasets of a study at a cut-off: what `derive` hands to the tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import polars as pl

from longwatch.derive.adae import derive_adae, read_adverse_events
from longwatch.derive.adex import derive_adex
from longwatch.derive.adgf import derive_adgf
from longwatch.derive.adhy import derive_adhy
from longwatch.derive.adlot import derive_adlot
from longwatch.derive.adltf import derive_adltf
from longwatch.derive.adsl import derive_adsl, read_subjects
from longwatch.derive.adtte import Times, derive_times, variables_of
from longwatch.derive.at_risk import Clock, make_clock
from longwatch.derive.bds import derive_bds
from longwatch.derive.carried import AdverseEvents
from longwatch.derive.cause_of_death import derive_dthcaus, read_stated_causes
from longwatch.derive.cgm import derive_adcg
from longwatch.derive.clinical_events import read_clinical_events
from longwatch.derive.coded import Subjects
from longwatch.derive.egfr_slope import derive_adsp
from longwatch.derive.follow_up_plan import Plan, read_plan
from longwatch.derive.hypoglycaemia import derive_adhg
from longwatch.derive.insulin import derive_adii, read_insulin
from longwatch.derive.listed import derive_line_names, read_collected
from longwatch.derive.occurrence import derive_occurrence_flags
from longwatch.derive.periods import (
    INTERVAL,
    PERIOD,
    Intervals,
    cut_intervals,
    cut_periods,
    derive_adfu,
    derive_places,
    find_missing_source,
)
from longwatch.derive.reporting_interval import Interval, compute_interval, flag_events, flag_subjects
from longwatch.derive.supplied import read_supplied_adae, read_supplied_adsl
from longwatch.derive.supplied_adtte import read_supplied_times, supplied_codes
from longwatch.derive.supplied_bds import read_supplied_bds
from longwatch.standards.dataset import SourceData
from longwatch.study import AnalysisData, EventKind, Study, TreatmentBasis

DATASETS = (
    "ADSL", "ADAE", "ADTTE", "ADEX", "ADFU", "ADLTF", "ADGF", "ADII", "ADSP", "ADCG", "ADHG", "ADLOT", "ADLB", "ADVS",
    "ADHY",
)  # fmt: skip
"""The analysis datasets there are; all but ADSL and ADAE are derived when they are first asked for."""


@dataclass(frozen=True)
class AnalysisDatasets:
    """ADSL, ADAE and ADTTE as known at the cut-off, and the source that further datasets come from when asked for.

    `adsl`: one row per subject; row i is the subject whose USUBJID has the code i (a Categorical, the same in both).
    `adae`: one row per adverse event that started by D. `treatment_variable`: TRT01A or TRT01P, the one that tables
    use. `events`: ADAE in columns, of which large data has many that an output does not need. `subjects`: the subjects
    of ADSL, and `data`, `study`: what they were derived from.
    """

    adsl: pl.DataFrame
    events: AdverseEvents
    cutoff: date
    treatment_variable: str
    subjects: Subjects
    data: SourceData
    study: Study

    @cached_property
    def adae(self) -> pl.DataFrame:
        """ADAE, every variable of it: those that no output has asked for yet are read now."""
        return self.events.columns(self.events.order)

    @property
    def adae_variables(self) -> tuple[str, ...]:
        """The names of ADAE's variables."""
        return self.events.order

    def adae_with(self, variables: Iterable[str]) -> pl.DataFrame:
        """Those of the variables that ADAE has."""
        return self.events.columns(variables)

    @cached_property
    def unmapped_relatedness(self) -> tuple[str, ...]:
        """Values of AEREL that the study file does not map."""
        return self.events.unmapped()

    @property
    def safety_subjects(self) -> int:
        """Subjects of the safety population."""
        return int((self.adsl["SAFFL"] == "Y").sum())

    def dataset(self, name: str) -> pl.DataFrame:
        """An analysis dataset by its name, ADSL and ADAE with all that provenances name. Raises KeyError."""
        if name == "ADAE":
            return self.adae_in_full
        if name == "ADSL":
            return self.adsl_with_interval
        if name not in DATASETS:
            raise KeyError(name)
        frame: pl.DataFrame = getattr(self, name.lower())
        return frame

    @cached_property
    def adfu(self) -> pl.DataFrame:
        """ADFU: follow-up, one row per subject and part of it."""
        return derive_adfu(self.adsl, self.parts)

    @cached_property
    def adex(self) -> pl.DataFrame:
        """ADEX: exposure, one row per subject and parameter."""
        return derive_adex(self.data, self.study, self.cutoff, self.subjects, self.adsl)

    @cached_property
    def plan(self) -> Plan:
        """The follow-up plan in force. Raises SourceError LW-FUP-001."""
        return read_plan(self.data, self.study)

    @cached_property
    def adltf(self) -> pl.DataFrame:
        """ADLTF: follow-up, one row per subject, parameter and visit or year."""
        return derive_adltf(self.data, self.study, self.plan, self.cutoff, self.subjects, self.adsl)

    @cached_property
    def adgf(self) -> pl.DataFrame:
        """ADGF: graft function at the visits of the follow-up plan."""
        return derive_adgf(self.data, self.study, self.cutoff, self.subjects, self.adsl, self.adltf)

    @cached_property
    def adii(self) -> pl.DataFrame:
        """ADII: insulin independence."""
        insulin = read_insulin(self.data, self.study, self.cutoff, self.subjects)
        return derive_adii(insulin, self.study, self.adsl, self.adltf)

    @cached_property
    def adsp(self) -> pl.DataFrame:
        """ADSP: the chronic slope of eGFR."""
        return derive_adsp(self.adlb, self.adsl)

    @cached_property
    def adcg(self) -> pl.DataFrame:
        """ADCG: continuous glucose monitoring before each visit."""
        return derive_adcg(self.data, self.cutoff, self.subjects, self.adsl, self.adltf)

    @cached_property
    def adhg(self) -> pl.DataFrame:
        """ADHG: hypoglycaemia and its level."""
        return derive_adhg(self.data, self.cutoff, self.subjects, self.adsl)

    @cached_property
    def adlot(self) -> pl.DataFrame:
        """ADLOT: lots given, events after them, and tests of the lots."""
        return derive_adlot(self.data, self.study, self.cutoff, self.subjects, self.adsl, self.adae)

    @cached_property
    def clock(self) -> Clock:
        """The clock of follow-up."""
        return make_clock(self.adsl, self.study)

    @cached_property
    def parts(self) -> Mapping[str, Intervals]:
        """Follow-up cut by time since the first dose, and by the study file's periods where it names any
        and the data says when they begin."""
        parts = {INTERVAL: cut_intervals(self.clock, self.study)}
        if self.study.periods and not find_missing_source(self.study, self.data):
            parts[PERIOD] = cut_periods(self.clock, self.study, self.data, self.subjects, self.cutoff)
        return parts

    @property
    def time_parameters(self) -> tuple[str, ...]:
        """The codes of ADTTE: those of the study file, then those of a supplied ADTTE, then the standard ones."""
        supplied = self._supplied_codes
        every = self.study.time_to_event.all_parameters()
        known = [item.code for item in every if item.code in supplied or item.event is not None]
        own = {item.code for item in self.study.time_to_event.parameters}
        return tuple(dict.fromkeys((*(code for code in known if code in own), *supplied, *known)))

    def times(self, code: str) -> Times:
        """One parameter of ADTTE: the sponsor's own where ADTTE is supplied and has it, else derived. Raises KeyError
        where there is none of that code."""
        if code not in self.time_parameters:
            raise KeyError(code)
        declared = {item.code: item for item in self.study.time_to_event.all_parameters()}.get(code)
        if declared is None or code in self._supplied_codes:
            return read_supplied_times(code, self.data, self.adsl, self.cutoff, declared)
        clinical = (
            read_clinical_events(self.data, self.subjects, self.cutoff, declared.terms)
            if declared.event is EventKind.CLINICAL_EVENT
            else None
        )
        adae = self.adae_with(variables_of(declared))
        return derive_times(declared, self.adsl, adae, self.study, self.cutoff, clinical)

    @cached_property
    def adtte(self) -> pl.DataFrame:
        """ADTTE, parameter after parameter. On demand: a table takes the one that it shows."""
        return pl.concat([self.times(code).records for code in self.time_parameters])

    @cached_property
    def _supplied_codes(self) -> tuple[str, ...]:
        return supplied_codes(self.data) if self.study.analysis_data is AnalysisData.ADAM else ()

    @cached_property
    def adae_with_occurrence_flags(self) -> pl.DataFrame:
        """ADAE with AOCCFL, AOCCSFL, AOCCPFL, AOCCIFL. On demand: counts need no flag, and the sort is long in large
        data."""
        return derive_occurrence_flags(self.adae)

    @cached_property
    def adlb(self) -> pl.DataFrame:
        """ADLB: one row per laboratory result; no rows where the data has none."""
        return self._bds("ADLB")

    @cached_property
    def advs(self) -> pl.DataFrame:
        """ADVS: one row per vital sign measured; no rows where the data has none."""
        return self._bds("ADVS")

    @cached_property
    def adhy(self) -> pl.DataFrame:
        """ADHY: one row per subject, what liver screening looks at."""
        return derive_adhy(self.adlb, self.adsl, self.study)

    def _bds(self, name: str) -> pl.DataFrame:
        """From the domain, or as supplied; where the sponsor's ADaM is counted and has none, no rows."""
        supplied = self.study.analysis_data is AnalysisData.ADAM
        make = read_supplied_bds if supplied and name in self.data else derive_bds
        data = self.data if not supplied or name in self.data else SourceData({})
        return make(name, data, self.study, self.cutoff, self.subjects, self.adsl)

    @cached_property
    def adae_in_full(self) -> pl.DataFrame:
        """ADAE with its occurrence flags, the parts of follow-up that events lie in (`periods`), what a listing shows
        (`listed`), and what started in the reporting interval."""
        adae = derive_places(self.adae_with_occurrence_flags, self.clock, self.parts)
        if self.study.analysis_data is AnalysisData.DERIVED:
            adae = pl.concat([adae, read_collected(self.data, self.subjects, self.cutoff)], how="horizontal")
        return flag_events(derive_line_names(adae), self.reporting_interval)

    @cached_property
    def reporting_interval(self) -> Interval:
        """The interval of a periodic report that ends at the cut-off."""
        return compute_interval(self.study, self.cutoff)

    @cached_property
    def adsl_with_interval(self) -> pl.DataFrame:
        """ADSL, with what happened in the reporting interval."""
        return flag_subjects(self.adsl, self.reporting_interval)


def derive(data: SourceData, study: Study, cutoff: date) -> AnalysisDatasets:
    """The analysis datasets at a cut-off D, which is applied here and only here (CONTRACTS.md, Dates); derived from
    SDTM, or the sponsor's own, as the study file says (`analysis_data`).

    Records that start after D are dropped (partial dates by their earliest possible day); ends, deaths and
    dispositions after D are not known. Expects data that passed `check_fit`.
    """
    if study.analysis_data is AnalysisData.ADAM:
        subjects, adsl = read_supplied_adsl(data, study, cutoff)
        events = read_supplied_adae(data, study, cutoff, subjects, adsl)
        stated = adsl["DTHCAUS"] if "DTHCAUS" in adsl.columns else None
    else:
        subjects = read_subjects(data, cutoff)
        ae, kept = read_adverse_events(data, subjects, cutoff)
        adsl = derive_adsl(data, study, cutoff, subjects, ae)
        events = derive_adae(data, ae, kept, adsl, study, cutoff)
        stated = read_stated_causes(data, subjects, cutoff)
    adsl = derive_dthcaus(adsl, events.columns(("USUBJID", "AEDECOD", "AEOUT", "AESDTH")), stated)
    actual = study.treatment.basis is TreatmentBasis.ACTUAL
    return AnalysisDatasets(adsl, events, cutoff, "TRT01A" if actual else "TRT01P", subjects, data, study)
