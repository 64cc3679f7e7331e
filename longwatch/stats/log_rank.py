"""Log-rank test of two or more groups, also stratified (spec C.3 figures, C.4)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from longwatch.stats.estimate import Floats, HypothesisTest
from longwatch.stats.methods import Method
from longwatch.stats.risk_table import check_times

_SINGULAR = 1e-10


def compute_log_rank(
    time: ArrayLike, event: ArrayLike, group: ArrayLike, strata: ArrayLike | None = None
) -> HypothesisTest:
    """Log-rank χ² of equal hazards, groups 0, 1, 2, …; with `strata`, observed minus expected is summed over them.

    U_g = Σ(d_g − d·n_g/n) over event times, with the hypergeometric covariance; χ² = U′V⁻U with one degree less than
    the groups that can be compared. Cases, in order: fewer than two groups with a subject, or no event while two
    groups are at risk → cannot be tested; else the test. Source: Mantel 1966; Peto and Peto 1972; as R survdiff
    (rho = 0) and SAS PROC LIFETEST.
    """
    from scipy.special import chdtrc

    method = Method.LOG_RANK if strata is None else Method.STRATIFIED_LOG_RANK
    observed, kind = check_times(time, event)
    names, place = np.unique(np.asarray(group).reshape(-1), return_inverse=True)
    if len(place) != len(observed):
        raise ValueError(f"{len(observed)} times and {len(place)} groups")
    groups = len(names)
    if groups < 2:
        return HypothesisTest(None, (), None, method, "fewer than two groups with a subject")
    stratum = np.zeros(len(observed), dtype=np.int64) if strata is None else _codes(strata, len(observed))
    score, covariance = np.zeros(groups), np.zeros((groups, groups))
    for number in range(int(stratum.max()) + 1):
        within = stratum == number
        added = _of_stratum(observed[within], kind[within] > 0, place[within], groups)
        score += added[0]
        covariance += added[1]
    values, vectors = np.linalg.eigh(covariance)
    usable = values > _SINGULAR * max(values.max(), 1.0) if values.max() > 0 else np.zeros(groups, dtype=np.bool_)
    degrees = int(usable.sum())
    if degrees == 0:
        return HypothesisTest(None, (), None, method, "no event while two groups are at risk")
    projected = vectors[:, usable].T @ score
    statistic = float((projected**2 / values[usable]).sum())
    return HypothesisTest(statistic, (degrees,), float(chdtrc(degrees, statistic)), method)


def _of_stratum(
    observed: Floats, event: NDArray[np.bool_], place: NDArray[np.intp], groups: int
) -> tuple[Floats, Floats]:
    """Observed minus expected by group, and its covariance."""
    times = np.unique(observed[event])
    at_risk, events = np.empty((groups, len(times))), np.empty((groups, len(times)))
    for g in range(groups):
        mine = np.sort(observed[place == g])
        at_risk[g] = len(mine) - np.searchsorted(mine, times, side="left")
        events[g] = np.bincount(np.searchsorted(times, observed[event & (place == g)]), minlength=len(times))
    n, d = at_risk.sum(axis=0), events.sum(axis=0)
    share = at_risk / n
    factor = np.where(n > 1, d * (n - d) / np.maximum(n - 1, 1), 0.0)
    covariance = np.diag((share * factor).sum(axis=1)) - (share * factor) @ share.T
    return (events - d * share).sum(axis=1), covariance


def _codes(strata: ArrayLike, subjects: int) -> NDArray[np.intp]:
    codes = np.unique(np.asarray(strata).reshape(-1), return_inverse=True)[1].reshape(-1)
    if len(codes) != subjects:
        raise ValueError(f"{subjects} times and {len(codes)} strata")
    return codes
