"""The bucket archive: each cause of refusal in its own words, Object Lock where there is one, and lying stores."""

from __future__ import annotations

import socket
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.archive_s3 import S3Archive
from connectors.s3 import S3Settings
from longwatch.errors import IntegrityError, LongwatchError, StoreError
from tests.integration.archive.faulty_store import faulty_store

KEY = "reports/ISLET-1/report.pdf"
PDF = "application/pdf"
LATER = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)


def refusal(use: Callable[[], object]) -> LongwatchError:
    """The error that a use ends in: one line, with a next step."""
    with pytest.raises(LongwatchError) as refused:
        use()
    assert "\n" not in str(refused.value)
    assert refused.value.next_step
    return refused.value


def uses(archive: S3Archive) -> list[Callable[[], object]]:
    """Every way to use an archive."""
    return [
        archive.check,
        archive.describe,
        lambda: archive.put(KEY, b"report", media_type=PDF),
        lambda: archive.put(KEY, b"report", media_type=PDF, retain_until=LATER),
        lambda: archive.get(KEY),
        lambda: archive.head(KEY),
        lambda: list(archive.keys()),
    ]


def test_objects_lie_under_the_prefix(s3_client: Any, s3_settings: S3Settings, bucket: str) -> None:
    """With media type and hash, as any other tool sees them; without a prefix, at the top."""
    S3Archive(bucket, "trial/one", s3_settings).put(KEY, b"report", media_type=PDF)
    S3Archive(bucket, "", s3_settings).put("top.pdf", b"report", media_type=PDF)
    found = s3_client.head_object(Bucket=bucket, Key=f"trial/one/{KEY}")
    assert found["ContentType"] == PDF
    assert len(found["Metadata"]["sha256"]) == 64
    assert list(S3Archive(bucket, "", s3_settings).keys()) == ["top.pdf", f"trial/one/{KEY}"]
    assert list(S3Archive(bucket, "trial", s3_settings).keys()) == [f"one/{KEY}"]
    assert S3Archive(bucket, "/trial/one/", s3_settings).describe().place == f"s3://{bucket}/trial/one"


def test_more_keys_than_one_answer_holds(s3_client: Any, s3_settings: S3Settings, bucket: str) -> None:
    for number in range(1005):
        s3_client.put_object(Bucket=bucket, Key=f"k/{number:04d}", Body=b"")
    assert list(S3Archive(bucket, "k", s3_settings).keys()) == [f"{number:04d}" for number in range(1005)]


def test_a_bucket_with_object_lock_locks_what_is_to_be_kept(s3_client: Any, s3_settings: S3Settings) -> None:
    """In compliance mode, until the day given; a draft, which has none, is not locked."""
    name = f"worm-{uuid.uuid4().hex[:12]}"
    s3_client.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
    archive = S3Archive(name, "", s3_settings)
    assert archive.describe().object_lock is True
    final = archive.put(KEY, b"report", media_type=PDF, retain_until=LATER)
    draft = archive.put("draft.pdf", b"draft", media_type=PDF)
    assert (final.retain_until, draft.retain_until) == (LATER, None)
    assert final.version
    assert archive.head(KEY) == final
    assert archive.put(KEY, b"report", media_type=PDF, retain_until=LATER + timedelta(9)) == final
    assert s3_client.head_object(Bucket=name, Key=KEY)["ObjectLockMode"] == "COMPLIANCE"


def test_a_bucket_without_object_lock_takes_the_object_and_says_that_it_is_not_locked(
    s3_settings: S3Settings, bucket: str
) -> None:
    archive = S3Archive(bucket, "", s3_settings)
    assert archive.put(KEY, b"report", media_type=PDF, retain_until=LATER).retain_until is None
    assert "no Object Lock" in archive.describe().note


def test_no_such_bucket(s3_settings: S3Settings) -> None:
    for use in uses(S3Archive("not-there", "trial", s3_settings)):
        error = refusal(use)
        assert (type(error), error.error_id) == (StoreError, "LW-ARC-022")
        assert "not-there" in error.where


def test_no_credentials(s3_settings: S3Settings, bucket: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for use in uses(S3Archive(bucket, "", s3_settings)):
        error = refusal(use)
        assert (type(error), error.error_id) == (StoreError, "LW-ARC-020")


@pytest.fixture
def suspicious(s3_settings: S3Settings) -> Iterator[None]:
    """The server asks from now on who is asking, and knows nobody."""

    def ask(count: str) -> None:
        request = urllib.request.Request(
            f"{s3_settings.endpoint_url}/moto-api/reset-auth",
            data=count.encode(),
            headers={"Content-Type": "text/plain"},
            method="POST",
        )
        with urllib.request.urlopen(request):
            pass

    ask("0")
    yield
    ask("inf")


@pytest.mark.usefixtures("suspicious")
def test_access_denied(s3_settings: S3Settings) -> None:
    for use in uses(S3Archive("somebody-elses", "", s3_settings)):
        error = refusal(use)
        assert (type(error), error.error_id) == (StoreError, "LW-ARC-023")


def test_nobody_answers(s3_settings: S3Settings) -> None:
    """Nothing listens on that port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    archive = S3Archive("evidence", "", S3Settings(f"http://127.0.0.1:{port}", "us-east-1"))
    for use in (archive.check, lambda: archive.put(KEY, b"report", media_type=PDF)):
        error = refusal(use)
        assert (type(error), error.error_id) == (StoreError, "LW-ARC-021")


def test_an_endpoint_that_is_no_address(s3_settings: S3Settings) -> None:
    error = refusal(S3Archive("evidence", "", S3Settings("not an address", "us-east-1")).check)
    assert (type(error), error.error_id) == (StoreError, "LW-ARC-021")


@pytest.mark.parametrize("bucket_name", ["", "a", "Upper", "under_score", "a/b", "-a-", "x" * 64])
def test_a_name_that_no_bucket_can_have(bucket_name: str) -> None:
    error = refusal(lambda: S3Archive(bucket_name, "", S3Settings()))
    assert (type(error), error.error_id) == (StoreError, "LW-ARC-025")


def put_into(endpoint: str) -> Any:
    """Put a report into the store of an endpoint."""
    return S3Archive("evidence", "", S3Settings(endpoint, "us-east-1")).put(KEY, b"report" * 9999, media_type=PDF)


@pytest.mark.usefixtures("s3_settings")
@pytest.mark.parametrize(
    ("fault", "kind", "error_id"),
    [
        ("flips a bit", IntegrityError, "LW-ARC-009"),
        ("has no conditions", StoreError, "LW-ARC-026"),
        ("always busy", StoreError, "LW-ARC-024"),
        ("cut short", StoreError, "LW-ARC-021"),
    ],
)
def test_a_store_that_breaks_its_word(fault: str, kind: type, error_id: str) -> None:
    """No receipt is given for what was not read back whole."""
    with faulty_store(fault) as endpoint:
        error = refusal(lambda: put_into(endpoint))
    assert (type(error), error.error_id) == (kind, error_id)


@pytest.mark.usefixtures("s3_settings")
@pytest.mark.parametrize("fault", ["forgets to answer", "busy"])
def test_a_store_that_only_stumbles(fault: str) -> None:
    """A lost answer: boto asks again, finds the key taken, and the bytes there are ours. A conflict: we try again."""
    with faulty_store(fault) as endpoint:
        assert put_into(endpoint).size == 6 * 9999
