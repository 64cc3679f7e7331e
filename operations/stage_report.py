"""Reports written out as a submission has them: the eCTD's folders, submission names, a list of leaves."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import astuple, fields

import orjson

from longwatch.errors import StudyError
from longwatch.evidence.accounts import Right
from longwatch.evidence.registered import ReportRow, ReportState
from longwatch.reports.ectd import Leaf, as_folder, check_leaves, data_path, report_path
from longwatch.standards.hashing import sha256_of_bytes
from operations.archive_reading import failure_recorded, find_report, read_verified
from operations.audited import make_event
from operations.ports import Adapters, Progress

LEAVES = "leaf-list.csv"
_DATA = (".xpt", ".xml")


def stage_reports(
    adapters: Adapters,
    keys: Sequence[str],
    folder: str,
    indication: str,
    progress: Progress,
    *,
    with_data: bool = False,
    rehearsal: bool = False,
) -> tuple[Leaf, ...]:
    """Write the unsigned copies of reports into a new folder, each compared with the register and held to the rules for
    submission first; all of it or nothing. `with_data`: the transport files and define.xml of their snapshots, too.
    `rehearsal`: reports that are not released, too, marked so in the list.

    Raises what the archive and the snapshot store raise, StudyError LW-STG-001 (names), -002 (a DRAFT or a report that
    is not released), -003 (a PDF that breaks a rule), -004 (no indication), StoreError LW-STG-005 and -006 (the
    folder).
    """
    rows = [find_report(adapters, key) for key in dict.fromkeys(keys)]
    if not as_folder(indication):
        raise StudyError(
            "LW-STG-004",
            "the folder of study reports is named by the indication",
            where="--indication",
            expected="letters or digits",
            found=indication,
            next_step="give it, such as `--indication 'Type 1 diabetes'`",
        )
    for row in rows:
        adapters.access.require(Right.REPORT, row.study_id)
        _check_state(row, rehearsal)
    leaves: list[Leaf] = []
    sources: list[tuple[str, ReportRow, str]] = []
    for row in rows:
        with failure_recorded(adapters, "report staging failed", row.key):
            leaves.append(_report_leaf(adapters, row, indication))
            sources.append((leaves[-1].path, row, ""))
            for name in _data_files(adapters, row) if with_data else ():
                path = data_path(row.study_id, name)
                content = adapters.snapshots.read_file(row.snapshot_id, name)
                leaf = _leaf(path, f"{name.rpartition('/')[2].lower()}, snapshot {row.snapshot_id[:12]}", content, row)
                if leaf not in leaves:
                    leaves.append(leaf)
                    sources.append((path, row, name))
    check_leaves(leaves)

    def files() -> Iterator[tuple[str, bytes]]:
        for path, row, name in sources:
            progress(path)
            if name:
                yield path, adapters.snapshots.read_file(row.snapshot_id, name)
            else:
                yield path, read_verified(adapters, row.pdf_key, row.pdf_sha256)
        header = [field.name for field in fields(Leaf)]
        lines = [[str(value) for value in astuple(leaf)] for leaf in leaves]
        yield LEAVES, adapters.csv_text(header, lines).encode()

    adapters.submission_folder(folder, files())
    with adapters.registers.transaction() as register:
        for row in rows:
            said = {"rehearsal": rehearsal, "data": with_data}
            register.record_read(make_event(adapters, "report staged", "report", row.key, said))
    return tuple(leaves)


def _check_state(row: ReportRow, rehearsal: bool) -> None:
    if row.state is ReportState.RELEASED or rehearsal:
        return
    raise StudyError(
        "LW-STG-002",
        "only a released report goes into a submission",
        where=f"report {row.key[:12]}",
        expected=ReportState.RELEASED.value,
        found=row.state.value,
        next_step="release it first, or stage it with --rehearsal to see what the submission would look like",
    )


def _report_leaf(adapters: Adapters, row: ReportRow, indication: str) -> Leaf:
    content = read_verified(adapters, row.pdf_key, row.pdf_sha256)
    found = adapters.check_pdf(content, row.pdf_key)
    if found.broken:
        raise StudyError(
            "LW-STG-003",
            "the report breaks a rule for submission",
            where=row.pdf_key,
            expected=found.broken[0].title,
            found=found.broken[0].said,
            next_step="`longwatch report check` tells all; run the study again with this release of Longwatch",
        )
    path = report_path(row.template, row.study_id, indication)
    return _leaf(path, f"{row.title}, study {row.study_id}, data cut-off {row.cutoff.isoformat()}", content, row)


def _leaf(path: str, title: str, content: bytes, row: ReportRow) -> Leaf:
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    return Leaf(path, title, md5, sha256_of_bytes(content), len(content), row.key, row.state.value)


def _data_files(adapters: Adapters, row: ReportRow) -> list[str]:
    """The files of a report's snapshot that a submission takes as they are, by the manifest."""
    manifest = orjson.loads(read_verified(adapters, row.manifest_key, row.manifest_sha256))
    return [item["name"] for item in manifest["snapshot"]["files"] if item["name"].lower().endswith(_DATA)]
