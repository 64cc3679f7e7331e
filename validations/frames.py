"""Rule frames: the records of a dataset with what the checks on them join and derive, and only that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl

from longwatch.findings.binding import rename_columns
from longwatch.findings.derivation import Derivation
from longwatch.findings.derived.sets import SetWise
from longwatch.findings.identity import ROW, SUBJECT, as_text
from longwatch.findings.rule import Check
from longwatch.standards.dataset import SourceData
from validations.applicability import Instance
from validations.derived import derive
from validations.lookups import DM_PREFIX, TS_PREFIX, Lookups

_KEY = "_KEY"


def share_derived_columns(instances: Sequence[Instance]) -> list[Instance]:
    """The instances with each derived column under a name of its own, equal ones under one name.

    Two checks may both call something else START; two that derive the same share the work.
    """
    names: dict[tuple[str, str], str] = {}
    shared = []
    for instance in instances:
        own: dict[str, str] = {}
        for name, derivation in instance.check.derive.items():
            definition = rename_columns(instance.check.model_copy(update={"derive": {name: derivation}}), own).derive[
                name
            ]
            key = (name, definition.model_dump_json())
            own[name] = names.setdefault(key, f"{name}_{len(names) + 1}")
        shared.append(replace(instance, check=rename_columns(instance.check, own)))
    return shared


@dataclass(frozen=True)
class Rows:
    """Consecutive rows of a dataset."""

    offset: int
    length: int


@dataclass(frozen=True)
class Keys:
    """The rows of a dataset whose keys are in one of so many parts: those with equal keys are in the same.

    Keys that are derived later do not part rows; where all are, the first part has all rows.
    """

    columns: tuple[str, ...]
    parts: int
    number: int

    def of(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """These rows."""
        schema = frame.collect_schema()
        there = [column for column in self.columns if column in schema]
        place = pl.struct(there).hash(seed=1) % self.parts if there else pl.lit(0)
        return frame.filter(place == self.number)


def build_frame(
    data: SourceData,
    dataset: str,
    instances: Sequence[Instance],
    lookups: Lookups,
    part: Rows | Keys | None = None,
    sets: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """The rows of a dataset, or a part of them, with `_ROW` and every column that the checks use.

    Expects instances of this dataset whose derived columns have names of their own. A column compared as text or number
    has that type, whatever its source gave it; NaN is missing. `sets`: columns derived from the whole dataset
    beforehand (`derive_sets`), those of the rows of the part, of keys those of all rows; without them a part must be
    the whole.
    """
    frame = _build(data, dataset, [instance.check for instance in instances], lookups, part, sets)
    # Many small derivations are quicker in memory than streamed; but of keys every row of the dataset is looked at.
    return frame.collect(engine="streaming" if isinstance(part, Keys) else "in-memory")


def derive_sets(data: SourceData, dataset: str, instances: Sequence[Instance], lookups: Lookups) -> pl.DataFrame | None:
    """The columns that are derived from sets of records, which may lie in any part of the dataset; None where the
    checks derive none."""
    found: list[pl.DataFrame] = []
    for check in (instance.check for instance in instances):
        names = [name for name, derivation in check.derive.items() if isinstance(derivation, SetWise)]
        known = {name for frame in found for name in frame.columns}
        if set(names) - known:
            derive_only = check.model_copy(update={"derive": _up_to(check.derive, names)})
            whole = _build(data, dataset, [derive_only], lookups, None, None)
            found.append(whole.select(name for name in names if name not in known).collect())
    return pl.concat(found, how="horizontal") if found else None


def _up_to(derive: Mapping[str, Derivation], names: Sequence[str]) -> dict[str, Derivation]:
    """What is declared up to the last of these names."""
    last = max(list(derive).index(name) for name in names)
    return dict(list(derive.items())[: last + 1])


def _build(
    data: SourceData,
    dataset: str,
    checks: Sequence[Check],
    lookups: Lookups,
    part: Rows | Keys | None,
    sets: pl.DataFrame | None,
) -> pl.LazyFrame:
    used = {name for check in checks for name in check.essential | check.optional}
    kinds = {name: kind for check in checks for name, kind in check.kinds.items()}
    derived = {name: derivation for check in checks for name, derivation in check.derive.items()}
    offset, length = (part.offset, part.length) if isinstance(part, Rows) else (0, None)
    source = data.frame(dataset, offset, length)
    schema = source.collect_schema()
    looked_up = [name for name in used if name.startswith(DM_PREFIX) and lookups.lacks(name) is None]
    own = sorted({name for name in used if name in schema} | ({SUBJECT} & set(schema) if looked_up else set()))
    frame = source.with_row_index(ROW, offset).select(
        ROW, *(_typed(name, schema[name], kinds.get(name)) for name in own)
    )
    if sets is not None:
        frame = pl.concat([frame, sets.lazy()], how="horizontal")
        derived = {name: derivation for name, derivation in derived.items() if name not in sets.columns}
    if isinstance(part, Keys):
        frame = part.of(frame)
    if looked_up:
        subjects = lookups.subjects(looked_up).lazy().rename({SUBJECT: _KEY})
        key = as_text(SUBJECT, frame.collect_schema()[SUBJECT]).alias(_KEY)
        frame = frame.with_columns(key).join(subjects, on=_KEY, how="left", maintain_order="left").drop(_KEY)
    frame = frame.with_columns(
        *(_typed(name, pl.String(), kinds.get(name)) for name in looked_up),
        *(pl.lit(lookups.parameter(name), pl.String).alias(name) for name in used if name.startswith(TS_PREFIX)),
    )
    for name, derivation in derived.items():
        frame = derive(derivation, frame, name, lookups)
    return frame


def derive_entries(entries: pl.DataFrame, instances: Sequence[Instance], lookups: Lookups) -> pl.DataFrame:
    """An entry frame with the columns that the checks derive."""
    frame = entries.lazy()
    for instance in instances:
        for name, derivation in instance.check.derive.items():
            frame = derive(derivation, frame, name, lookups)
    return frame.collect()


def _typed(name: str, dtype: pl.DataType, kind: str | None) -> pl.Expr:
    column = pl.col(name)
    if kind == "text":
        return as_text(name, dtype)
    if kind == "number" and not dtype.is_numeric():
        return column.cast(pl.Float64, strict=False)
    return column.fill_nan(None) if dtype.is_float() else column
