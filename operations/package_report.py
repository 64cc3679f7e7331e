"""All evidence of one report in one file, which can be verified without us."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass

import orjson

from longwatch.evidence.accounts import Right
from longwatch.evidence.audit import EventFilter, instant_text
from longwatch.evidence.manifest import read_manifest
from longwatch.evidence.merkle import make_inclusion_proof
from longwatch.evidence.package import CONTENTS, PackedFile, contents_text, plain_page
from longwatch.evidence.registered import FindingRow, ReportRow
from longwatch.evidence.retention import HOLD, RETENTION
from longwatch.evidence.signed_note import sign_note
from longwatch.standards.hashing import canonical_json, sha256_of_bytes
from operations.archive_reading import failure_recorded, find_report, read_verified
from operations.audit_checkpoint import MadeCheckpoint, find_checkpoint, make_checkpoint
from operations.audited import make_event
from operations.ports import Adapters, Progress

_UNTOUCHED = ("new", "open")


@dataclass(frozen=True)
class Packaged:
    """A package that was written: of which report, where, its SHA-256, the line of the key that signed it."""

    row: ReportRow
    file: str
    sha256: str
    key_line: str


def package_report(
    adapters: Adapters, key: str, file: str, progress: Progress, *, with_inputs: bool = False
) -> Packaged:
    """Write the evidence package of a report, every archived byte compared with the register first.

    A checkpoint that covers the report's events is taken from the archive, or made. `with_inputs`: the raw data, too.

    Raises what `find_report` and the archive raise, IntegrityError LW-ARR-003 where a byte differs, what the snapshot
    store raises, StudyError LW-PKG-001, StoreError LW-PKG-002.
    """
    row = find_report(adapters, key)
    adapters.access.require(Right.READ, row.study_id)
    signer = adapters.signer
    with failure_recorded(adapters, "evidence package failed", row.key):
        positions, findings = _about(adapters, row)
        checkpoint = find_checkpoint(adapters, max(positions)) or make_checkpoint(adapters)
        assert checkpoint is not None, "the report's own events are not signed yet, so there is something to sign"
        made_at = instant_text(adapters.clock())

        def seal(files: tuple[PackedFile, ...]) -> tuple[str, bytes]:
            return CONTENTS, sign_note(contents_text(row.key, made_at, files), signer.key, signer.sign)

        entries = _entries(adapters, row, positions, findings, checkpoint, with_inputs, progress)
        digest = adapters.write_package(file, entries, seal)
    event = make_event(adapters, "evidence package made", "report", row.key, {"sha256": digest, "inputs": with_inputs})
    with adapters.registers.transaction() as register:
        register.record_read(event)
    return Packaged(row, file, digest, signer.key.text)


def _about(adapters: Adapters, row: ReportRow) -> tuple[list[int], list[FindingRow]]:
    """The events about a report, by position, and the findings of its run. Of a finding that a person touched, all."""
    with adapters.registers.transaction() as register:
        findings = register.findings(row.study_id, row.run_id)
        things = [("report", row.key), ("run", row.run_id), ("snapshot", row.snapshot_id), ("study", row.study_id)]
        things += [(RETENTION, row.key), (HOLD, row.key)]
        things += [("finding", item.finding.fingerprint) for item in findings if item.state not in _UNTOUCHED]
        records = [
            record
            for entity, entity_id in things
            for record in register.events(None, EventFilter(entity=entity, entity_id=entity_id))
            if record.event.entity_id == entity_id
        ]
    return sorted({record.position for record in records}), findings


def _entries(
    adapters: Adapters,
    row: ReportRow,
    positions: list[int],
    findings: list[FindingRow],
    checkpoint: MadeCheckpoint,
    with_inputs: bool,
    progress: Progress,
) -> Iterator[tuple[str, bytes]]:
    """Each file of the package, one after the other."""
    key_line = adapters.signer.key.text
    with adapters.registers.transaction() as register:
        signatures = register.signatures(row.key)
    yield "README.html", plain_page(row, key_line, with_inputs, signatures)
    content = read_verified(adapters, row.manifest_key, row.manifest_sha256)
    folder = row.manifest_key.rpartition("/")[0]
    yield "report/manifest.json", content
    for file in read_manifest(content, row.manifest_key).files:
        progress(file.name)
        yield f"report/{file.name}", read_verified(adapters, f"{folder}/{file.name}", file.sha256)
    manifest = orjson.loads(content)
    yield "study/study.json", canonical_json(manifest["identity"]["study_content"])
    yield "study/template.json", canonical_json(manifest["identity"]["template"])
    yield "inputs/manifest.json", canonical_json(manifest["snapshot"])
    if with_inputs:
        for item in manifest["snapshot"]["files"]:
            progress(f"raw data: {item['name']}")
            yield f"inputs/data/{item['name']}", adapters.snapshots.read_file(row.snapshot_id, item["name"])
    yield "findings/findings.json", _findings(adapters, row, findings)
    yield from _audit(adapters, positions, checkpoint)
    yield "audit/key.txt", f"{key_line}\n".encode()
    lock = manifest["identity"]["engine"]["lock_sha256"]
    for name, part in adapters.program_parts().items():
        # The lock file of another program than the one that made the report would prove nothing about it.
        if name != "requirements.lock" or sha256_of_bytes(part) == lock:
            yield f"program/{name}", part


def _audit(adapters: Adapters, positions: list[int], checkpoint: MadeCheckpoint) -> Iterator[tuple[str, bytes]]:
    size = checkpoint.checkpoint.size
    with adapters.registers.transaction() as register:
        stored = [each for each in register.stored_events(positions) if each.position <= size]
        proofs = {
            str(each.position): [
                node.hex() for node in make_inclusion_proof(register.tree_node, each.position - 1, size)
            ]
            for each in stored
        }
    yield "audit/events.ndjson", b"".join(each.entry() + b"\n" for each in stored)
    yield "audit/proofs.json", canonical_json(proofs)
    yield "audit/checkpoint.txt", checkpoint.note


def _findings(adapters: Adapters, row: ReportRow, findings: list[FindingRow]) -> bytes:
    """The findings as they were in the report's run; what persons said of each, up to now."""
    with adapters.registers.transaction() as register:
        told = [
            {
                **asdict(item.finding),
                "state": item.state,
                "site": item.site,
                "history": []
                if item.state in _UNTOUCHED
                else [
                    {"at": line.at, "by": line.by, "act": line.act, "state": line.state, "text": line.text,
                     "until": line.until, "run": line.run_id, "snapshot": line.snapshot_id}
                    for line in register.finding_history(row.study_id, item.finding.fingerprint)
                ],
            }
            for item in findings
        ]  # fmt: skip
    return canonical_json({"study": row.study_id, "run": row.run_id, "snapshot": row.snapshot_id, "findings": told})
