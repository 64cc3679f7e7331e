"""What rules look up beside the record itself: the subject's DM record, TS parameters, records of other datasets."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property

import polars as pl

from longwatch.findings.identity import as_text
from longwatch.standards.dataset import SourceData
from longwatch.standards.dates import earliest_day
from longwatch.standards.meddra import Meddra

DICTIONARY = "MEDDRA"
DM_PREFIX = "DM_"
TS_PREFIX = "TS_"


class Lookups:
    """Reads of one snapshot that several rules share; each is made once. `dictionary`: the one that the study names."""

    def __init__(self, data: SourceData, dictionary: Meddra | None = None) -> None:
        self.data = data
        self._dictionary = dictionary
        self._subjects: dict[str, pl.DataFrame] = {}
        self._made: dict[str, pl.DataFrame] = {}

    def lacks(self, name: str) -> str | None:
        """What is missing for a column `DM_…` or `TS_…`, in words; None where nothing is."""
        if name.startswith(DM_PREFIX):
            dm = self.data.get("DM")
            variable = name.removeprefix(DM_PREFIX)
            if dm is None:
                return "DM"
            return next((f"DM.{need}" for need in ("USUBJID", variable) if need not in dm.columns), None)
        if self.parameter(name) is None:
            return f"TS.{name.removeprefix(TS_PREFIX)}"
        return None

    def is_empty(self, name: str) -> bool:
        """Whether a column `DM_…` is empty in every record of DM."""
        variable = pl.col(name.removeprefix(DM_PREFIX))
        return bool(self.data.frame("DM").select(variable.is_null().all()).collect().item())

    def parameter(self, name: str) -> str | None:
        """The value of the TS parameter that `TS_…` names; None where TS has none, or, of a parameter that is a date by
        its name (`…DTC`), none that can be read. Of several values the first in order of the text."""
        return self._parameters.get(name)

    @cached_property
    def _parameters(self) -> dict[str, str]:
        ts = self.data.get("TS")
        if ts is None or not {"TSPARMCD", "TSVAL"} <= set(ts.columns):
            return {}
        value = pl.col("TSVAL").cast(pl.String)
        rows = (
            self.data.frame("TS")
            .select(pl.col("TSPARMCD").cast(pl.String), value)
            .drop_nulls()
            .filter(~pl.col("TSPARMCD").str.ends_with("DTC") | earliest_day(value).is_not_null())
            .group_by("TSPARMCD")
            .agg(pl.col("TSVAL").min())
            .collect()
        )
        return {TS_PREFIX + str(code): str(text) for code, text in rows.iter_rows()}

    def subjects(self, names: Iterable[str]) -> pl.DataFrame:
        """USUBJID, as text, and columns `DM_…`, one row for each subject.

        Where a subject stands in DM twice (rule KY01), each variable is its smallest value, whatever the order of
        records.
        """
        wanted = sorted(set(names) - set(self._subjects))
        if wanted:
            variables = {name: name.removeprefix(DM_PREFIX) for name in wanted}
            dm = self.data.frame("DM")
            schema = dm.collect_schema()
            key = as_text("USUBJID", schema["USUBJID"])
            columns = [as_text(source, schema[source]).alias(name) for name, source in variables.items()]
            found = dm.select(key, *columns).filter(pl.col("USUBJID").is_not_null()).group_by("USUBJID").min().collect()
            for name in wanted:
                self._subjects[name] = found.select("USUBJID", name)
        asked = sorted(set(names))
        return self.once(f"subjects: {' '.join(asked)}", lambda: self._joined(asked))

    def _joined(self, names: list[str]) -> pl.DataFrame:
        joined = self._subjects[names[0]]
        for name in names[1:]:
            joined = joined.join(self._subjects[name], on="USUBJID")
        return joined

    def columns(self, dataset: str) -> frozenset[str] | None:
        """The columns of a dataset, or of the dictionary under the name MEDDRA; None where there is no such thing."""
        if dataset == DICTIONARY:
            return frozenset(self._dictionary.paths.columns) if self._dictionary else None
        found = self.data.get(dataset)
        return frozenset(found.columns) if found else None

    def records(self, dataset: str) -> pl.LazyFrame:
        """The records of a dataset, or the paths of the dictionary. Raises KeyError where `columns` is None."""
        if dataset == DICTIONARY and self._dictionary:
            return self._dictionary.paths.lazy()
        return self.data.frame(dataset)

    def in_words(self, dataset: str) -> str:
        """What is missing where `columns` is None."""
        return "the dictionary's files (dictionaries: meddra_folder)" if dataset == DICTIONARY else dataset

    def lacks_columns(self, dataset: str, columns: Iterable[str]) -> str | None:
        """The dataset, or the first of these columns of it, that the study does not have; None where it has all."""
        other = self.data.get(dataset)
        if other is None:
            return dataset
        return next((f"{dataset}.{name}" for name in columns if name not in other.columns), None)

    def once(self, key: str, make: Callable[[], pl.DataFrame]) -> pl.DataFrame:
        """What `make` makes, made at most once for a key: what several checks look up in other datasets."""
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]
