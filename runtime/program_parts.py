"""What this program is made of, for people and tools that look for its parts: a CycloneDX bill and the lock file."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from importlib.metadata import Distribution, distributions
from typing import Any

from longwatch.standards.hashing import canonical_json, sha256_of
from runtime.engine import LOCK_FILE, read_engine

SPEC = "1.5"


def read_program_parts() -> Mapping[str, bytes]:
    """Both files by their name."""
    lock = LOCK_FILE.read_bytes()
    return {"sbom.cdx.json": bill_of_materials(lock.decode()), "requirements.lock": lock}


def bill_of_materials(lock: str) -> bytes:
    """The distributions that are installed beside this program, as CycloneDX JSON. The same installation gives the same
    bytes. Each says whether the lock file names it in this version."""
    engine = read_engine()
    locked = {
        line.split(" ")[0].rstrip("\\").strip() for line in lock.splitlines() if "==" in line and line[0].isalnum()
    }
    components = sorted(_components(locked), key=lambda component: str(component["bom-ref"]))
    return canonical_json(
        {
            "bomFormat": "CycloneDX",
            "specVersion": SPEC,
            "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, sha256_of(components) + engine.source_sha256)}",
            "version": 1,
            "metadata": {
                "component": {
                    "type": "application",
                    "bom-ref": "longwatch",
                    "name": "longwatch",
                    "version": engine.version,
                    "properties": [
                        {"name": "longwatch:source-sha256", "value": engine.source_sha256},
                        {"name": "longwatch:lock-sha256", "value": engine.lock_sha256},
                        {"name": "longwatch:python", "value": engine.python},
                    ],
                }
            },
            "components": components,
        }
    )


def _components(locked: set[str]) -> Iterator[dict[str, Any]]:
    seen = set()
    for each in distributions():
        name = each.metadata["Name"].lower().replace("_", "-").replace(".", "-")
        reference = f"pkg:pypi/{name}@{each.version}"
        if name == "longwatch" or reference in seen:
            continue
        seen.add(reference)
        is_locked = any(
            pin.partition("[")[0].partition("==")[0] == name and pin.endswith(f"=={each.version}") for pin in locked
        )
        yield {
            "type": "library",
            "bom-ref": reference,
            "name": name,
            "version": each.version,
            "purl": reference,
            **_licence(each),
            "properties": [{"name": "longwatch:in-lock-file", "value": "yes" if is_locked else "no"}],
        }


def _licence(distribution: Distribution) -> dict[str, Any]:
    """What the distribution says of its licence, where it says it in one line."""
    said_of = distribution.metadata
    if "License-Expression" in said_of:
        return {"licenses": [{"expression": said_of["License-Expression"]}]}
    said = str(said_of.json.get("license", ""))
    return {"licenses": [{"license": {"name": said}}]} if said and "\n" not in said else {}
