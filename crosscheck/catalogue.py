"""Which outputs are computed again, by their code."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from crosscheck.death_questions import death_listing, deaths
from crosscheck.group_questions import by_list, by_subgroup, of_interest, without_terms
from crosscheck.questions import GRADES, SEVERITIES, Asked, common, overview, rates, terms, worst_of_terms
from crosscheck.subject_questions import demographics, disposition, populations, screening
from longwatch.tables.opinion import Answer
from longwatch.tables.result import TableResult

SCOPES = ("narrow", "broad")

QUESTIONS: Mapping[str, Callable[[Asked, TableResult], Answer]] = {
    "DMT01": demographics,
    "ENT01": screening,
    "POPT01": populations,
    "DST01": disposition,
    "DTHT01": deaths,
    "DTHL01": death_listing,
    "AET01": overview,
    "AET02": terms(""),
    "AET02_SER": terms("serious"),
    "AET02_WD": terms("withdrawn"),
    "AET07": terms("fatal"),
    "AET09": terms("related"),
    "AET03": worst_of_terms("AESEV", SEVERITIES, str.capitalize),
    "AET04": worst_of_terms("AETOXGR", GRADES, "Grade {}".format),
    "AET05": rates(every=False),
    "AET05_ALL": rates(every=True),
    "AET10": common,
    "AET02_OCMQ": by_list("OCMQ", "", SCOPES),
    "AET02_OCMQ_SER": by_list("OCMQ", "serious", SCOPES[:1]),
    "AET02_OCMQ_WD": by_list("OCMQ", "withdrawn", SCOPES[:1]),
    "AET02_SMQ": by_list("SMQ", "", SCOPES),
    "AET02_CQ": by_list("CQ", "", SCOPES),
    "AEFG01": without_terms(terms("")),
    "AEFG_OCMQ": without_terms(by_list("OCMQ", "", SCOPES[:1])),
    "AESI01": of_interest,
    "AET01_SG": by_subgroup("", "serious", "fatal", "withdrawn"),
    "AET01_SG_SER": by_subgroup("serious"),
    "AESI01_SG": by_subgroup(""),
}

FROM_SDTM_ONLY = ("ENT01", "DST01")
"""Outputs that are not computed again where the sponsor's own ADaM is counted: ADSL says how participation ended, and
there is no second source for it."""
