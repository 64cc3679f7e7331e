"""Whether a report could be made again, and what explains a difference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from longwatch.standards.hashing import canonical_json

_WORDS: Mapping[str, str] = {
    "study_content": "what the study file says",
    "snapshot_id": "the snapshot",
    "reading": "how the snapshot's files are read",
    "cutoff": "the cut-off",
    "as_of": "the as-of date",
    "template": "the template",
    "parameters": "the parameters",
    "ruleset_version": "the rules (a study's own rules and dictionary are read beside its file: name it with --study)",
    "dictionaries": "the dictionaries",
    "findings_digest": "the findings, or the words on them",
    "engine.version": "the version of Longwatch",
    "engine.lock_sha256": "the lock file",
    "engine.python": "Python",
    "engine.zlib": "the compressor (zlib)",
    "engine.source_sha256": "the program's own files",
}


@dataclass(frozen=True)
class Difference:
    """One thing that is not as it was. `then`, `now`: short."""

    what: str
    then: str
    now: str


def compare_identities(then: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[Difference, ...]:
    """What a report was made from against what it is made from now, part by part; nothing where the keys are equal."""
    old, new = _flat(then), _flat(now)
    return tuple(
        Difference(words, _short(old.get(name)), _short(new.get(name)))
        for name, words in _WORDS.items()
        if old.get(name) != new.get(name)
    )


def _flat(identity: Mapping[str, Any]) -> dict[str, Any]:
    """As written to a manifest, with the parts of the program each by its name."""
    written = orjson.loads(canonical_json(dict(identity)))
    engine = written.pop("engine")
    return {**written, **{f"engine.{name}": value for name, value in engine.items()}}


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else canonical_json(value).decode()
    return text if len(text) <= 40 else text[:12] + "…"
