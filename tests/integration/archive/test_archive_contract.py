"""What every archive does, whichever store it is: written once, hashed, read back, given back verified."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from longwatch.errors import IntegrityError, LongwatchError, StoreError, StudyError
from longwatch.evidence.archived import ArchiveReceipt
from operations.archive_ports import Archive

KEY = "reports/ISLET-1/safety_report/2026-03-01/abc/report.pdf"
PDF = "application/pdf"


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def refusal(use: Callable[[], object]) -> LongwatchError:
    """The error that a use ends in: one line, with a next step."""
    with pytest.raises(LongwatchError) as refused:
        use()
    assert "\n" not in str(refused.value)
    assert refused.value.next_step
    return refused.value


def test_each_fits_the_port(kept: Any) -> None:
    archive: Archive = kept.archive
    archive.check()
    assert archive.describe().object_lock is False
    assert "no" in archive.describe().note
    assert list(archive.keys()) == []


@pytest.mark.parametrize("content", [b"%PDF-1.7 ...", b"", bytes(range(256)) * 5000])
def test_what_is_put_is_given_back(kept: Any, content: bytes) -> None:
    """Text, nothing at all, 1.3 MB of every byte."""
    before = datetime.now(UTC) - timedelta(seconds=2)
    receipt = kept.archive.put(KEY, content, media_type=PDF)
    assert (receipt.key, receipt.sha256, receipt.size) == (KEY, sha256(content), len(content))
    assert before <= receipt.stored_at <= datetime.now(UTC) + timedelta(seconds=1)
    assert receipt.retain_until is None
    assert kept.archive.get(KEY) == content
    assert kept.archive.head(KEY) == receipt
    assert list(kept.archive.keys()) == [KEY]


def test_a_hundred_megabytes(kept: Any) -> None:
    content = hashlib.sha256(b"seed").digest() * (100 * 1024 * 1024 // 32)
    assert kept.archive.put(KEY, content, media_type=PDF).size == len(content)
    assert kept.archive.get(KEY) == content


def test_the_same_bytes_again_give_the_first_receipt(kept: Any) -> None:
    first = kept.archive.put(KEY, b"report", media_type=PDF)
    assert kept.archive.put(KEY, b"report", media_type=PDF) == first
    assert list(kept.archive.keys()) == [KEY]


def test_other_bytes_under_the_key_are_refused(kept: Any) -> None:
    """The first stay as they are."""
    first = kept.archive.put(KEY, b"report", media_type=PDF)
    error = refusal(lambda: kept.archive.put(KEY, b"another report", media_type=PDF))
    assert (type(error), error.error_id) == (IntegrityError, "LW-ARC-007")
    assert (error.expected, error.found) == (sha256(b"report"), sha256(b"another report"))
    assert kept.archive.get(KEY) == b"report"
    assert kept.archive.head(KEY) == first


def test_of_eight_writers_of_different_bytes_one_wins(kept: Any) -> None:
    """The others are told so; what is kept is whole and is the winner's."""
    for number in range(5):
        key, start = f"race/{number}", Barrier(8)

        def put(thread: int, key: str = key, start: Barrier = start) -> str:
            content = bytes([thread]) * 100_000
            start.wait()
            try:
                return kept.archive.put(key, content, media_type=PDF).sha256
            except IntegrityError as lost:
                return lost.error_id

        with ThreadPoolExecutor(8) as threads:
            said = list(threads.map(put, range(8)))
        assert sorted(said) == sorted(["LW-ARC-007"] * 7 + [sha256(kept.archive.get(key))])


def test_eight_writers_of_the_same_bytes_all_succeed(kept: Any) -> None:
    start = Barrier(8)

    def put(_: int) -> ArchiveReceipt:
        start.wait()
        return kept.archive.put(KEY, b"report" * 1000, media_type=PDF)

    with ThreadPoolExecutor(8) as threads:
        assert len(set(threads.map(put, range(8)))) == 1
    assert list(kept.archive.keys()) == [KEY]


def test_keys_are_listed_by_their_beginning_in_order(kept: Any) -> None:
    keys = ["a/b", "a-b/c", "b", "a/a.json", "a/B", "a/b2/c", "_/=+@-."]
    for key in keys:
        kept.archive.put(key, key.encode(), media_type="text/plain")
    assert list(kept.archive.keys()) == ["_/=+@-.", "a-b/c", "a/B", "a/a.json", "a/b", "a/b2/c", "b"]
    assert list(kept.archive.keys("a/")) == ["a/B", "a/a.json", "a/b", "a/b2/c"]
    assert list(kept.archive.keys("a/b")) == ["a/b", "a/b2/c"]
    assert list(kept.archive.keys("../")) == list(kept.archive.keys("zzz")) == []


@pytest.mark.parametrize(
    "key",
    [
        "",
        "/etc/passwd",
        "../outside",
        "a/../../outside",
        "a/./b",
        "a//b",
        "a/",
        ".receipts/x.json",
        "a/.hidden",
        "a\\b",
        "a b",
        "a\nb",
        "ä",
        "a\x00",
        "x" * 181,
        "/".join(["x" * 100] * 8),
    ],
)
def test_a_key_that_is_none(kept: Any, key: str) -> None:
    """No way out of the archive, no name that another system cannot keep. Neither put, get nor head touch the store."""
    for use in (
        lambda: kept.archive.put(key, b"x", media_type=PDF),
        lambda: kept.archive.get(key),
        lambda: kept.archive.head(key),
    ):
        error = refusal(use)
        assert (type(error), error.error_id) == (StudyError, "LW-ARC-001")
    assert list(kept.archive.keys()) == []


def test_nothing_under_the_key(kept: Any) -> None:
    kept.archive.put("a/b", b"x", media_type=PDF)
    for key in ("a/c", "a", "c/d"):
        assert kept.archive.head(key) is None
        error = refusal(lambda key=key: kept.archive.get(key))
        assert (type(error), error.error_id) == (StoreError, "LW-ARC-006")
        assert key in error.where


def test_a_flipped_bit_is_found(kept: Any) -> None:
    """Changed behind the archive's back: never given out, and never confirmed by putting the right bytes again."""
    kept.archive.put(KEY, b"report", media_type=PDF)
    kept.overwrite(KEY, b"repost")
    error = refusal(lambda: kept.archive.get(KEY))
    assert (type(error), error.error_id) == (IntegrityError, "LW-ARC-008")
    assert (error.expected, error.found) == (sha256(b"report"), sha256(b"repost"))
    assert refusal(lambda: kept.archive.put(KEY, b"report", media_type=PDF)).error_id == "LW-ARC-007"


def test_bytes_that_nobody_confirmed(kept: Any) -> None:
    """Put there past Longwatch: not given out, not overwritten."""
    kept.archive.check()
    kept.smuggle(KEY, b"smuggled")
    error = refusal(lambda: kept.archive.get(KEY))
    assert (type(error), error.error_id) == (IntegrityError, "LW-ARC-010")
    assert refusal(lambda: kept.archive.put(KEY, b"report", media_type=PDF)).error_id == "LW-ARC-007"


PART = st.text("ab.-_", min_size=1, max_size=3).filter(lambda part: not part.startswith("."))
PUTS = st.lists(st.tuples(st.lists(PART, min_size=2, max_size=2), st.binary(max_size=20)), max_size=12)


@given(puts=PUTS)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_first_bytes_under_a_key_stay(kept: Any, puts: list[tuple[list[str], bytes]]) -> None:
    """Any order of puts, compared with a dictionary that never replaces."""
    model = {key: kept.archive.get(key) for key in list(kept.archive.keys())}
    for parts, content in puts:
        key = "/".join(parts)
        if model.setdefault(key, content) == content:
            assert kept.archive.put(key, content, media_type=PDF).sha256 == sha256(content)
        else:
            with pytest.raises(IntegrityError, match="LW-ARC-007"):
                kept.archive.put(key, content, media_type=PDF)
    assert {key: kept.archive.get(key) for key in list(kept.archive.keys())} == model
    assert list(kept.archive.keys()) == sorted(model)
