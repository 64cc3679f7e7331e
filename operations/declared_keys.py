"""What the define.xml of a snapshot says its records are known by."""

from __future__ import annotations

from longwatch.errors import SourceError
from longwatch.evidence.snapshot import SourceSnapshot
from operations.ports import Adapters

DEFINE = "define-xml"


def declared_keys(adapters: Adapters, snapshot: SourceSnapshot) -> tuple[dict[str, tuple[str, ...]], str]:
    """The key variables by dataset, and a line on where they are from.

    Cases: the snapshot has a define.xml → the keys that it declares; it has none → no keys; it has one that cannot be
    read → no keys, and the reason: records are then matched by the other steps of record identity.
    Altered raw bytes are no such case: IntegrityError.
    """
    file = next((file for file in snapshot.files if file.format == DEFINE), None)
    if file is None:
        return {}, "the newer snapshot has no define.xml"
    try:
        define = adapters.snapshots.read_define(snapshot.id, file.name)
    except SourceError as unreadable:
        return {}, f"none: {unreadable.one_line()}"
    keys = {dataset.name: dataset.keys for dataset in define.datasets if dataset.keys}
    return keys, f"{file.name} of the newer snapshot, for {len(keys)} of {len(define.datasets)} datasets"
