"""SAS catalogues of formats: value labels beside the values, which stay as they are."""

from __future__ import annotations

import shutil
from pathlib import Path

import pyreadstat
import pytest

from connectors.snapshot_store import FolderSnapshotStore
from longwatch.errors import SourceError
from tests.integration.connectors.conftest import Freeze

pytestmark = pytest.mark.shared_data


def deliver(sas: Path, folder: Path, *names: str) -> Path:
    """A folder with these files."""
    folder.mkdir()
    for name in names:
        shutil.copy(sas / name, folder / name)
    return folder


@pytest.mark.parametrize(
    ("data", "catalogue"),
    [
        ("test_data_linux", "test_formats_linux"),
        ("test_data_win", "test_formats_win"),
        ("missing_test", "missing_formats"),
    ],
)
def test_value_labels_are_those_pyreadstat_applies(
    freeze: Freeze, store: FolderSnapshotStore, shared_data: Path, tmp_path: Path, data: str, catalogue: str
) -> None:
    """Every published data set with its catalogue: labels by variable; a missing value's letter has one, too."""
    sas = shared_data / "sas"
    snapshot = freeze(deliver(sas, tmp_path / "in", f"{data}.sas7bdat", f"{catalogue}.sas7bcat"))
    (dataset,) = store.open(snapshot.id)
    _, described = pyreadstat.read_sas7bdat(
        str(sas / f"{data}.sas7bdat"), catalog_file=str(sas / f"{catalogue}.sas7bcat")
    )
    assert {each.name: dict(each.value_labels) for each in dataset.variables if each.value_labels} == (
        described.variable_value_labels
    )
    assert described.variable_value_labels
    catalogue_file = next(file for file in snapshot.files if file.name.endswith(".sas7bcat"))
    assert (catalogue_file.dataset, catalogue_file.rows, catalogue_file.encoding) == (None, None, None)


def test_values_stay_as_they_are(freeze: Freeze, store: FolderSnapshotStore, shared_data: Path, tmp_path: Path) -> None:
    sas = shared_data / "sas"
    names = ("test_data_linux.sas7bdat", "test_formats_linux.sas7bcat")
    with_labels = store.open(freeze(deliver(sas, tmp_path / "a", *names)).id)
    without = store.open(freeze(deliver(sas, tmp_path / "b", names[0])).id)
    for dataset in without:
        assert with_labels.datasets[dataset.name].frame.collect().equals(dataset.frame.collect())


def test_two_catalogues_that_disagree_are_refused(freeze: Freeze, shared_data: Path, tmp_path: Path) -> None:
    """The same labels twice are no contradiction; another label for one value is."""
    sas = shared_data / "sas"
    names = ("test_data_linux.sas7bdat", "test_formats_linux.sas7bcat", "test_formats_win.sas7bcat")
    folder = deliver(sas, tmp_path / "in", *names)
    freeze(folder)
    changed = folder / "test_formats_win.sas7bcat"
    changed.chmod(0o644)
    content = changed.read_bytes()
    assert content.count(b"Female") == 2
    changed.write_bytes(content.replace(b"Female", b"Femail"))
    with pytest.raises(SourceError, match=r"LW-CAT-002: test_formats_linux.* and test_formats_win.*: .* \$A"):
        freeze(folder)


def test_a_damaged_catalogue_is_refused(freeze: Freeze, shared_data: Path, tmp_path: Path) -> None:
    folder = deliver(shared_data / "sas", tmp_path / "in", "test_data_win.sas7bdat")
    (folder / "formats.sas7bcat").write_bytes((shared_data / "sas" / "test_formats_win.sas7bcat").read_bytes()[:500])
    with pytest.raises(SourceError, match=r"LW-CAT-001: formats\.sas7bcat"):
        freeze(folder)
