"""A prefix of an S3 bucket, or one object."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from connectors.places.fetching import FetchLimits, Passing, StatedChecksums, raise_mismatch, resume
from connectors.places.place import CHUNK_BYTES
from connectors.s3 import S3Failures, S3Settings, as_longwatch_error, error_code, make_client, s3_failures
from longwatch.errors import SourceError

if TYPE_CHECKING:
    from botocore.response import StreamingBody
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
    limits: FetchLimits = field(default_factory=FetchLimits)
    _client: S3Client | None = None
    _etags: dict[str, str] = field(default_factory=dict)
    _headers: dict[str, str] = field(default_factory=dict)

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
        """The bytes of an object; after a broken connection the rest of the same object.

        Raises SourceError as `names`, LW-SRC-036 where the object is another one than was listed, LW-SRC-102 where it
        is not what the store says it sent.
        """
        stated = StatedChecksums({})

        def pieces_from(start: int) -> Iterator[bytes]:
            nonlocal stated
            with self._failures(name), closing(self._answer(name, start)) as body:
                if not start:
                    stated = StatedChecksums.of(self._headers)
                for piece in body.iter_chunks(CHUNK_BYTES):
                    stated.update(piece)
                    yield piece

        with s3_failures(FAILURES, f"{self.where}, {name}"):
            yield from resume(pieces_from, self.limits)
        stated.check(f"{self.where}, {name}")

    @contextmanager
    def _failures(self, name: str) -> Iterator[None]:
        """What may pass, what says that the object is another one, what says that it arrived damaged."""
        from botocore import exceptions

        where = f"{self.where}, {name}"
        try:
            yield
        except (
            exceptions.ReadTimeoutError,
            exceptions.ResponseStreamingError,
            exceptions.IncompleteReadError,
        ) as broken:
            error = as_longwatch_error(broken, FAILURES, where)
            raise Passing(cast(SourceError, error)) from None
        except exceptions.FlexibleChecksumError:
            raise_mismatch(where, "the checksum that the store states", "another")
        except exceptions.ClientError as refused:
            if error_code(refused) not in ("PreconditionFailed", "NoSuchKey", "412", "404"):
                raise
            raise SourceError(
                "LW-SRC-036",
                "the object was replaced or removed while it was being pulled",
                where=where,
                next_step="pull again when the delivery is complete",
            ) from refused

    def _answer(self, name: str, start: int) -> StreamingBody:
        bucket, prefix = self._split()
        key = prefix if self.single else prefix + name
        asked = {"Range": f"bytes={start}-"} if start else {"ChecksumMode": "ENABLED"}
        answer = self._connected().get_object(Bucket=bucket, Key=key, IfMatch=self._etags[name], **asked)  # type: ignore[arg-type]
        self._headers = answer["ResponseMetadata"]["HTTPHeaders"]
        return answer["Body"]

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
