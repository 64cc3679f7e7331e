"""What every archive refuses, in the same words whichever store it is."""

from __future__ import annotations

from datetime import datetime

from longwatch.errors import IntegrityError, StoreError, StudyError


def nothing_there(key: str) -> StoreError:
    """LW-ARC-006: no object has this key."""
    return StoreError(
        "LW-ARC-006",
        "the archive has nothing under this key",
        where=key,
        next_step="see `longwatch archive list`, and check that LONGWATCH_ARCHIVE names the right archive",
    )


def other_bytes(key: str, kept: str, given: str) -> IntegrityError:
    """LW-ARC-007: a put of other bytes than those that are there."""
    return IntegrityError(
        "LW-ARC-007",
        "other bytes are archived under this key, and an archive is written once",
        where=key,
        expected=kept,
        found=given,
        next_step="do not delete either; find out why the same key was made with different bytes",
    )


def changed_bytes(key: str, receipt: str, found: str) -> IntegrityError:
    """LW-ARC-008: the object is not what its receipt says."""
    return IntegrityError(
        "LW-ARC-008",
        "the archived bytes are not those of their receipt",
        where=key,
        expected=receipt,
        found=found,
        next_step="keep the object as it is, find out who changed it, and restore it from a backup",
    )


def differs_when_read_back(key: str, given: str, found: str) -> IntegrityError:
    """LW-ARC-009: the store gave other bytes back than it was given."""
    return IntegrityError(
        "LW-ARC-009",
        "what the archive gave back right after writing is not what was written",
        where=key,
        expected=given,
        found=found,
        next_step="check disk, memory and network before anything else is archived there",
    )


def without_receipt(key: str) -> IntegrityError:
    """LW-ARC-010: an object that no put confirmed."""
    return IntegrityError(
        "LW-ARC-010",
        "these bytes have no receipt: a put was interrupted, or something else put them there",
        where=key,
        next_step="run the job again, which completes an interrupted put; else find out who wrote them",
    )


def not_shortened(key: str, kept: datetime, wanted: datetime) -> StudyError:
    """LW-ARC-027: a retention that would end earlier than the one that is there."""
    return StudyError(
        "LW-ARC-027",
        "the retention of an object is extended, never shortened",
        where=key,
        expected=f"{kept:%Y-%m-%d %H:%M:%S} UTC or later",
        found=f"{wanted:%Y-%m-%d %H:%M:%S} UTC",
        next_step="name a later day, or leave it as it is",
    )


def still_kept(key: str, why: str) -> StudyError:
    """LW-ARC-028: a removal of what is retained or on legal hold."""
    return StudyError(
        "LW-ARC-028",
        "this object may not be removed yet",
        where=key,
        found=why,
        next_step="wait for the end of its retention, or lift the hold (`longwatch archive hold REPORT-KEY --off`)",
    )
