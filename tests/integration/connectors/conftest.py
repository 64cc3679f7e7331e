"""A snapshot store and readers on files of the test's own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from connectors.places.sources import format_of
from connectors.readers.typed_copy import ReadResult, read_dataset
from connectors.snapshot_store import FolderSnapshotStore
from longwatch.evidence.snapshot import SourceSnapshot
from longwatch.study import Shape, SourceSpec


@dataclass(frozen=True)
class Read:
    """A dataset as it was read, in memory."""

    result: ReadResult
    frame: pl.DataFrame

    def column(self, name: str) -> list[object]:
        """The values of a variable."""
        return self.frame[name].to_list()

    def types(self) -> dict[str, str]:
        """The type of each variable."""
        return {variable.name: variable.type for variable in self.result.variables}


Reader = Callable[..., Read]
Freeze = Callable[..., SourceSnapshot]


@pytest.fixture
def read(tmp_path: Path) -> Reader:
    """Read a dataset file in the format of its name: `read(path, encoding="utf-8", dataset=None)`; other keys are
    those of a source's shape (`columns`, `drop`, `odm`, …)."""

    def read_file(path: Path, encoding: str = "utf-8", dataset: str | None = None, **said: Any) -> Read:
        target = tmp_path / "typed.parquet"
        shape = Shape.model_validate(said)
        file_format = format_of(path.name, shape)
        assert file_format is not None
        result = read_dataset(path, file_format, encoding, dataset, target, path.name, shape=shape)
        frame = pl.read_parquet(target)
        target.unlink()
        assert result.rows == frame.height
        assert frame.columns == [variable.name for variable in result.variables]
        return Read(result, frame)

    return read_file


@pytest.fixture
def store(tmp_path: Path) -> FolderSnapshotStore:
    """An empty snapshot store."""
    return FolderSnapshotStore(tmp_path / "store")


@pytest.fixture
def freeze(store: FolderSnapshotStore) -> Freeze:
    """Freeze sources: paths, or source specs."""

    def freeze_sources(*sources: Path | str | SourceSpec) -> SourceSnapshot:
        specs = [each if isinstance(each, SourceSpec) else SourceSpec(path=str(each)) for each in sources]
        return store.freeze(specs, "/", lambda _message: None)

    return freeze_sources
