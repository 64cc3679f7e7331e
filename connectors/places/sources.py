"""From the sources of a study file to the files that count."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from connectors.parsing.children import Children
from connectors.places.bucket import SCHEME, BucketPlace
from connectors.places.folder import FolderPlace
from connectors.places.place import Place
from connectors.places.zipped import ZipLimits, ZipPlace
from connectors.readers.text import UTF_8, check_encoding
from connectors.s3 import S3Settings
from longwatch.errors import SourceError
from longwatch.study import SourceSpec

DEFINE = "define-xml"
_FORMATS = {
    ".xpt": "xpt",
    ".sas7bdat": "sas7bdat",
    ".json": "dataset-json",
    ".ndjson": "dataset-ndjson",
    ".dsjc": "dataset-json-compressed",
    ".csv": "csv",
    ".tsv": "tsv",
    ".parquet": "parquet",
    ".xlsx": "xlsx",
}
# At most 8 letters and digits; copies of define.xml are named define2, defineadam.
_DATASET_XML = re.compile(r"(?!define)[a-z][a-z0-9]{1,7}", re.IGNORECASE)
_READ = ", ".join([*(f"*{ending}" for ending in _FORMATS), "Dataset-XML named as its dataset (ae.xml)"])
_ENCODED = {"xpt", "csv", "tsv"}
_SHOWN = 5


@dataclass(frozen=True)
class Delivery:
    """One file that counts: where it lies, its name and format, and what the study file says about it.

    `encoding`: the declared one for formats that do not say their own, else UTF-8. `dataset`: the name the study file
    gives it, None where the file tells.
    """

    place: Place
    name: str
    format: str
    encoding: str
    dataset: str | None

    @property
    def where(self) -> str:
        """Place and name, for messages."""
        return self.place.where if self.place.where.endswith(f"/{self.name}") else f"{self.place.where}, {self.name}"

    @property
    def is_dataset(self) -> bool:
        """Whether rows are read from it."""
        return self.format != DEFINE


def format_of(name: str) -> str | None:
    """The format of a dataset file, or `define-xml`, by the file's name; None: such a file does not count.

    A folder may hold XML of many kinds: one that is named as SDTM and ADaM name datasets is Dataset-XML.
    """
    if name.startswith("."):
        return None
    if name.lower() == "define.xml":
        return DEFINE
    stem, ending = os.path.splitext(name)
    if ending.lower() == ".xml":
        return "dataset-xml" if _DATASET_XML.fullmatch(stem) else None
    return _FORMATS.get(ending.lower())


def find_deliveries(
    sources: Sequence[SourceSpec],
    base: Path,
    s3: S3Settings,
    limits: ZipLimits,
    children: Children,
    progress: Callable[[str], None],
) -> list[Delivery]:
    """The files that count, of all sources, sorted by name. Files that do not count are named through `progress`.

    Cases: `include` chooses by file name; without it every dataset file and define.xml counts. `dataset` names the one
    dataset that the source then delivers.

    Raises SourceError: those of the places; LW-SRC-002 (no dataset file there), LW-SRC-005 (one file name from two
    sources), LW-SRC-007 (an included file is not there), LW-SRC-009 (a file of a kind that is not read), LW-SRC-010
    (`dataset` for several files), LW-SRC-008 (no such encoding), LW-SRC-015 (a file name that is not UTF-8).
    """
    deliveries: dict[str, Delivery] = {}
    for source in sources:
        place = place_of(source.path, base, s3, limits, children)
        for delivery in _deliveries_of(source, place, progress):
            other = deliveries.setdefault(delivery.name, delivery)
            if other is not delivery:
                raise SourceError(
                    "LW-SRC-005",
                    f"the file name {delivery.name} is delivered twice",
                    where=other.where,
                    found=f"also {delivery.where}",
                    next_step="choose one of them by `include:` of the sources",
                )
    return [deliveries[name] for name in sorted(deliveries)]


def place_of(path: str, base: Path, s3: S3Settings, limits: ZipLimits, children: Children) -> Place:
    """The place that a source's path means: `s3://…`, a zip (by its name), a folder, or one file.

    Raises SourceError LW-SRC-016 (a zip in a bucket).
    """
    if path.startswith(SCHEME):
        if path.lower().endswith(".zip"):
            raise SourceError(
                "LW-SRC-016",
                "a zip in a bucket is not unpacked",
                where=path,
                expected="s3://bucket/prefix of the dataset files themselves",
                next_step="put the files there one by one, or fetch the zip and name it as a path",
            )
        return BucketPlace(path, s3, single=format_of(path.rpartition("/")[2]) is not None)
    full = base / path
    if full.suffix.lower() == ".zip" and not full.is_dir():
        return ZipPlace(full, limits, children)
    if full.is_dir():
        return FolderPlace(full)
    return FolderPlace(full.parent, full.name)


def _deliveries_of(source: SourceSpec, place: Place, progress: Callable[[str], None]) -> list[Delivery]:
    names = place.names()
    for name in names:
        _check_name(name, place)
    chosen = source.include or tuple(name for name in names if format_of(name))
    absent = sorted(set(chosen) - set(names))
    if absent:
        raise SourceError(
            "LW-SRC-007",
            f"{_list(absent)}: named by `include:`, but not there",
            where=place.where,
            found=_list(names) or "nothing",
            next_step="correct `include:` (capitals count) or ask for the file",
        )
    if not chosen:
        raise _nothing_to_read(names, place)
    ignored = [name for name in names if name not in chosen]
    if ignored:
        progress(f"{place.where}: ignored {_list(ignored)}")
    deliveries = []
    for name in dict.fromkeys(chosen):
        file_format = format_of(name)
        if file_format is None:
            raise _not_read(name, place)
        named = source.dataset if file_format != DEFINE else None
        encoding = check_encoding(source.encoding, place.where) if file_format in _ENCODED else UTF_8
        deliveries.append(Delivery(place, name, file_format, encoding, named))
    datasets = [delivery.name for delivery in deliveries if delivery.is_dataset]
    if source.dataset and len(datasets) != 1:
        raise SourceError(
            "LW-SRC-010",
            f"`dataset: {source.dataset}` names one dataset, but the source delivers {len(datasets)}",
            where=place.where,
            found=_list(datasets) or "define.xml only",
            next_step="name the one file by `include:`, and give the others a source of their own",
        )
    return deliveries


def _check_name(name: str, place: Place) -> None:
    """A name is part of the snapshot's id, so it must be text. File systems also hold names in other encodings."""
    try:
        name.encode()
    except UnicodeEncodeError as not_text:
        raise SourceError(
            "LW-SRC-015",
            "a file's name is not valid in utf-8",
            where=place.where,
            found=ascii(name[:80]),
            next_step="rename the file",
        ) from not_text


def _nothing_to_read(names: Sequence[str], place: Place) -> SourceError:
    if len(names) == 1 and place.where.endswith(names[0]):
        return _not_read(names[0], place)
    return SourceError(
        "LW-SRC-002",
        "there is no dataset file",
        where=place.where,
        expected=f"{_READ}, not in folders within",
        found=_list(names) or "nothing",
        next_step="correct `path:` of this source in the study file",
    )


def _not_read(name: str, place: Place) -> SourceError:
    return SourceError(
        "LW-SRC-009",
        f"{name} is of a kind that is not read",
        where=place.where,
        expected=f"{_READ}, define.xml, or a *.zip of them",
        next_step="convert it, or leave it out",
    )


def _list(names: Iterable[str]) -> str:
    shown = list(names)
    more = len(shown) - _SHOWN
    return ", ".join(shown[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
