"""Computing the columns that checks derive. Each kind is registered in the module that is named as that of its
declaration in `longwatch.findings.derived`."""

from validations.derived import dates, matches, records, values
from validations.derived.dispatch import derive, lacks

__all__ = ["dates", "derive", "lacks", "matches", "records", "values"]
