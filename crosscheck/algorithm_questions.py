"""Questions on algorithmic queries: each criterion as a set of subjects, from events, results, drugs and clinical
events."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from crosscheck.laboratory_questions import prepare_results
from crosscheck.questions import NOT_ASSIGNED, Asked, numbers_by_arm, quote, start
from longwatch.standards.laboratory.reading import read_units
from longwatch.study import AlgorithmicQuery, Criterion, Query, Results, Terms
from longwatch.tables.opinion import Answer
from longwatch.tables.result import TableResult

QUERIES = {"AET_HYPOGLY": Query.HYPOGLYCAEMIA, "AET_HYPERGLY": Query.HYPERGLYCAEMIA}
OCMQ = {Query.HYPOGLYCAEMIA: "HYPOGLYCEMIA", Query.HYPERGLYCAEMIA: "HYPERGLYCEMIA"}

MEASURES = {
    "x ULN": "times_uln",
    "x LLN": "aval / CASE WHEN low > 0 THEN low END",
    "x baseline": "r2base",
    "% of baseline": "pchg",
}
SIGNS = {"below": "<", "at_most": "<=", "above": ">", "at_least": ">="}


def algorithm(asked: Asked, table: TableResult) -> Answer:
    """AET_HYPOGLY, AET_HYPERGLY: who meets which criterion, and by which kinds of them."""
    prepare_results(asked)
    counted = start(asked, table, "safety")
    query = asked.study.algorithmic_query(QUERIES[table.code])
    criteria = {item: _criterion(asked, query, item) for item in query.every_criterion}
    told = {item: sql for item, sql in criteria.items() if sql}
    if not told or not sum(counted.sizes.values()):
        return Answer(counted.values)
    asked.engine.execute("CREATE OR REPLACE TEMP TABLE met (number INT, kind VARCHAR, USUBJID VARCHAR)")
    for number, (item, sql) in enumerate(told.items()):
        asked.engine.execute(f"INSERT INTO met SELECT DISTINCT {number}, '{_kind(item)}', USUBJID FROM ({sql})")

    def count(group: str, row: str, subjects: str) -> None:
        found = f"SELECT coalesce(counted_arm, '{NOT_ASSIGNED}'), count(*) FROM subject"
        by_arm = numbers_by_arm(asked, f"{found} WHERE safety AND USUBJID IN ({subjects}) GROUP BY 1")
        counted.count(group, row, by_arm)

    count("Any criterion", "", "SELECT USUBJID FROM met")
    for row, kinds in (
        ("Of adverse events alone", "list(DISTINCT kind) = ['events']"),
        ("Of results alone", "list(DISTINCT kind) = ['results']"),
        ("Of both, or others", "list(DISTINCT kind) NOT IN (['events'], ['results'])"),
    ):
        count("Any criterion", row, f"SELECT USUBJID FROM met GROUP BY 1 HAVING {kinds}")
    for number, item in enumerate(told):
        count("Criterion", item.name, f"SELECT USUBJID FROM met WHERE number = {number}")
    return Answer(counted.values)


def _kind(criterion: Criterion) -> str:
    of_events = bool(criterion.terms or criterion.symptoms)
    others = bool(criterion.drugs or criterion.clinical_events)
    if others or (of_events and criterion.results):
        return "others"
    return "events" if of_events else "results"


def _criterion(asked: Asked, query: AlgorithmicQuery, criterion: Criterion) -> str:
    """The subjects of a criterion; empty where it cannot be told."""
    parts = [(sql, needed) for sql, needed in _parts(asked, query, criterion) if needed]
    if not all(sql for sql, _ in parts):
        return ""
    if criterion.within_days is not None:
        (one, _), (other, _) = parts
        apart = f"abs(date_diff('day', a.day, b.day)) <= {criterion.within_days}"
        return f"SELECT a.USUBJID FROM ({one}) a JOIN ({other}) b ON a.USUBJID = b.USUBJID AND {apart}"
    enough = [f"SELECT USUBJID FROM ({sql}) GROUP BY 1 HAVING count(*) >= {needed}" for sql, needed in parts]
    return " INTERSECT ".join(enough)


def _parts(asked: Asked, query: AlgorithmicQuery, criterion: Criterion) -> Iterator[tuple[str, int]]:
    """Each part's records as USUBJID and day, and how many of them are needed."""
    if criterion.terms:
        yield _events(asked, query.terms, OCMQ[query.query], narrow=True), criterion.terms
    if criterion.symptoms:
        yield _events(asked, query.symptoms, OCMQ[query.query], narrow=False), criterion.symptoms
    if criterion.results:
        yield _results(asked, criterion.results), criterion.results.at_least
    if criterion.drugs:
        yield _drugs(asked, query), criterion.drugs
    if criterion.clinical_events:
        yield _clinical_events(asked, query), criterion.clinical_events


def _events(asked: Asked, declared: Terms | None, ocmq: str, *, narrow: bool) -> str:
    if declared is not None:
        lists = _texts(declared.groups)
        listed = f"SELECT term FROM listed WHERE kind <> 'AESI' AND scope = '{declared.scope}'"
        of_lists = f"{listed} AND (upper(name) IN ({lists}) OR upper(id) IN ({lists}))"
        chosen = (
            f"upper(pt) IN ({_texts(declared.terms)}) OR upper(soc) IN ({_texts(declared.socs)})"
            f" OR upper(pt) IN ({of_lists})"
        )
        return f"SELECT USUBJID, start_day AS day FROM emergent WHERE {chosen}"
    mine = f"FROM listed WHERE kind = 'OCMQ' AND upper(name) = '{ocmq}'"
    if not asked.has(f"(SELECT count(*) {mine}) > 0"):
        return ""
    of_narrow = f"SELECT term {mine} AND scope = 'narrow'"
    chosen = (
        f"IN ({of_narrow})" if narrow else f"IN (SELECT term {mine} AND scope = 'broad' AND term NOT IN ({of_narrow}))"
    )
    return f"SELECT USUBJID, start_day AS day FROM emergent WHERE upper(pt) {chosen}"


def _results(asked: Asked, wanted: Results) -> str:
    factors = {unit.lower(): factor for unit, factor in read_units().get(wanted.analyte, {}).items()}
    own = wanted.unit.lower()
    known = {unit: factor / factors[own] for unit, factor in factors.items()} if own in factors else {own: 1.0}
    in_unit = (
        f"CASE lower(unit) {' '.join(f'WHEN {quote(unit)} THEN {factor!r}' for unit, factor in known.items())} END"
    )
    value = MEASURES.get(wanted.unit, f"aval * {in_unit}")
    usable = [f"code = {quote(wanted.analyte)}", "coalesce(spec <> 'URINE', true)", f"({value}) IS NOT NULL"]
    usable += [f"chg * {in_unit} IS NOT NULL"] if wanted.rise is not None else []
    usable += ["fast = 'Y'"] if wanted.fasting else []
    if not asked.has(f"(SELECT count(*) FROM every_later_LB WHERE {' AND '.join(usable)}) > 0"):
        return ""
    met = [f"round({value}, 9) {SIGNS[wanted.comparison]} {wanted.value!r}"]
    met += [f"round(chg * {in_unit}, 9) >= {wanted.rise!r}"] if wanted.rise is not None else []
    return f"SELECT USUBJID, day FROM later_LB WHERE {' AND '.join([*usable, *met])}"


def _columns(asked: Asked, dataset: str) -> set[str]:
    return set(asked.data.datasets[dataset].columns) if dataset in asked.data else set()


def _drugs(asked: Asked, query: AlgorithmicQuery) -> str:
    columns = _columns(asked, "CM")
    if "CMSTDTC" not in columns or not columns & {"CMDECOD", "CMTRT"}:
        return ""
    words = [quote(word.upper()) for word in query.drugs.containing]
    drug, drug_class = "upper(coalesce(CMDECOD, CMTRT))", "upper(CMCLAS)"
    chosen = [f"{drug} IN ({_texts(query.drugs.names)})"]
    chosen += [f"coalesce(contains({text}, {word}), false)" for word in words for text in (drug, drug_class)]
    return (
        f"SELECT USUBJID, day FROM (SELECT c.USUBJID, {drug} AS drug, earliest(CMSTDTC) AS day, s.TRTSDT"
        " FROM CM c JOIN subject s USING (USUBJID)"
        f" WHERE s.safety AND by_cutoff(CMSTDTC) AND CMOCCUR IS DISTINCT FROM 'N' AND ({' OR '.join(chosen)}))"
        " QUALIFY bool_and(coalesce(day >= TRTSDT, false)) OVER (PARTITION BY USUBJID, drug)"
    )


def _clinical_events(asked: Asked, query: AlgorithmicQuery) -> str:
    if not _columns(asked, "CE") & {"CEDECOD", "CETERM"}:
        return ""
    return (
        "SELECT c.USUBJID, greatest(earliest(CESTDTC), s.TRTSDT) AS day FROM CE c JOIN subject s USING (USUBJID)"
        f" WHERE s.safety AND by_cutoff(CESTDTC) AND CEOCCUR IS DISTINCT FROM 'N'"
        f" AND upper(coalesce(CEDECOD, CETERM)) IN ({_texts(query.clinical_events)})"
        " AND NOT coalesce(latest(CESTDTC) < s.TRTSDT, false)"
    )


def _texts(values: Sequence[str]) -> str:
    """In capitals; none: a text that nothing is."""
    return ", ".join(quote(value.upper()) for value in values) or "NULL"
