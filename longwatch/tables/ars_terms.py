"""Conditions and terms as CDISC ARS v1 writes them."""

from __future__ import annotations

from collections.abc import Sequence

from longwatch.tables.conditions import Clause, Condition

Json = dict[str, object]

PATTERNS = {
    "N": "N=XX",
    "n": "XX",
    "Ns": "XX",
    "pct_ns": "(XX.X)",
    "records": "XX",
    "pct": "(XX.X)",
    "pct_lower": "XX.X",
    "pct_upper": "XX.X",
    "events": "XX",
    "risk_difference": "XX.X",
    "rd_lower": "XX.X",
    "rd_upper": "XX.X",
    "share": "(XX.X)",
    "share_lower": "XX.X",
    "share_upper": "XX.X",
    "base": "XX",
    "infusions_followed": "XX",
    "infusions": "XX",
    "infusion_share": "(XX.X)",
    "infusion_share_lower": "XX.X",
    "infusion_share_upper": "XX.X",
    "event_share": "(XX.X)",
    "tests": "XX",
    "tests_not_passed": "XX",
    "quotient": "X.XXX",
    "p_fisher": "X.XXX",
    "p_cmh": "X.XXX",
    "p_anova": "X.XXX",
    "p_chi_square": "X.XXX",
    "person_years": "XX.X",
}
"""How an operation's result prints; what has as many decimals as its data has no pattern."""
RELATIONS = {
    "pct": (("NUMERATOR", "n"), ("DENOMINATOR", "N")),
    "pct_lower": (("NUMERATOR", "n"), ("DENOMINATOR", "N")),
    "pct_upper": (("NUMERATOR", "n"), ("DENOMINATOR", "N")),
    "pct_ns": (("NUMERATOR", "n"), ("DENOMINATOR", "Ns")),
    "share": (("NUMERATOR", "n"), ("DENOMINATOR", "base")),
    "share_lower": (("NUMERATOR", "n"), ("DENOMINATOR", "base")),
    "share_upper": (("NUMERATOR", "n"), ("DENOMINATOR", "base")),
    "infusion_share": (("NUMERATOR", "infusions_followed"), ("DENOMINATOR", "infusions")),
    "infusion_share_lower": (("NUMERATOR", "infusions_followed"), ("DENOMINATOR", "infusions")),
    "infusion_share_upper": (("NUMERATOR", "infusions_followed"), ("DENOMINATOR", "infusions")),
    "event_share": (("NUMERATOR", "events"), ("DENOMINATOR", "records")),
    "quotient": (("NUMERATOR", "days_followed"), ("DENOMINATOR", "days_possible")),
    "rate": (("NUMERATOR", "n"), ("NUMERATOR", "events"), ("DENOMINATOR", "person_years")),
    "rate_lower": (("NUMERATOR", "n"), ("NUMERATOR", "events"), ("DENOMINATOR", "person_years")),
    "rate_upper": (("NUMERATOR", "n"), ("NUMERATOR", "events"), ("DENOMINATOR", "person_years")),
}
"""Of which other numbers a number is made."""
REASON, PURPOSE = "TERM_REASON_TEMPLATE", "TERM_PURPOSE_SAFETY"
EXTENSIONS: list[Json] = [
    {
        "id": "TERMS_REASON",
        "enumeration": "AnalysisReasonEnum",
        "sponsorTerms": [
            {
                "id": REASON,
                "submissionValue": "SPECIFIED IN REPORT TEMPLATE",
                "description": "The report template or the call that made the output names it.",
            }
        ],
    },
    {
        "id": "TERMS_PURPOSE",
        "enumeration": "AnalysisPurposeEnum",
        "sponsorTerms": [
            {"id": PURPOSE, "submissionValue": "SAFETY", "description": "Evaluation of safety; no outcome measure."}
        ],
    },
]


def where(clauses: Sequence[Clause], dataset: str, level: int = 1, order: int = 1) -> Json:
    """What a where clause holds: `condition` for one, `compoundExpression` for several, with level and order."""
    placed: Json = {"level": level, "order": order}
    if len(clauses) == 1:
        return {**placed, **_one(clauses[0], dataset, level)}
    return {**placed, **_compound("AND", clauses, dataset, level)}


def _one(clause: Clause, dataset: str, level: int) -> Json:
    if isinstance(clause, Condition):
        return {
            "condition": {
                "dataset": clause.dataset or dataset,
                "variable": clause.variable,
                "comparator": clause.comparator,
                "value": list(clause.values),
            }
        }
    return _compound(clause.operator, clause.parts, dataset, level)


def _compound(operator: str, parts: Sequence[Clause], dataset: str, level: int) -> Json:
    inside = [where([part], dataset, level + 1, order) for order, part in enumerate(parts, start=1)]
    return {"compoundExpression": {"logicalOperator": operator, "whereClauses": inside}}


def words_of(clauses: Sequence[Clause]) -> str:
    """Conditions for people: `AESER = Y and AREL = RELATED`."""
    return " and ".join(_words(clause) for clause in clauses)


def _words(clause: Clause) -> str:
    if isinstance(clause, Condition):
        sign = {"EQ": "=", "NE": "not", "NOTIN": "not in", "IN": "in"}.get(clause.comparator, clause.comparator)
        return f"{clause.variable} {sign} {', '.join(clause.values) or 'missing'}"
    joined = f" {clause.operator.lower()} ".join(_words(part) for part in clause.parts)
    return f"not ({joined})" if clause.operator == "NOT" else f"({joined})"
