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
    if domain in asked.measured:
        return domain
    asked.measured.add(domain)
    columns = asked.data.datasets[domain].columns if domain in asked.data else (f"{domain}STRESN",)
    visits = asked.study.visits
    known = {str(name) for name, *_ in asked.rows("DESCRIBE subject")}
    planned = "NOT coalesce(a.visit ILIKE 'unscheduled%', false) AND coalesce(a.visitnum % 1 = 0, true)"
    text = (SQL / "results.sql").read_text(encoding="utf-8")
    asked.engine.execute(
        text.format(
            domain=domain,
            label=LABELS[domain],
            number=f"r.{domain}STRESN" if f"{domain}STRESN" in columns else f"try_cast(r.{domain}STRESC AS DOUBLE)",
            age="AGE" if "AGE" in known else "NULL::DOUBLE",
            sex="SEX" if "SEX" in known else "NULL::VARCHAR",
            visit_counts=f"a.visit IN ({_texts(visits.analysed)})" if visits.analysed else planned,
            several=_ORDERS[visits.several],
            last_of=f"avisit IN ({_texts(visits.last_of)})" if visits.last_of else "true",
        )
    )
    return domain


def _texts(values: tuple[str, ...]) -> str:
    return ", ".join("'" + value.replace("'", "''") + "'" for value in values)
