"""A look at a source before there is a study file: every file is read, in the encoding that its text allows.

What is read is kept in a folder of the snapshot store that is gone afterwards; nothing is frozen. A file that cannot be
read is no reason to stop: its trouble is told, and the others are read.

The encoding of a file whose format does not say it: UTF-8 where every byte is valid in it; else cp1252, unless most of
what it makes of the bytes beyond ASCII is no letter and Shift-JIS can read them; the user confirms it.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from connectors.parsing.children import Children
from connectors.places.fetching import Budget
from connectors.places.place import Place
from connectors.places.sources import CATALOGUE, DEFINE, ODM, Delivery, format_of
from connectors.raw_bytes import RawBytes
from connectors.readers.text import UTF_8
from connectors.readers.typed_copy import ReadResult, read_dataset
from longwatch.errors import LongwatchError, SourceError
from longwatch.standards.dataset import Dataset, SourceData
from longwatch.standards.define_model import Define
from longwatch.standards.define_xml import parse_define
from longwatch.standards.odm import read_odm
from longwatch.standards.sdtm import DOMAINS, domain_of, is_supplemental, topic_variable
from longwatch.study import PLAIN, OdmDatasetSpec, Shape
from longwatch.study.odm_proposal import propose_odm
from longwatch.study.source_look import LookedFile, SourceLook

Progress = Callable[[str], None]
CP1252, SHIFT_JIS = "cp1252", "shift_jis"
NOT_AVAILABLE = "NA"
_NOT_UTF_8 = "LW-SRC-012"
_DATASET_XML = "LW-ODM-005"
_NAMED_BY_FILE = ("csv", "tsv", "xlsx", "parquet")
_ENCODED = ("xpt", "csv", "tsv")
_STUDY_ID = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass
class _Read:
    """What was read so far."""

    place: Place
    raw: Callable[[LookedFile], Path]
    folder: Path
    define: Path | None
    catalogues: list[tuple[str, Path]]
    datasets: dict[str, Dataset]
    children: Children


def look_at(
    place: Place, root: Path, staging: Path, budget: Budget, children: Children, progress: Progress
) -> SourceLook:
    """The files of a place; `staging`: a folder for what is read; `budget`: what may be fetched; `children`: the
    processes that read.

    Raises SourceError where the place cannot be read.
    """
    files, paths = [], {}
    arrived = staging / "raw"
    arrived.mkdir()
    for name in place.names():
        kind = format_of(name) or (ODM if name.lower().endswith(".xml") and not name.startswith(".") else None)
        if kind is None:
            continue
        progress(f"fetching {name}")
        fetched = RawBytes(root).fetch(Delivery(place, name, kind, UTF_8, None, PLAIN), arrived, budget)
        paths[name] = arrived / fetched.sha256
        files.append(LookedFile(name, kind))
    define = next((paths[file.name] for file in files if file.format == DEFINE), None)
    catalogues = [(file.name, paths[file.name]) for file in files if file.format == CATALOGUE]
    read = _Read(place, lambda file: paths[file.name], staging, define, catalogues, {}, children)
    looked = []
    for file in files:
        if file.format not in (DEFINE, CATALOGUE):
            progress(f"looking at {file.name}")
            file = _look(file, read)
        looked.append(file)
    looked = [_with_domain(file, looked, read) for file in looked]
    return SourceLook(tuple(looked), SourceData(dict(sorted(read.datasets.items()))), _parsed(define, children))


def _look(file: LookedFile, read: _Read) -> LookedFile:
    try:
        if file.format in (ODM, "dataset-xml"):
            odm = _as_odm(file, read)
            if odm is not None:
                return odm
        return _as_table(file, read)
    except LongwatchError as refused:
        return replace(file, trouble=refused.fact())


@dataclass(frozen=True)
class _Proposal:
    """A mapping for an ODM file, by dataset, as plain values (a child answers in JSON), and what a person is told."""

    specs: dict[str, dict[str, Any]]
    notes: tuple[str, ...]


def propose_from_odm(path: Path, name: str) -> _Proposal:
    """A mapping for an ODM file; called in a child. Raises what `read_odm` raises."""
    with path.open("rb") as source:
        snapshot = read_odm(source, name)
    study = snapshot.metadata.study_name or snapshot.metadata.study_oid or snapshot.values["StudyOID"].first() or ""
    specs, notes = propose_odm(snapshot, _STUDY_ID.sub("-", str(study)).strip("-._") or "STUDY")
    plain = {dataset: spec.model_dump(mode="json", exclude_none=True) for dataset, spec in specs.items()}
    return _Proposal(plain, tuple(notes))


def _as_odm(file: LookedFile, read: _Read) -> LookedFile | None:
    """ODM clinical data with a proposed mapping, of which every dataset has been read; None where it is Dataset-XML."""
    path = read.raw(file).absolute()
    try:
        proposal = read.children.call(_Proposal, file.name, path.stat().st_size, propose_from_odm, path, file.name)
    except SourceError as refused:
        if refused.error_id == _DATASET_XML:
            return None
        raise
    specs = {dataset: OdmDatasetSpec.model_validate(spec) for dataset, spec in proposal.specs.items()}
    said, odm = list(proposal.notes), {}
    for name, spec in specs.items():
        try:
            _read_as(file, read, ODM, UTF_8, name, Shape(odm={name: spec}))
            odm[name] = spec
        except LongwatchError as refused:
            said.append(f"{name} is left out: {refused.fact()}")
    if not odm:
        return replace(file, trouble="no item group of this ODM file could be mapped: " + "; ".join(said))
    return replace(file, format=ODM, datasets=tuple(odm), shape=Shape(odm=odm), notes=tuple(said))


def _as_table(file: LookedFile, read: _Read) -> LookedFile:
    declared = _name_by_file(file)
    result, encoding = _in_its_encoding(file, read, declared, PLAIN)
    shape, notes = PLAIN, list[str]()
    if file.format in _NAMED_BY_FILE:
        shape, notes = _not_available(read.datasets[result.dataset])
        if not shape.is_plain:
            result, encoding = _in_its_encoding(file, read, declared, shape)
    if encoding != UTF_8 and file.format in _ENCODED:
        notes.append(f"its text is not UTF-8; {encoding} reads it: look whether names and terms are right")
    given = encoding if file.format in _ENCODED else UTF_8
    return replace(file, datasets=(result.dataset,), declared=declared, encoding=given, shape=shape, notes=tuple(notes))


def _in_its_encoding(file: LookedFile, read: _Read, declared: str | None, shape: Shape) -> tuple[ReadResult, str]:
    try:
        return _read_as(file, read, file.format, UTF_8, declared, shape), UTF_8
    except SourceError as refused:
        if refused.error_id != _NOT_UTF_8 or file.format not in _ENCODED:
            raise
    try:
        result = _read_as(file, read, file.format, CP1252, declared, shape)
        if _mostly_letters(read.datasets[result.dataset]):
            return result, CP1252
    except SourceError as refused:
        if refused.error_id != _NOT_UTF_8:
            raise
    with suppress(SourceError):
        return _read_as(file, read, file.format, SHIFT_JIS, declared, shape), SHIFT_JIS
    return _read_as(file, read, file.format, CP1252, declared, shape), CP1252


def _read_as(
    file: LookedFile, read: _Read, file_format: str, encoding: str, declared: str | None, shape: Shape
) -> ReadResult:
    target = read.folder / f"{file.name}.{declared or ''}.{encoding}.parquet"
    path = read.raw(file).absolute()
    define = read.define.absolute() if read.define else None
    catalogues = [(name, place.absolute()) for name, place in read.catalogues]
    result = read.children.call(
        ReadResult,
        file.name,
        path.stat().st_size,
        read_dataset,
        path,
        file_format,
        encoding,
        declared,
        target.absolute(),
        file.name,
        define,
        shape,
        catalogues,
    )
    other = read.datasets.get(result.dataset)
    if other is not None and other.file != file.name:
        raise SourceError(
            "LW-SRC-006",
            f"two files deliver the dataset {result.dataset}",
            where=f"{other.file} and {file.name}",
            expected="one file per dataset",
            next_step="choose one by `include:`, or give a file a source of its own with `dataset:`",
        )
    frame = pl.scan_parquet(target)
    read.datasets[result.dataset] = Dataset(
        result.dataset, frame, result.rows, result.label, result.variables, file.name
    )
    return result


def _name_by_file(file: LookedFile) -> str | None:
    """`dm_metabolic.csv` is DM; a name that is a dataset's own needs no other."""
    stem = os.path.splitext(file.name)[0].upper()
    if file.format not in _NAMED_BY_FILE or domain_of(stem) or is_supplemental(stem):
        return None
    words = re.findall(r"[A-Z0-9]+", stem)
    return next((word for word in words if word in DOMAINS), None)


def _with_domain(file: LookedFile, files: list[LookedFile], read: _Read) -> LookedFile:
    """The only part of a split domain (LBCH) is given the domain's name, and its data with it; of several parts each
    keeps its own."""
    if len(file.datasets) != 1 or file.declared:
        return file
    name = file.datasets[0]
    domain = domain_of(name)
    if domain is None or domain.code == name or is_supplemental(name):
        return file
    alike = [
        each for each in files for other in each.datasets if (known := domain_of(other)) and known.code == domain.code
    ]
    if len(alike) > 1:
        others = ", ".join(sorted(each.name for each in alike if each is not file))
        note = f"{name} is a part of {domain.code}, as is {others}; tables read {domain.code}: have them put together"
        return replace(file, notes=(*file.notes, note))
    dataset = read.datasets.pop(name)
    read.datasets[domain.code] = replace(dataset, name=domain.code)
    return replace(
        file,
        datasets=(domain.code,),
        declared=domain.code,
        notes=(*file.notes, f"{name} is the only part of {domain.code} here and is read as {domain.code}"),
    )


def _not_available(dataset: Dataset) -> tuple[Shape, list[str]]:
    """Whether the text NA means that nothing is there: it stands in several text columns, the topic not among them."""
    frame = dataset.frame.collect()
    having = [
        name for name, dtype in frame.schema.items() if dtype == pl.String and (frame[name] == NOT_AVAILABLE).any()
    ]
    if not having:
        return PLAIN, []
    if len(having) > 1 and topic_variable(dataset.name) not in having:
        return Shape(missing=(NOT_AVAILABLE,)), [f"NA stands in {len(having)} columns of text and is read as missing"]
    return PLAIN, [f"NA stands in {', '.join(having)} and is kept as text; `missing: [NA]` makes it missing"]


def _mostly_letters(dataset: Dataset) -> bool:
    """Whether most characters beyond ASCII are letters, as in a name; bytes of another script give signs."""
    beyond: Counter[str] = Counter()
    for name, dtype in dataset.frame.collect_schema().items():
        if dtype == pl.String:
            texts = dataset.frame.select(pl.col(name).str.replace_all(r"[\x00-\x7F]", "")).collect()[name]
            for text in texts.drop_nulls():
                beyond.update(text)
    quotes = set("‘’“”–—…•°±µ²³½®™©«»")
    letters = sum(count for sign, count in beyond.items() if sign.isalpha() or sign in quotes)
    return 2 * letters > beyond.total()


def _parsed(define: Path | None, children: Children) -> Define | None:
    if define is None:
        return None
    content = define.read_bytes()
    with suppress(LongwatchError):
        return children.call(Define, "define.xml", len(content), parse_define, content, "define.xml")
    return None
