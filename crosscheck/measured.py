"""Results of LB and VS in the engine, baseline and visits by SQL of our own, made when first asked for."""

from __future__ import annotations

from pathlib import Path

from crosscheck.questions import Asked

SQL = Path(__file__).with_name("sql")
DOMAINS = {"ADLB": "LB", "ADVS": "VS"}
LABELS = {"LB": "laboratory", "VS": "vital signs"}
_ORDERS = {
    "last": "first_day DESC NULLS LAST, second DESC, seq DESC NULLS LAST, _row DESC",
    "first": "first_day NULLS FIRST, second, seq NULLS FIRST, _row",
    "highest": "aval DESC, first_day NULLS FIRST, second, seq NULLS FIRST, _row",
    "lowest": "aval, first_day NULLS FIRST, second, seq NULLS FIRST, _row",
}


def measure(asked: Asked, dataset: str) -> str:
    """The domain of a dataset, its tables `measured_LB`, `analysed_LB`, `last_LB` being there."""
    domain = DOMAINS[dataset]
    if domain not in asked.measured:
        asked.measured.add(domain)
        source = dataset if asked.supplied else domain
        columns = set(asked.data.datasets[source].columns) if source in asked.data else set()
        words = _supplied(asked, dataset, columns) if asked.supplied else _collected(asked, domain, columns)
        _run(asked, "adam_results" if asked.supplied else "results", domain=domain, **words)
        of = asked.study.visits.last_of
        last = f"avisit IN ({_texts(of)})" if of else "true"
        named = asked.supplied and "AENTMTFL" in columns
        _run(
            asked,
            "analysed",
            domain=domain,
            several=_ORDERS["last" if asked.supplied and "ANL01FL" in columns else asked.study.visits.several],
            last_from=f"measured_{domain} WHERE last_flag AND aval IS NOT NULL"
            if named
            else f"analysed_{domain} WHERE anl AND ontrtfl = 'Y' AND {last}",
        )
    return domain


def _run(asked: Asked, name: str, **words: str) -> None:
    asked.engine.execute((SQL / f"{name}.sql").read_text(encoding="utf-8").format(**words))


def _visit(asked: Asked) -> str:
    visits = asked.study.visits.analysed
    planned = "NOT coalesce(a.visit ILIKE 'unscheduled%', false) AND coalesce(a.visitnum % 1 = 0, true)"
    return f"a.visit IN ({_texts(visits)})" if visits else planned


def _collected(asked: Asked, domain: str, columns: set[str]) -> dict[str, str]:
    """What the data and the study file say, as SQL on LB or VS."""
    known = {str(name) for name, *_ in asked.rows("DESCRIBE subject")}
    numbers = f"{domain}STRESN" in columns or not columns
    return {
        "label": LABELS[domain],
        "number": f"r.{domain}STRESN" if numbers else f"try_cast(r.{domain}STRESC AS DOUBLE)",
        "age": "AGE" if "AGE" in known else "NULL::DOUBLE",
        "sex": "SEX" if "SEX" in known else "NULL::VARCHAR",
        "visit_counts": _visit(asked),
    }


def _supplied(asked: Asked, dataset: str, columns: set[str]) -> dict[str, str]:
    """What the sponsor supplied, as SQL on ADLB or ADVS."""

    def given(name: str, otherwise: str) -> str:
        return f"a.{name}" if name in columns else otherwise

    later = "CASE WHEN a.on_treatment = 'Y' THEN {} END"
    visits = asked.study.visits.analysed
    visit = f"CASE WHEN trim(a.AVISIT) IN ({_texts(visits)}) THEN trim(a.AVISIT) END" if visits else "trim(a.AVISIT)"
    return {
        "dataset": dataset,
        "low": "r.ANRLO" if "ANRLO" in columns else "r.A1LO",
        "high": "r.ANRHI" if "ANRHI" in columns else "r.A1HI",
        "may_be_base": "ABLFL = 'Y' AND aval IS NOT NULL" if "ABLFL" in columns else "after IS FALSE",
        "on_treatment": "CASE WHEN ONTRTFL = 'Y' THEN 'Y' ELSE 'N' END"
        if "ONTRTFL" in columns
        else "CASE WHEN is_base OR after IS FALSE THEN 'N' WHEN after THEN 'Y' END",
        "base": given("BASE", "b.aval"),
        "change": given("CHG", later.format(f"round(a.aval - {given('BASE', 'b.aval')}, 9)")),
        "percent": given(
            "PCHG", later.format("round(100 * (a.aval - {0}) / nullif({0}, 0), 9)".format(given("BASE", "b.aval")))
        ),
        "ratio": given("R2BASE", later.format(f"round(a.aval / nullif({given('BASE', 'b.aval')}, 0), 9)")),
        "times_uln": given("R2ANRHI", "CASE WHEN a.high > 0 THEN round(a.aval / a.high, 9) END"),
        "bnrind": "in_words(a.BNRIND)" if "BNRIND" in columns else "range_of(b.said, b.aval, b.low, b.high)",
        "avisit": visit if "AVISIT" in columns else f"CASE WHEN {_visit(asked)} THEN a.visit END",
        "anl": "a.ANL01FL = 'Y' IS TRUE" if "ANL01FL" in columns else "true",
    }


def _texts(values: tuple[str, ...]) -> str:
    return ", ".join("'" + value.replace("'", "''") + "'" for value in values)
