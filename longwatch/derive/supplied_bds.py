"""The sponsor's own ADLB and ADVS, made ready to be counted (study file: `analysis_data: adam`).

Nothing is derived that the sponsor has derived; what the tables need besides is added by the same rules as elsewhere.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from longwatch.derive.analysis_visit import derive_aentmtfl, derive_anl01fl, derive_avisit
from longwatch.derive.baseline import KEY, derive_ablfl, derive_base, derive_change, yes_on
from longwatch.derive.bds import ORDER, derive_ontrtfl, with_subject
from longwatch.derive.coded import Subjects, code_text, read_whole
from longwatch.derive.normal_range import derive_anrind
from longwatch.derive.populations import flag
from longwatch.derive.timing import derive_after, read_reference
from longwatch.derive.toxicity import derive_atoxgr
from longwatch.derive.worst import derive_worst
from longwatch.standards.dataset import SourceData
from longwatch.study import Study, Visits

TEXTS = (
    "PARAM", "PARCAT1", "AVALC", "AVALU", "ANRIND", "ATPT", "ATOXGR", "VISIT", "AVISIT", "SPEC", "DTYPE",
    "ABLFL", "ONTRTFL", "ANL01FL", "AENTMTFL",
)  # fmt: skip
NUMBERS = ("ANRLO", "ANRHI", "ATPTN", "VISITNUM", "AVISITN")
NEEDED = ("USUBJID", "PARAMCD", "AVAL")
"""Variables that a supplied ADLB or ADVS must have."""
_MEASURES = ("AVAL", "BASE", "CHG", "PCHG", "R2BASE", "R2ANRHI")
_OTHER_NAMES = {"A1LO": "ANRLO", "A1HI": "ANRHI"}
_SHORT = {"L": "LOW", "N": "NORMAL", "H": "HIGH"}
_ONLY_COLLECTED = ("LOBXFL", "BLFL", "DTC")
_COMPUTED = ("WORS01FL", "WORS02FL", "WORS03FL")


def read_supplied_bds(
    name: str, data: SourceData, study: Study, cutoff: date, subjects: Subjects, adsl: pl.DataFrame
) -> pl.DataFrame:
    """ADLB or ADVS as supplied, by subject, parameter and time, with SAFFL and treatment of ADSL.

    - Records after D (ADT, where it is a date) are left out, and those of no subject of ADSL.
    - Kept where supplied: BASE, CHG, PCHG, R2BASE, BTOXGR, R2ANRHI, ATOXGR, ANRIND and BNRIND (L, N, H as LOW, NORMAL,
      HIGH); ABLFL and ANL01FL, of several in one place the last; ONTRTFL; AENTMTFL; AVISIT, without blanks around it,
      by AVISITN. A1LO, A1HI stand for ANRLO, ANRHI. Whatever of these is not supplied is derived (`bds`).
    - AVALU, where not supplied: what stands in brackets at the end of PARAM. PARAM not supplied: PARAMCD.
    - A number written as text is read as that number; other text in its place is missing.
    - WORS01FL to WORS03FL are always ours (`worst`): the standard leaves their meaning to the sponsor.
    Expects ADLB or ADVS in the data, with USUBJID, PARAMCD and AVAL (`fit`).
    """
    domain = name[2:]
    read = read_whole(data, name, subjects).drop(*_COMPUTED, strict=False)
    read = read.rename({old: new for old, new in _OTHER_NAMES.items() if new not in read.columns}, strict=False)
    given = set(read.columns)
    absent: dict[str, pl.DataType] = {**dict.fromkeys((*TEXTS, *_ONLY_COLLECTED, f"{domain}FAST"), pl.Enum([])),
              **dict.fromkeys((*NUMBERS, f"{domain}SEQ"), pl.Float64())}  # fmt: skip
    read = read.with_columns(pl.lit(None, kind).alias(column) for column, kind in absent.items() if column not in given)
    read = read.rename({f"{domain}SEQ": "SEQ"}).with_columns(
        pl.col(name).cast(pl.String).cast(pl.Float64, strict=False)
        for name in (*NUMBERS, *_MEASURES, "SEQ")
        if isinstance(read.schema.get(name), pl.Enum)
    )
    if read.schema.get("ADT") != pl.Date:
        read = read.drop("ADT", strict=False).with_columns(ADT=pl.lit(None, pl.Date))
    read = read.filter(~(pl.col("ADT") > cutoff).fill_null(False), pl.col("PARAMCD").is_not_null())
    read = _name_parameters(read).with_columns(first=pl.col("ADT"), last=pl.col("ADT"), second=pl.lit(-1))
    results = read.sort(ORDER, nulls_last=False, maintain_order=True)
    results = derive_after(results, read_reference(adsl, study))
    results = derive_anrind(results)
    results = _last_flagged(results, "ABLFL", KEY) if "ABLFL" in given else derive_ablfl(results)
    on_treatment = flag(pl.col("ONTRTFL").cast(pl.String) == "Y") if "ONTRTFL" in given else derive_ontrtfl()
    results = results.with_columns(ONTRTFL=on_treatment)
    results = derive_change(derive_atoxgr(derive_base(results), study.dictionaries.ctcae))
    results = _order_visits(results, study.visits) if "AVISIT" in given else derive_avisit(results, study.visits)
    place = (*KEY, "AVISIT")
    results = _last_flagged(results, "ANL01FL", place) if "ANL01FL" in given else derive_anl01fl(results, study.visits)
    if "AENTMTFL" in given:
        results = _last_flagged(results, "AENTMTFL", KEY)
    else:
        results = derive_aentmtfl(results, study.visits)
    return with_subject(code_text(derive_worst(results)).rename({"SEQ": f"{domain}SEQ"}), adsl)


def _name_parameters(read: pl.DataFrame) -> pl.DataFrame:
    short = [pl.col(name).cast(pl.String).replace(_SHORT) for name in ("ANRIND", "BNRIND") if name in read.columns]
    if "BTOXGR" in read.columns:
        short.append(pl.col("BTOXGR").cast(pl.String).str.strip_chars_start("-"))
    text = read.select(
        *short,
        PARAM=pl.coalesce(pl.col("PARAM").cast(pl.String), pl.col("PARAMCD").cast(pl.String)),
        unit=pl.col("AVALU").cast(pl.String),
    ).with_columns(AVALU=pl.coalesce("unit", pl.col("PARAM").str.extract(r"\(([^()]*)\)\s*$", 1)))
    return read.with_columns(code_text(text.drop("unit")))


def _order_visits(results: pl.DataFrame, visits: Visits) -> pl.DataFrame:
    """AVISIT as an Enum in the order printed: the study file's, else by AVISITN, then name."""
    text = pl.col("AVISIT").cast(pl.String).str.strip_chars()
    found = results.select(text, "AVISITN").drop_nulls("AVISIT").group_by("AVISIT").agg(pl.col("AVISITN").min())
    names = list(visits.analysed) or found.sort("AVISITN", "AVISIT", nulls_last=True)["AVISIT"].to_list()
    return results.with_columns(text.cast(pl.Enum(names), strict=False))


def _last_flagged(results: pl.DataFrame, name: str, key: tuple[str, ...]) -> pl.DataFrame:
    chosen = results.with_row_index("row").filter(pl.col(name).cast(pl.String) == "Y", pl.col("AVAL").is_not_null())
    rows = chosen.unique(key, keep="last", maintain_order=True)["row"]
    return results.with_columns(yes_on(rows, results.height).alias(name))
