"""The snapshot store in a folder: raw bytes first and unchanged, their typed copy beside them.

    raw/ab/<SHA-256>                  the bytes of a source file, read-only
    snapshots/<snapshot id>.json      its manifest: file names, hashes, sizes, what was read
    typed/<snapshot id>/<reading>/    Parquet, and datasets.json with labels and types
    staging/<random>/                 work in hand; nothing in it counts

A snapshot exists when its manifest does, and that is moved in last. Source: CONTRACTS.md; DESIGN.md, decisions 3 and 4.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

import polars as pl

from connectors.data_cutoff import data_cutoff
from connectors.places.fetching import Budget
from connectors.places.sources import DEFINE, Delivery, find_deliveries, place_of
from connectors.places.visit import Access, Visit
from connectors.raw_bytes import RawBytes
from connectors.snapshot_export import export_snapshot
from connectors.snapshot_manifest import Manifest, TypedDataset
from connectors.source_look import look_at
from connectors.staging import flush, locked, staging_folder, store_readable, store_writable, write_flushed
from connectors.typed_copies import TypedCopies
from longwatch.errors import IntegrityError, StudyError
from longwatch.evidence.snapshot import FileDataset, SourceFile, SourceSnapshot, compute_snapshot_id
from longwatch.standards.dataset import SourceData
from longwatch.standards.define_model import Define
from longwatch.standards.define_xml import parse_define
from longwatch.study import SourceSpec
from longwatch.study.source_look import SourceLook

Progress = Callable[[str], None]
SNAPSHOT_ID = re.compile(r"[0-9a-f]{8,64}")


class FolderSnapshotStore:
    """Keeps snapshots in a folder of the local file system; several processes may use it at once."""

    def __init__(self, root: Path, access: Access | None = None) -> None:
        self.root = root
        self.access = access or Access()
        self.children = self.access.children
        self.raw = RawBytes(root)
        self.typed = TypedCopies(root, self.children)

    def prepare(self) -> None:
        """Start the processes that read foreign files: they load their libraries while the caller loads others."""
        self.children.start(self.children.limits.children)

    def freeze(self, sources: Sequence[SourceSpec], base: str, progress: Progress) -> SourceSnapshot:
        """Fetch the files of the sources, store them unchanged, read them, store the typed copy; all or nothing.

        The same bytes under the same names are the same snapshot, wherever they lay; what is there already is hashed
        again and used. Files that do not count are named through `progress`. Relative paths start from `base`.

        Raises SourceError (LW-SRC-…: places and readers; LW-SRC-003 an empty file, LW-SRC-006 a dataset from two
        files), StoreError LW-SNP-004/005 (the store cannot be written, is full), IntegrityError LW-SNP-007 (raw bytes
        that are there already have changed). After any of them the store is as it was.
        """
        with staging_folder(self.root) as staging:
            arrived = staging / "raw"
            deliveries, files = self._fetch(sources, Path(base), staging, arrived, progress)
            snapshot = SourceSnapshot(compute_snapshot_id((file.name, file.sha256) for file in files), tuple(files))
            manifest = Manifest(
                snapshot,
                {each.name: each.dataset for each in deliveries if each.dataset},
                {each.name: each.shape for each in deliveries if not each.shape.is_plain},
                {each.name: each.form for each in deliveries if each.form},
            )
            known = self._known(manifest)
            if known is not None:
                progress(f"snapshot {snapshot.id[:12]} is there already; its raw bytes are hashed again")
                with store_readable(self.root):
                    self._verify_raw(known)
                return known.snapshot
            # The disk writes the raw bytes while they are read.
            with ThreadPoolExecutor(1) as flushing:
                flushed = [flushing.submit(_seal, path) for path in arrived.iterdir()]
                typed = self.typed.make(manifest, lambda file: arrived / file.sha256, staging / "typed", progress)
            manifest = replace(manifest, snapshot=_with_results(snapshot, typed, staging / "typed"))
            with store_writable(self.root):
                for each in flushed:
                    each.result()
            self._move_in(manifest, staging)
        return manifest.snapshot

    def _fetch(
        self, sources: Sequence[SourceSpec], base: Path, staging: Path, arrived: Path, progress: Progress
    ) -> tuple[list[Delivery], list[SourceFile]]:
        """The files that count, and their bytes in `arrived`. What places hold open ends with this."""
        work = staging / "work"
        with store_writable(self.root):
            arrived.mkdir()
            work.mkdir()
        budget = Budget(self.access.limits)
        with ExitStack() as closing:
            with store_writable(self.root):
                deliveries = find_deliveries(sources, Visit(self.access, base, work, closing, progress))
            self.children.start(sum(delivery.is_dataset for delivery in deliveries))
            files: list[SourceFile] = []
            for delivery in deliveries:
                progress(f"fetching {delivery.where}")
                files.append(self.raw.fetch(delivery, arrived, budget))
        return deliveries, files

    def get(self, snapshot_id: str) -> SourceSnapshot:
        """The snapshot of an id; a unique beginning of at least 8 digits will do.

        Raises StudyError LW-SNP-001 (no such snapshot), LW-SNP-002 (several begin so), LW-SNP-003 (no id);
        IntegrityError LW-SNP-008 (its manifest is not what was written); StoreError LW-SNP-012 (the store cannot be
        read).
        """
        with store_readable(self.root):
            return self._manifest(snapshot_id).snapshot

    def open(self, snapshot_id: str) -> SourceData:
        """The typed copy, lazy. Made again from the raw bytes where it is gone or was made by another reader.

        Raises as `get`; IntegrityError LW-SNP-009 (the typed copy was altered), LW-SNP-006/007 (raw bytes are gone,
        were altered); SourceError and StoreError as `freeze`, where it has to be made.
        """
        with store_readable(self.root):
            manifest = self._manifest(snapshot_id)
            if not self.typed.path(manifest).is_dir():
                self._make_typed_again(manifest)
            data = self.typed.open(manifest)
        define = next((file for file in manifest.snapshot.files if file.format == DEFINE), None)
        return (
            replace(data, read_define=partial(self.read_define, manifest.snapshot.id, define.name)) if define else data
        )

    def verify(self, snapshot_id: str) -> None:
        """Hash the raw bytes, and the typed copy if there is one, again.

        Raises as `get`; IntegrityError LW-SNP-006 (raw bytes are gone), LW-SNP-007 (raw bytes were altered), LW-SNP-009
        (the typed copy was altered).
        """
        with store_readable(self.root):
            manifest = self._manifest(snapshot_id)
            self._verify_raw(manifest)
            if self.typed.path(manifest).is_dir():
                self.typed.verified(manifest)

    def read_file(self, snapshot_id: str, name: str) -> bytes:
        """The bytes of one file, for files that are read whole (define.xml), once they have proved unchanged.

        Raises as `get`; StudyError LW-SNP-013 (the snapshot has no such file), IntegrityError LW-SNP-006/007.
        """
        with store_readable(self.root):
            snapshot = self._manifest(snapshot_id).snapshot
            file = next((each for each in snapshot.files if each.name == name), None)
            if file is None:
                raise StudyError(
                    "LW-SNP-013",
                    f"the snapshot has no file {name}",
                    where=f"snapshot {snapshot.id[:12]}",
                    next_step="`longwatch snapshot show` lists its files; capitals count",
                )
            return b"".join(self.raw.chunks(file))

    def read_define(self, snapshot_id: str, name: str) -> Define:
        """What a define.xml says, read in a child process once its bytes have proved unchanged.

        Raises as `read_file`; SourceError: those of `parse_define` and of the children.
        """
        content = self.read_file(snapshot_id, name)
        return self.children.call(Define, name, len(content), parse_define, content, name)

    def export(self, snapshot_id: str, folder: str, progress: Progress) -> tuple[str, ...]:
        """The raw files as they were into a folder of their own (see `connectors.snapshot_export`); what was written.

        Raises as `get`; IntegrityError LW-SNP-006/007; StudyError LW-SNX-001 and StoreError LW-SNX-002/003 of the
        folder.
        """
        with store_readable(self.root):
            manifest = self._manifest(snapshot_id)
        return export_snapshot(manifest, self.raw, Path(folder), progress)

    @contextmanager
    def look(self, path: str, base: str, progress: Progress) -> Iterator[SourceLook]:
        """A look at a source before there is a study file; what was read is gone afterwards, nothing is frozen.

        Raises SourceError where the place cannot be read or has no dataset file (as `freeze`), StoreError
        LW-SNP-004/005.
        """
        source = SourceSpec(path=path)
        with staging_folder(self.root) as staging, ExitStack() as closing:
            with store_writable(self.root):
                work = staging / "work"
                work.mkdir()
                visit = Visit(self.access, Path(base), work, closing, progress)
                budget = Budget(self.access.limits)
                looked = look_at(place_of(source, visit), self.root, staging, budget, self.children, progress)
            if not any(file.datasets or file.trouble for file in looked.files):
                find_deliveries([source], visit)
            yield looked

    def _verify_raw(self, manifest: Manifest) -> None:
        for file in manifest.snapshot.files:
            self.raw.verify(file)

    def _move_in(self, manifest: Manifest, staging: Path) -> None:
        """Raw bytes, typed copy, manifest: in this order, and out again where a step fails."""
        with store_writable(self.root):
            write_flushed(staging / "manifest.json", manifest.to_bytes())
        moved: list[tuple[Path, Path]] = []
        with store_writable(self.root), locked(self.root):
            try:
                for file in manifest.snapshot.files:
                    if self.raw.path(file).exists():
                        self.raw.verify(file)
                    else:
                        moved.append(_move(staging / "raw" / file.sha256, self.raw.path(file)))
                if not self.typed.path(manifest).exists():
                    moved.append(_move(staging / "typed", self.typed.path(manifest)))
                _move(staging / "manifest.json", self._manifest_path(manifest.snapshot.id))
            except BaseException:
                for source, target in reversed(moved):
                    target.rename(source)
                    with suppress(OSError):
                        # Gone too, unless something else lies in it.
                        target.parent.rmdir()
                raise

    def _make_typed_again(self, manifest: Manifest) -> None:
        """The typed copy anew from the raw bytes, once these have proved unchanged."""
        with staging_folder(self.root) as staging:
            self._verify_raw(manifest)
            self.typed.make(manifest, self.raw.path, staging / "typed", lambda _message: None)
            with store_writable(self.root), locked(self.root):
                if not self.typed.path(manifest).exists():
                    _move(staging / "typed", self.typed.path(manifest))

    def _known(self, manifest: Manifest) -> Manifest | None:
        """The manifest that is there for these files, if they were read in the same way and can be opened."""
        if not self._manifest_path(manifest.snapshot.id).exists():
            return None
        with store_readable(self.root):
            known = self._manifest(manifest.snapshot.id)
        same = known.reading == manifest.reading and self.typed.path(known).is_dir()
        return known if same else None

    def _manifest(self, snapshot_id: str) -> Manifest:
        path = self._find(snapshot_id)
        try:
            manifest = Manifest.from_bytes(path.read_bytes())
            if manifest.snapshot.id != path.stem:
                raise ValueError("it is another snapshot's")
        except ValueError as broken:
            raise IntegrityError(
                "LW-SNP-008",
                f"the manifest is not what was written ({broken})",
                where=str(path),
                next_step="find out who changed it; remove it and pull the same files again to write it anew",
            ) from broken
        return manifest

    def _find(self, snapshot_id: str) -> Path:
        wanted = snapshot_id.strip().lower()
        if not SNAPSHOT_ID.fullmatch(wanted):
            raise StudyError(
                "LW-SNP-003",
                "this is no snapshot id",
                where=repr(snapshot_id[:80]),
                expected="64 hexadecimal digits, or at least the first 8",
                next_step="`longwatch snapshot list` shows them",
            )
        found = sorted((self.root / "snapshots").glob(f"{wanted}*.json"))
        if not found:
            raise StudyError(
                "LW-SNP-001",
                f"there is no snapshot {wanted}",
                where=str(self.root),
                next_step="`longwatch snapshot list` shows those that are there; `longwatch pull` makes one",
            )
        if len(found) > 1:
            raise StudyError(
                "LW-SNP-002",
                f"{len(found)} snapshots begin with {wanted}",
                where=str(self.root),
                found=", ".join(path.stem[:16] for path in found[:4]),
                next_step="give more digits",
            )
        return found[0]

    def _manifest_path(self, snapshot_id: str) -> Path:
        return self.root / "snapshots" / f"{snapshot_id}.json"


def _seal(path: Path) -> None:
    path.chmod(0o444)
    flush(path)


def _move(source: Path, target: Path) -> tuple[Path, Path]:
    target.parent.mkdir(parents=True, exist_ok=True)
    os.replace(source, target)
    flush(target.parent)
    return source, target


def _with_results(snapshot: SourceSnapshot, typed: Sequence[TypedDataset], folder: Path) -> SourceSnapshot:
    """The snapshot with what was read from each file, and the data's own cut."""
    files = []
    for file in snapshot.files:
        read = [each.result for each in typed if each.file == file.name]
        if read:
            datasets = tuple(FileDataset(each.dataset, each.rows) for each in read)
            file = replace(file, datasets=datasets, reader=read[0].reader)
        files.append(file)
    trial_summary = next((each for each in typed if each.result.dataset == "TS"), None)
    cutoff = data_cutoff(pl.scan_parquet(folder / trial_summary.parquet)) if trial_summary else None
    return SourceSnapshot(snapshot.id, tuple(files), cutoff)
