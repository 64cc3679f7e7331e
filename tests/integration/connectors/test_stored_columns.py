"""Columns of a typed copy read as they are stored are the columns as anyone reads them."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest
from polars.testing import assert_frame_equal

from connectors import typed_copies
from connectors.snapshot_store import FolderSnapshotStore
from connectors.stored_columns import StoredColumns
from longwatch.derive import adae, derive, in_parts
from longwatch.derive.coded import Subjects, read_numbers, read_typed
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
    stored = Dataset("AE", pl.scan_parquet(path), FRAME.height, read_parts=StoredColumns(path))
    names = ["ASTDT", "AEDECOD", "AESER", "AESEQ"]
    read = read_typed(stored, names)
    assert_frame_equal(read, read_typed(Dataset.of("AE", FRAME), names))
    assert read["AEDECOD"].cast(pl.String).to_list()[:6] == ["Nausea", None, None, "Headache", None, "Nausea"]
    assert read.select("AESEQ", "ASTDT").equals(FRAME.select("AESEQ", "ASTDT"))


def test_no_record(tmp_path: Path) -> None:
    """A dataset without records has its columns, of their types."""
    path = tmp_path / "AE.parquet"
    FRAME.clear().write_parquet(path)
    read = read_typed(Dataset("AE", pl.scan_parquet(path), 0, read_parts=StoredColumns(path)), FRAME.columns)
    assert read.height == 0
    assert dict(read.schema) == {
        "AEDECOD": pl.Enum([]),
        "AESER": pl.Enum([]),
        "AESEQ": pl.Float64(),
        "ASTDT": pl.Date(),
    }


@pytest.mark.parametrize("large", [True, False], ids=["as large data", "as small data"])
def test_a_snapshot_gives_the_analysis_datasets_that_memory_gives(
    tmp_path: Path, store: FolderSnapshotStore, freeze: Freeze, large: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ADSL and ADAE from the typed copy, and from the same records in memory: equal, codes included; on one thread, and
    in many parts on two."""
    from simulation import write_large

    if large:
        monkeypatch.setattr(in_parts, "LARGE", 1)
        monkeypatch.setattr(in_parts, "RECORDS_AT_ONCE", 700)
        monkeypatch.setattr(adae, "RECORDS_AT_ONCE", 500)
        monkeypatch.setattr(typed_copies, "LARGE", 1)
    write_large(tmp_path / "data", 300, ("DM", "EX", "AE", "DS", "SV", "TS"))
    study = parse_study(study_file(Parameters()), "study.yaml")
    data = store.open(freeze(tmp_path / "data").id)
    in_memory = SourceData.of(**{each.name: each.frame.collect() for each in data})
    one = derive(data, study, date(2024, 6, 30))
    assert one.adae.height > 3000
    monkeypatch.undo()
    two = derive(in_memory, study, date(2024, 6, 30))
    for first, second in ((one.adsl, two.adsl), (one.adae, two.adae)):
        assert first.drop("USUBJID").schema == second.drop("USUBJID").schema
        assert_frame_equal(*(frame.with_columns(pl.col("USUBJID").cast(pl.String)) for frame in (first, second)))


@pytest.mark.parametrize("group", [1, 3, 100])
def test_numbers_derived_from_text_are_those_of_its_words(tmp_path: Path, group: int) -> None:
    """Part by part, words that come again and words that are new, missing text, subjects that are not known."""
    frame = pl.DataFrame(
        {
            "USUBJID": ["S1", "S1", "S2", "S9", "S2", None, "S3", "S1"],
            "SVSTDTC": ["aaa", "b", None, "cc", "b", "dddd", "", "aaa"],
            "SVENDTC": [None, "b", "eeeee", "cc", "b", None, "ffffff", "b"],
        }
    )
    path = tmp_path / "SV.parquet"
    pq.write_table(frame.to_arrow(), path, row_group_size=group)
    data = SourceData({"SV": Dataset("SV", pl.scan_parquet(path), 8, read_parts=StoredColumns(path))})
    subjects = Subjects.of(pl.Series(["S2", "S1", "S1", "S3"]))
    assert subjects.keys.cast(pl.String).to_list() == ["S2", "S1", "S3"]
    names = ("SVSTDTC", "SVENDTC", "SVDTC")
    parts = list(read_numbers(data, "SV", subjects, names, pl.col("text").str.len_chars(), -1))
    rows = [row for subject, found in parts for row in zip(subject.to_list(), *map(list, found), strict=True)]
    assert rows == [(1, 3, -1), (1, 1, 1), (0, -1, 5), (0, 1, 1), (2, 0, 6), (1, 3, 1)]
    assert list(read_numbers(data, "DS", subjects, names, pl.col("text").str.len_chars(), -1)) == []
