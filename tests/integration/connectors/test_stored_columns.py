"""Columns of a typed copy read as they are stored are the columns as anyone reads them."""

from __future__ import annotations

from datetime import date
from functools import partial
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest
from polars.testing import assert_frame_equal

from connectors.snapshot_store import FolderSnapshotStore
from connectors.stored_columns import read_stored
from longwatch.derive import derive
from longwatch.derive.coded import read_typed
from longwatch.standards.dataset import Dataset, SourceData
from longwatch.study import parse_study
from simulation.parameters import Parameters
from simulation.study_file import study_file
from tests.integration.connectors.conftest import Freeze

FRAME = pl.DataFrame(
    {
        "AEDECOD": ["Nausea", None, "", "Headache", "  ", "Nausea", "Übelkeit", None, "Headache", "Rash"],
        "AESEQ": [1.0, 2.0, None, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0],
        "ASTDT": [date(2024, 1, day) for day in range(1, 10)] + [None],
        "AESER": [None] * 10,
    },
    schema_overrides={"AESER": pl.String},
)


@pytest.mark.parametrize("group", [3, 10, 100])
@pytest.mark.parametrize("dictionary", [True, False], ids=["words and codes", "text"])
def test_values_are_those_of_the_file(tmp_path: Path, group: int, dictionary: bool) -> None:
    """Whatever row groups there are, each with words of its own, and where text is stored without codes; blank text is
    missing, as everywhere in derivations."""
    path = tmp_path / "AE.parquet"
    pq.write_table(FRAME.to_arrow(), path, row_group_size=group, use_dictionary=dictionary)
    stored = Dataset("AE", pl.scan_parquet(path), FRAME.height, read_parts=partial(read_stored, path))
    names = ["ASTDT", "AEDECOD", "AESER", "AESEQ"]
    read = read_typed(stored, names)
    assert_frame_equal(read, read_typed(Dataset.of("AE", FRAME), names))
    assert read["AEDECOD"].cast(pl.String).to_list()[:6] == ["Nausea", None, None, "Headache", None, "Nausea"]
    assert read.select("AESEQ", "ASTDT").equals(FRAME.select("AESEQ", "ASTDT"))


def test_no_record(tmp_path: Path) -> None:
    """A dataset without records has its columns, of their types."""
    path = tmp_path / "AE.parquet"
    FRAME.clear().write_parquet(path)
    read = read_typed(Dataset("AE", pl.scan_parquet(path), 0, read_parts=partial(read_stored, path)), FRAME.columns)
    assert read.height == 0
    assert dict(read.schema) == {
        "AEDECOD": pl.Enum([]),
        "AESER": pl.Enum([]),
        "AESEQ": pl.Float64(),
        "ASTDT": pl.Date(),
    }


def test_a_snapshot_gives_the_analysis_datasets_that_memory_gives(
    tmp_path: Path, store: FolderSnapshotStore, freeze: Freeze
) -> None:
    """ADSL and ADAE from the typed copy, and from the same records in memory: equal, codes included."""
    from simulation import write_large

    write_large(tmp_path / "data", 300, ("DM", "EX", "AE", "DS", "SV", "TS"))
    study = parse_study(study_file(Parameters()), "study.yaml")
    data = store.open(freeze(tmp_path / "data").id)
    in_memory = SourceData.of(**{each.name: each.frame.collect() for each in data})
    one, two = (derive(source, study, date(2024, 6, 30)) for source in (data, in_memory))
    assert one.adae.height > 3000
    for first, second in ((one.adsl, two.adsl), (one.adae, two.adae)):
        assert first.drop("USUBJID").schema == second.drop("USUBJID").schema
        assert_frame_equal(*(frame.with_columns(pl.col("USUBJID").cast(pl.String)) for frame in (first, second)))
