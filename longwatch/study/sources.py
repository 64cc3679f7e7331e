"""Where a study's data comes from: what the study file may say about a source, and what it must not.

A place is told by its path: `s3://…` a bucket; `http(s)://…` the web, with `forms:` a REDCap project; any other
`…://` a database; the rest a folder, a zip or a file. A secret never stands in a study file: it names the variable or
the file that holds one, and no mistake in such a place is repeated in a message.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Literal, Self
from urllib.parse import parse_qsl, urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

from longwatch.standards.yaml_lines import UNSAID
from longwatch.study.part import Part

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# A token pasted where the name of a variable belongs; REDCap's are 32 hexadecimal digits.
_PASTED = re.compile(r"[0-9A-Fa-f]{32,}")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_SECRET_WORDS = re.compile(r"token|key|passw|pwd|secret|sig$|signature|credential|auth", re.IGNORECASE)
_QUERY = re.compile(r"\s*(select|with)\b", re.IGNORECASE)
_NOT_FETCHED = ("file", "ftp", "ftps", "sftp", "scp", "webdav", "gs", "az", "abfs", "smb")
_WEB = ("http", "https")

DOMAIN = r"^[A-Z][A-Z0-9]{1,7}$"
Domain = Annotated[str, Field(pattern=DOMAIN)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class PlaceKind(StrEnum):
    """What a source's path means."""

    LOCAL = "local"
    BUCKET = "bucket"
    WEB = "web"
    REDCAP = "redcap"
    DATABASE = "database"


def _mistake(message: str) -> PydanticCustomError:
    """A mistake whose value is not repeated: it may be a secret."""
    return PydanticCustomError(UNSAID, "{message}", {"message": message})


def _check_secret(value: Any) -> Any:
    if isinstance(value, SecretAt):
        return value
    if not isinstance(value, Mapping) or len(value) != 1 or not {*value} <= {"env", "file"}:
        raise _mistake("a secret never stands in a study file; write {env: NAME} or {file: /path}")
    (kind, named), *_ = value.items()
    if not isinstance(named, str) or not named.strip():
        raise _mistake(f"`{kind}:` names no {'variable' if kind == 'env' else 'file'}")
    if kind == "env" and (not _VARIABLE.fullmatch(named) or _PASTED.fullmatch(named)):
        raise _mistake("`env:` is the name of a variable, not the secret itself")
    return value


class SecretAt(Part):
    """Where a secret is: a variable of the environment, or a file (from the study file's folder) of one line."""

    env: str = ""
    file: str = ""


Secret = Annotated[SecretAt, BeforeValidator(_check_secret)]


class Form(Part):
    """A REDCap form as a dataset. `columns`: our variable ← REDCap's field, `record_id`, `redcap_event_name`,
    `redcap_repeat_instance` and checkbox fields (`race___1`) included. `constants`: the same value in every record.
    `values`: the codes of multiple choices (`raw`) or their labels."""

    form: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    columns: Annotated[dict[Annotated[str, Field(pattern=r"^[A-Z_][A-Z0-9_]{0,31}$")], str], Field(min_length=1)]
    constants: dict[Annotated[str, Field(pattern=r"^[A-Z_][A-Z0-9_]{0,31}$")], str] = Field(default_factory=dict)
    values: Literal["raw", "label"] = "raw"

    @model_validator(mode="after")
    def check_once(self) -> Self:
        """A variable is taken from a field or is a constant, not both."""
        both = sorted(set(self.columns) & set(self.constants))
        if both:
            raise ValueError(f"{', '.join(both)} stands in `columns:` and in `constants:`")
        return self


def scheme_of(path: str) -> str:
    """The scheme of an address, small; empty for a path of the file system."""
    found = _SCHEME.match(path)
    return found[1].lower() if found else ""


def _check_path(path: str) -> str:
    scheme = scheme_of(path)
    if scheme in _NOT_FETCHED:
        raise _mistake(f"{scheme}:// is not fetched from; give a path, s3://, https://, or a database's URL")
    if not scheme or scheme == "s3":
        return path
    try:
        parts = urlsplit(path)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise _mistake("this is not an address") from None
    if parts.password or (scheme in _WEB and parts.username is not None):
        raise _mistake("credentials stand in the address; name them by `token:` or `password:` instead")
    if any(_SECRET_WORDS.search(name) for name, _ in parse_qsl(parts.query, keep_blank_values=True)):
        raise _mistake("the address carries a secret after the `?`; name it by `token:` or `password:` instead")
    if scheme in _WEB and not host:
        raise _mistake("the address names no host")
    return path


SourcePath = Annotated[str, Field(min_length=1), AfterValidator(_check_path)]


class PlaceOptions(Part):
    """What a source says beyond its path, by kind of place.

    `sha256`: of files by their names, compared when they have arrived. Web: `token` (sent as `Authorization: Bearer`,
    or as it is in the `header` named), or `user` and `password` (Basic). Database: `password`; `tables` and `queries`
    by domain. REDCap: `token`; `forms` by domain.
    """

    path: SourcePath
    include: tuple[str, ...] = ()
    dataset: Annotated[str, Field(pattern=DOMAIN)] | None = None
    sha256: dict[str, Sha256] = Field(default_factory=dict)
    token: Secret | None = None
    header: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9-]*$")] = "Authorization"
    user: Annotated[str, Field(pattern=r"^[^:\s]+$")] | None = None
    password: Secret | None = None
    tables: dict[Domain, Annotated[str, Field(min_length=1)]] = Field(default_factory=dict)
    queries: dict[Domain, Annotated[str, Field(min_length=1)]] = Field(default_factory=dict)
    forms: dict[Domain, Form] = Field(default_factory=dict)

    @property
    def kind(self) -> PlaceKind:
        """What the path means."""
        scheme = scheme_of(self.path)
        if scheme == "s3":
            return PlaceKind.BUCKET
        if scheme in _WEB:
            return PlaceKind.REDCAP if self.forms else PlaceKind.WEB
        return PlaceKind.DATABASE if scheme else PlaceKind.LOCAL

    @property
    def shown(self) -> str:
        """The source as it may be shown, logged and registered: what was given after a `?` is left out."""
        return self.path.partition("?")[0] if scheme_of(self.path) else self.path

    @model_validator(mode="after")
    def check_kind(self) -> Self:
        """Only what its kind of place understands; and never a secret in the clear over a network."""
        kind = self.kind
        _check_options(self, kind)
        if kind is PlaceKind.WEB:
            _check_web(self)
        elif kind is PlaceKind.DATABASE:
            _check_database(self)
        elif kind is PlaceKind.REDCAP:
            _check_redcap(self)
        return self


_UNDERSTOOD: dict[PlaceKind, set[str]] = {
    PlaceKind.LOCAL: set(),
    PlaceKind.BUCKET: set(),
    PlaceKind.WEB: {"token", "header", "user", "password"},
    PlaceKind.REDCAP: {"token", "forms"},
    PlaceKind.DATABASE: {"password", "tables", "queries"},
}
_OPTIONS = ("token", "header", "user", "password", "tables", "queries", "forms")
_CALLED = {
    PlaceKind.LOCAL: "a folder, a zip or a file",
    PlaceKind.BUCKET: "a bucket (its credentials are boto3's: AWS_ACCESS_KEY_ID, …)",
    PlaceKind.WEB: "a web address",
    PlaceKind.REDCAP: "a REDCap project",
    PlaceKind.DATABASE: "a database",
}


def _differs(source: PlaceOptions, name: str, field: FieldInfo) -> bool:
    """Whether a key says something: a key with its default, as a study file that was written out has it, does not."""
    return bool(getattr(source, name) != field.get_default(call_default_factory=True, validated_data={}))


def _check_options(source: PlaceOptions, kind: PlaceKind) -> None:
    said = [name for name, field in type(source).model_fields.items() if _differs(source, name, field)]
    wrong = [name for name in _OPTIONS if name in said and name not in _UNDERSTOOD[kind]]
    if kind in (PlaceKind.REDCAP, PlaceKind.DATABASE):
        wrong += [name for name in ("include", "dataset") if name in said]
    if wrong:
        raise _mistake(f"`{wrong[0]}:` means nothing for {_CALLED[kind]}")


def _check_web(source: PlaceOptions) -> None:
    if source.token and (source.user or source.password):
        raise _mistake("either `token:`, or `user:` and `password:`")
    if bool(source.user) != bool(source.password):
        raise _mistake("`user:` and `password:` belong together")
    whole = source.path.partition("?")[0].endswith("/")
    if whole and not source.include:
        raise _mistake("an address that ends in / needs `include:`, the names of its files")
    if not whole and source.include and not source.path.lower().partition("?")[0].endswith(".zip"):
        raise _mistake("`include:` chooses from an address that ends in /, or from a zip")
    if any("/" in name or name in (".", "..") for name in source.include):
        raise _mistake("`include:` holds names of files, without folders")
    _check_clear(source)


def _check_redcap(source: PlaceOptions) -> None:
    if not source.token:
        raise _mistake("a REDCap project needs `token:`")
    if not source.path.endswith("/api/"):
        raise _mistake("the address of REDCap's API ends in /api/")
    _check_clear(source)


def _check_clear(source: PlaceOptions) -> None:
    """http:// carries a secret only to this machine."""
    host = urlsplit(source.path).hostname or ""
    if scheme_of(source.path) == "http" and (source.token or source.password) and not _is_this_machine(host):
        raise _mistake("http:// would send the secret unprotected; use https://")


def _is_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _check_database(source: PlaceOptions) -> None:
    if not source.tables and not source.queries:
        raise _mistake("a database needs `tables:` or `queries:`, by domain")
    twice = sorted(set(source.tables) & set(source.queries))
    if twice:
        raise _mistake(f"{', '.join(twice)} stands in `tables:` and in `queries:`")
    wrong = [domain for domain, query in source.queries.items() if not _QUERY.match(query)]
    if wrong:
        raise _mistake(f"the query of {wrong[0]} does not begin with select or with")
