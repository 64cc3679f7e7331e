"""What an object of the bucket withstands: twelve hostile calls against one that is locked for an hour.

A call is withstood where the version that was put is still there, byte for byte and locked as long, and where the store
refused what it has to refuse. A refusal proves something only of calls that these credentials may make at all: two
calls that must succeed show that (delete what is locked in governance mode, by the right to bypass it; extend a lock).
The credentials for a probe need those rights; the archive's daily ones should not have them.

Nothing here can harm what the bucket keeps: each call is against the probe's own objects, and versioning, should the
store let it be suspended, is switched on again.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from connectors.s3 import error_code
from longwatch.evidence.archived import ProbeCall

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

LOCKED_FOR = timedelta(hours=1)
_CONTENT = b"Put by `longwatch archive probe`, which tries to change and delete it. No evidence."
_OTHER = b"changed by the probe"


class BucketProbe:
    """One probe. `folder`: where it puts its objects. What earlier ones left and is no longer locked goes first."""

    def __init__(self, client: S3Client, stranger: S3Client, bucket: str, folder: str, now: datetime) -> None:
        self._client = client
        self._stranger = stranger
        self._bucket = bucket
        self._folder = folder
        self._key = f"{folder}{uuid.uuid4().hex}"
        self._until = now.astimezone(UTC).replace(microsecond=0) + LOCKED_FOR
        self._version: dict[str, Any] = {}

    def run(self, progress: Callable[[str], None]) -> tuple[ProbeCall, ...]:
        """Each call and whether it was withstood. Raises what boto raises where the store cannot be used."""
        self._clean_up()
        try:
            put = self._put(self._key, "COMPLIANCE")
            self._version = {"VersionId": put["VersionId"]} if put.get("VersionId") else {}
            may_bypass, may_set = self._may_bypass(), self._may_set_locks()
            made = []
            for name, call, proves in self._calls():
                progress(name)
                made.append(self._tried(name, call, {"bypass": may_bypass, "set": may_set, "": True}[proves]))
        finally:
            self._clean_up()
        return tuple(made)

    def _calls(self) -> list[tuple[str, Callable[[], bool], str]]:
        """Name, call (whether the store did as bidden where it must not), the right without which it proves nothing."""
        named: dict[str, Any] = {"Bucket": self._bucket, "Key": self._key}
        version = {**named, **self._version}
        bypass = {"BypassGovernanceRetention": True}
        batch = {"Objects": [{"Key": self._key, **self._version}]}
        sooner = {"Mode": "COMPLIANCE", "RetainUntilDate": self._until - timedelta(minutes=30)}
        weaker = {"Mode": "GOVERNANCE", "RetainUntilDate": self._until}
        client: Any = self._client

        def done(call: Callable[..., Any], **request: Any) -> Callable[[], bool]:
            return lambda: call(**request) is not None

        def harmless(call: Callable[..., Any], **request: Any) -> Callable[[], bool]:
            return lambda: call(**request) is None

        return [
            ("overwrite it", harmless(self._put, key=self._key, mode="GOVERNANCE", body=_OTHER), ""),
            ("copy it onto itself with other metadata", harmless(self._copy), ""),
            ("delete it", harmless(client.delete_object, **named), "bypass"),
            ("delete its version", done(client.delete_object, **version), "bypass"),
            ("delete its version, bypassing governance", done(client.delete_object, **version, **bypass), "bypass"),
            (
                "delete its version in a batch, bypassing governance",
                lambda: not client.delete_objects(Bucket=self._bucket, Delete=batch, **bypass).get("Errors"),
                "bypass",
            ),
            ("shorten its lock", done(client.put_object_retention, **version, Retention=sooner, **bypass), "set"),
            ("weaken its lock", done(client.put_object_retention, **version, Retention=weaker, **bypass), "set"),
            ("remove its lock", done(client.put_object_retention, **version, Retention={}, **bypass), "set"),
            ("delete an object under legal hold", self._delete_held, "bypass"),
            ("suspend versioning", self._suspend_versioning, ""),
            (
                "delete its version with keys that the store does not know",
                done(self._stranger.delete_object, **version, **bypass),
                "",
            ),
        ]

    def _put(self, key: str, mode: str, body: bytes = _CONTENT, **more: Any) -> Any:
        """Put an object with a lock; without, where the bucket has no Object Lock."""
        from botocore.exceptions import ClientError

        request: dict[str, Any] = {"Bucket": self._bucket, "Key": key, "Body": body, "ContentType": "text/plain"}
        lock = {"ObjectLockMode": mode, "ObjectLockRetainUntilDate": self._until, **more}
        try:
            return self._client.put_object(**request, **lock, ChecksumAlgorithm="SHA256")
        except ClientError as refused:
            if error_code(refused) not in ("InvalidRequest", "NotImplemented"):
                raise
        return self._client.put_object(**request)

    def _copy(self) -> Any:
        client: Any = self._client
        source = {"Bucket": self._bucket, "Key": self._key, **self._version}
        lock = {"ObjectLockMode": "GOVERNANCE", "ObjectLockRetainUntilDate": self._until} if self._version else {}
        other = {"MetadataDirective": "REPLACE", "Metadata": {"sha256": "0" * 64}}
        return client.copy_object(Bucket=self._bucket, Key=self._key, CopySource=source, **other, **lock)

    def _tried(self, name: str, call: Callable[[], bool], proves: bool) -> ProbeCall:
        from botocore.exceptions import ClientError

        try:
            obeyed, said = call(), "done"
        except ClientError as refused:
            status = refused.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
            obeyed, said = not 400 <= status < 500 or status == 404, f"refused: {error_code(refused)}"
        kept = self._is_kept()
        if not proves:
            return ProbeCall(name, False, f"{said}; these credentials may not do that to any object: proves nothing")
        if not kept:
            said += "; the version that was put is gone or changed"
        return ProbeCall(name, kept and not obeyed, said)

    def _is_kept(self) -> bool:
        """Whether the version that was put is there, with its bytes and its lock."""
        from botocore.exceptions import ClientError

        try:
            found = self._client.get_object(Bucket=self._bucket, Key=self._key, **self._version)
        except ClientError:
            return False
        locked = found.get("ObjectLockRetainUntilDate")
        is_locked = found.get("ObjectLockMode") == "COMPLIANCE" and locked is not None and locked >= self._until
        return found["Body"].read() == _CONTENT and (is_locked or not self._version)

    def _may_bypass(self) -> bool:
        """These credentials may delete a version that only governance keeps: then a refusal is the lock's."""
        from botocore.exceptions import ClientError

        key = f"{self._key}-control"
        put = self._put(key, "GOVERNANCE")
        try:
            self._client.delete_object(
                Bucket=self._bucket, Key=key, VersionId=put.get("VersionId", "null"), BypassGovernanceRetention=True
            )
        except ClientError:
            return False
        return True

    def _may_set_locks(self) -> bool:
        """These credentials may extend a lock, which is always allowed."""
        from botocore.exceptions import ClientError

        self._until += timedelta(seconds=1)
        try:
            self._client.put_object_retention(
                Bucket=self._bucket,
                Key=self._key,
                Retention={"Mode": "COMPLIANCE", "RetainUntilDate": self._until},
                **self._version,
            )
        except ClientError:
            self._until -= timedelta(seconds=1)
            return False
        return True

    def _delete_held(self) -> bool:
        """Delete, by the right to bypass governance, a version under legal hold. The store must refuse."""
        key = f"{self._key}-held"
        put = self._put(key, "GOVERNANCE", ObjectLockLegalHoldStatus="ON")
        self._client.delete_object(
            Bucket=self._bucket, Key=key, VersionId=put.get("VersionId", "null"), BypassGovernanceRetention=True
        )
        return True

    def _suspend_versioning(self) -> bool:
        self._client.put_bucket_versioning(Bucket=self._bucket, VersioningConfiguration={"Status": "Suspended"})
        self._client.put_bucket_versioning(Bucket=self._bucket, VersioningConfiguration={"Status": "Enabled"})
        return True

    def _clean_up(self) -> None:
        """Take away what probes left, where its lock is over or can be lifted."""
        from botocore.exceptions import ClientError

        pages = self._client.get_paginator("list_object_versions").paginate(Bucket=self._bucket, Prefix=self._folder)
        for page in pages:
            for item in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
                named: dict[str, Any] = {"Bucket": self._bucket, "Key": item["Key"], "VersionId": item["VersionId"]}
                with suppress(ClientError):
                    if item["Key"].endswith("-held"):
                        self._client.put_object_legal_hold(**named, LegalHold={"Status": "OFF"})
                with suppress(ClientError):
                    self._client.delete_object(**named, BypassGovernanceRetention=True)
