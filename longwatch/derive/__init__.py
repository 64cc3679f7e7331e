"""SDTM → analysis datasets at a cut-off: ADSL, ADAE, ADLB, ADVS, ADHY, each derivation in its own module."""

from longwatch.derive.cutoff import resolve_cutoff
from longwatch.derive.datasets import AnalysisDatasets, derive
from longwatch.derive.fit import check_fit

__all__ = ["AnalysisDatasets", "check_fit", "derive", "resolve_cutoff"]
