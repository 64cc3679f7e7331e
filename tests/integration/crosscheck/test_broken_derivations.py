"""A derivation that is broken is noticed: by the second opinion, in every output that it feeds.

Each break is a mistake that a program could have: a rule forgotten, a day off by one, a source not looked at. Each
output of the FDA guide that we call P1 (spec C.1) stands at one of them, or in `test_second_opinion`.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from typing import Any

import numpy as np
import polars as pl
import pytest

from crosscheck import ask_second_opinion
from longwatch.derive import derive
from longwatch.derive.populations import YES_NO
from longwatch.standards.dataset import SourceData
from longwatch.study import Study, parse_study
from longwatch.tables.catalogue import make_table
from tests.integration.crosscheck.test_second_opinion import CUTOFF, STUDY, drawn

Broken = Callable[[Callable[..., Any]], Callable[..., Any]]
SEEDS = (12, 25, 13, 26, 19, 23, 20, 21, 0, 6, *range(27, 40))
"""Of drawn trials, those in which much happens first."""


def then(**columns: pl.Expr) -> Broken:
    """The derivation as it is, then these columns overwritten."""
    return lambda known: lambda *given, **named: known(*given, **named).with_columns(**columns)


def one_year_younger(known: Callable[..., Any]) -> Callable[..., Any]:
    """A group that starts a year after its cut point."""

    def derive_agegr1(adsl: pl.DataFrame, cut_points: Any) -> pl.DataFrame:
        if "AGE" not in adsl.columns:
            return adsl
        grouped: pl.DataFrame = known(adsl.with_columns(AGE=pl.col("AGE") - 1), cut_points)
        return grouped.with_columns(AGE=adsl["AGE"])

    return derive_agegr1


BREAKS: dict[str, tuple[str, Broken, tuple[str, ...]]] = {
    "a dose that was not given counts": (
        "exposure.derive_dosed",
        lambda _known: lambda ex: pl.repeat(True, ex.height, eager=True),
        ("POPT01", "ENT01", "DMT01", "EXT01", "AET01"),
    ),
    "an age at the cut point is in the group below": ("adsl.derive_agegr1", one_year_younger, ("DMT01", "DSUR61")),
    "the first disposition instead of the last": (
        "adsl.derive_disposition",
        lambda known: lambda ds, scope: known(ds.unique("subject", keep="first", maintain_order=True), scope),
        ("DST01",),
    ),
    "a death that DM does not tell of": (
        "adsl.derive_death",
        lambda known: lambda dm, ds, ae, dd, cutoff: known(dm, ds.clear(), ae.clear(), dd.clear(), cutoff),
        ("DTHT01", "DTHL01", "AET07", "CIFG01", "MCCG01", "DSURDTHL", "LTF06", "LTF07"),
    ),
    "a stated cause of death is not read": (
        "datasets.derive_dthcaus",
        lambda known: lambda adsl, adae, _stated: known(adsl, adae, None),
        ("DTHT01", "LTF06"),
    ),
    "every event is treatment-emergent": (
        "adae.derive_trtemfl",
        then(TRTEMFL=pl.lit("Y", YES_NO)),
        (
            "AET01",
            "AET02",
            "AET02_SER",
            "AET02_WD",
            "AET03",
            "AET04",
            "AET05",
            "AET05_ALL",
            "AET09",
            "AET10",
            "AET_HYPOGLY",
            "AET_HYPERGLY",
        ),
    ),
    "every event is related": (
        "carried.derive_arel",
        lambda known: (
            lambda ae, mapping: known(ae, mapping).with_columns(
                AREL=pl.lit("RELATED").cast(known(ae, mapping)["AREL"].dtype)
            )
        ),
        ("AET01", "AET09", "DSUR72"),
    ),
    "follow-up ends a quarter of a year late": (
        "adsl.compute_fupdur",
        lambda known: lambda cutoff: known(cutoff) + 91,
        (
            "AET05",
            "AET05_ALL",
            "AET05_INT",
            "AET05_PER",
            "AET05_PER_ALL",
            "IRG01",
            "KMG01",
            "LTF02",
        ),
    ),
    "an event starts a day late": (
        "adae.derive_astdt",
        then(ASTDT=pl.col("ASTDT") + pl.duration(days=1)),
        ("AET05", "AET05_INT", "KMG01", "CIFG01", "MCCG01", "DSUR73"),
    ),
    "a result is compared with half of its upper limit": (
        "bds.derive_anrind",
        then(R2ANRHI=2 * pl.col("R2ANRHI")),
        ("LBT_LEVELS", "LBT_LAST", "LBT_HEP", "LBT_CHOL", "LBG_HEP", "LBG_CHOL"),
    ),
    "a result without an indicator is normal": (
        "bds.derive_anrind",
        then(ANRIND=pl.col("ANRIND").fill_null("NORMAL")),
        ("LBT04", "LBT_SHIFT"),
    ),
    "the first result is the baseline": (
        "bds.derive_base",
        then(BASE=pl.col("AVAL").first().over("subject")),
        ("LBT_LEVELS", "LBT01", "KIDT01", "VST01", "LBG01", "LBG03"),
    ),
    "a result before the first dose counts as after it": (
        "bds.derive_ontrtfl",
        lambda _known: lambda: pl.lit("Y", YES_NO),
        ("LBT_LEVELS", "LBL02", "LBG03", "VST_SBP", "VST_DBP", "VST_HYPO"),
    ),
    "a grade is one too high": (
        "bds.derive_atoxgr",
        lambda known: (
            lambda *given: (
                lambda made: made.with_columns(
                    ATOXGR=made["ATOXGR"].cast(pl.String).replace({"1": "2", "3": "4"}).cast(made["ATOXGR"].dtype)
                )
            )(known(*given))
        ),
        ("LBT07", "LBT14"),
    ),
    "the mildest event of a subject is its worst": (
        "longwatch.tables.aet04.compute_largest",
        lambda known: (
            lambda subject, term, terms, value: (lambda pairs_and_least: (pairs_and_least[0], 9 - pairs_and_least[1]))(
                known(subject, term, terms, np.where(value >= 0, 9 - value, value))
            )
        ),
        ("AET03", "AET04"),
    ),
    "the reporting interval begins two years early": (
        "datasets.compute_interval",
        lambda known: (
            lambda study, cutoff: replace(known(study, cutoff), first=known(study, cutoff).first - timedelta(730))
        ),
        ("DSUR61", "DSUR72", "DSUR73"),
    ),
}


OF_RESULTS = (
    "a result is compared with half of its upper limit",
    "the first result is the baseline",
    "a result before the first dose counts as after it",
)
"""Noticed in the pilot study: drawn trials have few results of one test."""
drawn_once = cache(drawn)


def outputs_that_differ(codes: tuple[str, ...], data: SourceData, study: Study, cutoff: date) -> set[str]:
    known = derive(data, study, cutoff)
    tables = [make_table(code, known, study) for code in codes]
    return {opinion.output for opinion in ask_second_opinion(tables, data, study, cutoff) if opinion.differences}


def break_it(monkeypatch: pytest.MonkeyPatch, name: str) -> tuple[str, ...]:
    """Puts the mistake in, and returns the outputs that it feeds."""
    place, broken, codes = BREAKS[name]
    module, _, attribute = place.rpartition(".")
    owner = importlib.import_module(module if "." in module else f"longwatch.derive.{module}")
    monkeypatch.setattr(owner, attribute, broken(getattr(owner, attribute)))
    return codes


@pytest.mark.parametrize("name", [name for name in BREAKS if name not in OF_RESULTS])
def test_a_broken_derivation_is_noticed_in_every_output_that_it_feeds(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """In one of some drawn trials at least."""
    study, missed = parse_study(STUDY, "drawn"), set(break_it(monkeypatch, name))
    for seed in SEEDS:
        if missed:
            missed -= outputs_that_differ(tuple(sorted(missed)), drawn_once(seed), study, CUTOFF)
    assert missed == set()


@pytest.mark.parametrize("name", OF_RESULTS)
def test_a_broken_derivation_of_results_is_noticed_in_the_pilot_study(
    pilot_data: SourceData, pilot_study: Study, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    codes = break_it(monkeypatch, name)
    assert outputs_that_differ(codes, pilot_data, pilot_study, date(2015, 12, 31)) == set(codes)
