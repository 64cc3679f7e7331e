"""From the sources of a study file to the files that count."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from connectors.places.bucket import BucketPlace
from connectors.places.database import DatabasePlace
from connectors.places.fetched_zip import fetch_zip
from connectors.places.folder import FolderPlace
from connectors.places.place import Place
from connectors.places.redcap import DESCRIPTIONS, FORM_ENDING, RedcapPlace
from connectors.places.visit import Visit
from connectors.places.web import WebPlace
from connectors.places.zipped import ZipPlace
from connectors.readers.redcap import FormMap
from connectors.readers.text import UTF_8, check_encoding
from longwatch.errors import SourceError
from longwatch.study import PLAIN, PlaceKind, Shape, SourceSpec

DEFINE = "define-xml"
CATALOGUE = "sas7bcat"
ODM = "odm"
REDCAP = "redcap"
REDCAP_PROJECT = "redcap-project"
NO_DATASETS = (DEFINE, CATALOGUE, REDCAP_PROJECT)
"""Formats that no rows are read from."""
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
    ".sas7bcat": CATALOGUE,
}
# At most 8 letters and digits; copies of define.xml are named define2, defineadam.
_DATASET_XML = re.compile(r"(?!define)[a-z][a-z0-9]{1,7}", re.IGNORECASE)
_READ = ", ".join(
    [*(f"*{ending}" for ending in _FORMATS), "Dataset-XML named as its dataset (ae.xml)", "ODM with `odm:`"]
)
_ENCODED = {"xpt", "csv", "tsv"}
_SHOWN = 5


@dataclass(frozen=True)
class Delivery:
    """One file that counts: where it lies, its name and format, and what the study file says about it.

    `encoding`: the declared one for formats that do not say their own, else UTF-8. `dataset`: the name the study file
    gives it, None where the file tells. `shape`: how it becomes SDTM-shaped. `form`: how a REDCap form becomes a
    dataset. `sha256`: what the study file says the bytes come to.
    """

    place: Place
    name: str
    format: str
    encoding: str
    dataset: str | None
    shape: Shape
    form: FormMap | None = None
    sha256: str | None = None

    @property
    def where(self) -> str:
        """Place and name, for messages."""
        return self.place.where if self.place.where.endswith(f"/{self.name}") else f"{self.place.where}, {self.name}"

    @property
    def is_dataset(self) -> bool:
        """Whether rows are read from it."""
        return self.format not in NO_DATASETS


def format_of(name: str, shape: Shape = PLAIN) -> str | None:
    """The format of a file, a dataset or not, by its name; None: such a file does not count.

    A folder may hold XML of many kinds: one that is named as SDTM and ADaM name datasets is Dataset-XML. Of a source
    that says `odm:`, every XML is ODM, and nothing else counts but define.xml.
    """
    if name.startswith("."):
        return None
    if name.lower() == "define.xml":
        return DEFINE
    if name in DESCRIPTIONS:
        return REDCAP_PROJECT
    if name.endswith(FORM_ENDING):
        return REDCAP
    stem, ending = os.path.splitext(name)
    if shape.odm:
        return ODM if ending.lower() == ".xml" else None
    if ending.lower() == ".xml":
        return "dataset-xml" if _DATASET_XML.fullmatch(stem) else None
    return _FORMATS.get(ending.lower())


def find_deliveries(sources: Sequence[SourceSpec], visit: Visit) -> list[Delivery]:
    """The files that count, of all sources, sorted by name. Files that do not count are named through the progress.

    Cases: `include` chooses by file name; without it every dataset file and define.xml counts. `dataset` names the one
    dataset that the source then delivers.

    Raises SourceError: those of the places; LW-SRC-002 (no dataset file there), LW-SRC-005 (one file name from two
    sources), LW-SRC-007 (an included file is not there), LW-SRC-009 (a file of a kind that is not read), LW-SRC-010
    (`dataset` for several files), LW-SRC-008 (no such encoding), LW-SRC-015 (a file name that is not UTF-8), LW-SRC-106
    (a checksum for a file that does not count).
    """
    deliveries: dict[str, Delivery] = {}
    for source in sources:
        for delivery in _deliveries_of(source, place_of(source, visit), visit):
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


def place_of(source: SourceSpec, visit: Visit) -> Place:
    """The place that a source means (`longwatch.study.sources`). A zip that lies elsewhere is fetched first."""
    last = source.shown.rpartition("/")[2]
    if source.kind is PlaceKind.DATABASE:
        return DatabasePlace(source, visit)
    if source.kind is PlaceKind.REDCAP:
        return RedcapPlace(source, visit)
    is_zip = last.lower().endswith(".zip")
    if source.kind is PlaceKind.WEB:
        web = WebPlace(source, visit)
        return fetch_zip(web, last, source, visit) if is_zip else web
    if source.kind is PlaceKind.BUCKET:
        single = is_zip or format_of(last) is not None or last.lower().endswith(".xml")
        bucket = BucketPlace(source.path, visit.access.s3, single, visit.access.limits)
        return fetch_zip(bucket, last, source, visit) if is_zip else bucket
    full = visit.base / source.path
    if full.suffix.lower() == ".zip" and not full.is_dir():
        return ZipPlace(full, visit.access.zips, visit.access.children)
    if full.is_dir():
        return FolderPlace(full)
    return FolderPlace(full.parent, full.name)


def _deliveries_of(source: SourceSpec, place: Place, visit: Visit) -> list[Delivery]:
    names = place.names()
    for name in names:
        _check_name(name, place)
    shape = source.shape
    chosen = source.include or tuple(name for name in names if format_of(name, shape))
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
        visit.progress(f"{place.where}: ignored {_list(ignored)}")
    unknown = sorted(set(source.sha256) - {*chosen, place.where.rpartition("/")[2]})
    if unknown:
        raise SourceError(
            "LW-SRC-106",
            f"{_list(unknown)}: named by `sha256:`, but not delivered",
            where=place.where,
            found=_list(chosen),
            next_step="correct the name under `sha256:` (capitals count)",
        )
    deliveries = []
    for name in dict.fromkeys(chosen):
        file_format = format_of(name, shape)
        if file_format is None:
            raise _not_read(name, place)
        is_dataset = file_format not in NO_DATASETS
        encoding = check_encoding(source.encoding, place.where) if file_format in _ENCODED else UTF_8
        named, form = source.dataset if is_dataset else None, None
        if file_format == REDCAP:
            named, form = _form_of(source, name, place)
        mapped = shape if is_dataset else PLAIN
        deliveries.append(Delivery(place, name, file_format, encoding, named, mapped, form, source.sha256.get(name)))
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


def _form_of(source: SourceSpec, name: str, place: Place) -> tuple[str, FormMap]:
    """The dataset of a form's export, and how it is read: only a study file says that."""
    domain = name.removesuffix(FORM_ENDING).upper()
    form = source.forms.get(domain)
    if form is None:
        raise SourceError(
            "LW-SRC-017",
            f"{name} is an export of a REDCap form, and nothing says how it is read",
            where=place.where,
            expected=f"a REDCap source with `forms:`, and {domain} in it",
            next_step="pull it from REDCap, or leave it out by `include:`",
        )
    return domain, FormMap(form.form, (*form.columns.items(),), (*form.constants.items(),))


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
