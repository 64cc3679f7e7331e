"""ADAE in columns, of which large data has more than an output needs: derived, or read as they were recorded, when an
output asks for them, and then kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from longwatch.derive.relatedness import derive_arel, find_unmapped
from longwatch.study.model import Relatedness

Derivation = Callable[[], pl.DataFrame]


@dataclass(frozen=True)
class AdverseEvents:
    """ADAE in columns. `there`: those that are there. `later`: by name, what derives it on demand.
    `carried`: the names of those read on demand, by `read`, for every record of the source, of which `kept` are in ADAE
    (None: all). `order`: all names. `mapping`: AREL comes from AEREL by it; None where it does not, and then
    `not_mapped` are the values that had no mapping."""

    there: pl.DataFrame
    carried: tuple[str, ...]
    order: tuple[str, ...]
    read: Callable[[Sequence[str]], pl.DataFrame]
    kept: pl.Series | None
    mapping: Relatedness | None
    not_mapped: tuple[str, ...] = ()
    later: Mapping[str, Derivation] = field(default_factory=dict, repr=False)
    _asked: dict[str, pl.Series] = field(default_factory=dict, repr=False)

    def columns(self, names: Iterable[str]) -> pl.DataFrame:
        """The columns of these names that ADAE has."""
        asked = [name for name in dict.fromkeys(names) if name in self.order]
        wanted = {"AEREL" if name == "AREL" and self.mapping else name for name in asked} & {*self.carried}
        self._read([name for name in self.carried if name in wanted and name not in self._asked])
        if "AREL" in asked and self.mapping and "AREL" not in self._asked:
            self._asked["AREL"] = derive_arel(self._asked["AEREL"].to_frame(), self.mapping)["AREL"]
        for name in asked:
            if name in self.later and name not in self._asked:
                self._asked[name] = self.later[name]()[name]
        return pl.DataFrame([self._asked[name] if name in self._asked else self.there[name] for name in asked])

    def unmapped(self) -> tuple[str, ...]:
        """The values of AEREL that the study file does not map, where AREL comes from AEREL."""
        return find_unmapped(self.columns(["AEREL"]), self.mapping) if self.mapping else self.not_mapped

    def narrowed(self, keys: pl.Series, chosen: pl.Series) -> AdverseEvents:
        """The records chosen, with `keys` for their subjects; their other columns are narrowed when asked for."""
        others = tuple(name for name in self.order if name != keys.name)
        return AdverseEvents(keys.to_frame(), others, self.order, self.columns, chosen, None, self.unmapped())

    @classmethod
    def of(cls, frame: pl.DataFrame, not_mapped: tuple[str, ...]) -> AdverseEvents:
        """A frame that is there, whole."""
        return cls(frame, (), tuple(frame.columns), lambda _names: pl.DataFrame(), None, None, not_mapped)

    def _read(self, names: list[str]) -> None:
        if names:
            found = self.read(names)
            found = found if self.kept is None else found.filter(self.kept)
            self._asked.update(found.to_dict())
