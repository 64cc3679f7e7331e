"""The analysis datasets of a study at a cut-off: what `derive` hands to the tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property, partial

import numpy as np
import polars as pl
from numpy.typing import NDArray

from longwatch.derive.adae import derive_adae, read_adverse_events
from longwatch.derive.adaq import Algorithms, check_queries, derive_adaq
from longwatch.derive.adev import MEASURED, derive_adev, read_courses, why_not
from longwatch.derive.adex import derive_adex
from longwatch.derive.adgf import derive_adgf, read_components
from longwatch.derive.adhy import derive_adhy
from longwatch.derive.adim import derive_adim
from longwatch.derive.adlot import derive_adlot
from longwatch.derive.adltf import derive_adltf
from longwatch.derive.adsi import derive_adsi, events_of
from longwatch.derive.adsl import derive_adsl, derive_last_event, read_attended, read_last_visit, read_subjects
from longwatch.derive.adtte import Times, derive_times, derive_times_to_measured, variables_of
from longwatch.derive.aesi import add_aesi, measured_aesi, times_to_aesis
from longwatch.derive.at_risk import Clock, make_clock
from longwatch.derive.awin import add_windows
from longwatch.derive.bds import derive_bds
from longwatch.derive.carried import AdverseEvents
from longwatch.derive.cause_of_death import derive_dthcaus, read_stated_causes
from longwatch.derive.cgm import derive_adcg
from longwatch.derive.clinical_events import read_clinical_events
from longwatch.derive.coded import Subjects
from longwatch.derive.egfr_slope import derive_adsp
from longwatch.derive.engraftment import derive_graftfl
from longwatch.derive.exposure import read_infusions
from longwatch.derive.follow_up_plan import Plan, read_plan
from longwatch.derive.followed_results import derive_followed, select_tests
from longwatch.derive.hypoglycaemia import derive_adhg
from longwatch.derive.in_parts import at_once
from longwatch.derive.infusions import add_infusions, number_infusions
from longwatch.derive.insulin import derive_adii, read_insulin, read_stays
from longwatch.derive.listed import derive_line_names, read_collected
from longwatch.derive.loss import derive_loss
from longwatch.derive.observed import derive_fuendy
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
from longwatch.derive.trial import Trial, read_trial
from longwatch.standards.dataset import SourceData
from longwatch.standards.event_groups import AESI, NO_GROUPS, EventGroups
from longwatch.study import AesiSpec, AnalysisData, EventKind, Parameter, Study, TreatmentBasis

DATASETS = (
    "ADSL", "ADAE", "ADTTE", "ADEX", "ADFU", "ADLTF", "ADGF", "ADII", "ADEV", "ADIM", "ADSP", "ADCG", "ADHG", "ADLOT",
    "ADSI", "ADLB", "ADVS", "ADHY", "ADAQ",
)  # fmt: skip
"""The analysis datasets there are; all but ADSL and ADAE are derived when they are first asked for."""


@dataclass(frozen=True)
class PartOf:
    """Which part of a trial datasets are of. `rows`: by row of ADSL here, its row in the whole trial's; `keys`: its
    USUBJID here; `events`: which rows of the whole trial's ADAE are here."""

    whole: AnalysisDatasets
    rows: NDArray[np.intp]
    keys: pl.Series
    events: NDArray[np.bool_]

    @cached_property
    def row_here(self) -> NDArray[np.int64]:
        """By row of the whole trial's ADSL, and at last for no subject, the row here; -1: none."""
        found = np.full(self.whole.adsl.height + 1, -1, dtype=np.int64)
        found[self.rows] = np.arange(len(self.rows))
        return found

    def of(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Of a dataset of the whole trial the rows of the subjects who are here, and those of no subject."""
        there = frame["USUBJID"].to_physical()
        place = pl.Series(self.row_here[there.fill_null(self.whole.adsl.height).to_numpy()])
        place = place.set(place < 0, None)
        kept = place.is_not_null() | there.is_null()
        return frame.filter(kept).with_columns(self.keys.gather(place.filter(kept)))


def on_demand(derive: Callable[[AnalysisDatasets], pl.DataFrame]) -> cached_property[pl.DataFrame]:
    """A dataset that is derived when it is first asked for; of a part of a trial it is the rows of the whole trial's,
    so that nothing is judged by that part alone (which tests are graded, which baseline is defined)."""

    def of_part_or_whole(datasets: AnalysisDatasets) -> pl.DataFrame:
        part = datasets.part
        return part.of(getattr(part.whole, derive.__name__)) if part else derive(datasets)

    of_part_or_whole.__doc__ = derive.__doc__
    return cached_property(of_part_or_whole)


@dataclass(frozen=True)
class AnalysisDatasets:
    """ADSL, ADAE and ADTTE as known at the cut-off, and the source that further datasets come from when asked for.

    `adsl`: one row per subject; row i is the subject whose USUBJID has the code i (a Categorical, the same in both).
    `adae`: one row per adverse event that started by D. `treatment_variable`: TRT01A or TRT01P, the one that tables
    use. `events`: ADAE in columns, of which large data has many that an output does not need. `subjects`: the subjects
    of ADSL, and `data`, `study`: what they were derived from. `groups`: the lists of terms. `part`: of what they are a
    part, where they are not of a whole trial. `cutoffs`: in words, where studies are pooled; `pooled`: these.
    """

    adsl: pl.DataFrame
    events: AdverseEvents
    cutoff: date
    treatment_variable: str
    subjects: Subjects
    data: SourceData
    study: Study
    groups: EventGroups = NO_GROUPS
    part: PartOf | None = None
    cutoffs: str = ""
    pooled: tuple[Trial, ...] = ()

    @property
    def whole(self) -> AnalysisDatasets | None:
        """The datasets of the whole trial, where these are of a part of it."""
        return self.part.whole if self.part else None

    @property
    def cutoff_words(self) -> str:
        """The cut-off as a footnote says it."""
        return self.cutoffs or self.cutoff.isoformat()

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

    def is_filled(self, variable: str) -> bool:
        """Whether ADSL has the variable, with a value for at least one subject of the whole trial."""
        adsl = (self.whole or self).adsl
        return variable in adsl.columns and adsl[variable].null_count() < adsl.height

    @property
    def safety_subjects(self) -> int:
        """Subjects of the safety population."""
        return int((self.adsl["SAFFL"] == "Y").sum())

    def dataset(self, name: str) -> pl.DataFrame:
        """An analysis dataset by its name, ADSL and ADAE with all that provenances name; or a dataset of the source, as
        it is, which listings show. Raises KeyError."""
        if name == "ADAE":
            return self.adae_in_full
        if name == "ADSL":
            return self.adsl_with_interval
        if name == "TS":
            return self._trial_summary()
        if name not in DATASETS and name in self.data:
            return self._source(name)
        if name not in DATASETS:
            raise KeyError(name)
        frame: pl.DataFrame = getattr(self, name.lower())
        return frame

    def _source(self, name: str) -> pl.DataFrame:
        """A dataset of the source as it is, of the subjects of ADSL, USUBJID coded as there."""
        frame = self.data.frame(name).collect()
        if "USUBJID" not in frame.columns:
            return frame
        known = self.adsl["USUBJID"].cast(pl.String).implode()
        coded = pl.col("USUBJID").cast(pl.String).cast(self.adsl["USUBJID"].dtype)
        return frame.filter(pl.col("USUBJID").cast(pl.String).is_in(known)).with_columns(coded)

    @on_demand
    def adfu(self) -> pl.DataFrame:
        """ADFU: follow-up, one row per subject and part of it."""
        return derive_adfu(self.adsl, self.parts)

    @on_demand
    def adex(self) -> pl.DataFrame:
        """ADEX: exposure, one row per subject and parameter."""
        return derive_adex(self.data, self.study, self.cutoff, self.subjects, self.adsl, lambda: self.infusions)

    @cached_property
    def plan(self) -> Plan:
        """The follow-up plan in force. Raises SourceError LW-FUP-001."""
        return read_plan(self.data, self.study)

    @on_demand
    def adltf(self) -> pl.DataFrame:
        """ADLTF: follow-up, one row per subject, parameter and visit or year."""
        return derive_adltf(self.data, self.study, self.plan, self.cutoff, self.subjects, self.adsl)

    @on_demand
    def adgf(self) -> pl.DataFrame:
        """ADGF: graft function at the visits of the follow-up plan."""
        return derive_adgf(self.data, self.study, self.cutoff, self.subjects, self.adsl, self.adltf)

    @on_demand
    def adii(self) -> pl.DataFrame:
        """ADII: insulin independence."""
        stays = partial(read_stays, self.data, self.cutoff, self.subjects)
        return derive_adii(self.insulin, self.study, self.adsl, self.adltf, stays)

    @cached_property
    def loss(self) -> pl.DataFrame:
        """Who was declared lost to follow-up, and who was found again."""
        return derive_loss(self.data, self.study, self.cutoff, self.subjects, self.adsl)

    @cached_property
    def infusions(self) -> pl.DataFrame:
        """Doses of study product that started by the cut-off: `subject`, `day` (missing where it is not known)."""
        return read_infusions(self.data, self.study, self.cutoff, self.subjects)

    @cached_property
    def insulin(self) -> pl.DataFrame | None:
        """Courses of insulin; None where nothing can tell of it."""
        return read_insulin(self.data, self.study, self.cutoff, self.subjects)

    @cached_property
    def courses(self) -> pl.DataFrame:
        """Courses of the study file's immunosuppressants."""
        return read_courses(self.data, self.study, self.cutoff, self.subjects)

    @cached_property
    def components(self) -> Mapping[str, pl.DataFrame]:
        """What graft function is judged by, by component: `subject`, `day`, `value`."""
        return read_components(self.data, self.subjects, self.cutoff)

    @on_demand
    def adev(self) -> pl.DataFrame:
        """ADEV: what happened over the years besides adverse events."""
        adae = self.adae_with(("USUBJID", "TRTEMFL", "ASTDT", "AEDECOD", "AEBODSYS"))
        results = self.followed_results
        return derive_adev(self.data, self.study, self.cutoff, self.subjects, self.adsl, results, adae, self.clock)

    @on_demand
    def adsi(self) -> pl.DataFrame:
        """ADSI: what makes the adverse events of special interest."""
        adae = self.adae_with(("USUBJID", "SAFFL", "TRTEMFL", "ASTDT", "AESEQ", "AEDECOD", "AEBODSYS"))
        infusions = number_infusions(self.infusions, self.adsl)
        results = self.followed_results if any(spec.laboratory for spec in self.study.aesi) else None
        return derive_adsi(self.study.aesi, self.groups.of_kind(AESI), self.adsl, adae, results, infusions)

    @on_demand
    def adim(self) -> pl.DataFrame:
        """ADIM: immunosuppressants."""
        return derive_adim(self.data, self.study, self.cutoff, self.subjects, self.adsl)

    @on_demand
    def adsp(self) -> pl.DataFrame:
        """ADSP: the chronic slope of eGFR."""
        return derive_adsp(self.followed_results, self.adsl)

    @on_demand
    def adcg(self) -> pl.DataFrame:
        """ADCG: continuous glucose monitoring before each visit."""
        return derive_adcg(self.data, self.cutoff, self.subjects, self.adsl, self.adltf)

    @on_demand
    def adhg(self) -> pl.DataFrame:
        """ADHG: hypoglycaemia and its level."""
        return derive_adhg(self.data, self.study, self.cutoff, self.subjects, self.adsl)

    @on_demand
    def adlot(self) -> pl.DataFrame:
        """ADLOT: lots given, events after them, and tests of the lots."""
        return derive_adlot(self.data, self.infusions, self.adsl, self.adae)

    @cached_property
    def clock(self) -> Clock:
        """The clock of follow-up."""
        return make_clock(self.adsl, self.study)

    @cached_property
    def parts(self) -> Mapping[str, Intervals]:
        """Follow-up cut by time since the first dose, and by the study file's periods where it names any
        and the data says when they begin; of a part of a trial, its rows of the whole trial's."""
        if self.part:
            rows = self.part.rows
            return {code: replace(cut, ends=cut.ends[rows]) for code, cut in self.part.whole.parts.items()}
        parts = {INTERVAL: cut_intervals(self.clock, self.study)}
        if self.study.periods and not find_missing_source(self.study, self.data):
            parts[PERIOD] = cut_periods(self.clock, self.study, self.data, self.subjects, self.cutoff)
        return parts

    @property
    def time_parameters(self) -> tuple[str, ...]:
        """The codes of ADTTE: those of the study file, then those of a supplied ADTTE, the standard ones, those of the
        groups that follow-up watches, and those measured (ADEV)."""
        supplied = self._supplied_codes
        every = self.declared_times.values()
        known = [item.code for item in every if item.code in supplied or item.event is not None]
        own = {item.code for item in self.study.time_to_event.parameters}
        return tuple(dict.fromkeys((*(code for code in known if code in own), *supplied, *known, *MEASURED)))

    @cached_property
    def declared_times(self) -> Mapping[str, Parameter]:
        """By code the times that the study file declares or implies, and AESI1, AESI2 …: the first event of each of its
        AESIs, by the PTs and SOCs that ADAE has of it (of one that it has no event of, by all of its own). Of one with
        a window or laboratory criteria its events are those of ADSI (`times`)."""
        if self.part:
            return self.part.whole.declared_times
        found = {item.code: item for item in self.study.time_parameters}
        groups = self.groups.of_kind(AESI)
        adae = self.adae_with(("AEDECOD", "AEBODSYS") if groups else ())
        for code, parameter in times_to_aesis(groups, adae).items():
            found.setdefault(code, parameter)
        return found

    def measured_interest(self, code: str) -> AesiSpec | None:
        """The AESI of a code, where its events are not simply those of its terms: it has a window, or laboratory
        criteria."""
        own = any(item.code == code for item in self.study.time_parameters)
        return None if own else measured_aesi(self.study.aesi, code)

    def times(self, code: str) -> Times:
        """One parameter of ADTTE: the sponsor's own where ADTTE is supplied and has it, else derived. Raises KeyError
        where there is none of that code. What the trial collects, and what a supplied one holds, is asked of the whole
        trial."""
        if code not in self.time_parameters:
            raise KeyError(code)
        if self.part:
            times = self.part.whole.times(code)
            records = self.part.of(times.records)
            return replace(times, records=records, unknown=self.safety_subjects - records.height)
        declared = self.declared_times.get(code)
        interest = self.measured_interest(code)
        if interest is not None and code not in self._supplied_codes:
            happened, reason = events_of(self.adsi, code, interest)
            return derive_times_to_measured(
                code, interest.name, happened, self.adsl, self.study, self.cutoff, reason, dataset="ADSI"
            )
        if declared is None and code in MEASURED and code not in self._supplied_codes:
            reason = why_not(code, self.data, self.study, self.adev)
            return derive_times_to_measured(code, MEASURED[code], self.adev, self.adsl, self.study, self.cutoff, reason)
        if declared is None or code in self._supplied_codes:
            return read_supplied_times(code, self.data, self.adsl, self.cutoff, declared)
        clinical = (
            read_clinical_events(self.data, self.subjects, self.cutoff, declared.terms)
            if declared.event is EventKind.CLINICAL_EVENT
            else None
        )
        adae = self.adae_with(variables_of(declared))
        return derive_times(declared, self.adsl, adae, self.study, self.cutoff, clinical)

    @on_demand
    def adtte(self) -> pl.DataFrame:
        """ADTTE, parameter after parameter. On demand: a table takes the one that it shows."""
        return pl.concat([self.times(code).records for code in self.time_parameters])

    @cached_property
    def _supplied_codes(self) -> tuple[str, ...]:
        return supplied_codes(self.data) if self.study.analysis_data is AnalysisData.ADAM else ()

    @cached_property
    def adae_with_occurrence_flags(self) -> pl.DataFrame:
        """ADAE with AOCCFL, AOCCSFL, AOCCPFL, AOCCIFL. On demand: no count needs one, and the sort is long."""
        return derive_occurrence_flags(self.adae)

    @on_demand
    def adlb(self) -> pl.DataFrame:
        """ADLB: one row per laboratory result; no rows where the data has none."""
        return self._bds("ADLB")

    @on_demand
    def followed_results(self) -> pl.DataFrame:
        """Of ADLB the tests that follow-up looks at: EGFR, and those of the AESIs' criteria."""
        tests = {"EGFR", *(item.analyte for spec in self.study.aesi for item in spec.laboratory)}
        if "adlb" in vars(self) or self.study.analysis_data is AnalysisData.ADAM or "LB" not in self.data:
            return select_tests(self.adlb, tests)
        return derive_followed(self.data, self.study, self.cutoff, self.subjects, self.adsl, tests)

    @on_demand
    def advs(self) -> pl.DataFrame:
        """ADVS: one row per vital sign measured; no rows where the data has none."""
        return self._bds("ADVS")

    @on_demand
    def adhy(self) -> pl.DataFrame:
        """ADHY: one row per subject, what liver screening looks at."""
        return derive_adhy(self.adlb, self.adsl, self.study)

    @cached_property
    def algorithms(self) -> Algorithms:
        """The algorithmic queries; of a part of a trial, those of the whole."""
        if self.part:
            return self.part.whole.algorithms
        adae = self.adae_with(("USUBJID", "TRTEMFL", "AEDECOD", "AEBODSYS", "ASTDT", "AESEQ"))
        return derive_adaq(
            adae, self.adlb, self.data, self.study, self.groups, self.cutoff, self.subjects, self.adsl
        )  # fmt: skip

    @on_demand
    def adaq(self) -> pl.DataFrame:
        """ADAQ: what meets the criteria of algorithmic queries."""
        return self.algorithms.records

    def _bds(self, name: str) -> pl.DataFrame:
        """From the domain, or as supplied; where the sponsor's ADaM is counted and has none, no rows."""
        supplied = self.study.analysis_data is AnalysisData.ADAM
        make = read_supplied_bds if supplied and name in self.data else derive_bds
        data = self.data if not supplied or name in self.data else SourceData({})
        return make(name, data, self.study, self.cutoff, self.subjects, self.adsl)

    @cached_property
    def adae_in_full(self) -> pl.DataFrame:
        """ADAE with its occurrence flags, the parts of follow-up that events lie in (`periods`), what a listing shows
        (`listed`), and what started in the reporting interval; of a part of a trial, its rows of the whole trial's."""
        if self.part:
            return self.part.of(self.part.whole.adae_in_full.filter(pl.Series(self.part.events)))
        adae = derive_places(self.adae_with_occurrence_flags, self.clock, self.parts)
        if self.study.analysis_data is AnalysisData.DERIVED:
            adae = pl.concat([adae, read_collected(self.data, self.subjects, self.cutoff)], how="horizontal")
        return flag_events(derive_line_names(adae), self.reporting_interval)

    @cached_property
    def trials(self) -> tuple[Trial, ...]:
        """The trial, or those that are pooled."""
        return self.pooled or (read_trial(self.data, self.study, self.cutoff),)

    def _trial_summary(self) -> pl.DataFrame:
        """TS of every trial; of no subject."""
        nobody = pl.lit(None, self.adsl["USUBJID"].dtype).alias("USUBJID")
        return pl.concat([trial.summary for trial in self.trials]).with_columns(nobody)

    @cached_property
    def reporting_interval(self) -> Interval:
        """The interval of a periodic report that ends at the cut-off."""
        return compute_interval(self.study, self.cutoff)

    @cached_property
    def adsl_with_interval(self) -> pl.DataFrame:
        """ADSL, with what happened in the reporting interval, and the day on which observation ends."""
        return flag_subjects(self.adsl, self.reporting_interval).with_columns(derive_fuendy(self.adsl, self.clock))


def derive(data: SourceData, study: Study, cutoff: date, groups: EventGroups = NO_GROUPS) -> AnalysisDatasets:
    """The analysis datasets at a cut-off D, which is applied here and only here (CONTRACTS.md, Dates); derived from
    SDTM, or the sponsor's own, as the study file says (`analysis_data`).

    Records that start after D are dropped (partial dates by their earliest possible day); ends, deaths and
    dispositions after D are not known. `groups`: the lists of terms that the study brings. Expects data that passed
    `check_fit`. Raises StudyError LW-GRP-003 where an AESI names a list that is not there.
    """
    if study.analysis_data is AnalysisData.ADAM:
        subjects, adsl = read_supplied_adsl(data, study, cutoff)
        events = read_supplied_adae(data, study, cutoff, subjects, adsl)
        stated = adsl["DTHCAUS"] if "DTHCAUS" in adsl.columns else None
    else:
        subjects = read_subjects(data, cutoff)

        def read_events() -> tuple[pl.DataFrame, pl.Series | None, pl.Series]:
            ae, kept = read_adverse_events(data, subjects, cutoff)
            return ae, kept, derive_last_event(ae, cutoff, subjects)

        attended, (ae, kept, at_events), at_visits = at_once(
            data.datasets["AE"].rows,
            lambda: read_attended(data, study, cutoff, subjects),
            read_events,
            lambda: read_last_visit(data, cutoff, subjects),
        )
        adsl = derive_adsl(attended, (at_events, at_visits), study, cutoff, subjects, ae)
        events = derive_adae(data, ae, kept, adsl, study, cutoff)
        adsl = derive_graftfl(adsl, data, study, cutoff, subjects)
        stated = read_stated_causes(data, subjects, cutoff)
    treated = adsl
    if any(spec.window for spec in study.aesi):
        events = add_infusions(events, lambda: number_infusions(read_infusions(data, study, cutoff, subjects), treated))
    events = add_windows(events, data, study, cutoff, subjects, adsl)
    adsl = derive_dthcaus(adsl, events.columns(("USUBJID", "AEDECOD", "AEOUT", "AESDTH")), stated)
    actual = study.treatment.basis is TreatmentBasis.ACTUAL
    variable = "TRT01A" if actual else "TRT01P"
    check_queries(groups, study.algorithmic_queries)
    return AnalysisDatasets(adsl, events, cutoff, variable, subjects, data, study, add_aesi(groups, study.aesi))
