"""The laboratory results that follow-up looks at: some tests of ADLB, some of its variables, without the rest.

A trial of many years has results by the million, of which the kidney and the criteria of AESIs need a few tests. What
is here is what ADLB has: each variable is derived by the same functions, and whatever is asked of all results (whether
the sponsor flags baselines by --LOBXFL) is asked before the others are left out.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

import polars as pl

from longwatch.derive.baseline import derive_ablfl, derive_base, derive_change
from longwatch.derive.bds import ORDER, derive_ontrtfl, with_subject
from longwatch.derive.coded import Subjects, code_text
from longwatch.derive.egfr_results import CODE, add_egfr
from longwatch.derive.normal_range import derive_anrind
from longwatch.derive.parameter import derive_param
from longwatch.derive.results import read_results
from longwatch.derive.timing import derive_after, read_reference
from longwatch.standards.dataset import SourceData
from longwatch.study import Study

VARIABLES = (
    "USUBJID", "SAFFL", "PARAMCD", "AVAL", "AVALU", "SPEC", "ANRLO", "ADT", "ADY", "ONTRTFL", "PCHG", "R2BASE",
    "R2ANRHI", "LBSEQ", "DTYPE",
)  # fmt: skip


def select_tests(adlb: pl.DataFrame, tests: Collection[str]) -> pl.DataFrame:
    """Those tests and variables of ADLB."""
    chosen = adlb.filter(pl.col("PARAMCD").cast(pl.String).is_in(sorted(tests)).fill_null(False))
    return chosen.select(name for name in VARIABLES if name in adlb.columns)


def derive_followed(
    data: SourceData, study: Study, cutoff: date, subjects: Subjects, adsl: pl.DataFrame, tests: Collection[str]
) -> pl.DataFrame:
    """The same from LB, in the order of ADLB. Expects row i of ADSL to be `subject` i."""
    results = read_results(data, "LB", subjects, cutoff)
    by_exposure = results["LOBXFL"].null_count() < results.height
    reported = (results["PARAMCD"] == CODE).any()
    needed = {*tests, *({"CREAT"} if CODE in tests and not reported else ())}
    results = results.filter(pl.col("PARAMCD").cast(pl.String).is_in(sorted(needed)).fill_null(False))
    results = derive_param(add_egfr(results, adsl)) if CODE in tests else derive_param(_reported(results))
    results = results.sort(ORDER, nulls_last=False, maintain_order=True)
    results = derive_after(results, read_reference(adsl, study))
    results = derive_ablfl(derive_anrind(results), by_exposure).with_columns(ONTRTFL=derive_ontrtfl())
    results = code_text(derive_change(derive_base(results))).rename({"SEQ": "LBSEQ"})
    return select_tests(with_subject(results, adsl), tests)


def _reported(results: pl.DataFrame) -> pl.DataFrame:
    return results.with_columns(DTYPE=pl.lit(None, pl.String))
