"""The bundled study on disk: the same bytes every time, read back as written, with a study file and the truth."""

from __future__ import annotations

import csv
import hashlib
import json
from pathlib import Path
from xml.etree import ElementTree

import polars as pl
import polars_readstat
import pyreadstat
import pytest

from longwatch.study import parse_study
from simulation import Trial, generate, write
from simulation.layout import layouts


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Trial]:
    folder = tmp_path_factory.mktemp("islet")
    return folder, write(folder, seed=1)


def digest(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_the_same_seed_gives_the_same_bytes(
    written: tuple[Path, Trial], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the clock says: the headers of transport files carry a fixed time."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    write(tmp_path, seed=1)
    assert digest(tmp_path) == digest(written[0])
    for path in (tmp_path / "data").glob("*.xpt"):
        head = path.read_bytes()[:560]
        assert head.count(b"01JAN26:00:00:00") == 4


def test_another_seed_gives_another_study(written: tuple[Path, Trial], tmp_path: Path) -> None:
    write(tmp_path, seed=2)
    mine, theirs = digest(tmp_path), digest(written[0])
    same = {name for name, value in mine.items() if theirs[name] == value}
    assert same == {
        "study.yaml", "dictionary/llt.asc", "dictionary/mdhier.asc", "truth/rates.csv", "truth/incidence.csv",
        *(f"data/{name}.xpt" for name in ("ts", "ta", "te", "tv", "ti", "ltfuplan")),
    }  # fmt: skip


def test_a_dataset_does_not_depend_on_which_others_are_made() -> None:
    """Streams are by name: fewer datasets, the same rows."""
    everything = generate(1)
    for names in (("AE",), ("LB", "DM"), ("CONTACT", "SUPPAE")):
        some = generate(1, domains=names)
        assert set(some.frames) == set(names)
        assert all(some.frames[name].equals(everything.frames[name]) for name in names)


def test_transport_files_read_back_as_written(written: tuple[Path, Trial]) -> None:
    """Every value, name, label and length, by pyreadstat; the same frame by polars_readstat."""
    folder, trial = written
    assert sorted(path.name for path in (folder / "data").iterdir()) == sorted(
        [*(f"{name.lower()}.xpt" for name in layouts()), "define.xml"]
    )
    for name, layout in layouts().items():
        path = folder / "data" / f"{name.lower()}.xpt"
        expected = trial.frames[name].with_columns(pl.col(pl.String).fill_null(""))
        read, meta = pyreadstat.read_xport(str(path), output_format="polars")
        text = read.select(pl.col(pl.String)).columns
        blank = [column.name for column in layout.columns if not column.is_number and column.name not in text]
        read = read.with_columns(pl.col(blank).cast(pl.String).fill_null(""))
        numbers = [column.name for column in layout.columns if column.is_number]
        read = read.with_columns(pl.col(numbers).cast(pl.Float64).fill_nan(None))
        assert read.equals(expected), name
        assert meta.column_names == [column.name for column in layout.columns]
        assert meta.column_labels == [column.label for column in layout.columns]
        assert meta.table_name == name
        for column in layout.columns:
            longest = 8 if column.is_number else max(1, expected[column.name].str.len_bytes().max() or 1)
            assert meta.variable_storage_width[column.name] == longest
        again = polars_readstat.scan_readstat(str(path), preserve_order=True).collect()
        assert again.height == expected.height
        assert again["STUDYID"].to_list() == expected["STUDYID"].to_list()


def test_the_study_file_is_one(written: tuple[Path, Trial]) -> None:
    folder, trial = written
    study = parse_study((folder / "study.yaml").read_text(encoding="utf-8"), "study.yaml")
    assert study.id == "ISLET-1"
    assert study.sources[0].path == "data"
    assert [arm.code for arm in study.treatment.arms] == ["FULL", "HALF"]
    assert study.comparison is not None
    assert study.comparison.control == "HALF"
    assert set(study.treatment.products) < set(trial.frames["EX"]["EXTRT"])
    mapped = {*study.relatedness.related, *study.relatedness.not_related}
    assert set(generate(1).frames["AE"]["AEREL"]) <= mapped
    assert "REMOTE" not in mapped


def test_define_xml_describes_every_dataset_and_variable(written: tuple[Path, Trial]) -> None:
    """ST03."""
    root = ElementTree.parse(written[0] / "data" / "define.xml").getroot()
    odm = {"odm": "http://www.cdisc.org/ns/odm/v1.3"}
    groups = root.findall(".//odm:ItemGroupDef", odm)
    assert [group.get("Name") for group in groups] == list(layouts())
    items = {item.get("OID") for item in root.findall(".//odm:ItemDef", odm)}
    for group in groups:
        refs = [ref.get("ItemOID") for ref in group.findall("odm:ItemRef", odm)]
        assert refs == [f"IT.{group.get('Name')}.{column.name}" for column in layouts()[str(group.get("Name"))].columns]
        assert set(refs) <= items


def test_truth_lies_beside_the_data(written: tuple[Path, Trial]) -> None:
    folder, trial = written
    truth = folder / "truth"
    assert {path.name for path in truth.iterdir()} == {
        "parameters.json", "subjects.csv", "adverse_events.csv", "rates.csv", "incidence.csv", "planted_errors.csv",
        "planted_errors.json", "planted_changes.csv",
    }  # fmt: skip
    listed = json.loads((truth / "planted_errors.json").read_bytes())
    with (truth / "planted_errors.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(listed) == len(trial.planted.errors)
    assert list(rows[0])[:7] == ["rule", "dataset", "USUBJID", "record_key", "variable", "was", "planted"]
    parameters = json.loads((truth / "parameters.json").read_bytes())
    assert parameters["cut"] == "2025-06-30"
    assert parameters["showcase"] is True
    assert parameters["arms"][0]["graft_loss"] == 0.05


def test_no_code_of_the_dictionary_could_be_a_meddra_code(written: tuple[Path, Trial]) -> None:
    """MedDRA codes have eight digits."""
    lines = (written[0] / "dictionary" / "llt.asc").read_text(encoding="ascii").splitlines()
    codes = [line.split("$")[0] for line in lines]
    assert all(len(code) == 6 and code.startswith("75") for code in codes)
    assert len(set(codes)) == len(codes)
