"""S3 and everything that speaks its language: one client, and its failures in words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from longwatch.errors import LongwatchError

if TYPE_CHECKING:
    from botocore.exceptions import BotoCoreError, ClientError
    from mypy_boto3_s3 import S3Client

CONNECT_SECONDS = 5
READ_SECONDS = 60
ATTEMPTS = 3

_NO_BUCKET = {"NoSuchBucket"}
_DENIED = {
    "AccessDenied", "AllAccessDisabled", "AccountProblem", "ExpiredToken", "Forbidden", "InvalidAccessKeyId",
    "InvalidToken", "SignatureDoesNotMatch", "403",
}  # fmt: skip


@dataclass(frozen=True)
class S3Settings:
    """Where the store is. `endpoint_url`: None for AWS itself. `region`: None lets the environment say.

    Credentials are never settings of ours: boto3 finds them (environment, shared file, instance role).
    """

    endpoint_url: str | None = None
    region: str | None = None
    connect_seconds: float = CONNECT_SECONDS
    read_seconds: float = READ_SECONDS
    attempts: int = ATTEMPTS


@dataclass(frozen=True)
class S3Failures:
    """The class and the ids that the causes of failure get where S3 is used for one purpose."""

    error: type[LongwatchError]
    no_credentials: str
    unreachable: str
    no_bucket: str
    denied: str
    refused: str


def make_client(settings: S3Settings, *, unknown_keys: bool = False) -> S3Client:
    """A client that gives up in bounded time: 5 s to connect, 60 s to read, 3 attempts in standard mode, or as set.

    A store of one's own (an endpoint) is addressed by path, since bucket names are no host names there. Checksums that
    newer clients add unasked are sent only where the operation requires one: stores that are not AWS refuse
    them, and Longwatch compares SHA-256 itself.

    `unknown_keys`: with keys that no store knows, to see that it asks for them.

    Raises ValueError (from boto) where the endpoint is no URL; `s3_failures` turns it into words.
    """
    import boto3
    from botocore.config import Config

    own_store = settings.endpoint_url is not None
    config = Config(
        connect_timeout=settings.connect_seconds,
        read_timeout=settings.read_seconds,
        retries={"mode": "standard", "total_max_attempts": settings.attempts},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        s3={"addressing_style": "path" if own_store else "auto"},
    )
    # A store of one's own needs some region for the signature, whatever it is.
    region = settings.region or ("us-east-1" if own_store else None)
    session = boto3.session.Session()
    if unknown_keys:
        session = boto3.session.Session("AKIAUNKNOWNLONGWATCH", "unknown" * 5)
    return session.client("s3", endpoint_url=settings.endpoint_url, region_name=region, config=config)


@contextmanager
def s3_failures(failures: S3Failures, where: str) -> Iterator[None]:
    """What boto raises inside becomes the error of its cause; `where` names the bucket or object."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (ClientError, BotoCoreError) as problem:
        raise as_longwatch_error(problem, failures, where) from problem
    except ValueError as problem:
        if "endpoint" not in str(problem):
            raise
        raise failures.error(
            failures.unreachable,
            "the S3 endpoint is not an address",
            where=where,
            expected="https://host[:port]",
            next_step="correct LONGWATCH_S3_ENDPOINT",
        ) from problem


def as_longwatch_error(problem: ClientError | BotoCoreError, failures: S3Failures, where: str) -> LongwatchError:
    """What boto said, by cause: no credentials, cannot connect, no such bucket, access denied, anything else refused.

    Returns the error and does not raise it. A code that has its own meaning to the caller (no such key, a condition
    not met) is looked at before. A HEAD request has no body and its code is only `404`: that stays "refused" here.
    """
    from botocore import exceptions

    no_credentials = (
        exceptions.NoCredentialsError,
        exceptions.PartialCredentialsError,
        exceptions.CredentialRetrievalError,
        exceptions.ProfileNotFound,
        exceptions.TokenRetrievalError,
        exceptions.UnauthorizedSSOTokenError,
    )
    if isinstance(problem, no_credentials):
        return failures.error(
            failures.no_credentials,
            "there are no S3 credentials",
            where=where,
            next_step="set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE",
        )
    if isinstance(problem, (exceptions.HTTPClientError, exceptions.ConnectionError, exceptions.IncompleteReadError)):
        return failures.error(
            failures.unreachable,
            f"the S3 store does not answer ({type(problem).__name__})",
            where=where,
            next_step="check the network and LONGWATCH_S3_ENDPOINT; `longwatch doctor` tries again",
        )
    code = error_code(problem)
    if code in _NO_BUCKET:
        return failures.error(
            failures.no_bucket, "there is no such bucket", where=where, next_step="correct the name or make the bucket"
        )
    if code in _DENIED:
        return failures.error(
            failures.denied,
            f"the S3 store denies access ({code})",
            where=where,
            next_step="check whose credentials these are and what they may do with this bucket",
        )
    return failures.error(
        failures.refused,
        f"the S3 store refused ({code or type(problem).__name__})",
        where=where,
        next_step="look the code up in the store's manual; try again if it is a passing fault",
    )


def error_code(problem: ClientError | BotoCoreError) -> str:
    """The store's own word for a refusal (`NoSuchKey`, `PreconditionFailed`, `404`), empty where it said none."""
    response = getattr(problem, "response", None) or {}
    return str(response.get("Error", {}).get("Code", ""))
