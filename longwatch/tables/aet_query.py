"""AET_HYPOGLY, AET_HYPERGLY: hypoglycaemia, hyperglycaemia by an algorithm over adverse events, laboratory results and
drugs (FDA guide v2.0, tables 47 and 48).

Lines: subjects who meet any criterion of the query; of these, those who meet criteria of adverse event terms alone, of
laboratory results alone, and the others (both, or another kind); then a line per criterion. Which criteria: `GUIDE` of
`longwatch.study.algorithmic`, and those of the study file. What is counted are the records of ADAQ. A criterion that
cannot be told prints NA, counts nobody in the lines above, and a footnote says why.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import polars as pl

from longwatch.derive import AnalysisDatasets
from longwatch.derive.adaq import CODES
from longwatch.standards.laboratory.reading import factors_to
from longwatch.study import AlgorithmicQuery, Query, Study, Terms, kind_of
from longwatch.study.algorithmic import LISTS
from longwatch.tables import footnotes
from longwatch.tables.arms import Arms, make_arms
from longwatch.tables.filters import SAFETY, both, equals
from longwatch.tables.groups import say_lists
from longwatch.tables.layout import Counted, CountLine, Layout
from longwatch.tables.levels import units_of
from longwatch.tables.result import TableResult

OUTPUTS = {"AET_HYPOGLY": Query.HYPOGLYCAEMIA, "AET_HYPERGLY": Query.HYPERGLYCAEMIA}
NUMBERS = {"AET_HYPOGLY": "47", "AET_HYPERGLY": "48"}
TITLES = {
    code: f"{query.capitalize()} by an algorithm over adverse events and laboratory results"
    for code, query in OUTPUTS.items()
}
ANY, TERMS, RESULTS, OTHERS = "Any criterion", "Of adverse events alone", "Of results alone", "Of both, or others"
CRITERION = "Criterion"
_COUNTED = Counted("ADAQ", SAFETY, ("USUBJID", "SRCDOM", "SRCSEQ"))


def _all_are(kind: str) -> str:
    return f"MIN(CASE WHEN {equals('KIND', kind)} THEN 1 ELSE 0 END)"


KINDS = {
    TERMS: f"{_all_are('TERMS')} = 1",
    RESULTS: f"{_all_are('RESULTS')} = 1",
    OTHERS: both(f"{_all_are('TERMS')} = 0", f"{_all_are('RESULTS')} = 0"),
}
"""What the records of a subject must be together to be in a line below `Any criterion`; each subject is in one."""


def make_aet_query(datasets: AnalysisDatasets, study: Study, parameters: Mapping[str, object]) -> TableResult:
    """The table. Parameter: `output` (fixed by the code). No criterion can be told → no rows, and a note; so it is
    where there is no subject."""
    code = str(parameters["output"])
    query = study.algorithmic_query(OUTPUTS[code])
    arms = make_arms(datasets, study)
    layout = Layout(arms, study.comparison, counted=_COUNTED)
    untold = {number: why for (name, number), why in datasets.algorithms.untold.items() if name is query.query}
    told = len(untold) < len(query.every_criterion) and arms.total > 0
    rows, statistics = layout.lines(list(_lines(datasets.adaq, query, arms, untold)) if told else [])
    columns = layout.columns()
    return TableResult(
        code=code,
        title=TITLES[code],
        population="Safety population",
        stub="Subjects who meet",
        columns=columns,
        rows=rows,
        statistics=(*layout.sizes(), *statistics),
        footnotes=(
            footnotes.say_population(datasets, study, arms),
            "n: subjects who meet the line's criterion at any time after the first dose, each once per line; %: of N. "
            f"{ANY}: the three lines below it have each of its subjects once; a subject may meet several criteria.",
            *_say_criteria(query),
            *_say_untold(query, untold),
            *(_say_terms(query) if any(_asks(query, part) for part in ("terms", "symptoms")) else ()),
            *_say_lists(datasets, study, query),
            *(_say_results(datasets, query) if _asks(query, "results") else ()),
            *(_say_drugs(query) if _asks(query, "drugs") else ()),
            *(_say_clinical_events(query) if _asks(query, "clinical_events") else ()),
            footnotes.say_treatment_emergence(study),
            footnotes.say_dictionary(study),
            footnotes.say_observation(datasets),
            *footnotes.say_statistics(study, arms),
            *footnotes.say_abbreviations(columns, rows, "OCMQ", "PT", "SOC", "TEAE"),
        ),
        number=NUMBERS[code],
        empty_note="No criterion can be told" if arms.total else "No subject is in this population",
        parameters={"output": code},
    )


def _lines(adaq: pl.DataFrame, query: AlgorithmicQuery, arms: Arms, untold: Mapping[int, str]) -> Iterator[CountLine]:
    code = CODES[query.query]
    mine = adaq.filter((pl.col("PARAMCD") == code) & (pl.col("SAFFL") == "Y").fill_null(False))
    subject = pl.col("USUBJID").to_physical()
    of_query = equals("PARAMCD", code)
    yield CountLine(ANY, ANY, "", of_query, arms.compute_subjects(mine.select(subject).to_series().to_numpy()))
    kinds = mine.group_by(subject.alias("subject")).agg(
        terms=(pl.col("KIND") == "TERMS").all(), results=(pl.col("KIND") == "RESULTS").all()
    )
    of_kind = {TERMS: pl.col("terms"), RESULTS: pl.col("results"), OTHERS: ~pl.col("terms") & ~pl.col("results")}
    told = {kind_of(item) for number, item in enumerate(query.every_criterion, start=1) if number not in untold}
    can_be = {TERMS: "TERMS" in told, RESULTS: "RESULTS" in told, OTHERS: "OTHER" in told or len(told) > 1}
    for name, chosen in of_kind.items():
        counted = arms.compute_subjects(kinds.filter(chosen)["subject"].to_numpy()) if can_be[name] else None
        yield CountLine(name, ANY, name, of_query, counted, level=1, having=KINDS[name])
    yield CountLine(CRITERION, CRITERION, "", "", None, is_heading=True)
    for number, criterion in enumerate(query.every_criterion, start=1):
        met = mine.filter(pl.col("CRITN") == number).select(subject).to_series()
        counted = None if number in untold else arms.compute_subjects(met.to_numpy())
        where = both(of_query, f"CRITN = {number}")
        yield CountLine(criterion.name, CRITERION, criterion.name, where, counted, level=1)


def _asks(query: AlgorithmicQuery, part: str) -> bool:
    return any(part in criterion.parts for criterion in query.every_criterion)


def _say_criteria(query: AlgorithmicQuery) -> Iterator[str]:
    number = {name: NUMBERS[code] for code, name in OUTPUTS.items()}[query.query]
    if query.guide:
        yield (
            f"Criteria of FDA Standard Safety Tables and Figures Integrated Guide v2.0, table {number}, as a public "
            "implementation has them (junco and pharmaverseadamjnj of Johnson & Johnson); they were not read in the "
            "guide itself: confirm them with your regulatory lead."
        )
    if query.criteria:
        yield f"The study's own criteria: {'; '.join(item.name for item in query.criteria)}."


def _say_untold(query: AlgorithmicQuery, untold: Mapping[int, str]) -> Iterator[str]:
    names = [item.name for item in query.every_criterion]
    for why in dict.fromkeys(untold.values()):
        mine = "; ".join(names[number - 1] for number, reason in untold.items() if reason == why)
        yield f"NA, and in no other line, which may so count too few: {mine}: {why}."


def _say_terms(query: AlgorithmicQuery) -> Iterator[str]:
    name = LISTS[query.query]
    if _asks(query, "terms"):
        yield f"Term: a TEAE of {_words(query.terms, f'the narrow terms of OCMQ {name}')}."
    if _asks(query, "symptoms"):
        broad = f"the terms of OCMQ {name} that are broad and not narrow; confirm which of them the guide means"
        yield f"Symptom: a TEAE of {_words(query.symptoms, broad)}."


def _say_lists(datasets: AnalysisDatasets, study: Study, query: AlgorithmicQuery) -> tuple[str, ...]:
    """For which version of the dictionary the lists were made, where terms are of lists."""
    named = [name for declared in (query.terms, query.symptoms) if declared for name in declared.groups]
    used = [datasets.groups.find(name) for name in named]
    if query.terms is None or query.symptoms is None:
        ocmq = LISTS[query.query].upper()
        used += [group for group in datasets.groups.of_kind("OCMQ") if group.name.upper() == ocmq]
    return say_lists(used, study) if used else ()


def _words(declared: Terms | None, otherwise: str) -> str:
    if declared is None:
        return otherwise
    parts = [
        f"{kind} {', '.join(names)}"
        for kind, names in (
            ("PT", declared.terms),
            ("SOC", declared.socs),
            (f"the {declared.scope} terms of", declared.groups),
        )
        if names
    ]
    return " or ".join(parts)


def _say_results(datasets: AnalysisDatasets, query: AlgorithmicQuery) -> Iterator[str]:
    asked = [criterion.results for criterion in query.every_criterion if criterion.results]
    yield (
        "Results: after the first dose, unscheduled visits included, not of urine; each result counts, also of one "
        "day. Higher by: against the baseline. Fasting: LBFAST = Y. Limits are compared in the unit stated, to nine "
        "decimals."
    )
    whole = (datasets.whole or datasets).adlb
    unknown = sorted(
        {
            f"{item.analyte} in {unit}"
            for item in asked
            if item.measure == "AVAL"
            for unit in units_of(whole, item.analyte)
            if unit.lower() not in factors_to(item.analyte, item.unit)
        }
    )
    if unknown:
        yield f"Not compared, the unit being unknown: {', '.join(unknown)}."


def _say_drugs(query: AlgorithmicQuery) -> Iterator[str]:
    drugs = query.drugs
    words = [f"a name or class (CMCLAS) that contains {', '.join(drugs.containing)}"] if drugs.containing else []
    words += [f"one of {', '.join(drugs.names)}"] if drugs.names else []
    yield (
        f"New drug: a concomitant drug with {' or '.join(words) or 'no name that the study file states'}, that began "
        "on or after the day of the first dose and had not been taken before; one whose start is not known is not new."
    )


def _say_clinical_events(query: AlgorithmicQuery) -> Iterator[str]:
    yield (
        f"Clinical event: a record of CE of {', '.join(query.clinical_events)} that need not lie before the first dose."
    )
