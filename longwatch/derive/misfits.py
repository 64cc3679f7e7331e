"""Everything in which a study file and its data do not fit, at once; `check_fit` stops a run at the first of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import polars as pl

from longwatch.derive.cutoff import resolve_cutoff
from longwatch.derive.fit import (
    arm_variable,
    check_adam,
    check_arms,
    check_cutoff,
    check_datasets,
    check_products,
    check_study_id,
)
from longwatch.errors import LongwatchError
from longwatch.standards.dataset import SourceData
from longwatch.standards.dates import complete_day
from longwatch.study import AnalysisData, Study

Path = tuple[int | str, ...]

LONGEST_INFUSION = 3
"""Days: a dose that lasts longer is no single infusion."""


def find_misfits(data: SourceData, study: Study) -> list[tuple[Path, LongwatchError]]:
    """What `check_fit` would raise, each by the place in the study file that it concerns. A check whose dataset is not
    there is left out: that the dataset is missing is said."""
    columns = {name: data.datasets[name].columns for name in ("DM", "EX", "ADSL") if name in data}
    dm, ex = columns.get("DM", ()), columns.get("EX", ())
    checks: list[tuple[Path, Callable[[], None], bool]]
    if study.analysis_data is AnalysisData.ADAM:
        checks = [
            (("sources",), lambda: check_adam(data, study), True),
            (("study", "id"), lambda: check_study_id(data, study, "ADSL"), "ADSL" in columns),
            (("cutoff",), lambda: check_cutoff(data, study, resolve_cutoff(None, study, data)), True),
        ]
    else:
        checks = [
            (("sources",), lambda: check_datasets(data, study), True),
            (("study", "id"), lambda: check_study_id(data, study, "DM"), bool(dm)),
            (("treatment", "arms"), lambda: check_arms(data, study), arm_variable(study) in dm),
            (("treatment", "products"), lambda: check_products(data, study), "EXTRT" in ex),
            (("cutoff",), lambda: check_cutoff(data, study, resolve_cutoff(None, study, data)), "EXSTDTC" in ex),
        ]
    found: list[tuple[Path, LongwatchError]] = []
    for path, check, can_be_asked in checks:
        try:
            if can_be_asked:
                check()
        except LongwatchError as misfit:
            found.append((path, misfit))
    return found


def find_undecided(data: SourceData, study: Study) -> Iterator[tuple[Path, str]]:
    """What a run would take as it is, though a person should have decided it: values of AEREL in neither list;
    products, drugs and arms of the study file that the data has not."""
    mapping = study.relatedness
    for value, count in _counts(data, "AE", "AEREL"):
        if value not in (*mapping.related, *mapping.not_related):
            becomes = "related" if mapping.missing_is_related else "unknown"
            if not (mapping.related or mapping.not_related):
                becomes = "unknown"
            yield (
                ("relatedness",),
                f"AEREL {value!r} ({count:,} records) is in neither list and counts as {becomes}; put it into "
                "`related` or `not_related`",
            )
    treated = dict(_counts(data, "EX", "EXTRT"))
    for number, product in enumerate(study.treatment.products):
        if treated and product not in treated:
            yield (
                ("treatment", "products", number),
                f"no record of EX is of {product!r}; EXTRT has {', '.join(treated)}",
            )
    lasting = _lasting_doses(data, study)
    if lasting and not study.exposure.is_continuing:
        yield (
            ("exposure", "product"),
            f"{lasting:,} records of EX last longer than {LONGEST_INFUSION} days, and each counts as an infusion; "
            "write `product: continuing` where the product is given over time",
        )
    taken = {
        value.upper()
        for dataset, variable in (("CM", "CMDECOD"), ("CM", "CMTRT"), ("EX", "EXTRT"))
        for value, _ in _counts(data, dataset, variable)
    }
    for number, item in enumerate(study.exposure.classes):
        absent = [drug for drug in item.drugs if drug.upper() not in taken]
        if absent:
            yield (
                ("exposure", "classes", number),
                f"{item.name}: no record of CM or EX is of {', '.join(absent)}",
            )
    for number, period in enumerate(study.periods):
        variable, value = period.source
        if value and value not in dict(_counts(data, "SE", variable)):
            yield ("periods", number), f"no record of SE has {variable} {value!r}: nobody enters {period.name}"
    arms = dict(_counts(data, "DM", arm_variable(study)))
    for number, arm in enumerate(study.treatment.arms):
        if arms and arm.code not in arms:
            yield ("treatment", "arms", number), f"no subject of DM is in {arm.code!r}; the data has {', '.join(arms)}"


def _lasting_doses(data: SourceData, study: Study) -> int:
    """How many records of the study product last longer than an infusion does."""
    if "EX" not in data or not {"EXSTDTC", "EXENDTC"} <= set(data.datasets["EX"].columns):
        return 0
    ex = data.frame("EX")
    if study.treatment.products and "EXTRT" in data.datasets["EX"].columns:
        ex = ex.filter(pl.col("EXTRT").is_in(list(study.treatment.products)))
    length = complete_day(pl.col("EXENDTC")) - complete_day(pl.col("EXSTDTC"))
    return int(ex.filter(length.dt.total_days() >= LONGEST_INFUSION).select(pl.len()).collect().item())


def _counts(data: SourceData, dataset: str, variable: str) -> list[tuple[str, int]]:
    if dataset not in data or variable not in data.datasets[dataset].columns:
        return []
    values = data.frame(dataset).select(pl.col(variable).cast(pl.String).alias("value")).drop_nulls().collect()
    return list(values.group_by("value").len().sort("value").iter_rows())
