"""What holds for any two snapshots: 1,000 drawn cases over small, repetitive tables, where ties are the rule."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from longwatch.evidence.record_assignment import assign_by_agreement
from longwatch.evidence.record_match import STEPS, match_records
from longwatch.evidence.snapshot_diff import SnapshotDiff, diff_snapshots
from longwatch.standards.dataset import SourceData

Records = list[dict[str, Any]]

AE_SCHEMA = {
    "USUBJID": pl.String, "AESEQ": pl.Float64, "AESPID": pl.String, "AETERM": pl.String, "AESTDTC": pl.String,
    "AESTDY": pl.Float64, "AESEV": pl.String, "AEOUT": pl.String,
}  # fmt: skip
SUPP_SCHEMA = dict.fromkeys(("RDOMAIN", "USUBJID", "IDVAR", "IDVARVAL", "QNAM", "QVAL"), pl.String)

EVENT = st.fixed_dictionaries({
    "USUBJID": st.sampled_from(["01", "02"]),
    "AESPID": st.sampled_from([None, "E1", "E2", "E3"]),
    "AETERM": st.sampled_from(["RASH", "FEVER"]),
    "AESTDTC": st.sampled_from([None, "2024", "2024-01-05"]),
    "AESEV": st.sampled_from([None, "MILD", "SEVERE"]),
    "AEOUT": st.sampled_from([None, "FATAL"]),
    # supplemental qualifiers of this event
    "_FLAG": st.sampled_from([None, "Y", "N"]),
})  # fmt: skip
EVENTS = st.lists(EVENT, max_size=9)


def snapshot(events: Records, columns: list[str] | None = None, study_day: float = 1.0) -> SourceData:
    """AE and SUPPAE of some events, AESEQ given in their order within the subject."""
    counts: dict[str, int] = {}
    ae, supp = [], []
    for event in events:
        subject = event["USUBJID"]
        counts[subject] = counts.get(subject, 0) + 1
        ae.append({**event, "AESEQ": float(counts[subject]), "AESTDY": study_day})
        if event["_FLAG"]:
            supp.append(
                {"RDOMAIN": "AE", "USUBJID": subject, "IDVAR": "AESEQ", "IDVARVAL": str(counts[subject]),
                 "QNAM": "AETRTEM", "QVAL": event["_FLAG"]}
            )  # fmt: skip
    frame = pl.DataFrame([{name: row[name] for name in AE_SCHEMA} for row in ae], schema=AE_SCHEMA)
    return SourceData.of(AE=frame.select(columns or frame.columns), SUPPAE=pl.DataFrame(supp, schema=SUPP_SCHEMA))


def counts(diff: SnapshotDiff, name: str) -> tuple[int, int, int]:
    """Added, removed, changed."""
    domain = diff.domain(name)
    return domain.added, domain.removed, domain.changed


@settings(max_examples=220, deadline=None)
@given(events=EVENTS, data=st.data())
def test_order_and_numbers_are_never_changes(events: Records, data: st.DataObject) -> None:
    """Shuffled rows, reordered columns, renumbered --SEQ, links pointing to the new numbers: nothing is found."""
    columns = data.draw(st.permutations(list(AE_SCHEMA)))
    shuffled = data.draw(st.permutations(events))
    diff = diff_snapshots(snapshot(events), snapshot(list(shuffled), columns))
    assert diff.is_empty
    assert diff.domain("AE").unchanged == len(events)


@settings(max_examples=170, deadline=None)
@given(events=EVENTS, data=st.data())
def test_as_many_changed_records_as_were_changed(events: Records, data: st.DataObject) -> None:
    """A value that identifies nothing is corrected in some records, all study days move, rows are shuffled and
    numbered anew: exactly these records changed otherwise than in their study day, none is new, none is gone."""
    chosen = data.draw(st.sets(st.integers(0, max(len(events) - 1, 0)))) if events else set()
    variable = data.draw(st.sampled_from(["AESEV", "AEOUT"]))
    later = [{**event, variable: "CORRECTED"} if at in chosen else event for at, event in enumerate(events)]
    diff = diff_snapshots(snapshot(events), snapshot(list(data.draw(st.permutations(later))), study_day=2.0))
    ae = diff.domain("AE")
    assert counts(diff, "AE") == (0, 0, len(events))
    assert ae.changed - ae.study_days_only == len(chosen)
    values = diff.changes.filter(pl.col("dataset") == "AE", pl.col("variable") != "AESTDY")
    assert values["variable"].to_list() == [variable] * len(chosen)


@settings(max_examples=170, deadline=None)
@given(events=EVENTS, fresh=st.integers(0, 3), data=st.data())
def test_records_that_came_and_went_are_exactly_these(events: Records, fresh: int, data: st.DataObject) -> None:
    """Some records are gone, others came with a term not seen before: all that stayed is unchanged."""
    stays = data.draw(st.lists(st.booleans(), min_size=len(events), max_size=len(events)))
    new = {"USUBJID": "01", "AESPID": None, "AESTDTC": "2025", "AESEV": None, "AEOUT": None, "_FLAG": "Y"}
    later = [event for event, stay in zip(events, stays, strict=True) if stay]
    later += [{**new, "AETERM": f"NEW {number}"} for number in range(fresh)]
    diff = diff_snapshots(snapshot(events), snapshot(list(data.draw(st.permutations(later)))))
    gone = [event for event, stay in zip(events, stays, strict=True) if not stay]
    assert counts(diff, "AE") == (fresh, len(gone), 0)
    ae = diff.domain("AE")
    assert (ae.before - ae.removed, ae.after - ae.added) == (ae.unchanged, ae.unchanged)


@settings(max_examples=220, deadline=None)
@given(before=EVENTS, after=EVENTS, keys=st.sampled_from([(), ("USUBJID", "AETERM"), ("USUBJID", "AESEQ")]))
def test_each_record_has_one_place_in_a_match(before: Records, after: Records, keys: tuple[str, ...]) -> None:
    """Pairs, added and removed are disjoint and complete; no pair crosses subjects; the same input gives the same; and
    looking back from the newer snapshot, as many records are matched."""
    old, new = (snapshot(events).frame("AE").collect() for events in (before, after))
    found = match_records("AE", old, new, keys=keys)
    assert sorted([*found.pairs["old"], *found.removed]) == list(range(len(before)))
    assert sorted([*found.pairs["new"], *found.added]) == list(range(len(after)))
    assert (old["USUBJID"].gather(found.pairs["old"]) == new["USUBJID"].gather(found.pairs["new"])).all()
    assert found.pairs["step"].is_in(STEPS).all()
    again = match_records("AE", old, new, keys=keys)
    assert again.pairs.equals(found.pairs)
    assert match_records("AE", new, old, keys=keys).pairs.height == found.pairs.height


VALUES = st.lists(st.tuples(*(st.sampled_from([None, "1", "2", "3"]) for _ in range(4))), min_size=1, max_size=5)


@settings(max_examples=220, deadline=None)
@given(before=VALUES, after=VALUES)
def test_ties_are_paired_with_the_fewest_changed_values(before: list[Any], after: list[Any]) -> None:
    """Against every possible pairing of small tables."""
    names = ["A", "B", "C", "D"]
    old, new = (
        pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row").with_columns(pl.lit("k").alias("KEY"))
        for rows in (before, after)
    )
    left, right = assign_by_agreement(old, new, ["KEY"], names)
    assert len(left) == min(len(before), len(after))

    def changed(pairs: Any) -> int:
        return sum(one != other for a, b in pairs for one, other in zip(before[a], after[b], strict=True))

    few, many = sorted((range(len(before)), range(len(after))), key=len)
    turned = len(before) > len(after)
    every = (zip(few, order, strict=True) for order in permutations(many, len(few)))
    best = min(changed([(b, a) if turned else (a, b) for a, b in pairs]) for pairs in every)
    assert changed(zip(left.tolist(), right.tolist(), strict=True)) == best
    assert np.unique(left).size == left.size
