"""The values of matched, added and removed records in long form: one line per variable."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from longwatch.evidence.record_keys import PARENT, SUBJECT, record_keys
from longwatch.evidence.record_match import comparable
from longwatch.evidence.snapshot_match import MatchedDataset
from longwatch.findings.identity import as_text, locator_columns
from longwatch.standards.sdtm import natural_key, sequence_variable, study_day_variables

CHANGE_SCHEMA = {
    "dataset": pl.String,
    "USUBJID": pl.String,
    "record": pl.String,
    "variable": pl.String,
    "old": pl.String,
    "new": pl.String,
    "kind": pl.String,
    "record_before": pl.String,
}
"""The long form. `record`: its locator within the newer snapshot, of a removed record within the older one;
`record_before`: within the older one. `kind`: changed, added or removed. Values as text, missing is null."""

_NOT_SAID = frozenset({"STUDYID", "DOMAIN", SUBJECT})
_PAIR, _POSITION, _SUBJECT, _RECORD = "_PAIR", "_POSITION", "_SUBJECT", "_RECORD"


@dataclass(frozen=True, eq=False)
class RecordValues:
    """What became of the matched records of a dataset, and the lines that say it.

    `changed`: records with a changed value; `study_days_only`: of these, in --DY, --STDY or --ENDY alone.
    `renumbered`: records of which nothing but --SEQ (or the pointer to the parent) is another. `moved`: the fewest
    records that one would have to move for all matched records to stand in their old order.
    `lines`: changed, added, removed records, each in source order, variables in theirs (CHANGE_SCHEMA).
    """

    changed: int
    study_days_only: int
    renumbered: int
    moved: int
    lines: pl.DataFrame


def compare_values(matched: MatchedDataset) -> RecordValues:
    """The values of a matched dataset, old beside new.

    Cases, for a matched pair, over the variables that both snapshots have: a value that is another, or missing in one
    of them only → a line `changed`; --SEQ, and in links IDVARVAL and RELID → never a line. A variable whose type is
    another is compared as text. An added or a removed record → a line for each of its filled variables, without
    STUDYID, DOMAIN, USUBJID and --SEQ.
    """
    pairs = matched.match.pairs.with_row_index(_PAIR)
    old, new = comparable(matched.old, matched.new)
    numbers = _numbers(matched.name, old.columns)
    days = study_day_variables(matched.name)
    changed, beyond_days, numbered = (np.zeros(pairs.height, dtype=bool) for _ in range(3))
    lines = []
    for position, name in enumerate(old.columns):
        # Where the content is identical only numbers and study days can differ.
        asked = pairs if name in numbers or name in days else pairs.filter(pl.col("step") != "content")
        before, after = old[name].gather(asked["old"]), new[name].gather(asked["new"])
        differs = before.ne_missing(after)
        hit = asked.filter(differs)
        if name in numbers:
            numbered[hit[_PAIR].to_numpy()] = True
            continue
        changed[hit[_PAIR].to_numpy()] = True
        if name not in days:
            beyond_days[hit[_PAIR].to_numpy()] = True
        if hit.height:
            values = [_text(name, side.filter(differs)).alias(word) for side, word in ((before, "was"), (after, "is"))]
            lines.append(hit.with_columns(pl.lit(position).alias(_POSITION), pl.lit(name).alias("variable"), *values))
    return RecordValues(
        changed=int(changed.sum()),
        study_days_only=int((changed & ~beyond_days).sum()),
        renumbered=int((numbered & ~changed).sum()),
        moved=pairs.height - _longest_run(pairs["old"].to_list()),
        lines=pl.concat(
            [
                pl.DataFrame(schema=CHANGE_SCHEMA),
                *([_changed(matched, pl.concat(lines))] if lines else []),
                _whole_records(matched.name, matched.new, matched.match.added, "added"),
                _whole_records(matched.name, matched.old, matched.match.removed, "removed"),
            ]
        ),
    )


def _numbers(dataset: str, columns: Sequence[str]) -> tuple[str, ...]:
    """What only numbers records: --SEQ; in links with a pointer also IDVARVAL and, in RELREC, RELID."""
    pointed = {"RDOMAIN", "IDVAR", "IDVARVAL"} <= set(columns)
    return record_keys(dataset, [*columns, PARENT] if pointed else columns).numbers


def _text(name: str, values: pl.Series) -> pl.Series:
    return pl.DataFrame({name: values}).select(as_text(name, values.dtype)).to_series()


def _changed(matched: MatchedDataset, lines: pl.DataFrame) -> pl.DataFrame:
    """The lines of changed records."""
    lines = lines.sort("new", _POSITION)
    is_key = _records(matched.name, matched.new, lines["new"])
    was_key = _records(matched.name, matched.old, lines["old"])
    return lines.select(
        pl.lit(matched.name).alias("dataset"),
        _subjects(matched.new, lines["new"]).alias("USUBJID"),
        is_key.alias("record"),
        "variable",
        pl.col("was").alias("old"),
        pl.col("is").alias("new"),
        pl.lit("changed").alias("kind"),
        was_key.alias("record_before"),
    )


def _whole_records(dataset: str, frame: pl.DataFrame, rows: pl.Series, kind: str) -> pl.DataFrame:
    """The lines of added or removed records."""
    left_out = {*_NOT_SAID, sequence_variable(dataset)}
    said = frame[rows]
    value, other = ("new", "old") if kind == "added" else ("old", "new")
    return (
        said.select(
            _subjects(frame, rows).alias(_SUBJECT),
            _records(dataset, frame, rows).alias(_RECORD),
            *(as_text(name, dtype) for name, dtype in said.schema.items() if name not in left_out),
        )
        .with_row_index(_POSITION)
        .unpivot(index=[_POSITION, _SUBJECT, _RECORD], variable_name="variable", value_name=value)
        .drop_nulls(value)
        .sort(_POSITION, maintain_order=True)
        .select(
            pl.lit(dataset).alias("dataset"),
            pl.col(_SUBJECT).alias("USUBJID"),
            pl.col(_RECORD).alias("record"),
            "variable",
            pl.lit(None, pl.String).alias(other),
            value,
            pl.lit(kind).alias("kind"),
            (pl.lit(None, pl.String) if kind == "added" else pl.col(_RECORD)).alias("record_before"),
        )
        .select(*CHANGE_SCHEMA)
    )


def _subjects(frame: pl.DataFrame, rows: pl.Series) -> pl.Series:
    """USUBJID of some records, missing where the dataset has no subjects."""
    if SUBJECT in frame.columns:
        return _text(SUBJECT, frame[SUBJECT].gather(rows))
    return pl.Series(SUBJECT, [None], pl.String).new_from_index(0, len(rows))


def _records(dataset: str, frame: pl.DataFrame, rows: pl.Series) -> pl.Series:
    """The locator of some records without their subject, as `AESEQ=4`.

    Cases: what the standard locates a record by; nothing where the subject is enough (DM); `row=12`, the place in
    source order, where nothing locates it.
    """
    sequence = sequence_variable(dataset)
    names = dict.fromkeys((*locator_columns(dataset, frame.columns), *((sequence,) if sequence else ())))
    own = [name for name in names if name != SUBJECT and name in frame.columns]
    if own:
        parts = [pl.lit(f"{name}=") + as_text(name, frame.schema[name]).str.strip_chars().fill_null("") for name in own]
        return frame.select(own)[rows].select(pl.concat_str(parts, separator=" ")).to_series()
    if natural_key(dataset) == (SUBJECT,):
        return pl.Series("record", [""]).new_from_index(0, len(rows))
    return pl.select(pl.lit("row=") + (rows + 1).cast(pl.String)).to_series()


def _longest_run(positions: Sequence[int]) -> int:
    """The length of the longest ascending subsequence: what can stay where it is."""
    ends: list[int] = []
    for position in positions:
        at = bisect_left(ends, position)
        if at == len(ends):
            ends.append(position)
        else:
            ends[at] = position
    return len(ends)
