"""The analysis datasets of a study at a cut-off: what `derive` hands to the tables."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import polars as pl

from longwatch.derive.adae import derive_adae, read_adverse_events
from longwatch.derive.adsl import derive_adsl, read_subjects
from longwatch.derive.aesi import add_aesi
from longwatch.derive.carried import AdverseEvents
from longwatch.derive.cause_of_death import derive_dthcaus, read_stated_causes
from longwatch.derive.coded import Subjects
from longwatch.derive.occurrence import derive_occurrence_flags
from longwatch.derive.supplied import read_supplied_adae, read_supplied_adsl
from longwatch.standards.dataset import SourceData
from longwatch.standards.event_groups import NO_GROUPS, EventGroups
from longwatch.study import AnalysisData, Study, TreatmentBasis


@dataclass(frozen=True)
class AnalysisDatasets:
    """ADSL and ADAE as known at the cut-off, and the source that further datasets are derived from when asked for.

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
    groups: EventGroups = NO_GROUPS
    whole: AnalysisDatasets | None = None
    cutoffs: str = ""

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
        """An analysis dataset by its name, ADAE with its occurrence flags, as provenances name it. Raises KeyError."""
        if name == "ADAE":
            return self.adae_with_occurrence_flags
        return {"ADSL": self.adsl}[name]

    @cached_property
    def adae_with_occurrence_flags(self) -> pl.DataFrame:
        """ADAE with AOCCFL, AOCCSFL, AOCCPFL, AOCCIFL. On demand: counts need no flag, and the sort is long in large
        data."""
        return derive_occurrence_flags(self.adae)


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
        ae, kept = read_adverse_events(data, subjects, cutoff)
        adsl = derive_adsl(data, study, cutoff, subjects, ae)
        events = derive_adae(data, ae, kept, adsl, study, cutoff)
        stated = read_stated_causes(data, subjects, cutoff)
    adsl = derive_dthcaus(adsl, events.columns(("USUBJID", "AEDECOD", "AEOUT", "AESDTH")), stated)
    actual = study.treatment.basis is TreatmentBasis.ACTUAL
    variable = "TRT01A" if actual else "TRT01P"
    return AnalysisDatasets(adsl, events, cutoff, variable, subjects, data, study, add_aesi(groups, study.aesi))
