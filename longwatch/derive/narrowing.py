"""Analysis datasets of some subjects and some events of a trial: what a subgroup or a kind of event is counted from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from longwatch.derive.coded import Subjects
from longwatch.derive.datasets import AnalysisDatasets, PartOf

Mask = NDArray[np.bool_]


def narrow(datasets: AnalysisDatasets, subjects: Mask, events: Mask) -> AnalysisDatasets:
    """The datasets of the subjects chosen by row of ADSL, and of those of their events chosen by row of ADAE.

    Row i of ADSL is again the subject of code i. Further datasets are the rows of these subjects in those of the whole
    trial (`PartOf`); whether the trial collects a variable is asked of the whole trial: a subgroup without a death
    still knows deaths. Expects the datasets of a whole trial.
    """
    assert datasets.part is None, "a part is made of the whole trial, with all of its conditions at once"
    names = datasets.adsl["USUBJID"].cast(pl.String).filter(pl.Series(subjects))
    kept = Subjects.of(names)
    code = kept.places_of(names)
    rows = np.flatnonzero(subjects)[np.argsort(code)]
    adsl = datasets.adsl[rows].with_columns(kept.keys)
    new_code = np.zeros(len(subjects), dtype=np.int64)
    new_code[rows] = np.arange(len(rows))
    of_event = datasets.adae_with(["USUBJID"])["USUBJID"].to_physical().to_numpy()
    chosen = events & subjects[of_event]
    narrowed = datasets.events.narrowed(kept.keys.gather(new_code[of_event[chosen]]), pl.Series(chosen))
    part = PartOf(datasets, rows, kept.keys, chosen)
    return replace(datasets, adsl=adsl, events=narrowed, subjects=kept, part=part)
