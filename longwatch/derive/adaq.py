"""ADAQ: what meets a criterion of an algorithmic query, one row per query, criterion and source record (FDA guide v2.0,
tables 47 and 48).

The criteria are data (`longwatch.study.algorithmic`). Of the safety population; a criterion is met where each of its
parts has as many records as it asks for:

| part | records | SRCDOM | ADT |
|---|---|---|---|
| terms, symptoms | TEAEs of these PTs and SOCs, in any case | AE | ASTDT |
| results | those that meet it (`laboratory_met`) | LB | ADT |
| drugs | a drug that began on or after the day of the first dose, in every record of it | CM | earliest of CMSTDTC |
| clinical_events | of these terms, not surely before the first dose | CE | earliest of CESTDTC, or the first dose |

With `within_days` the days of two records lie at most so far apart, and rows are of such pairs alone; a record without
a day is in no pair. Else rows are all records of the parts, of the subjects who meet the criterion. A criterion that
cannot be told (no such list, test, or dataset) has no row, and a reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import polars as pl

from longwatch.derive.aesi import find_terms
from longwatch.derive.clinical_events import read_clinical_events
from longwatch.derive.coded import Subjects, by_value, read_coded
from longwatch.derive.cutoff import keep_started
from longwatch.derive.laboratory_met import in_unit, measured, meets
from longwatch.derive.of_subject import carry_subject, stack
from longwatch.standards.dataset import SourceData
from longwatch.standards.dates import earliest_day
from longwatch.standards.event_groups import EventGroups
from longwatch.study import AlgorithmicQuery, Criterion, Query, Results, Study, kind_of
from longwatch.study.algorithmic import LISTS

CODES = {Query.HYPOGLYCAEMIA: "HYPOGLY", Query.HYPERGLYCAEMIA: "HYPERGLY"}
_SCHEMA = {
    "subject": pl.UInt32, "PARAMCD": pl.String, "CRITN": pl.Int64, "CRIT": pl.String, "KIND": pl.String,
    "SRCDOM": pl.String, "SRCSEQ": pl.Float64, "ADT": pl.Date,
}  # fmt: skip
_CM = ("CMTRT", "CMDECOD", "CMCLAS", "CMOCCUR", "CMSTDTC")
_DOMAINS = {"terms": "AE", "symptoms": "AE", "results": "LB", "drugs": "CM", "clinical_events": "CE"}


@dataclass(frozen=True)
class Algorithms:
    """`records`: ADAQ. `untold`: by query and number of a criterion why it cannot be told."""

    records: pl.DataFrame
    untold: Mapping[tuple[Query, int], str]


def derive_adaq(
    adae: pl.DataFrame,
    adlb: pl.DataFrame,
    data: SourceData,
    study: Study,
    groups: EventGroups,
    cutoff: date,
    subjects: Subjects,
    adsl: pl.DataFrame,
) -> Algorithms:
    """USUBJID, TRT01P, TRT01A, SAFFL, PARAMCD (HYPOGLY, HYPERGLY), CRITN, CRIT (the criterion's number and name), KIND
    (TERMS, RESULTS, OTHER), SRCDOM, SRCSEQ, ADT; by query, criterion, subject and record. Of ADAE: USUBJID, TRTEMFL,
    AEDECOD, AEBODSYS, ASTDT, AESEQ. Expects row i of ADSL to be `subject` i."""
    source = _Source(adae, adlb, data, groups, cutoff, subjects, adsl)
    untold: dict[tuple[Query, int], str] = {}
    found: list[pl.DataFrame] = []
    for name in Query:
        query = study.algorithmic_query(name)
        for number, criterion in enumerate(query.every_criterion, start=1):
            parts = {part: source.read(part, query, criterion) for part in criterion.parts}
            reasons = [part for part in parts.values() if isinstance(part, str)]
            if reasons:
                untold[name, number] = "; ".join(reasons)
                continue
            frames = [_label(frame, part) for part, frame in parts.items() if isinstance(frame, pl.DataFrame)]
            found.append(
                _meet(criterion, frames)
                .sort("subject", "SRCDOM", "ADT", "SRCSEQ", maintain_order=True)
                .with_columns(
                    PARAMCD=pl.lit(CODES[name]),
                    CRITN=pl.lit(number, pl.Int64),
                    CRIT=pl.lit(criterion.name),
                    KIND=pl.lit(kind_of(criterion)),
                )
            )
    return Algorithms(carry_subject(adsl, stack([*found, pl.DataFrame(schema=_SCHEMA)], _SCHEMA)), untold)


def _label(frame: pl.DataFrame, part: str) -> pl.DataFrame:
    return frame.select(
        pl.col("subject").cast(pl.UInt32), SRCDOM=pl.lit(_DOMAINS[part]), SRCSEQ=pl.col("seq"), ADT=pl.col("day")
    )


def _meet(criterion: Criterion, parts: list[pl.DataFrame]) -> pl.DataFrame:
    """The records of the parts that make subjects meet the criterion."""
    if criterion.within_days is not None:
        one, other = (part.with_row_index("record") for part in parts)
        pairs = one.join(other, on="subject", suffix="_other").filter(
            (pl.col("ADT") - pl.col("ADT_other")).dt.total_days().abs() <= criterion.within_days
        )
        chosen = [
            one.filter(pl.col("record").is_in(pairs["record"].unique().implode())),
            other.filter(pl.col("record").is_in(pairs["record_other"].unique().implode())),
        ]
        return pl.concat(chosen).drop("record")
    enough = [
        part.filter(pl.len().over("subject") >= asked)
        for part, asked in zip(parts, criterion.parts.values(), strict=True)
    ]
    subjects = enough[0].select("subject").unique()
    for part in enough[1:]:
        subjects = subjects.join(part, on="subject", how="semi")
    # A record that is of two parts (a term that is a symptom, too) stands once.
    return pl.concat(enough).join(subjects, on="subject", how="semi").unique(maintain_order=True)


@dataclass(frozen=True)
class _Source:
    """Reads the records of a part: `subject`, `seq`, `day`, of the safety population; or why there can be none."""

    adae: pl.DataFrame
    adlb: pl.DataFrame
    data: SourceData
    groups: EventGroups
    cutoff: date
    subjects: Subjects
    adsl: pl.DataFrame

    def read(self, part: str, query: AlgorithmicQuery, criterion: Criterion) -> pl.DataFrame | str:
        if part == "drugs":
            found = self._drugs(query)
        elif part == "clinical_events":
            found = self._clinical_events(query)
        elif part == "results":
            assert criterion.results is not None, "a criterion with results"
            found = self._results(criterion.results)
        else:
            found = self._terms(query, symptoms=part == "symptoms")
        if isinstance(found, str):
            return found
        safe = (self.adsl["SAFFL"] == "Y").fill_null(False)
        return found.filter(safe.gather(found["subject"]))

    def _terms(self, query: AlgorithmicQuery, *, symptoms: bool) -> pl.DataFrame | str:
        wanted = find_query_terms(self.groups, query, symptoms=symptoms)
        if wanted is None:
            return f"no OCMQ {LISTS[query.query]} among the lists (event_groups), and no terms in the study file"
        terms, socs = wanted
        chosen = _upper("AEDECOD").is_in(list(terms)) | _upper("AEBODSYS").is_in(list(socs))
        seq = pl.col("AESEQ").cast(pl.Float64) if "AESEQ" in self.adae.columns else pl.lit(None, pl.Float64)
        events = self.adae.filter((pl.col("TRTEMFL") == "Y").fill_null(False), chosen.fill_null(False))
        return events.select(subject=pl.col("USUBJID").to_physical(), seq=seq, day="ASTDT")

    def _results(self, asked: Results) -> pl.DataFrame | str:
        compared = [measured(asked).alias("measured")]
        compared += [] if asked.rise is None else [in_unit("CHG", asked).alias("risen")]
        results = self.adlb.with_columns(compared).drop_nulls([each.meta.output_name() for each in compared])
        if asked.fasting:
            results = results.filter((pl.col("LBFAST").cast(pl.String) == "Y").fill_null(False))
        if not results.height:
            fasting = ", fasting," if asked.fasting else ""
            rise = " with a change" if asked.rise is not None else ""
            return f"no result of {asked.analyte}{fasting} in {asked.unit}{rise} after the first dose"
        met = [meets(pl.col("measured"), asked)]
        met += [] if asked.rise is None else [pl.col("risen") >= asked.rise]
        seq = pl.col("LBSEQ").cast(pl.Float64) if "LBSEQ" in results.columns else pl.lit(None, pl.Float64)
        return results.filter(*met).select(subject=pl.col("USUBJID").to_physical(), seq=seq, day="ADT")

    def _drugs(self, query: AlgorithmicQuery) -> pl.DataFrame | str:
        cm = read_coded(self.data, "CM", self.subjects, _CM, ("CMSEQ",))
        has = set(cm.columns)
        if "CMSTDTC" not in has or not has & {"CMDECOD", "CMTRT"}:
            return "concomitant drugs and when they began not collected (CM)"
        cm = keep_started(cm, "CMSTDTC", self.cutoff)
        if "CMOCCUR" in has:
            cm = cm.filter((pl.col("CMOCCUR") != "N").fill_null(True))
        drug = pl.coalesce(_upper(name) for name in ("CMDECOD", "CMTRT") if name in has)
        drug_class = _upper("CMCLAS") if "CMCLAS" in has else pl.lit(None, pl.String)
        chosen = drug.is_in([name.upper() for name in query.drugs.names])
        for word in query.drugs.containing:
            for text in (drug, drug_class):
                chosen |= text.str.contains(word.upper(), literal=True).fill_null(False)
        began = by_value(cm["CMSTDTC"], earliest_day(pl.col("text")).alias("day"))["day"]
        taken = cm.with_columns(
            began, drug=drug, seq=pl.col("CMSEQ") if "CMSEQ" in has else pl.lit(None, pl.Float64)
        ).filter(chosen.fill_null(False))
        dosed = self.adsl["TRTSDT"].gather(taken["subject"])
        later = (taken["day"] >= dosed).fill_null(False)
        new = taken.with_columns(later.alias("later")).filter(pl.col("later").all().over("subject", "drug"))
        return new.select("subject", "seq", "day")

    def _clinical_events(self, query: AlgorithmicQuery) -> pl.DataFrame | str:
        events = read_clinical_events(self.data, self.subjects, self.cutoff, query.clinical_events)
        if events is None:
            return "clinical events not collected (CE)"
        events = events.with_columns(self.adsl["TRTSDT"].gather(events["row"]).alias("dosed"))
        before = (pl.col("last") < pl.col("dosed")).fill_null(False)
        return events.filter(~before).select(
            subject="row", seq=pl.col("seq").cast(pl.Float64), day=pl.max_horizontal("first", "dosed")
        )


def find_query_terms(
    groups: EventGroups, query: AlgorithmicQuery, *, symptoms: bool
) -> tuple[frozenset[str], frozenset[str]] | None:
    """The PTs and SOCs of a query's terms or symptoms, in capitals; None where nothing says which they are.

    Those that the study file declares; else the narrow terms of the OCMQ of the query's name, and for symptoms those
    that are broad and not narrow. Raises StudyError LW-GRP-003 where it declares a list that is not there.
    """
    declared = query.symptoms if symptoms else query.terms
    if declared is not None:
        return find_terms(groups, declared)
    name = LISTS[query.query].upper()
    for group in groups.of_kind("OCMQ"):
        if group.name.upper() == name:
            return (group.broad if symptoms else group.narrow), frozenset()
    return None


def check_queries(groups: EventGroups, queries: tuple[AlgorithmicQuery, ...]) -> None:
    """Raises StudyError LW-GRP-003 where a query names a list that is not there."""
    for query in queries:
        for symptoms in (False, True):
            find_query_terms(groups, query, symptoms=symptoms)


def _upper(variable: str) -> pl.Expr:
    return pl.col(variable).cast(pl.String).str.to_uppercase()
