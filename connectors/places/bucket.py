"""A prefix of an S3 bucket, or one object."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from connectors.places.place import CHUNK_BYTES
from connectors.s3 import ATTEMPTS, S3Failures, S3Settings, error_code, make_client, s3_failures
from longwatch.errors import SourceError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

SCHEME = "s3://"
FAILURES = S3Failures(
    error=SourceError,
    no_credentials="LW-SRC-030",
    unreachable="LW-SRC-031",
    no_bucket="LW-SRC-032",
    denied="LW-SRC-033",
    refused="LW-SRC-034",
)


@dataclass
class BucketPlace:
    """The objects directly below `s3://bucket/prefix/`, or the one object that the address names."""

    address: str
    settings: S3Settings
    single: bool = False
    _client: S3Client | None = None
    _etags: dict[str, str] = field(default_factory=dict)

    @property
    def where(self) -> str:
        """The address."""
        return self.address

    def names(self) -> tuple[str, ...]:
        """The names of the objects, without the prefix.

        Raises SourceError LW-SRC-030 to 034 (no credentials, no answer, no bucket, access denied, refused), LW-SRC-035
        (the address names no bucket), LW-SRC-001 (there is no such object).
        """
        bucket, prefix = self._split()
        with s3_failures(FAILURES, self.where):
            pages = self._connected().get_paginator("list_objects_v2")
            for page in pages.paginate(Bucket=bucket, Prefix=prefix, Delimiter="/"):
                for found in page.get("Contents", []):
                    name = found["Key"].removeprefix(prefix) if not self.single else found["Key"].rpartition("/")[2]
                    if name and (not self.single or found["Key"] == prefix):
                        self._etags[name] = found["ETag"]
        if self.single and not self._etags:
            raise SourceError(
                "LW-SRC-001",
                "there is no such object",
                where=self.where,
                next_step="correct `path:` of this source in the study file",
            )
        return tuple(sorted(self._etags))

    def chunks(self, name: str) -> Iterator[bytes]:
        """The bytes of an object; after a broken connection the rest, at most three times.

        Raises SourceError as `names`, and LW-SRC-036 where the object is another one than was listed.
        """
        from botocore.exceptions import ClientError, IncompleteReadError, ReadTimeoutError, ResponseStreamingError

        received = 0
        with s3_failures(FAILURES, f"{self.where}, {name}"):
            for left in reversed(range(ATTEMPTS)):
                try:
                    for chunk in self._stream(name, received):
                        received += len(chunk)
                        yield chunk
                    return
                except (ReadTimeoutError, ResponseStreamingError, IncompleteReadError):
                    if not left:
                        raise
                except ClientError as refused:
                    if error_code(refused) not in ("PreconditionFailed", "NoSuchKey", "412", "404"):
                        raise
                    raise SourceError(
                        "LW-SRC-036",
                        "the object was replaced or removed while it was being pulled",
                        where=f"{self.where}, {name}",
                        next_step="pull again when the delivery is complete",
                    ) from refused

    def _stream(self, name: str, start: int) -> Iterator[bytes]:
        bucket, prefix = self._split()
        key = prefix if self.single else prefix + name
        byte_range = {"Range": f"bytes={start}-"} if start else {}
        answer = self._connected().get_object(Bucket=bucket, Key=key, IfMatch=self._etags[name], **byte_range)  # type: ignore[arg-type]
        with closing(answer["Body"]) as body:
            yield from body.iter_chunks(CHUNK_BYTES)

    def _split(self) -> tuple[str, str]:
        bucket, _, prefix = self.address.removeprefix(SCHEME).partition("/")
        if not bucket:
            raise SourceError(
                "LW-SRC-035",
                "the address names no bucket",
                where=self.address,
                expected="s3://bucket/prefix",
                next_step="correct `path:` of this source in the study file",
            )
        prefix = prefix.strip("/")
        return bucket, prefix if self.single or not prefix else f"{prefix}/"

    def _connected(self) -> S3Client:
        if self._client is None:
            self._client = make_client(self.settings)
        return self._client
