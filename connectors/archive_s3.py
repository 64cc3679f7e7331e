"""The archive as a bucket of any S3-compatible store: conditional writes, checksums, and our own reading back.

No store that was tried refuses a wrong SHA-256 (DESIGN.md, decision 6), so what was written is read back and compared
here. The SHA-256 stands in the object's metadata; an object without it was not put there by Longwatch. Deletion is
refused by the store only in a bucket with Object Lock, for objects that were given a `retain_until`.
"""

from __future__ import annotations

import base64
import hashlib
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from connectors.archive_keys import check_key
from connectors.archive_refusals import (
    changed_bytes,
    differs_when_read_back,
    not_shortened,
    nothing_there,
    other_bytes,
    still_kept,
    without_receipt,
)
from connectors.s3 import S3Failures, S3Settings, error_code, make_client, s3_failures
from longwatch.errors import StoreError
from longwatch.evidence.archived import (
    PROBES,
    ArchiveDescription,
    ArchiveReceipt,
    ProbeCall,
    StoredKind,
    StoredObject,
)

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import GetObjectOutputTypeDef, HeadObjectOutputTypeDef

FAILURES = S3Failures(
    error=StoreError,
    no_credentials="LW-ARC-020",
    unreachable="LW-ARC-021",
    no_bucket="LW-ARC-022",
    denied="LW-ARC-023",
    refused="LW-ARC-024",
)

TRIES = 5
"""How often a write is tried that another write to the same key, still under way, is in the way of (409)."""

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_READ_BLOCK = 1 << 20
_NO_VERSION = "null"
_TAKEN = ("PreconditionFailed", "412")
_UNDER_WAY = ("ConditionalRequestConflict", "409")
_NO_LOCK = (
    "ObjectLockConfigurationNotFoundError",
    "NoSuchObjectLockConfiguration",
    "InvalidRequest",
    "MethodNotAllowed",
    "NotImplemented",
)


class S3Archive:
    """A bucket, or what lies under a prefix of it. Fits the port `Archive`. Connects at first use."""

    def __init__(self, bucket: str, prefix: str, settings: S3Settings) -> None:
        """Raises StoreError LW-ARC-025 where the bucket's name cannot be one."""
        if not _BUCKET.fullmatch(bucket):
            raise StoreError(
                "LW-ARC-025",
                "this is no name of a bucket",
                where=f"s3://{bucket}",
                expected="3 to 63 lower-case letters, digits, dots and hyphens",
                next_step="set LONGWATCH_ARCHIVE to s3://bucket/prefix",
            )
        self._bucket = bucket
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._settings = settings

    @property
    def place(self) -> str:
        """Where it is; nothing is asked of the store."""
        return f"s3://{self._bucket}/{self._prefix}".rstrip("/")

    @cached_property
    def _client(self) -> S3Client:
        return make_client(self._settings)

    def describe(self) -> ArchiveDescription:
        """The bucket and whether it has Object Lock. Raises StoreError LW-ARC-020 to LW-ARC-024."""
        if self._has_object_lock:
            return ArchiveDescription("s3", self.place, object_lock=True)
        return ArchiveDescription(
            "s3",
            self.place,
            object_lock=False,
            note="no Object Lock in this bucket: who may write it can delete from it; a change is found by its hash",
            keeps_locks=False,
        )

    def check(self) -> None:
        """The bucket answers; StoreError LW-ARC-020 to LW-ARC-024 by cause. Nothing is written: a lock may be on it."""
        from botocore.exceptions import ClientError

        with self._failures(self.place):
            try:
                self._client.head_bucket(Bucket=self._bucket)
            except ClientError as refused:
                if error_code(refused) != "404":
                    raise
                raise self._no_bucket() from refused

    def put(self, key: str, content: bytes, *, media_type: str, retain_until: datetime | None = None) -> ArchiveReceipt:
        """Store bytes once and read them back.

        Cases: nothing under the key → stored, locked in compliance mode until `retain_until` where one is given and
        the bucket has Object Lock; the same bytes → the receipt of what is there, its lock unchanged; other bytes →
        IntegrityError LW-ARC-007, also for the loser of a race. A write whose answer was lost finds its own bytes.

        Raises StudyError LW-ARC-001 (the key), StoreError LW-ARC-020 to LW-ARC-024 (the store), LW-ARC-026 (a store
        without conditional writes), IntegrityError LW-ARC-009 (what was read back differs).
        """
        check_key(key)
        digest = hashlib.sha256(content)
        if self._look(key) is not None:
            before, kept = self._read_back(key)
            if kept != digest.hexdigest():
                raise other_bytes(key, kept, digest.hexdigest())
            return before
        lock: dict[str, Any] = {}
        if retain_until is not None and self._has_object_lock:
            lock = {"ObjectLockMode": "COMPLIANCE", "ObjectLockRetainUntilDate": retain_until.astimezone(UTC)}
        written = self._write(
            key,
            Body=content,
            ContentType=media_type,
            ChecksumAlgorithm="SHA256",
            ChecksumSHA256=base64.b64encode(digest.digest()).decode(),
            Metadata={"sha256": digest.hexdigest()},
            **lock,
        )
        first: Future[None] | None = None
        if written and written != _NO_VERSION:
            # The list of versions is asked for while the bytes are read back: neither waits for the other.
            first = self._beside.submit(self._check_first, key, written, digest.hexdigest())
        try:
            receipt, kept = self._read_back(key)
        finally:
            if first is not None:
                first.result()
        if kept != digest.hexdigest():
            if written:
                raise differs_when_read_back(key, digest.hexdigest(), kept)
            raise other_bytes(key, kept, digest.hexdigest())
        return receipt

    def get(self, key: str) -> bytes:
        """The bytes, their hash compared with that in the object's metadata.

        Raises StoreError LW-ARC-006 where there are none; IntegrityError LW-ARC-008 where they differ from the
        metadata, LW-ARC-010 where that holds no hash; StoreError LW-ARC-020 to LW-ARC-024.
        """
        check_key(key)
        with self._failures(key):
            found = self._open(key)
            content = found["Body"].read()
        receipt, digest = found["Metadata"].get("sha256"), hashlib.sha256(content).hexdigest()
        if receipt is None:
            raise without_receipt(key)
        if receipt != digest:
            raise changed_bytes(key, receipt, digest)
        return content

    def head(self, key: str) -> ArchiveReceipt | None:
        """What is stored under the key, with the SHA-256 of its metadata; None where nothing is.

        Raises IntegrityError LW-ARC-010 where the metadata has none; StoreError LW-ARC-020 to LW-ARC-024.
        """
        check_key(key)
        found = self._look(key)
        if found is None:
            # A HEAD request says 404 for a missing bucket too.
            self.check()
            return None
        if "sha256" not in found["Metadata"]:
            raise without_receipt(key)
        return _receipt(key, found, found["Metadata"]["sha256"])

    def _look(self, key: str) -> HeadObjectOutputTypeDef | None:
        from botocore.exceptions import ClientError

        with self._failures(key):
            try:
                return self._client.head_object(Bucket=self._bucket, Key=self._prefix + key)
            except ClientError as refused:
                if error_code(refused) not in ("404", "NoSuchKey"):
                    raise
        return None

    def keys(self, prefix: str = "") -> Iterator[str]:
        """All keys that begin so, sorted, without the archive's own prefix."""
        with self._failures(self.place):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=self._prefix + prefix
            )
            found = sorted(
                item["Key"].removeprefix(self._prefix) for page in pages for item in page.get("Contents", ())
            )
        yield from found

    def survey(self) -> Iterator[StoredObject]:
        """Every version of every object below the prefix, and every delete marker, by key."""
        with self._failures(self.place):
            pages = self._client.get_paginator("list_object_versions").paginate(
                Bucket=self._bucket, Prefix=self._prefix
            )
            found = []
            for page in pages:
                for item in page.get("Versions", ()):
                    kind = StoredKind.OBJECT if item["IsLatest"] else StoredKind.OLDER_VERSION
                    found.append(StoredObject(item["Key"], kind, item["Size"], item["VersionId"]))
                for marker in page.get("DeleteMarkers", ()):
                    found.append(StoredObject(marker["Key"], StoredKind.DELETE_MARKER, version=marker["VersionId"]))
        for stored in sorted(found, key=lambda stored: stored.key):
            yield replace(stored, key=stored.key.removeprefix(self._prefix))

    def measure(self, key: str, version: str = "") -> tuple[str, int]:
        """SHA-256 and size of the bytes as they are, of the newest version or of one.

        Raises StoreError LW-ARC-006 where there are none; LW-ARC-020 to LW-ARC-024.
        """
        check_key(key)
        with self._failures(key):
            return self._stream(self._open(key, version))

    def retain(self, key: str, until: datetime) -> ArchiveReceipt:
        """Lock the newest version in compliance mode at least so long; without Object Lock in the bucket nothing is
        done, and the receipt has no `retain_until`.

        Raises StudyError LW-ARC-027 where it is locked longer already (the store would refuse it, too), StoreError
        LW-ARC-006 where there is none; LW-ARC-020 to LW-ARC-024.
        """
        receipt = self._confirmed(key)
        if not self._has_object_lock or receipt.retain_until == until:
            return receipt
        if receipt.retain_until is not None and until < receipt.retain_until:
            raise not_shortened(key, receipt.retain_until, until)
        with self._failures(key):
            self._client.put_object_retention(
                Bucket=self._bucket,
                Key=self._prefix + key,
                VersionId=receipt.version,
                Retention={"Mode": "COMPLIANCE", "RetainUntilDate": until.astimezone(UTC)},
            )
        return self._confirmed(key)

    def hold(self, key: str, on: bool) -> ArchiveReceipt:
        """Put the newest version on legal hold, or lift it; without Object Lock in the bucket nothing is done.

        Raises StoreError LW-ARC-006 where there is none; LW-ARC-020 to LW-ARC-024.
        """
        receipt = self._confirmed(key)
        if not self._has_object_lock or receipt.held == on:
            return receipt
        with self._failures(key):
            self._client.put_object_legal_hold(
                Bucket=self._bucket,
                Key=self._prefix + key,
                VersionId=receipt.version,
                LegalHold={"Status": "ON" if on else "OFF"},
            )
        return self._confirmed(key)

    def remove(self, key: str, now: datetime) -> bool:
        """Delete every version under the key, so that no delete marker stays; False where there is none.

        Raises StudyError LW-ARC-028 where it is locked or held, which nothing goes around; LW-ARC-020 to LW-ARC-024.
        """
        check_key(key)
        found = self._look(key)
        if found is not None:
            if found.get("ObjectLockLegalHoldStatus") == "ON":
                raise still_kept(key, "it is on legal hold")
            until = found.get("ObjectLockRetainUntilDate")
            if until is not None and now < until:
                raise still_kept(key, f"it is locked until {until:%Y-%m-%d %H:%M:%S} UTC")
        versions = self._versions(key)
        with self._failures(key):
            for version in versions:
                self._client.delete_object(Bucket=self._bucket, Key=self._prefix + key, VersionId=version)
        return bool(versions)

    def _confirmed(self, key: str) -> ArchiveReceipt:
        receipt = self.head(key)
        if receipt is None:
            raise nothing_there(key)
        return receipt

    def probe(self, now: datetime, progress: Callable[[str], None]) -> tuple[ProbeCall, ...]:
        """What an object of this bucket withstands (`archive_probe_s3`)."""
        from connectors.archive_probe_s3 import BucketProbe

        with self._failures(self.place):
            stranger = make_client(self._settings, unknown_keys=True)
            return BucketProbe(self._client, stranger, self._bucket, f"{self._prefix}{PROBES}", now).run(progress)

    @cached_property
    def _beside(self) -> ThreadPoolExecutor:
        """One thread, for what is asked of the store at the same time."""
        return ThreadPoolExecutor(1, thread_name_prefix="archive")

    @cached_property
    def _has_object_lock(self) -> bool:
        from botocore.exceptions import ClientError

        with self._failures(self.place):
            try:
                found = self._client.get_object_lock_configuration(Bucket=self._bucket)
            except ClientError as refused:
                if error_code(refused) in _NO_LOCK:
                    return False
                raise
        return found.get("ObjectLockConfiguration", {}).get("ObjectLockEnabled") == "Enabled"

    def _write(self, key: str, **request: Any) -> str:
        """Write unless the key is taken; the version that was written, empty where none was."""
        from botocore.exceptions import ClientError

        with self._failures(key):
            for attempt in range(TRIES):
                try:
                    put = self._client.put_object(
                        Bucket=self._bucket, Key=self._prefix + key, IfNoneMatch="*", **request
                    )
                except ClientError as refused:
                    code = error_code(refused)
                    if code in _TAKEN:
                        return ""
                    if code == "NotImplemented":
                        raise self._no_conditional_writes() from refused
                    if code not in _UNDER_WAY or attempt == TRIES - 1:
                        raise
                    time.sleep(0.1 * 2**attempt)
                else:
                    return put.get("VersionId") or _NO_VERSION
        return ""

    def _check_first(self, key: str, version: str, digest: str) -> None:
        """IntegrityError LW-ARC-007 where another writer put other bytes before the version that was just written: some
        stores do not look at If-None-Match in a bucket that keeps versions (docs/adr/0024). Nothing is deleted."""
        versions = self._versions(key)
        if versions and versions[-1] != version:
            first, _size = self.measure(key, versions[-1])
            if first != digest:
                raise other_bytes(key, first, digest)

    def _versions(self, key: str) -> list[str]:
        """The versions under a key, delete markers included, newest first."""
        with self._failures(key):
            pages = self._client.get_paginator("list_object_versions").paginate(
                Bucket=self._bucket, Prefix=self._prefix + key
            )
            return [
                item["VersionId"]
                for page in pages
                for item in (*page.get("Versions", ()), *page.get("DeleteMarkers", ()))
                if item["Key"] == self._prefix + key
            ]

    def _read_back(self, key: str) -> tuple[ArchiveReceipt, str]:
        with self._failures(key):
            found = self._open(key)
            digest, _size = self._stream(found)
        return _receipt(key, found, digest), digest

    @staticmethod
    def _stream(found: GetObjectOutputTypeDef) -> tuple[str, int]:
        digest, size = hashlib.sha256(), 0
        for block in found["Body"].iter_chunks(_READ_BLOCK):
            digest.update(block)
            size += len(block)
        return digest.hexdigest(), size

    def _open(self, key: str, version: str = "") -> GetObjectOutputTypeDef:
        from botocore.exceptions import ClientError

        named: dict[str, Any] = {"VersionId": version} if version else {}
        try:
            return self._client.get_object(Bucket=self._bucket, Key=self._prefix + key, **named)
        except ClientError as refused:
            if error_code(refused) == "NoSuchKey":
                raise nothing_there(key) from refused
            raise

    def _failures(self, where: str) -> AbstractContextManager[None]:
        return s3_failures(FAILURES, where if where == self.place else f"{self.place}/{where}")

    def _no_bucket(self) -> StoreError:
        return StoreError(
            FAILURES.no_bucket,
            "there is no such bucket",
            where=self.place,
            next_step="correct LONGWATCH_ARCHIVE or make the bucket",
        )

    def _no_conditional_writes(self) -> StoreError:
        return StoreError(
            "LW-ARC-026",
            "this store cannot write an object only where there is none (If-None-Match)",
            where=self.place,
            next_step="use a store that can: without it, an archived object could be overwritten",
        )


def _receipt(key: str, found: GetObjectOutputTypeDef | HeadObjectOutputTypeDef, sha256: str) -> ArchiveReceipt:
    return ArchiveReceipt(
        key,
        sha256,
        found["ContentLength"],
        version=found.get("VersionId", ""),
        retain_until=found.get("ObjectLockRetainUntilDate"),
        stored_at=found.get("LastModified"),
        held=found.get("ObjectLockLegalHoldStatus") == "ON",
    )
