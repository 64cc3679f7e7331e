"""The lists of terms that a study file names: CSV files, the SMQs of a MedDRA release, and the order of its SOCs."""

from __future__ import annotations

from pathlib import Path

from connectors.dictionary_files import read_dictionary, read_release_file, read_soc_order
from longwatch.errors import StudyError
from longwatch.standards.event_groups import NO_GROUPS, EventGroup, EventGroups
from longwatch.standards.group_files import SMQ_CONTENT, SMQ_LIST, parse_group_file, parse_smqs
from longwatch.standards.hashing import canonical_json, sha256_of_bytes
from longwatch.study import Study


def read_event_groups(study: Study, base: str) -> EventGroups:
    """The lists of the study, in the order of its file, and the order of SOCs. `base`: the folder that relative paths
    start from.

    Raises StudyError LW-GRP-004 (a file cannot be read, or SMQs are asked for without a MedDRA folder), LW-GRP-001 and
    LW-GRP-002 (what the files say), LW-DIC-001, LW-DIC-002 and LW-DIC-003 (the dictionary).
    """
    groups: list[EventGroup] = []
    digests: list[str] = []
    for spec in study.event_groups:
        if spec.file:
            content = _read(Path(base, spec.file))
            groups += parse_group_file(content, spec.kind, spec.file)
            digests.append(sha256_of_bytes(content))
            continue
        folder = Path(base, _meddra_folder(study))
        dictionary = read_dictionary(folder)
        listed, content = read_release_file(folder, SMQ_LIST), read_release_file(folder, SMQ_CONTENT)
        groups += parse_smqs(listed, content, dictionary, study.dictionaries.meddra_folder)
        digests += [dictionary.digest, sha256_of_bytes(listed), sha256_of_bytes(content)]
    named = study.dictionaries.meddra_folder
    order, digest = read_soc_order(Path(base, named)) if named else ((), "")
    if not study.event_groups and not order:
        return NO_GROUPS
    kinds = [spec.kind for spec in study.event_groups]
    parts = [kinds, digests, digest] if digest else [kinds, digests]
    return EventGroups(tuple(groups), sha256_of_bytes(canonical_json(parts)), order)


def _meddra_folder(study: Study) -> str:
    folder = study.dictionaries.meddra_folder
    if not folder:
        raise StudyError(
            "LW-GRP-004",
            "the SMQs of the dictionary cannot be read: the study file names no folder of it",
            where="event_groups: kind: SMQ",
            expected="dictionaries: meddra_folder, or a file of SMQs",
            next_step="name the folder of the ASCII release, or give a CSV file of lists",
        )
    return folder


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as unreadable:
        raise StudyError(
            "LW-GRP-004",
            f"the file of lists cannot be read: {unreadable.strerror}",
            where=str(path),
            next_step="correct its name under event_groups in the study file; it is relative to the study file",
        ) from unreadable
