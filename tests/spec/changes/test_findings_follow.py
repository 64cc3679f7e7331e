"""A finding follows its record into the next snapshot, and no other record takes its place."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars_readstat import scan_readstat

from longwatch.evidence.carried_findings import candidates, carry_over
from longwatch.evidence.record_match import match_records
from longwatch.evidence.registered import LocatedFinding
from longwatch.findings.finding import Finding, Severity
from longwatch.findings.identity import IDENTITY, ROW, compute_fingerprint, compute_identities
from longwatch.standards.dataset import SourceData
from simulation import generate

RULE = "SR02"


def found_in(frame: pl.DataFrame, rows: list[int]) -> list[Finding]:
    """What a rule that these rows fail would find."""
    identities = dict(compute_identities("AE", frame.with_row_index(ROW)).select(ROW, IDENTITY).iter_rows())
    return [
        Finding(compute_fingerprint(RULE, [identities[row]]), RULE, 1, Severity.ERROR, "AE", "m", "a", rows=(row,))
        for row in rows
    ]


def known(findings: list[Finding]) -> list[LocatedFinding]:
    return [LocatedFinding(item.fingerprint, RULE, "AE", "old", item.rows, False) for item in findings]


def carried(old: pl.DataFrame, new: pl.DataFrame, before: list[int], after: list[int]) -> dict[int, int | None]:
    """By row of the older snapshot, the row of the newer one whose finding it goes on as; None: it is fixed."""
    first, second = found_in(old, before), found_in(new, after)
    moves = carry_over(known(first), second, SourceData.of(AE=old), SourceData.of(AE=new))
    assert len(set(moves.values())) == len(moves)
    rows = {item.fingerprint: item.rows[0] for item in second}
    return {item.rows[0]: rows.get(moves.get(item.fingerprint, item.fingerprint)) for item in first}


def blank_as_missing(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(
        pl.when(pl.col(name).str.strip_chars() == "").then(None).otherwise(pl.col(name)).alias(name)
        for name, dtype in frame.schema.items()
        if dtype == pl.String
    )


@pytest.fixture(scope="module", params=["ISLET-1", "CDISCPILOT01"])
def events(request: pytest.FixtureRequest) -> pl.DataFrame:
    """The adverse events of a study, without the sponsor's ids: what is left is what they say."""
    if request.param == "ISLET-1":
        frame = generate(1).frames["AE"]
    else:
        folder: Path = request.getfixturevalue("shared_data")
        frame = scan_readstat(str(folder / "cdiscpilot01" / "sdtm" / "ae.xpt"), preserve_order=True).collect()
    return blank_as_missing(frame.drop("AESPID"))


def with_other_start(frame: pl.DataFrame, rows: list[int], random: np.random.Generator) -> pl.DataFrame:
    moved = pl.Series(random.integers(1, 20, frame.height))
    day = pl.col("AESTDTC").str.slice(0, 10).str.to_date(strict=False) + pl.duration(days=moved)
    chosen = pl.int_range(pl.len()).is_in(rows)
    return frame.with_columns(pl.when(chosen).then(day.dt.to_string("%Y-%m-%d")).otherwise("AESTDTC").alias("AESTDTC"))


def complete(frame: pl.DataFrame) -> np.ndarray:  # type: ignore[type-arg]
    return np.flatnonzero(frame["AESTDTC"].str.len_chars().fill_null(0).to_numpy() >= 10)


@pytest.mark.parametrize("seed", range(3))
def test_a_corrected_start_date_takes_its_finding_along(events: pl.DataFrame, seed: int) -> None:
    """100 dates corrected, all rows shuffled and renumbered: nobody takes another's finding, and nearly all follow."""
    random = np.random.default_rng(seed)
    rows = [int(row) for row in random.permutation(complete(events))[:100]]
    order = random.permutation(events.height)
    new = with_other_start(events, rows, random)[order].with_columns(AESEQ=pl.int_range(pl.len()).cast(pl.Float64))
    place = {int(row): at for at, row in enumerate(order)}
    followed = carried(events, new, rows, [place[row] for row in rows])
    right = [row for row, now in followed.items() if now == place[row]]
    assert all(now in (None, place[row]) for row, now in followed.items())
    assert len(right) >= 98


@pytest.mark.parametrize("seed", range(20))
def test_a_record_that_merely_looks_alike_inherits_nothing(events: pl.DataFrame, seed: int) -> None:
    """Planted truth: events go, and others come that are alike but for start and one more value, or that come back like
    one that stayed. None of them is an event that went."""
    random = np.random.default_rng(seed)
    rows = [int(row) for row in random.permutation(complete(events))[:40]]
    gone, models = rows[:20], rows[20:]
    stays = np.setdiff1d(np.arange(events.height), gone)
    # Two values differ: the start, and the outcome.
    alike = with_other_start(events[gone], list(range(20)), random).with_columns(AEOUT=pl.lit("SOMETHING ELSE"))
    # The start differs, but the event like it is still there.
    recurring = with_other_start(events[models], list(range(20)), random)
    new = pl.concat([events[stays], alike, recurring])
    added = list(range(len(stays), new.height))
    matched = match_records("AE", events, new).pairs.filter(pl.col("step") == "one value")
    assert matched.height == 0
    followed = carried(events, new, gone, added)
    same_key = {(row["USUBJID"], row["AETERM"], row["AESTDTC"]) for row in new[added].iter_rows(named=True)}
    for row, now in followed.items():
        one = events.row(row, named=True)
        if (one["USUBJID"], one["AETERM"], one["AESTDTC"]) not in same_key:
            assert now is None


def event(term: str = "RASH", start: str = "2023-05-14", **values: object) -> dict[str, object]:
    return {"USUBJID": "S-1", "AESEQ": 1.0, "AETERM": term, "AEDECOD": term, "AESTDTC": start, "AESEV": "MILD",
            "AESER": "N", "AEOUT": "RECOVERED", **values}  # fmt: skip


def test_of_twins_one_is_corrected() -> None:
    """Equal events are told apart by a number alone. The one that stays keeps its own waiver, whatever its number."""
    old = pl.DataFrame([event(), event(AESEQ=2.0)])
    new = pl.DataFrame([event(AESER="Y"), event(AESEQ=2.0)])
    assert carried(old, new, [0, 1], [1]) == {0: None, 1: 1}


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        # the start date alone
        ([event()], [event(start="2023-05-15")], True),
        # the term, in coded data
        ([event("RASHH", AEDECOD="RASH")], [event()], True),
        # the term, and no dictionary says that it is the same
        ([event("HEADACHE", AEDECOD=None)], [event("NAUSEA", AEDECOD=None)], False),
        # start and severity
        ([event()], [event(start="2023-05-15", AESEV="SEVERE")], False),
        # nothing is known but the term
        ([event(AESEV=None, AESER=None, AEOUT=None)],
         [event(start="2023-05-15", AESEV=None, AESER=None, AEOUT=None)], False),
        # another id of the sponsor's
        ([event(AESPID="E1")], [event(start="2023-05-15", AESPID="E2")], False),
        # it comes back alike
        ([event(), event(start="2023-06-14")], [event(start="2023-06-14"), event(start="2023-07-14")], False),
        # another subject
        ([event()], [event(start="2023-05-15", USUBJID="S-2")], False),
    ],
)  # fmt: skip
def test_all_but_one_value(before: list[dict[str, object]], after: list[dict[str, object]], same: bool) -> None:
    """The fifth step of record matching, case by case."""
    found = match_records("AE", pl.DataFrame(before), pl.DataFrame(after))
    assert ("one value" in found.pairs["step"].cast(pl.String).to_list()) is same


def test_nothing_is_opened_where_all_is_as_it_was() -> None:
    """Only rules and datasets whose findings differ are followed."""
    frame = pl.DataFrame([event(), event("NAUSEA")])
    found = found_in(frame, [0, 1])
    assert candidates(known(found), found, "new") == {}
    assert candidates(known(found), [], "new") == {}
    assert candidates(known(found), found[:1], "old") == {}
    assert set(candidates(known(found), found[:1], "new")) == {"old"}
