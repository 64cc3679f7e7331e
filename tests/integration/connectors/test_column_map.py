"""A column map: an EDC export becomes SDTM-shaped, whatever its format, and says where it does not fit."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from connectors.snapshot_store import FolderSnapshotStore
from longwatch.errors import SourceError
from longwatch.study import SourceSpec
from tests.integration.connectors.conftest import Freeze, Reader
from tests.integration.connectors.small_files import write_dataset_json, write_xpt

EXPORT = """\
,Subject ID,Site,Event,Onset,Grade,Entered,Score
1,S-001,701,Headache,5-Feb-2024,2,01/02/2024,3.5
2,S-001,701,Nausea,UN-MAR-2024,N/A,02/02/2024,N/A
3,S-002,702,N/A,UN-UNK-2024,3,,
"""
MAP: dict[str, Any] = {
    "columns": {"Subject ID": "USUBJID", "Site": "SITEID", "Event": "AETERM", "Onset": "AESTDTC", "Grade": "AETOXGR",
                "Entered": "ENTERED", "Score": "SCORE"},
    "drop": [""],
    "types": {"AESTDTC": "DD-MMM-YYYY", "ENTERED": "DD/MM/YYYY", "SCORE": "number"},
    "constants": {"STUDYID": "ISLET-1", "DOMAIN": "AE"},
    "missing": ["N/A"],
}  # fmt: skip
SHAPED = pl.DataFrame(
    {
        "STUDYID": ["ISLET-1"] * 3,
        "DOMAIN": ["AE"] * 3,
        "USUBJID": ["S-001", "S-001", "S-002"],
        "SITEID": ["701", "701", "702"],
        "AETERM": ["Headache", "Nausea", None],
        # partial dates as SDTM has them
        "AESTDTC": ["2024-02-05", "2024-03", "2024"],
        "AETOXGR": ["2", None, "3"],
        "ENTERED": [date(2024, 2, 1), date(2024, 2, 2), None],
        "SCORE": [3.5, None, None],
    }
)


def written(path: Path) -> Path:
    """The export in the format of the name."""
    table = [line.split(",") for line in EXPORT.splitlines()]
    if path.suffix == ".csv":
        path.write_text(EXPORT)
    elif path.suffix == ".tsv":
        path.write_text(EXPORT.replace(",", "\t"))
    elif path.suffix == ".xlsx":
        import openpyxl

        book = openpyxl.Workbook()
        for row in table:
            book.active.append([value or None for value in row])
        book.save(path)
    else:
        columns = [[value or None for value in column] for column in zip(*table[1:], strict=True)]
        pl.DataFrame(columns, schema=table[0], orient="col").write_parquet(path)
    return path


@pytest.mark.parametrize("ending", ["csv", "tsv", "xlsx", "parquet"])
def test_an_export_becomes_adverse_events(read: Reader, tmp_path: Path, ending: str) -> None:
    """The same export in four formats gives the same dataset: columns named, left out and added, dates as written."""
    # Polars names a column without a name itself as it writes Parquet.
    drop = ["column_0"] if ending == "parquet" else [""]
    found = read(written(tmp_path / f"AE_EXPORT.{ending}"), dataset="AE", **{**MAP, "drop": drop})
    assert found.result.dataset == "AE"
    assert found.frame.equals(SHAPED), found.frame
    assert [name for name, kind in found.types().items() if kind != "text"] == ["ENTERED", "SCORE"]


def test_formats_with_names_and_types_of_their_own(read: Reader, tmp_path: Path) -> None:
    """A number becomes text without a point, text becomes a number, and labels stay."""
    path = write_xpt(
        tmp_path / "ae.xpt",
        {"SUBJ": ["S-001", "S-002"], "SITE": [701.0, 1.5], "GRADE": ["2", ""], "X": [1.0, 2.0]},
        labels={"SUBJ": "Subject"},
    )
    found = read(path, columns={"SUBJ": "USUBJID"}, drop=["X"], types={"SITE": "text", "GRADE": "number"})
    assert found.frame.to_dict(as_series=False) == {
        "USUBJID": ["S-001", "S-002"], "SITE": ["701", "1.5"], "GRADE": [2.0, None],
    }  # fmt: skip
    assert found.result.variables[0].label == "Subject"


def test_a_special_missing_value_goes_with_its_number(read: Reader, shared_data: Path) -> None:
    path = shared_data / "sas" / "missing_test.sas7bdat"
    found = read(path, columns={"var1": "AGE"}, drop=["var2"])
    assert found.column("AGE__MISSING") == ["A"]
    assert not {"var1__MISSING", "var2", "var2__MISSING"} & set(found.types())


@pytest.mark.parametrize(
    ("change", "error_id", "says"),
    [
        ({"columns": {"Subject": "USUBJID"}}, "LW-MAP-001", "Subject: named by columns and drop"),
        ({"drop": ["", "Visit"]}, "LW-MAP-001", "Visit"),
        ({"types": {"AESTDTC": "YYYY-MM-DD"}}, "LW-MAP-003", "record 1: AESTDTC is not as `types:` says"),
        ({"types": {"AESTDTC": "DD-MMM-YYYY", "ENTERED": "MM/DD/YYYY", "AETERM": "number"}}, "LW-SRC-063", "AETERM"),
        ({"constants": {"AGE": "5"}, "columns": {**MAP["columns"], "Grade": "AGE"}}, None, "made from two columns"),
        ({"drop": []}, "LW-SRC-014", "(empty)"),
        ({"columns": {}, "types": {}}, "LW-SRC-060", "give its columns their names by `columns:`"),
    ],
)
def test_what_does_not_fit_is_said(
    read: Reader, tmp_path: Path, change: dict[str, Any], error_id: str | None, says: str
) -> None:
    refused = SourceError if error_id else ValueError
    with pytest.raises(refused) as found:
        read(written(tmp_path / "ae.csv"), **{**MAP, **change})
    assert says in str(found.value)
    assert error_id is None or str(found.value).startswith(error_id)


def test_a_constant_never_covers_what_the_file_says(read: Reader, tmp_path: Path) -> None:
    path = write_dataset_json(tmp_path / "ae.json", [{"name": "STUDYID", "dataType": "string"}], [["OTHER"]])
    with pytest.raises(SourceError, match=r"LW-MAP-002: ae\.json: STUDYID: given as a constant, but the file has it"):
        read(path, constants={"STUDYID": "ISLET-1"})


def test_a_number_that_is_left_out_need_not_be_one(read: Reader, tmp_path: Path) -> None:
    (tmp_path / "ae.csv").write_text("AESEQ,AETERM\nfirst,Fever\n")
    assert read(tmp_path / "ae.csv", drop=["AESEQ"]).frame.to_dict(as_series=False) == {"AETERM": ["Fever"]}


def test_the_map_is_part_of_the_typed_copy_and_not_of_the_snapshot(
    store: FolderSnapshotStore, freeze: Freeze, tmp_path: Path
) -> None:
    """The same raw bytes are the same snapshot; another map is another typed copy and another report key's reading; it
    is kept with the snapshot, so that the copy can be made again as it was."""
    (tmp_path / "ae.csv").write_text("SUBJ,AETERM\nS-001,Fever\n")
    plain = freeze(tmp_path)
    mapped = freeze(SourceSpec(path=str(tmp_path), columns={"SUBJ": "USUBJID"}, constants={"Z": "1", "A": "2"}))
    assert mapped.id == plain.id
    assert mapped.reading() != plain.reading()
    assert store.open(mapped.id).datasets["AE"].columns == ("Z", "A", "USUBJID", "AETERM")
    for parquet in (store.root / "typed").rglob("*"):
        if parquet.is_file():
            parquet.unlink()
    for folder in sorted((store.root / "typed").rglob("*"), reverse=True):
        folder.rmdir()
    assert store.open(mapped.id).datasets["AE"].columns == ("Z", "A", "USUBJID", "AETERM")
