"""Records of a real trial across snapshots: 310 of CDISCPILOT01's 1,191 events repeat subject, term and start date."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from polars_readstat import scan_readstat

from longwatch.evidence.snapshot_diff import DomainDiff, diff_snapshots
from longwatch.standards.dataset import SourceData

Frames = dict[str, pl.DataFrame]

pytestmark = pytest.mark.shared_data

IDENTIFYING = {"USUBJID", "AESEQ", "AESPID", "AETERM", "AESTDTC"}


@pytest.fixture(scope="module")
def pilot(shared_data: Path) -> Frames:
    """All 18 domains as delivered."""
    files = sorted((shared_data / "cdiscpilot01" / "sdtm").glob("*.xpt"))
    return {file.stem.upper(): scan_readstat(str(file), preserve_order=True).collect() for file in files}


def shuffled(frame: pl.DataFrame, random: np.random.Generator) -> pl.DataFrame:
    """The rows in another order."""
    return frame[random.permutation(frame.height)]


def renumbered(ae: pl.DataFrame, links: Frames) -> tuple[pl.DataFrame, Frames]:
    """AESEQ from 1 in each subject in the order of the rows, and the links pointing to the new numbers."""
    fresh = ae.with_columns(pl.int_range(1, pl.len() + 1).over("USUBJID").cast(pl.Float64).alias("_NEW"))
    numbers = fresh.select(
        "USUBJID",
        pl.lit("AE").alias("RDOMAIN"),
        *(pl.col(name).cast(pl.Int64).cast(pl.String).alias(to) for name, to in (("AESEQ", "_WAS"), ("_NEW", "_IS"))),
    )
    followed = {
        name: frame.with_columns(pl.col("IDVARVAL").str.strip_chars().alias("_WAS"))
        .join(numbers, on=["USUBJID", "RDOMAIN", "_WAS"], how="left", maintain_order="left")
        .with_columns(pl.coalesce("_IS", "IDVARVAL").alias("IDVARVAL"))
        .drop("_WAS", "_IS")
        for name, frame in links.items()
    }
    return fresh.with_columns(pl.col("_NEW").alias("AESEQ")).drop("_NEW"), followed


def next_cut(pilot: Frames, random: np.random.Generator) -> Frames:
    """The same content: every domain shuffled, adverse events renumbered, their links pointing to the new numbers."""
    moved = {name: shuffled(frame, random) for name, frame in pilot.items()}
    moved["AE"], links = renumbered(moved["AE"], {name: moved[name] for name in ("SUPPAE", "RELREC")})
    return moved | links


def diff(old: Frames, new: Frames) -> dict[str, DomainDiff]:
    """What changed, by dataset."""
    return {domain.name: domain for domain in diff_snapshots(SourceData.of(**old), SourceData.of(**new)).domains}


def test_the_trial_has_the_repeats_that_this_is_about(pilot: Frames) -> None:
    """And its sponsor's ids repeat within the subject too, so they do not always help."""
    ae = pilot["AE"]
    assert ae.height - ae.select("USUBJID", "AETERM", "AESTDTC").n_unique() == 310
    assert ae.height - ae.select("USUBJID", "AESPID").n_unique() == 308


@pytest.mark.parametrize("seed", range(3))
def test_shuffled_and_renumbered_no_change_is_found(pilot: Frames, seed: int) -> None:
    found = diff(pilot, next_cut(pilot, np.random.default_rng(seed)))
    assert len(found) == 18
    for name, domain in found.items():
        assert (domain.added, domain.removed, domain.changed) == (0, 0, 0), name
        assert domain.unchanged == pilot[name].height
    assert found["AE"].renumbered > 900
    assert found["SUPPAE"].renumbered == found["AE"].renumbered


@pytest.mark.parametrize("with_sponsor_ids", [True, False])
@pytest.mark.parametrize("records", [1, 25, 400, 1191])
def test_as_many_records_are_changed_as_were_and_none_is_new(
    pilot: Frames, records: int, with_sponsor_ids: bool
) -> None:
    """One value in so many random events, none that identifies it; all events shuffled and renumbered."""
    random = np.random.default_rng(records)
    new = next_cut(pilot, random)
    ae = new["AE"]
    variables = [name for name in ae.columns if name not in IDENTIFYING]
    chosen = {int(row): variables[random.integers(len(variables))] for row in random.permutation(ae.height)[:records]}
    rows = pl.int_range(ae.height, dtype=pl.Int64)
    new["AE"] = ae.with_columns(
        pl.when(rows.is_in([row for row, name in chosen.items() if name == variable]))
        .then(pl.lit("CHANGED" if ae.schema[variable] == pl.String else -9999.0))
        .otherwise(variable)
        .alias(variable)
        for variable in set(chosen.values())
    )
    left_out = [] if with_sponsor_ids else ["AESPID"]
    old = pilot | {"AE": pilot["AE"].drop(left_out)}
    found = diff_snapshots(SourceData.of(**old), SourceData.of(**(new | {"AE": new["AE"].drop(left_out)})))
    domain = found.domain("AE")
    assert (domain.changed, domain.added, domain.removed) == (records, 0, 0)
    assert found.changes["variable"].sort().to_list() == sorted(chosen.values())
    assert found.changes["new"].unique().sort().to_list() in (["-9999"], ["CHANGED"], ["-9999", "CHANGED"])
    for link in ("SUPPAE", "RELREC"):
        assert (found.domain(link).changed, found.domain(link).added, found.domain(link).removed) == (0, 0, 0), link


def test_removed_and_new_events_are_exactly_these(pilot: Frames) -> None:
    """50 events go, 30 come: their qualifiers with them; all others stay, whatever their number now."""
    random = np.random.default_rng(7)
    ae = pilot["AE"]
    gone = ae[random.permutation(ae.height)[:50]]
    fresh = ae[random.permutation(ae.height)[:30]].with_columns(
        pl.lit("A TERM NOT YET SEEN").alias("AETERM"),
        pl.lit(None, pl.String).alias("AESPID"),
        pl.lit(99.0).alias("AESEQ"),
    )
    place = pl.concat_str("USUBJID", pl.col("AESEQ").cast(pl.Int64).cast(pl.String), separator=" ")
    linked = pl.concat_str("USUBJID", pl.col("IDVARVAL").str.strip_chars(), separator=" ")
    lost = gone.select(place).to_series().implode()
    kept = pilot["SUPPAE"].filter(linked.is_in(lost).not_())
    left = pl.concat([ae.join(gone, on=["USUBJID", "AESEQ"], how="anti", maintain_order="left"), fresh])
    new = next_cut(pilot | {"AE": left, "SUPPAE": kept}, random)
    found = diff(pilot, new)
    assert (found["AE"].added, found["AE"].removed, found["AE"].changed) == (30, 50, 0)
    assert (found["SUPPAE"].added, found["SUPPAE"].removed, found["SUPPAE"].changed) == (0, 50, 0)


def test_the_split_of_the_same_domain_is_no_change(shared_data: Path) -> None:
    """LB chemistry as LBCH in one cut, as LB in the next."""
    file = shared_data / "cdiscpilot01" / "sdtm_split" / "lbch.xpt"
    frame = scan_readstat(str(file), preserve_order=True).collect()
    found = diff_snapshots(SourceData.of(LBCH=frame), SourceData.of(LB=frame[::-1]))
    assert found.is_empty
    assert found.domain("LB").unchanged == 32_740
