"""The manifest of an archived report: which bytes belong to it, and what they were made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import orjson

from longwatch.errors import IntegrityError
from longwatch.evidence.report_key import ReportIdentity
from longwatch.evidence.snapshot import SourceSnapshot
from longwatch.standards.hashing import canonical_json, sha256_of_bytes

MANIFEST_VERSION = 1


@dataclass(frozen=True)
class ManifestFile:
    """One file of a report: the name below the report's folder, SHA-256, size, media type."""

    name: str
    sha256: str
    size: int
    media_type: str


@dataclass(frozen=True)
class Manifest:
    """A manifest as read back. `identity`: what the report was made from, as it was written."""

    report_key: str
    study_id: str
    state: str
    files: tuple[ManifestFile, ...]
    identity: Mapping[str, Any]


def make_manifest(
    identity: ReportIdentity,
    *,
    study_id: str,
    title: str,
    state: str,
    snapshot: SourceSnapshot,
    files: Mapping[str, tuple[bytes, str]],
) -> bytes:
    """The manifest's bytes. They hold nothing that differs between two runs of the same report key: no run id, no time.

    `files`: name → (bytes, media type). The identity is written out whole, so that the key can be computed again.
    """
    return canonical_json(
        {
            "manifest_version": MANIFEST_VERSION,
            "report_key": identity.key,
            "study_id": study_id,
            "title": title,
            "state": state,
            "identity": asdict(identity),
            "snapshot": {
                "id": snapshot.id,
                "files": [
                    {"name": file.name, "sha256": file.sha256, "size": file.size, "dataset": file.dataset}
                    for file in snapshot.files
                ],
            },
            "files": [
                {"name": name, "sha256": sha256_of_bytes(content), "size": len(content), "media_type": media_type}
                for name, (content, media_type) in sorted(files.items())
            ],
        }
    )


def read_manifest(content: bytes, where: str) -> Manifest:
    """A manifest from its bytes. Raises IntegrityError LW-EVI-001 where they are no manifest of a known version."""
    try:
        value = orjson.loads(content)
        version = value["manifest_version"]
        manifest = Manifest(
            value["report_key"],
            value["study_id"],
            value["state"],
            tuple(
                ManifestFile(item["name"], item["sha256"], item["size"], item["media_type"]) for item in value["files"]
            ),
            value["identity"],
        )
    except (ValueError, KeyError, TypeError) as broken:
        raise IntegrityError(
            "LW-EVI-001",
            "the manifest cannot be read",
            where=where,
            expected="canonical JSON as Longwatch writes it",
            found=str(broken),
            next_step="keep the object as it is and compare it with a backup",
        ) from broken
    if version != MANIFEST_VERSION:
        raise IntegrityError(
            "LW-EVI-001",
            "the manifest is of another version",
            where=where,
            expected=str(MANIFEST_VERSION),
            found=str(version),
            next_step="read it with the Longwatch release that wrote it",
        )
    return manifest
