"""The footnotes every adverse event table carries (spec C.2 rule 8). Source and snapshot are added by the report."""

from __future__ import annotations

import re
from collections.abc import Sequence

import polars as pl

from longwatch.derive import AnalysisDatasets
from longwatch.derive.toxicity import has_criteria
from longwatch.study import AnalysisData, Study, TreatmentReference
from longwatch.tables.arms import Arms
from longwatch.tables.comparisons import METHODS
from longwatch.tables.result import TableColumn, TableRow
from longwatch.tables.subsets import Subset

_REFERENCE = {
    TreatmentReference.FIRST_INFUSION: "the first dose of study product",
    TreatmentReference.FIRST_STUDY_INTERVENTION: "the first dose of any study intervention, induction "
    "immunosuppression included",
}


MEDDRA_NOT_STATED = "MedDRA version not stated in the study file."
CTCAE_NOT_STATED = "CTCAE version not stated in the study file."

_WHO = {
    "SAFFL": "safety population (SAFFL = Y), subjects with at least one dose of study product",
    "ITTFL": "intention-to-treat population (ITTFL = Y)",
    "RANDFL": "randomised subjects (RANDFL = Y)",
    "GRAFTFL": "subjects with engraftment (GRAFTFL = Y)",
    "": "subjects assigned to an arm",
}


def say_population(datasets: AnalysisDatasets, study: Study, arms: Arms) -> str:
    """The denominators, the treatment variable and the cut-off."""
    population = arms.population
    basis = "planned" if arms.variable == "TRT01P" else "actual"
    text = (
        f"N: {_WHO[population.flag]} by the cut-off of {datasets.cutoff_words}, "
        f"with or without an event, by {basis} treatment ({arms.variable})."
    )
    if population.flag == "GRAFTFL":
        text += f" {say_engraftment(study)}"
    if len(arms.names) > len(study.treatment.arms):
        text += f" {arms.names[-1]}: dosed, though their arm is none of the study file's."
    return text


def say_engraftment(study: Study) -> str:
    """Who has engraftment: as the study file says, or as supplied."""
    wanted = study.graft.engraftment
    if wanted is None or study.analysis_data is AnalysisData.ADAM:
        return "Engraftment (GRAFTFL) as supplied by the sponsor."
    return f"Engraftment: {wanted.words}."


def say_counts(with_events: bool) -> str:
    """What n, % and Events are."""
    text = (
        "n: subjects with at least one such event, each counted once per line; %: of N. A subject may be in several "
        "lines."
    )
    return f"{text} Events: all such events." if with_events else text


def say_treatment_emergence(study: Study) -> str:
    """The definition of a TEAE (spec A.6)."""
    return (
        f"TEAE: treatment-emergent adverse event (TRTEMFL = Y), one that starts at or after "
        f"{_REFERENCE[study.treatment_emergence.reference]}, with no upper limit. On the day itself times are compared "
        f"where both are known; an event whose partial or missing start can lie on or after it counts as emergent, "
        f"unless it is known to have ended before. Worsening of earlier events is not collected and not counted."
    )


BY_TERMS = "Events are counted by primary SOC and PT; terms not coded appear as UNCODED."


def say_dictionary(study: Study, counted: str = BY_TERMS) -> str:
    """MedDRA's version, and by what of it events are counted."""
    name = study.dictionaries.meddra_name
    text = f"Coded with {name}." if name else MEDDRA_NOT_STATED
    return f"{text} {counted}"


def say_ctcae(study: Study, variable: str) -> tuple[str, ...]:
    """CTCAE's version, where grades are counted."""
    if variable != "AETOXGR":
        return ()
    version = study.dictionaries.ctcae
    return (f"Graded by CTCAE {version}." if version else CTCAE_NOT_STATED,)


def say_windows(datasets: AnalysisDatasets, study: Study) -> tuple[str, ...]:
    """What the windows of AWIN are, or that they are the sponsor's."""
    if "ADAE" in datasets.data and "AWIN" in datasets.data.datasets["ADAE"].columns:
        return ("AWIN as supplied by the sponsor.",)
    days = study.treatment_emergence.periprocedural_days
    return (
        "AWIN, by the day of onset: PRE and, from the start of immunosuppression on, INDUCTION before the first "
        f"infusion; PERIPROC: days 1 to {days} of an infusion; then POST-IS after the end of immunosuppression, else "
        "POST-GRAFTLOSS after a loss of the graft, else Y1, Y2 …: the year since the first infusion.",
    )


def say_hospital_insulin(study: Study) -> tuple[str, ...]:
    """Which insulin does not end an episode of independence, where the study file lets some pass."""
    days = study.graft.peri_hospital_insulin_days
    if days is None:
        return ()
    return (
        f"Insulin of at most {days} days in a row does not end independence where a day of it is one of a stay in "
        "hospital (HO, or an adverse event with AESHOSP = Y, from its start to its end).",
    )


def say_observation(datasets: AnalysisDatasets) -> str:
    """The observation window: median and range of FUPDUR in the safety population."""
    days = datasets.adsl["FUPDUR"].filter(datasets.adsl["SAFFL"] == "Y").drop_nulls().sort()
    if days.is_empty():
        return "Observed from first dose: not known for any subject."
    median = (days[len(days) // 2] + days[(len(days) - 1) // 2]) / 2
    text = (
        f"Observed from first dose to the last day known alive, death or cut-off: median {median:.12g} days "
        f"(range {days[0]:.12g} to {days[-1]:.12g})"
    )
    unknown = datasets.safety_subjects - len(days)
    return f"{text}; not known for {unknown} of {datasets.safety_subjects} subjects." if unknown else f"{text}."


def say_interval(datasets: AnalysisDatasets) -> str:
    """The data lock point and the interval that ends there."""
    interval = datasets.reporting_interval
    start = (
        "from the last anniversary of the development international birth date"
        if interval.is_stated
        else "the year before; the study file states no development international birth date"
    )
    return (
        f"Data lock point: {interval.last.isoformat()}. Interval: {interval.first.isoformat()} to "
        f"{interval.last.isoformat()} ({start}). Cumulative: all up to the data lock point."
    )


def say_relatedness(datasets: AnalysisDatasets, study: Study) -> str:
    """The study's mapping of AEREL."""
    mapping = study.relatedness
    if "AEREL" not in datasets.adae_variables:
        return "Related events cannot be counted: the data has no AEREL."
    if not (mapping.related or mapping.not_related):
        return "Related events cannot be counted: the study file maps no value of AEREL."
    missing = "counts as related" if mapping.missing_is_related else "does not count as related"
    text = (
        f"Related: AEREL is {' or '.join(mapping.related) or 'none'}; not related: "
        f"{' or '.join(mapping.not_related) or 'none'}. A missing AEREL {missing}."
    )
    if datasets.unmapped_relatedness:
        unmapped = ", ".join(datasets.unmapped_relatedness)
        text += f" Values that the study file does not map are treated as missing: {unmapped}."
    return text


def say_seriousness() -> str:
    """What a serious event is (ICH E2A)."""
    return (
        "Serious: AESER = Y as reported: death, life-threatening, hospitalisation or its prolongation, disability, "
        "congenital anomaly, or otherwise medically important. Severity is another matter."
    )


def say_baseline(study: Study, dataset: str) -> str:
    """What baseline and change of a table of results are."""
    source = {"ADLB": "LB", "ADVS": "VS"}[dataset]
    reference = _REFERENCE[study.treatment_emergence.reference]
    return (
        f"Baseline: the result that the data flags ({source}LOBXFL, or {source}BLFL), else the last one on or before "
        f"{reference}, per parameter and time point. Change: value minus baseline, of results after {reference}, "
        "with no upper limit."
    )


def say_results(study: Study, dataset: str, *, together: bool, with_last: bool) -> tuple[str, ...]:
    """What baseline, change and the visits of a table of results are."""
    reference = _REFERENCE[study.treatment_emergence.reference]
    visits = study.visits
    which = ", ".join(visits.analysed) if visits.analysed else "every planned visit"
    notes = [
        say_baseline(study, dataset),
        f"Visits: {which}; of several results of a subject at one visit the {visits.several} counts. Only results with "
        "a number are described; a result whose day is not known is in no visit after baseline.",
    ]
    if together:
        notes.append("Time points of a visit are taken together: results are described, not subjects.")
    if with_last:
        of = f" of {', '.join(visits.last_of)}" if visits.last_of else ""
        notes.append(f"Last value: the last analysed result after {reference}{of}.")
    return tuple(notes)


def say_fractions(study: Study, *, last: bool = False) -> tuple[str, ...]:
    """What n, Ns and the time of the results are."""
    reference = _REFERENCE[study.treatment_emergence.reference]
    if last:
        return (
            f"n/Ns (%): subjects whose last analysed result after {reference} is such (AENTMTFL); Ns: subjects with a "
            "usable one (and a baseline, where the line compares with it).",
        )
    return (
        f"n/Ns (%): subjects with such a result at any time after {reference}, with no upper limit, unscheduled visits "
        "included, each counted once per line; Ns: subjects with a usable result after it (and a baseline, where the "
        "line compares with it).",
    )


def say_laboratory_grades(study: Study) -> tuple[str, ...]:
    """Where the grades of results are from."""
    if not has_criteria(study.dictionaries.ctcae):
        return (
            *say_ctcae(study, "AETOXGR"),
            "A test that the data does not grade has no grade: only the numeric criteria of CTCAE 5.0 are at hand.",
        )
    return (
        *say_ctcae(study, "AETOXGR"),
        "A test that the data does not grade is graded by the numeric criteria of CTCAE 5.0; confirm them with your "
        "medical lead.",
    )


def say_liver(study: Study, *, with_cases: bool) -> tuple[str, ...]:
    """Which results liver screening looks at, and what a potential Hy's law case is."""
    day, within = study.laboratory.liver_from_day, study.laboratory.liver_within_days
    window = "" if day == 1 else f" from study day {day} on"
    reference = _REFERENCE[study.treatment_emergence.reference]
    notes = [
        f"Highest values after {reference}{window}, each in multiples of the result's own ULN. Ns: subjects with both. "
        "An infusion into the portal vein itself lifts transaminases in the first days."
    ]
    if with_cases:
        notes.append(
            "Potential Hy's law case: a bilirubin of at least 2 x ULN on the day of an ALT or AST of at least 3 x "
            "ULN, or later; highest values alone do not make one. Days between: of the closest such pair; within the "
            f"window: at most {within} days. ALP at onset: the last value on or before the day of that "
            "transaminase; it is marked, and such cases are not left out."
        )
    return tuple(notes)


def say_egfr(records: pl.DataFrame) -> tuple[str, ...]:
    """How eGFR was computed, where it was."""
    if "DTYPE" not in records.columns or not (records["DTYPE"].cast(pl.String) == "COMPUTED").any():
        return ()
    return ("eGFR: CKD-EPI 2021 from serum creatinine, age at the measurement and sex, of adults (computed).",)


def say_subset(datasets: AnalysisDatasets, study: Study, subset: Subset | None) -> tuple[str, ...]:
    """What puts an event in the subset that a table counts alone; no note where it counts all."""
    if subset is None:
        return ()
    if subset.name == "serious":
        return (say_seriousness(),)
    if subset.name == "related":
        return (say_relatedness(datasets, study),)
    if subset.name == "fatal":
        return ("Leading to death: AEOUT = FATAL or AESDTH = Y, whatever AESER says.",)
    return (
        "Leading to withdrawal: AEACN = DRUG WITHDRAWN. Cells that are given once cannot be withdrawn; the action is "
        "that with the study treatment that can be, immunosuppression included.",
    )


def say_statistics(study: Study, arms: Arms) -> tuple[str, ...]:
    """Methods of intervals and tests, none adjusted for multiplicity; no note where nothing is compared."""
    notes = []
    if arms.is_single:
        notes.append("95% CI: exact (Clopper–Pearson).")
    comparison = study.comparison
    if comparison and arms.comparisons:
        if "risk_difference" in comparison.statistics:
            notes.append(
                f"RD: risk difference in percentage points, arm minus control, with 95% CI "
                f"({METHODS[comparison.method]}), not adjusted for multiplicity; without an event in both arms the "
                f"interval is not estimated."
            )
        if "fisher" in comparison.statistics:
            notes.append("p-value: Fisher's exact test, two-sided, not adjusted for multiplicity.")
    return tuple(notes)


def say_abbreviations(columns: Sequence[TableColumn], rows: Sequence[TableRow], *more: str) -> tuple[str, ...]:
    """The abbreviations of the table: those of headings and cells, and `more`; no note where there is none."""
    printed = [f"{column.heading} {column.group}" for column in columns] + [cell for row in rows for cell in row.cells]
    found = {word for word in re.findall(r"\w+", "\n".join(printed)) if word in _ABBREVIATIONS}
    meanings = "; ".join(f"{short}: {_ABBREVIATIONS[short]}" for short in sorted(found | set(more)))
    return (f"{meanings}.",) if meanings else ()


_ABBREVIATIONS = {
    "ALP": "alkaline phosphatase",
    "AESI": "adverse event of special interest",
    "CI": "confidence interval",
    "CQ": "customised query of the sponsor",
    "NA": "not available in the data",
    "NE": "not estimable",
    "OCMQ": "OND custom medical query",
    "PT": "preferred term",
    "PY": "person-years",
    "RD": "risk difference",
    "SD": "standard deviation",
    "SMQ": "Standardised MedDRA Query",
    "SOC": "system organ class",
    "TEAE": "treatment-emergent adverse event",
    "ULN": "upper limit of normal",
}
