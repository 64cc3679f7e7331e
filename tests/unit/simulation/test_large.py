"""The same trial at scale: in parts, each dataset one file, subjects unique over all parts."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pyreadstat
import pytest

from simulation import large, write_large


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(large, "PART", 700)


def test_two_thousand_subjects_in_parts(tmp_path: Path) -> None:
    """Rows as told; subjects unique and all in DM; the trial design once; the same rows whichever others are made."""
    rows = write_large(tmp_path, 2_000, ("DM", "EX", "AE", "TS", "SUPPAE"))
    frames = {name: pl.read_parquet(tmp_path / f"{name.lower()}.parquet") for name in rows}
    assert rows == {name: frame.height for name, frame in frames.items()}
    assert list(rows) == ["DM", "AE", "SUPPAE", "EX", "TS"]
    assert frames["DM"].drop_nulls("ACTARMCD").height == 2_000
    assert not frames["DM"]["USUBJID"].is_duplicated().any()
    assert frames["TS"].height == 22
    subjects = frames["DM"]["USUBJID"].implode()
    for name in ("AE", "EX", "SUPPAE"):
        assert frames[name]["USUBJID"].is_in(subjects).all()
        if name != "SUPPAE":
            assert not frames[name].select("USUBJID", f"{name}SEQ").is_duplicated().any()
    lots = frames["EX"].drop_nulls("EXLOT")["EXLOT"]
    assert lots.str.starts_with("SCI-").all()
    write_large(tmp_path / "again", 2_000, ("AE",))
    assert pl.read_parquet(tmp_path / "again" / "ae.parquet").equals(frames["AE"])


def test_transport_files_at_scale(tmp_path: Path) -> None:
    rows = write_large(tmp_path, 900, ("DM", "EX", "LTFUPLAN"), "xpt", seed=3)
    for name, count in rows.items():
        frame, meta = pyreadstat.read_xport(str(tmp_path / f"{name.lower()}.xpt"))
        assert len(frame) == count
        assert meta.table_name == name
