"""The chain of an archived report, from its PDF back to the bytes of the sources: each link computed again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import orjson

from longwatch.errors import LongwatchError
from longwatch.evidence.accounts import Right
from longwatch.evidence.audit import AuditRecord, EventFilter
from longwatch.evidence.manifest import read_manifest
from longwatch.evidence.registered import PullRow, ReportRow, RunRow
from longwatch.evidence.retention import HOLD, RETENTION, LegalHold, RetainedUntil
from longwatch.evidence.signature import SignatureRow
from longwatch.evidence.snapshot import compute_snapshot_id
from longwatch.standards.hashing import canonical_json, sha256_of_bytes
from operations.archive_reading import find_report, read_verified
from operations.audited import make_event
from operations.keep_reports import retention_of
from operations.ports import Adapters, Progress
from operations.standing_holds import hold_of


@dataclass(frozen=True)
class Link:
    """One step of the chain: what it is, the SHA-256 or id that names it, whether it holds, and what was compared."""

    what: str
    name: str
    holds: bool
    said: str


@dataclass(frozen=True)
class ReportChain:
    """A report with all that leads to it. `made_from`: what else its key stands for, by name."""

    row: ReportRow
    signatures: tuple[SignatureRow, ...]
    links: tuple[Link, ...]
    made_from: dict[str, str]
    run: RunRow | None
    pulls: tuple[PullRow, ...]
    events: tuple[AuditRecord, ...]
    retention: RetainedUntil | None = None
    hold: LegalHold | None = None

    @property
    def holds(self) -> bool:
        """Every link."""
        return all(link.holds for link in self.links)


def trace_report(adapters: Adapters, key: str, progress: Progress) -> ReportChain:
    """The chain of a report, and the audit event of having read it.

    Cases of a link: computed again and equal → it holds; another, missing or unreadable → it does not, and it says why;
    the others are looked at all the same. Raises AccessError LW-ACC-003, StudyError LW-ARR-001, LW-ARR-002.
    """
    row = find_report(adapters, key)
    adapters.access.require(Right.READ, row.study_id)
    links: list[Link] = []
    pdf, manifest = (row.pdf_key, row.pdf_sha256), (row.manifest_key, row.manifest_sha256)
    _link(links, "PDF", row.pdf_sha256, "read back from the archive", partial(read_verified, adapters, *pdf))
    content = _link(
        links,
        "manifest",
        row.manifest_sha256,
        "read back from the archive",
        partial(read_verified, adapters, *manifest),
    )
    made_from: dict[str, str] = {}
    if content is not None:
        made_from = _follow(adapters, row, content, links, progress)
    with adapters.registers.transaction() as register:
        retention, hold = retention_of(register, row.key), hold_of(register, row.key)
    _link_keeping(adapters, row, links, retention, hold)
    with adapters.registers.transaction() as register:
        signatures = tuple(register.signatures(row.key))
        run, pulls = register.run(row.run_id), tuple(register.pulls(row.study_id, row.snapshot_id))
        about = [
            record
            for entity in ("report", RETENTION, HOLD)
            for record in register.events(None, EventFilter(entity=entity, entity_id=row.key))
        ]
        events = tuple(sorted(about, key=lambda record: record.position))
        said = {"holds": all(link.holds for link in links), "links": len(links)}
        register.record_read(make_event(adapters, "report shown", "report", row.key, said))
    for signature in signatures:
        signed = (signature.pdf_sha256, signature.manifest_sha256) == (row.pdf_sha256, row.manifest_sha256)
        links.append(Link("signature", signature.id[:12], signed, f"of these bytes: {signature.in_words()}"))
    return ReportChain(row, signatures, tuple(links), made_from, run, pulls, events, retention, hold)


def _link_keeping(
    adapters: Adapters, row: ReportRow, links: list[Link], retention: RetainedUntil | None, hold: LegalHold | None
) -> None:
    """That the store keeps the PDF as long as was promised, and holds it."""
    if not adapters.archive.describe().keeps_locks:
        return
    receipt = adapters.archive.head(row.pdf_key)
    until, held = (receipt.retain_until, receipt.held) if receipt else (None, False)
    if retention is not None:
        holds = until is not None and until >= retention.until
        links.append(Link("retention", f"{retention.until:%Y-%m-%d}", holds, f"the store keeps the PDF until {until}"))
    if hold is not None:
        links.append(Link("legal hold", "on", held, "on in the store" if held else "off in the store"))


def _follow(
    adapters: Adapters, row: ReportRow, content: bytes, links: list[Link], progress: Progress
) -> dict[str, str]:
    """From the manifest on."""
    folder = row.manifest_key.rpartition("/")[0]
    files = {file.name: file.sha256 for file in read_manifest(content, row.manifest_key).files}
    for name, sha256 in files.items():
        if f"{folder}/{name}" != row.pdf_key:
            _link(
                links,
                name,
                sha256,
                "named by the manifest, read back from the archive",
                partial(read_verified, adapters, f"{folder}/{name}", sha256),
            )
    value: dict[str, Any] = orjson.loads(content)
    identity, snapshot = value["identity"], value["snapshot"]
    found = sha256_of_bytes(canonical_json(identity))
    links.append(_same("report key", row.key, found, "SHA-256 of all that the report was made from"))
    named = files.get(row.pdf_key.rpartition("/")[2], "nothing")
    links.append(_same("PDF in the manifest", row.pdf_sha256, named, "the manifest names this PDF"))
    listed = compute_snapshot_id((file["name"], file["sha256"]) for file in snapshot["files"])
    links.append(_same("snapshot", row.snapshot_id, listed, "SHA-256 of the names and SHA-256 of its raw files"))
    for file in snapshot["files"]:
        progress(f"raw data: {file['name']}")
        _link(
            links,
            f"raw file {file['name']}",
            file["sha256"],
            "hashed again in the snapshot store",
            partial(_check_raw, adapters, row.snapshot_id, file),
        )
    engine = identity["engine"]
    return {
        "cut-off": identity["cutoff"],
        "template": f"{row.template} ({sha256_of_bytes(canonical_json(identity['template']))[:12]})",
        "study file": sha256_of_bytes(canonical_json(identity["study_content"]))[:12],
        "rules": str(identity["ruleset_version"]),
        "findings": identity["findings_digest"][:12],
        "dictionaries": ", ".join(f"{name} {version}" for name, version in identity["dictionaries"].items() if version),
        "program": f"Longwatch {engine['version']}, Python {engine['python']}, lock file {engine['lock_sha256'][:12]}",
    }


def _check_raw(adapters: Adapters, snapshot_id: str, file: dict[str, Any]) -> bytes:
    content = adapters.snapshots.read_file(snapshot_id, file["name"])
    if sha256_of_bytes(content) != file["sha256"]:
        raise ValueError("other bytes")
    return content


def _link(links: list[Link], what: str, name: str, said: str, read: Callable[[], bytes]) -> bytes | None:
    try:
        content = read()
    except (LongwatchError, ValueError) as wrong:
        why = wrong.fact() if isinstance(wrong, LongwatchError) else str(wrong)
        links.append(Link(what, name, False, why))
        return None
    links.append(Link(what, name, True, f"{said}, {len(content):,} bytes"))
    return content


def _same(what: str, expected: str, found: str, said: str) -> Link:
    return Link(what, expected, expected == found, said if expected == found else f"{said}: found {found}")
