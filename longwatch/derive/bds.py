"""ADLB and ADVS: one row per result of a laboratory test or vital sign (class BDS; spec A.8)."""

from __future__ import annotations

from datetime import date

import polars as pl

from longwatch.derive.analysis_visit import derive_aentmtfl, derive_anl01fl, derive_avisit
from longwatch.derive.baseline import derive_ablfl, derive_base, derive_change
from longwatch.derive.coded import Subjects, code_text
from longwatch.derive.egfr_results import add_egfr
from longwatch.derive.normal_range import derive_anrind
from longwatch.derive.of_subject import OF_SUBJECT, carry_subject
from longwatch.derive.parameter import derive_param
from longwatch.derive.populations import YES_NO
from longwatch.derive.results import read_results
from longwatch.derive.timing import derive_after, read_reference
from longwatch.derive.toxicity import derive_atoxgr
from longwatch.derive.worst import derive_worst
from longwatch.standards.dataset import SourceData
from longwatch.standards.dates import study_day
from longwatch.study import Study

DOMAINS = {"ADLB": "LB", "ADVS": "VS"}
"""The domain that each dataset is derived from."""
ORDER = ("subject", "PARAM", "first", "second", "SEQ")
_LEFT_OUT = ("LOBXFL", "BLFL", "DTC", "TEST", "first", "last", "second", "after", "REFDT")


def derive_bds(
    name: str, data: SourceData, study: Study, cutoff: date, subjects: Subjects, adsl: pl.DataFrame
) -> pl.DataFrame:
    """ADLB or ADVS, one row per result known at the cut-off (`results`), by subject, parameter and time.

    Of LB with EGFR from creatinine (`egfr_results`). PARAM, PARAMCD, AVALU: `parameter`. ANRIND, R2ANRHI:
    `normal_range`; ATOXGR: `toxicity`. ONTRTFL: Y where taken after the first dose and not baseline, N where not,
    missing where that is not known (`timing`); there is no upper limit, the product is permanent. ABLFL, BASE, BNRIND,
    BTOXGR, CHG, PCHG, R2BASE: `baseline`. AVISIT, AVISITN, ANL01FL, AENTMTFL: `analysis_visit`. WORS01FL (lowest),
    WORS02FL (highest), WORS03FL (worst grade): `worst`. ADY: study day of ADT from TRTSDT. LBSEQ, VSSEQ name the
    record, LBDTC, VSDTC say when as it was collected. Expects row i of ADSL to be `subject` i. No such domain → no
    rows.
    """
    domain = DOMAINS[name]
    results = read_results(data, domain, subjects, cutoff)
    results = add_egfr(results, adsl) if domain == "LB" else results.with_columns(DTYPE=pl.lit(None, pl.String))
    results = derive_param(results)
    results = results.sort(ORDER, nulls_last=False, maintain_order=True)
    results = derive_after(results, read_reference(adsl, study))
    results = derive_ablfl(derive_anrind(results))
    results = results.with_columns(ONTRTFL=derive_ontrtfl())
    results = derive_change(derive_atoxgr(derive_base(results), study.dictionaries.ctcae))
    results = derive_anl01fl(derive_avisit(results, study.visits), study.visits)
    results = derive_worst(derive_aentmtfl(results, study.visits))
    results = code_text(results).rename({name: f"{domain}{name}" for name in ("SEQ", "FAST", "DTC")})
    return with_subject(results, adsl)


def with_subject(results: pl.DataFrame, adsl: pl.DataFrame) -> pl.DataFrame:
    """The dataset: what ADSL knows of the subject, then the results without what only helped to derive them."""
    carried = (*OF_SUBJECT, "TRTSDT")
    whole = carry_subject(adsl, results.drop(*_LEFT_OUT, *carried, strict=False), carried)
    if "ADY" not in results.columns:
        whole = whole.with_columns(ADY=study_day(pl.col("ADT"), pl.col("TRTSDT")))
    return whole.drop("TRTSDT")


def derive_ontrtfl() -> pl.Expr:
    """ONTRTFL of a result: Y where taken after the first dose and not baseline, else N; missing where not known."""
    return (
        pl.when((pl.col("ABLFL") == "Y").fill_null(False) | ~pl.col("after"))
        .then(pl.lit("N", YES_NO))
        .when(pl.col("after"))
        .then(pl.lit("Y", YES_NO))
    )
