"""Settings: `LONGWATCH_*` variables, or one file."""

from __future__ import annotations

import getpass
from pathlib import Path

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from longwatch.errors import StudyError

SETTINGS_FILE = "longwatch.toml"


class Settings(BaseSettings):
    """Where things are. Each setting is a variable `LONGWATCH_<NAME>`, else a line of `longwatch.toml` in the working
    directory, else its default.

    `home`: the folder of all data. `database_url`: the registers; default SQLite in `home`. `archive`: a folder, or
    `s3://bucket/prefix`; default a folder in `home`. `s3_endpoint`, `s3_region`: for any S3-compatible store;
    credentials are those of boto3 (AWS_ACCESS_KEY_ID …). `user`: the acting account while there are no accounts;
    default the operating-system user, recorded as unauthenticated. `session`: the file of the token that `login` gets,
    or that a service was given; default one for each operating-system user in `home`. `session_hours`,
    `session_idle_minutes`: how long a login lasts. `password_days`: an older password must be changed; 0: never.
    `signing_key`: the file of the key that signs audit checkpoints; default in `home`. `archive_lock_days`: Object Lock
    for candidates, where the bucket has it.
    `seal_certificate`, `seal_password`: the PKCS#12 file that seals signed copies of reports and its password, or the
    `pkcs11:` URI of a certificate on a token and its PIN; default a file made for demonstration, and marked so.
    `timestamp_url`, `timestamp_seconds`: a time-stamp server (RFC 3161), and how long it is waited for.
    `source_…`: how long and how much is fetched (`connectors.places.fetching.FetchLimits`).
    `parse_…`: what a process that reads a foreign file may use (`connectors.parsing.limits`): resident memory, seconds
    without a byte read or written, its typed copy; and how many read at the same time.
    `notice_file`, `notice_webhook`, `notice_smtp` with `notice_from` and `notice_to`: where the nightly flow tells what
    is new, in counts.
    """

    model_config = SettingsConfigDict(env_prefix="LONGWATCH_", toml_file=SETTINGS_FILE, extra="ignore", frozen=True)

    home: Path = Path("longwatch-data")
    database_url: str = ""
    archive: str = ""
    s3_endpoint: str = ""
    s3_region: str = ""
    user: str = ""
    session: str = ""
    session_hours: float = Field(default=12.0, gt=0, le=24 * 31)
    session_idle_minutes: float = Field(default=120.0, gt=0, le=60 * 24)
    password_days: int = Field(default=365, ge=0, le=3650)
    signing_key: str = ""
    seal_certificate: str = ""
    seal_password: str = Field(default="", repr=False)
    timestamp_url: str = ""
    timestamp_seconds: float = Field(default=10.0, gt=0, le=120)
    archive_lock_days: int = Field(default=0, ge=0, le=36525)
    source_bytes: int = Field(default=50 * 1024**3, ge=1)
    source_rows: int = Field(default=500_000_000, ge=1)
    source_connect_seconds: float = Field(default=10.0, gt=0, le=600)
    source_read_seconds: float = Field(default=60.0, gt=0, le=3600)
    source_statement_seconds: float = Field(default=900.0, gt=0, le=86400)
    source_attempts: int = Field(default=4, ge=1, le=20)
    parse_memory_mb: int = Field(default=2048, ge=256)
    parse_seconds: int = Field(default=30, ge=1)
    parse_output_mb: int = Field(default=20_480, ge=1)
    parse_children: int = Field(default=2, ge=1, le=64)
    notice_file: str = ""
    notice_webhook: str = ""
    notice_smtp: str = ""
    notice_from: str = ""
    notice_to: str = ""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then variables, then the file."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

    @property
    def folder(self) -> Path:
        """`home`, absolute."""
        return self.home.expanduser().resolve()

    @property
    def registers_url(self) -> str:
        """The database in force."""
        return self.database_url or f"sqlite:///{self.folder / 'registers.sqlite3'}"

    @property
    def archive_place(self) -> str:
        """The archive in force: a folder or `s3://…`."""
        return self.archive or str(self.folder / "archive")

    @property
    def signing_key_file(self) -> Path:
        """The key's file in force."""
        return Path(self.signing_key).expanduser().resolve() if self.signing_key else self.folder / "signing-key.pem"

    @property
    def session_file(self) -> Path:
        """The session's file in force."""
        if self.session:
            return Path(self.session).expanduser().resolve()
        return self.folder / "sessions" / f"{getpass.getuser()}.token"

    @property
    def account(self) -> str:
        """The acting account's name (CONTRACTS.md, Who)."""
        return self.user or getpass.getuser()


def read_settings() -> Settings:
    """The settings in force. Raises StudyError LW-SET-001 where one has a value that cannot be used."""
    try:
        return Settings()
    except (ValidationError, ValueError) as wrong:
        details = wrong.errors(include_url=False) if isinstance(wrong, ValidationError) else []
        said = "; ".join(f"LONGWATCH_{'_'.join(map(str, item['loc'])).upper()}: {item['msg']}" for item in details)
        raise StudyError(
            "LW-SET-001",
            said or f"the settings file is no TOML: {wrong}",
            where="settings",
            next_step=f"correct the variable, or the line in {SETTINGS_FILE}",
        ) from wrong
