"""Entry frames: rows that are no records (datasets, variables, TS parameters, sites, the define.xml), with what the
data, the standard and define.xml say of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import polars as pl

from longwatch.findings.identity import ROW, as_text
from longwatch.standards.sdtm import is_supplemental, variable_prefix
from longwatch.standards.sdtm_core import model_type
from validations.facts import DEFINE_XML, Facts
from validations.follow_up_entries import followed_subjects, planned_visits

ENTRY = "_ENTRY"
"""The column that identifies an entry, the same in every snapshot."""

ENTRY_LOCATORS = {
    "DATASETS": (),
    "TSPARM": ("TSPARMCD",),
    "VARIABLES": ("VARIABLE",),
    "DEFINE": (),
    "SITES": ("SITEID",),
    "PLANNED": ("USUBJID", "VISITNUM", "VISITNAME"),
    "FOLLOWED": ("USUBJID",),
}


EVERY = "*"


def build_entries(frame: str, rows: Sequence[str], facts: Facts) -> pl.DataFrame:
    """The rows of an entry frame, with `_ROW`, `_ENTRY`, DATASET (where a finding on the entry stands) and PRESENT (Y,
    N).

    - `DATASETS`: RECORDS, how many it has; DESCRIBED (Y, N), whether define.xml describes it, missing without one. The
      name `*` stands for all datasets of the data.
    - `TSPARM`: TSPARMCD, TSVAL; a parameter that stands in TS several times has a row for each. Where TS is missing,
      each parameter is not present.
    - `VARIABLES` (`AE.AETERM`; `--.DOMAIN` and `SUPP--.QNAM` for each such dataset): VARIABLE; only of datasets that
      the data has. The name `*` stands for all variables that a dataset has and that the standard asks of it. CORE
      (Req, Exp, else missing), TYPE (text, number, date), MODELTYPE and DEFINETYPE (text, number; missing where the
      standard or define.xml does not say), DESCRIBED (Y, N; missing where define.xml does not describe the dataset).
    - `DEFINE`: one row, the define.xml: READABLE (Y, N), PROBLEM, VERSION.
    - `SITES`: SITEID, one row for each that stands in DM.
    - `PLANNED`, `FOLLOWED`: see `validations.follow_up_entries`.
    """
    entries = _BUILDERS[frame](rows, facts)
    return entries.rename({"ENTRY": ENTRY}).with_row_index(ROW)


def _datasets(rows: Sequence[str], facts: Facts) -> pl.DataFrame:
    data = facts.data
    names = [name for row in rows for name in (data.datasets if row == EVERY else (row,))]
    return pl.DataFrame(
        [
            (
                name,
                _yes(name in data),
                data.datasets[name].rows if name in data else 0,
                _yes(facts.described(name) is not None) if facts.define else None,
            )
            for name in names
        ],
        schema={"DATASET": pl.String, "PRESENT": pl.String, "RECORDS": pl.Int64, "DESCRIBED": pl.String},
        orient="row",
    ).with_columns(ENTRY=pl.col("DATASET"))


def _define(rows: Sequence[str], facts: Facts) -> pl.DataFrame:
    present = facts.define is not None or bool(facts.define_trouble)
    version = facts.define.version if facts.define else None
    return pl.DataFrame(
        [("DEFINE", DEFINE_XML, _yes(present), _yes(facts.define is not None), facts.define_trouble or None, version)],
        schema=dict.fromkeys(("DATASET", "ENTRY", "PRESENT", "READABLE", "PROBLEM", "VERSION"), pl.String),
        orient="row",
    )


def _sites(rows: Sequence[str], facts: Facts) -> pl.DataFrame:
    dm = facts.data.get("DM")
    if dm is None or "SITEID" not in dm.columns:
        found = pl.DataFrame(schema={"SITEID": pl.String})
    else:
        frame = facts.data.frame("DM")
        site = as_text("SITEID", frame.collect_schema()["SITEID"])
        found = frame.select(site).drop_nulls().unique().sort("SITEID").collect()
    return found.with_columns(DATASET=pl.lit("DM"), PRESENT=pl.lit("Y"), ENTRY=pl.concat_str(pl.lit("SITE "), "SITEID"))


def _yes(present: bool) -> str:
    return "Y" if present else "N"


def _parameters(rows: Sequence[str], facts: Facts) -> pl.DataFrame:
    data = facts.data
    wanted = pl.DataFrame({"TSPARMCD": list(rows)}, schema={"TSPARMCD": pl.String})
    if "TS" in data and {"TSPARMCD", "TSVAL"} <= set(data.datasets["TS"].columns):
        found = data.frame("TS").select(pl.col("TSPARMCD", "TSVAL").cast(pl.String)).collect()
    else:
        found = pl.DataFrame(schema={"TSPARMCD": pl.String, "TSVAL": pl.String})
    return wanted.join(
        found.with_columns(PRESENT=pl.lit("Y")), on="TSPARMCD", how="left", maintain_order="left_right"
    ).with_columns(
        pl.col("PRESENT").fill_null("N"), DATASET=pl.lit("TS"), ENTRY=pl.concat_str(pl.lit("TS."), "TSPARMCD")
    )


def _variables(rows: Sequence[str], facts: Facts) -> pl.DataFrame:
    columns = ("DATASET", "VARIABLE", "PRESENT", "CORE", "TYPE", "MODELTYPE", "DEFINETYPE", "DESCRIBED")
    return pl.DataFrame(
        [_variable(dataset, name, facts) for dataset, name in _named(rows, facts)],
        schema=dict.fromkeys(columns, pl.String),
        orient="row",
    ).with_columns(ENTRY=pl.concat_str("DATASET", pl.lit("."), "VARIABLE"))


def _named(rows: Sequence[str], facts: Facts) -> Iterator[tuple[str, str]]:
    """Dataset and variable, of all that the rows name, each once."""
    for row in rows:
        owner, _, variable = row.partition(".")
        for dataset in facts.data:
            if row == EVERY:
                asked = (each.variable for each in facts.asked(dataset.name))
                yield from ((dataset.name, name) for name in dict.fromkeys((*dataset.columns, *asked)))
                continue
            fits = {"--": bool(variable_prefix(dataset.name)), "SUPP--": is_supplemental(dataset.name)}
            if fits.get(owner, dataset.name == owner):
                yield dataset.name, variable


def _variable(dataset: str, name: str, facts: Facts) -> tuple[str | None, ...]:
    described = facts.described(dataset)
    item = described.variable(name) if described else None
    core = next((each.core for each in facts.asked(dataset) if each.variable == name), None)
    dtype = facts.data.datasets[dataset].frame.collect_schema().get(name)
    kind = None if dtype is None else "number" if dtype.is_numeric() else "date" if dtype.is_temporal() else "text"
    return (
        dataset,
        name,
        _yes(dtype is not None),
        core,
        kind,
        model_type(dataset, name),
        ("number" if item.is_number else "text") if item and item.data_type else None,
        _yes(item is not None) if described else None,
    )


_BUILDERS: dict[str, Callable[[Sequence[str], Facts], pl.DataFrame]] = {
    "DATASETS": _datasets,
    "TSPARM": _parameters,
    "VARIABLES": _variables,
    "DEFINE": _define,
    "SITES": _sites,
    "PLANNED": planned_visits,
    "FOLLOWED": followed_subjects,
}
