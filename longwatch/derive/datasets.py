"""The analysis datasets of a study at a cut-off: what `derive` hands to the tables."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import polars as pl

from longwatch.derive.adae import derive_adae, read_adverse_events
from longwatch.derive.adex import derive_adex
from longwatch.derive.adgf import derive_adgf
from longwatch.derive.adlot import derive_adlot
from longwatch.derive.adltf import derive_adltf
from longwatch.derive.adsl import derive_adsl, read_subjects
from longwatch.derive.adtte import Times, derive_times
from longwatch.derive.at_risk import Clock, make_clock
from longwatch.derive.cause_of_death import derive_dthcaus, read_stated_causes
from longwatch.derive.coded import Subjects
from longwatch.derive.follow_up_plan import Plan, read_plan
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
from longwatch.derive.relatedness import find_unmapped
from longwatch.derive.reporting_interval import Interval, compute_interval, flag_events, flag_subjects
from longwatch.derive.supplied import read_supplied_adae, read_supplied_adsl
from longwatch.derive.supplied_adtte import read_supplied_times, supplied_codes
from longwatch.standards.dataset import SourceData
from longwatch.study import AnalysisData, Study, TreatmentBasis


@dataclass(frozen=True)
class AnalysisDatasets:
    """ADSL, ADAE and ADTTE as known at the cut-off, and the source that further datasets come from when asked for.

    `adsl`: one row per subject; row i is the subject whose USUBJID has the code i (a Categorical, the same in both).
    `adae`: one row per adverse event that started by D. `treatment_variable`: TRT01A or TRT01P, the one that tables
    use. `unmapped_relatedness`: values of AEREL that the study file does not map. `subjects`: the subjects of ADSL,
    and `data`, `study`: what they were derived from.
    """

    adsl: pl.DataFrame
    adae: pl.DataFrame
    cutoff: date
    treatment_variable: str
    subjects: Subjects
    data: SourceData
    study: Study
    unmapped_relatedness: tuple[str, ...] = ()

    @property
    def safety_subjects(self) -> int:
        """Subjects of the safety population."""
        return int((self.adsl["SAFFL"] == "Y").sum())

    def dataset(self, name: str) -> pl.DataFrame:
        """An analysis dataset by its name, ADAE with its occurrence flags, as provenances name it. Raises KeyError."""
        makers: Mapping[str, Callable[[], pl.DataFrame]] = {
            "ADSL": lambda: self.adsl_with_interval,
            "ADAE": lambda: self.adae_with_occurrence_flags,
            "ADEX": lambda: self.adex,
            "ADFU": lambda: derive_adfu(self.adsl, self.parts),
            "ADGF": lambda: self.adgf,
            "ADII": lambda: self.adii,
            "ADLOT": lambda: self.adlot,
            "ADLTF": lambda: self.adltf,
            "ADTTE": lambda: self.adtte,
        }
        return makers[name]()

    @property
    def time_parameters(self) -> tuple[str, ...]:
        """The codes of ADTTE: those of the study file, then those of a supplied ADTTE, then the standard ones."""
        supplied = self._supplied_codes
        declared = [item.code for item in self.study.time_to_event.parameters]
        standard = [item.code for item in self.study.time_to_event.all_parameters()]
        return tuple(dict.fromkeys((*declared, *supplied, *standard)))

    def times(self, code: str) -> Times:
        """One parameter of ADTTE: the sponsor's own where ADTTE is supplied and has it, else derived. Raises KeyError
        where there is none of that code."""
        declared = {item.code: item for item in self.study.time_to_event.all_parameters()}.get(code)
        if code in self._supplied_codes:
            return read_supplied_times(code, self.data, self.adsl, self.cutoff, declared)
        if declared is None or declared.event is None:
            raise KeyError(code)
        return derive_times(declared, self.adsl, self.adae, self.study, self.cutoff)

    @cached_property
    def adtte(self) -> pl.DataFrame:
        """ADTTE, parameter after parameter. On demand: a table takes the one that it shows."""
        absent = {item.code for item in self.study.time_to_event.parameters if item.event is None}
        codes = [code for code in self.time_parameters if code in self._supplied_codes or code not in absent]
        return pl.concat([self.times(code).records for code in codes])

    @cached_property
    def _supplied_codes(self) -> tuple[str, ...]:
        return supplied_codes(self.data) if self.study.analysis_data is AnalysisData.ADAM else ()

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

    @cached_property
    def adae_with_occurrence_flags(self) -> pl.DataFrame:
        """ADAE with AOCCFL, AOCCSFL, AOCCPFL, AOCCIFL, with the parts of follow-up that events lie in (`periods`), and
        with what a listing shows (`listed`). On demand: counts need no flag, and the sort is long in large data."""
        adae = derive_places(derive_occurrence_flags(self.adae), self.clock, self.parts)
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


def derive(data: SourceData, study: Study, cutoff: date, variables: Collection[str] | None = None) -> AnalysisDatasets:
    """The analysis datasets at a cut-off D, which is applied here and only here (CONTRACTS.md, Dates); derived from
    SDTM, or the sponsor's own, as the study file says (`analysis_data`).

    Records that start after D are dropped (partial dates by their earliest possible day); ends, deaths and
    dispositions after D are not known. `variables`: which of `adae.ANALYSED` the outputs need; None means all.
    Expects data that passed `check_fit`.
    """
    if study.analysis_data is AnalysisData.ADAM:
        subjects, adsl = read_supplied_adsl(data, study, cutoff)
        adae = read_supplied_adae(data, study, cutoff, subjects, adsl)
        stated = adsl["DTHCAUS"] if "DTHCAUS" in adsl.columns else None
    else:
        subjects = read_subjects(data, cutoff)
        ae = read_adverse_events(data, subjects, cutoff, variables)
        adsl = derive_adsl(data, study, cutoff, subjects, ae)
        adae = derive_adae(ae, adsl, study, cutoff)
        stated = read_stated_causes(data, subjects, cutoff)
    adsl = derive_dthcaus(adsl, adae, stated)
    actual = study.treatment.basis is TreatmentBasis.ACTUAL
    return AnalysisDatasets(
        adsl,
        adae,
        cutoff,
        "TRT01A" if actual else "TRT01P",
        subjects,
        data,
        study,
        find_unmapped(adae, study.relatedness),
    )
