"""The methods by the names that footnotes print. What each was checked against: docs/statistics.md."""

from __future__ import annotations

from enum import StrEnum


class Method(StrEnum):
    """A statistical method; its value is its name in a footnote."""

    CLOPPER_PEARSON = "exact (Clopper–Pearson)"
    WILSON = "Wilson score"
    ZERO_EVENTS = "one-sided exact upper bound"
    POISSON = "exact Poisson"
    RATE_DIFFERENCE = "rate difference (Wald)"
    MIETTINEN_NURMINEN = "Miettinen–Nurminen score"
    NEWCOMBE = "Newcombe hybrid score"
    WALD = "Wald"
    RELATIVE_RISK = "relative risk (log-Wald)"
    ODDS_RATIO = "odds ratio (log-Wald)"
    FISHER = "Fisher's exact test, two-sided"
    STRATIFIED_MIETTINEN_NURMINEN = "stratified Miettinen–Nurminen score, Mantel–Haenszel weights"
    STRATIFIED_MIETTINEN_NURMINEN_BY_SIZE = "stratified Miettinen–Nurminen score, sample-size weights"
    COMMON_ODDS_RATIO = "Mantel–Haenszel odds ratio (Robins–Breslow–Greenland interval)"
    COCHRAN_MANTEL_HAENSZEL = "Cochran–Mantel–Haenszel test, no continuity correction"
    CHI_SQUARE = "Pearson chi-square test, no continuity correction"
    ANOVA = "one-way analysis of variance"
    KRUSKAL_WALLIS = "Kruskal–Wallis test, corrected for ties"
    WILCOXON = "Wilcoxon rank-sum test, normal approximation with continuity correction"
    MEAN_T = "mean (t interval)"
    MEDIAN_ORDER = "median (order statistics, exact binomial)"
    SLOPE = "least-squares slope (t interval)"
    KAPLAN_MEIER_LINEAR = "Kaplan–Meier, linear interval (Greenwood)"
    KAPLAN_MEIER_LOG = "Kaplan–Meier, log interval (Greenwood)"
    KAPLAN_MEIER_LOG_LOG = "Kaplan–Meier, log(−log) interval (Greenwood)"
    KAPLAN_MEIER_QUANTILE = "Kaplan–Meier quantile (Brookmeyer–Crowley interval)"
    LOG_RANK = "log-rank test"
    STRATIFIED_LOG_RANK = "stratified log-rank test"
    COX_EFRON = "Cox proportional hazards model, Efron ties, Wald interval"
    COX_BRESLOW = "Cox proportional hazards model, Breslow ties, Wald interval"
    AALEN_JOHANSEN = "Aalen–Johansen cumulative incidence, log(−log) interval (delta method)"
    MEAN_CUMULATIVE_COUNT = "mean cumulative count with competing death, log interval (infinitesimal jackknife)"
