"""What the data says about its study: what a study file asks for, as far as SDTM and define.xml state it.

Nothing is decided here that a person has to decide: values are collected with their counts, in the data's own words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

import polars as pl

from longwatch.standards.dataset import SourceData
from longwatch.standards.dates import earliest_day
from longwatch.standards.define_model import Define

Counted = tuple[tuple[str, int], ...]

_NO_TREATMENT = re.compile(r"scr.{0,5}n?.?f|not.?ass|not.?tr|^screen", re.IGNORECASE)
_PLACEBO = re.compile(r"placebo|sham|vehicle", re.IGNORECASE)
_CONTROL = re.compile(r"placebo|sham|vehicle|control|comparator|standard of care|untreated", re.IGNORECASE)
_VERSION = re.compile(r"[0-9]+(\.[0-9]+)?")


@dataclass(frozen=True)
class StudyFacts:
    """Empty, None or an empty tuple where the data does not say it. `arms`: code and name, as TA orders them, else by
    code; `not_treated`: codes of such; `products`: EXTRT with records; `study_products`: those that TS says are the
    study's (TRT, COMPTRT) or that are placebo; `data_cut`: TS.DCUTDTC; `last_date`: the last day in the data, not after
    the day asked, and where it stands."""

    study_id: str = ""
    title: str = ""
    sponsor: str = ""
    protocol: str = ""
    countries: tuple[str, ...] = ()
    has_actual_arm: bool = False
    arms: tuple[tuple[str, str], ...] = ()
    not_treated: tuple[str, ...] = ()
    control: str = ""
    products: Counted = ()
    study_products: tuple[str, ...] = ()
    relatedness: Counted = ()
    meddra: str = ""
    ctcae: str = ""
    standards: tuple[str, ...] = ()
    data_cut: str = ""
    last_date: date | None = None
    last_date_from: str = ""
    has_start_date: bool = False
    subjects: int | None = None
    dosed: int | None = None


def find_facts(data: SourceData, define: Define | None, today: date) -> StudyFacts:
    """The facts of a source. Datasets and variables that are not there leave their facts empty."""
    summary = _trial_summary(data)
    has_actual = "ACTARMCD" in _columns(data, "DM")
    arms, not_treated = _arms(data, actual=has_actual)
    products = _counts(data, "EX", "EXTRT")
    last, where = _last_date(data, today)
    study_ids = _counts(data, "DM", "STUDYID") or next(
        (found for each in data if (found := _counts(data, each.name, "STUDYID"))), ()
    )
    return StudyFacts(
        study_id=study_ids[0][0] if study_ids else (define.study_name if define else ""),
        title=_first(summary, "TITLE") or (define.study_description if define else ""),
        sponsor=_first(summary, "SPONSOR"),
        protocol=define.protocol_name if define and define.protocol_name != define.study_name else "",
        countries=tuple(sorted(value for value, _ in _counts(data, "DM", "COUNTRY"))),
        has_actual_arm=has_actual,
        arms=arms,
        not_treated=not_treated,
        control=next((code for code, name in arms if _CONTROL.search(f"{code} {name}")), ""),
        products=products,
        study_products=_study_products(products, summary),
        relatedness=_counts(data, "AE", "AEREL"),
        meddra=_meddra(summary, define),
        ctcae=_after("CTCAE", [*summary.get("AETOXSC", ()), *summary.get("TOXSCAL", ())]),
        standards=_standards(summary, define),
        data_cut=_first(summary, "DCUTDTC"),
        last_date=last,
        last_date_from=where,
        has_start_date=bool(_first(summary, "SSTDTC")),
        subjects=_subjects(data, "DM"),
        dosed=_subjects(data, "EX"),
    )


def _columns(data: SourceData, dataset: str) -> tuple[str, ...]:
    found = data.get(dataset)
    return found.columns if found else ()


def _counts(data: SourceData, dataset: str, variable: str) -> Counted:
    """The values of a variable with their records, the most first; missing is none."""
    if variable not in _columns(data, dataset):
        return ()
    frame = data.frame(dataset).select(pl.col(variable).cast(pl.String).alias("value")).drop_nulls().collect()
    counted = frame.group_by("value").len().sort(["len", "value"], descending=[True, False])
    return tuple(counted.iter_rows())


def _subjects(data: SourceData, dataset: str) -> int | None:
    if "USUBJID" not in _columns(data, dataset):
        return None
    return int(data.frame(dataset).select(pl.col("USUBJID").n_unique()).collect().item())


def _trial_summary(data: SourceData) -> dict[str, list[str]]:
    if not {"TSPARMCD", "TSVAL"} <= set(_columns(data, "TS")):
        return {}
    found: dict[str, list[str]] = {}
    for code, value in data.frame("TS").select("TSPARMCD", "TSVAL").drop_nulls().collect().iter_rows():
        found.setdefault(code, []).append(value)
    return found


def _first(summary: dict[str, list[str]], code: str) -> str:
    return next(iter(summary.get(code, ())), "")


def _arms(data: SourceData, *, actual: bool) -> tuple[tuple[tuple[str, str], ...], tuple[str, ...]]:
    """The arms of the data and of TA, in TA's order, then by code; those that get no treatment apart."""
    code, name = ("ACTARMCD", "ACTARM") if actual else ("ARMCD", "ARM")
    named: dict[str, str] = {}
    for dataset, variable, heading in (("TA", "ARMCD", "ARM"), ("DM", "ARMCD", "ARM"), ("DM", code, name)):
        columns = _columns(data, dataset)
        if variable not in columns:
            continue
        shown = pl.col(heading if heading in columns else variable)
        rows = data.frame(dataset).select(pl.col(variable).alias("code"), shown.alias("name")).collect()
        rows = rows.drop_nulls("code").unique("code", keep="first", maintain_order=True)
        for found, label in rows.iter_rows() if dataset == "TA" else rows.sort("code").iter_rows():
            named.setdefault(str(found), str(label or found))
    not_treated = tuple(
        each for each, label in named.items() if _NO_TREATMENT.search(each) or _NO_TREATMENT.search(label)
    )
    return tuple((each, label) for each, label in named.items() if each not in not_treated), not_treated


def _study_products(products: Counted, summary: dict[str, list[str]]) -> tuple[str, ...]:
    stated = {value.upper() for code in ("TRT", "COMPTRT") for value in summary.get(code, ())}
    if not stated:
        return ()
    return tuple(value for value, _ in products if value.upper() in stated or _PLACEBO.search(value))


def _meddra(summary: dict[str, list[str]], define: Define | None) -> str:
    """`27.1`, or the name and version of another dictionary of adverse events."""
    stated = [*summary.get("AEDICT", ()), *summary.get("AEDICTVER", ())]
    for name, version in define.dictionaries if define else ():
        if "meddra" in name.lower() and version:
            stated.append(f"MedDRA {version}")
    version = _after("MedDRA", stated)
    return version or next((text for text in stated if _VERSION.search(text)), "")


def _after(name: str, texts: list[str]) -> str:
    for text in texts:
        found = re.search(rf"{name}\D*({_VERSION.pattern})", text, re.IGNORECASE)
        if found:
            return str(found[1])
    return ""


def _standards(summary: dict[str, list[str]], define: Define | None) -> tuple[str, ...]:
    stated = [f"{each.name} {each.version}".strip() for each in (define.standards if define else ())]
    for code, name in (("SDTIGVER", "SDTMIG"), ("SDTMVER", "SDTM")):
        stated += [f"{name} {value} (TS)" for value in summary.get(code, ())]
    return tuple(dict.fromkeys(stated))


def _last_date(data: SourceData, today: date) -> tuple[date | None, str]:
    """The last day that a record of a subject carries, and its variable."""
    last: date | None = None
    where = ""
    for dataset in data:
        dates = [name for name in dataset.columns if name.endswith("DTC")]
        schema = dataset.frame.collect_schema()
        dates = [name for name in dates if schema[name] == pl.String]
        if "USUBJID" not in dataset.columns or not dates:
            continue
        days = data.frame(dataset.name).select(earliest_day(pl.col(name)).alias(name) for name in dates)
        latest = days.select(pl.col(name).filter(pl.col(name) <= today).max() for name in dates).collect()
        for name, day in latest.row(0, named=True).items():
            if day is not None and (last is None or day > last):
                last, where = day, f"{dataset.name}.{name}"
    return last, where
