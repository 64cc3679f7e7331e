"""The one place where adapters are chosen and given to operations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from longwatch.evidence.accounts import AccountRow
from operations.access import Access
from operations.guarded import GuardedRegisters, guarded_archive, guarded_snapshots
from runtime.clock import read_clock
from runtime.engine import read_engine
from runtime.settings import Settings

if TYPE_CHECKING:
    from connectors.parsing.limits import ParseLimits
    from connectors.places.database import OpenDatabase
    from connectors.places.fetching import FetchLimits
    from connectors.s3 import S3Settings
    from longwatch.evidence.report_key import Engine
    from longwatch.study import KnownNames
    from operations.access_ports import Passwords, SessionFile
    from operations.archive_ports import Archive, PackageWriter, ProgramParts, Signer
    from operations.document_ports import PdfCheck, PdfComparison, Renderer, Sealer, SignaturePages, SubmissionFolder
    from operations.ports import (
        Adapters,
        ChangeFiles,
        Clock,
        CsvText,
        Documents,
        FindingsExchange,
        FindingsFiles,
        ForeignReports,
        GroupFiles,
        HtmlRenderer,
        LetterRenderer,
        NoticeTarget,
        PooledOpinion,
        Processes,
        Registers,
        RuleFiles,
        Rules,
        SecondOpinion,
        SnapshotStore,
        TableDocument,
        Templates,
        Validator,
    )


class Wiring:
    """The adapters that the settings name. Each is made, and its libraries are loaded, when it is first asked for."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @cached_property
    def snapshots(self) -> SnapshotStore:
        """A folder of raw bytes and typed copies."""
        from connectors.places.visit import Access as SourceAccess
        from connectors.snapshot_store import FolderSnapshotStore

        store = FolderSnapshotStore(
            self.settings.folder / "snapshots",
            SourceAccess(
                self._s3_of_sources, limits=self._limits, open_database=open_database, parse=self._parse_limits
            ),
        )
        return guarded_snapshots(store, self.access)

    @cached_property
    def registers(self) -> Registers:
        """SQLite in the home folder, or the database of the URL."""
        return GuardedRegisters(self._unguarded_registers, self.access)

    @cached_property
    def _unguarded_registers(self) -> Registers:
        from models import SqlRegisters

        return SqlRegisters(self.settings.registers_url)

    @cached_property
    def access(self) -> Access:
        """The account of the session file's token; in open registers that of the settings, unauthenticated."""
        return Access(
            self._unguarded_registers,
            lambda: self.clock(),
            lambda: self.settings.account,
            lambda: self.session_file.read(),
            timedelta(minutes=self.settings.session_idle_minutes),
        )

    @cached_property
    def passwords(self) -> Passwords:
        """Argon2."""
        from connectors.passwords import ArgonPasswords

        return ArgonPasswords()

    @cached_property
    def session_file(self) -> SessionFile:
        """A file of the operating-system user."""
        return self.token_file(str(self.settings.session_file))

    def token_file(self, file: str) -> SessionFile:
        """Any file."""
        from connectors.passwords import SessionFile as OwnFile

        return OwnFile(Path(file))

    @cached_property
    def archive(self) -> Archive:
        """A folder, or a bucket."""
        place = self.settings.archive_place
        if place.startswith("s3://"):
            from connectors.archive_s3 import S3Archive

            bucket, _, prefix = place.removeprefix("s3://").partition("/")
            return guarded_archive(S3Archive(bucket, prefix, self._s3), self.access)
        from connectors.archive_folder import FolderArchive

        return guarded_archive(FolderArchive(Path(place).expanduser().resolve()), self.access)

    @cached_property
    def signer(self) -> Signer:
        """An Ed25519 key in a file."""
        from connectors.signing import FileSigner

        return FileSigner(self.settings.signing_key_file)

    @cached_property
    def write_package(self) -> PackageWriter:
        """One ZIP, in the file that is named with the call."""
        from connectors.evidence_package.write import write_package

        return write_package

    @property
    def program_parts(self) -> ProgramParts:
        """What is installed, and the lock file."""
        from runtime.program_parts import read_program_parts

        return read_program_parts

    @cached_property
    def validate(self) -> Validator:
        """Great Expectations and the full list."""
        from validations import validate

        return validate

    @cached_property
    def rule_inputs(self) -> RuleFiles:
        """Files beside the study file."""
        from connectors.rule_files import read_rule_inputs

        return read_rule_inputs

    @cached_property
    def event_groups(self) -> GroupFiles:
        """Files beside the study file."""
        from connectors.group_files import read_event_groups

        return read_event_groups

    @cached_property
    def rules(self) -> Rules:
        """The rules that come with Longwatch, and a study's own."""
        from validations import rules_of

        return rules_of

    @cached_property
    def second_opinion(self) -> SecondOpinion:
        """SQL in DuckDB; DuckDB is loaded when the first report is checked."""
        from crosscheck import ask_second_opinion

        return ask_second_opinion

    @cached_property
    def pooled_opinion(self) -> PooledOpinion:
        """The same, of several studies."""
        from crosscheck import ask_pooled_opinion

        return ask_pooled_opinion

    @cached_property
    def render(self) -> Renderer:
        """ReportLab."""
        from report_templates import render

        return render

    @cached_property
    def check_pdf(self) -> PdfCheck:
        """pikepdf, with its PDF/A validator."""
        from report_templates import check_conformance

        return check_conformance

    @cached_property
    def render_signatures(self) -> SignaturePages:
        """ReportLab."""
        from report_templates.signature_page import render_signature_pages

        return render_signature_pages

    @cached_property
    def sealer(self) -> Sealer:
        """pyHanko, with the certificate of a file, of a token, or one made for demonstration."""
        from connectors.pdf_sealing import PdfSealer
        from connectors.token_signing import SCHEME, TokenAddress, read_address

        given = self.settings
        certificate: Path | TokenAddress | None = None
        if given.seal_certificate.startswith(SCHEME):
            certificate = read_address(given.seal_certificate)
        elif given.seal_certificate:
            certificate = Path(given.seal_certificate).expanduser().resolve()
        return PdfSealer(
            certificate,
            given.seal_password,
            given.folder / "demonstration-certificate.p12",
            given.timestamp_url,
            given.timestamp_seconds,
            read_clock,
        )

    @cached_property
    def compare_pdfs(self) -> PdfComparison:
        """pikepdf."""
        from report_templates.file_difference import compare_pdfs

        return compare_pdfs

    @cached_property
    def render_html(self) -> HtmlRenderer:
        """One self-contained page."""
        from report_templates import render_html

        return render_html

    @cached_property
    def render_html_table(self) -> TableDocument:
        """One output as an HTML page."""
        from report_templates.html_table import render_html_table

        return render_html_table

    @cached_property
    def render_docx(self) -> TableDocument:
        """One output as a Word document, by python-docx."""
        from report_templates.docx_table import render_docx

        return render_docx

    @cached_property
    def render_letter(self) -> LetterRenderer:
        """A query to a site, by ReportLab."""
        from report_templates import render_letter

        return render_letter

    @cached_property
    def foreign_report(self) -> ForeignReports:
        """Pinnacle 21 and CDISC CORE."""
        from connectors.foreign_reports import read_foreign_report

        return read_foreign_report

    @cached_property
    def csv_text(self) -> CsvText:
        """Lines as CSV in which no spreadsheet program finds a formula."""
        from connectors.inert_text import inert_csv

        return inert_csv

    @cached_property
    def documents(self) -> Documents:
        """Files in the folder that is named with the call."""
        from connectors.document_folder import write_documents

        return write_documents

    @cached_property
    def submission_folder(self) -> SubmissionFolder:
        """A new folder."""
        from connectors.submission_folder import write_submission

        return write_submission

    @cached_property
    def templates(self) -> Templates:
        """The templates that come with Longwatch."""
        from report_templates import load_template

        return load_template

    @cached_property
    def known_names(self) -> KnownNames:
        """The rules and templates that come with Longwatch."""
        from longwatch.findings.inputs import RuleInputs
        from longwatch.study import KnownNames
        from report_templates import list_templates
        from validations import rules_of

        return KnownNames(tuple(rule.id for rule in rules_of(RuleInputs())), list_templates())

    @cached_property
    def findings_files(self) -> FindingsFiles:
        """A folder beside the registers."""
        from connectors.findings_files import FindingsFolder

        return FindingsFolder(self.settings.folder / "findings")

    @cached_property
    def findings_exchange(self) -> FindingsExchange:
        """XLSX, CSV and JSON, in the file that is named with the call."""
        from connectors.findings_exchange import FileFindingsExchange

        return FileFindingsExchange()

    @cached_property
    def change_files(self) -> ChangeFiles:
        """CSV files and a workbook, in the folder that is named with the call."""
        from connectors.change_files import FolderChangeFiles

        return FolderChangeFiles()

    @cached_property
    def notice_targets(self) -> Sequence[NoticeTarget]:
        """File, webhook, mail: those that are set."""
        from connectors.notices import make_targets

        given = self.settings
        return make_targets(
            given.notice_file, given.notice_webhook, given.notice_smtp, given.notice_from, given.notice_to
        )

    @property
    def processes(self) -> Processes:
        """Those of this machine."""
        from runtime.process_mark import SystemProcesses

        return SystemProcesses()

    @property
    def clock(self) -> Clock:
        """The system's clock."""
        return read_clock

    @property
    def actor(self) -> AccountRow:
        """The acting account (`operations.access`)."""
        return self.access.account

    @cached_property
    def engine(self) -> Engine:
        """This program."""
        return read_engine()

    @property
    def lock_days(self) -> int:
        """As set."""
        return self.settings.archive_lock_days

    @contextmanager
    def on_empty_registers(self) -> Iterator[Adapters]:
        """These adapters, but on an SQLite database in a folder for the time being."""
        with TemporaryDirectory(prefix="longwatch-drill-") as folder:
            url = f"sqlite:///{Path(folder) / 'registers.sqlite3'}"
            beside = Wiring(self.settings.model_copy(update={"database_url": url}))
            try:
                yield beside
            finally:
                beside.close()

    def close(self) -> None:
        """Close the database's connections, where any was opened."""
        if "_unguarded_registers" in self.__dict__:
            self._unguarded_registers.close()

    @property
    def _parse_limits(self) -> ParseLimits:
        from connectors.parsing.limits import MEGABYTE, ParseLimits

        return ParseLimits(
            children=self.settings.parse_children,
            memory_bytes=self.settings.parse_memory_mb * MEGABYTE,
            still_seconds=self.settings.parse_seconds,
            output_bytes=self.settings.parse_output_mb * MEGABYTE,
        )

    @property
    def _s3(self) -> S3Settings:
        from connectors.s3 import S3Settings

        return S3Settings(endpoint_url=self.settings.s3_endpoint or None, region=self.settings.s3_region or None)

    @property
    def _s3_of_sources(self) -> S3Settings:
        """The same store, with the patience for sources; boto's own attempts are those of one request."""
        limits = self._limits
        return replace(self._s3, connect_seconds=limits.connect_seconds, read_seconds=limits.read_seconds)

    @property
    def _limits(self) -> FetchLimits:
        from connectors.places.fetching import FetchLimits

        settings = self.settings
        return FetchLimits(
            total_bytes=settings.source_bytes,
            rows=settings.source_rows,
            connect_seconds=settings.source_connect_seconds,
            read_seconds=settings.source_read_seconds,
            statement_seconds=settings.source_statement_seconds,
            attempts=settings.source_attempts,
        )


def open_database(
    url: str, password: str | None, base: Path, connect_seconds: float, statement_seconds: float
) -> AbstractContextManager[OpenDatabase]:
    """A database as a source; SQLAlchemy is loaded when the first one is opened."""
    from models.source_database import open_source_database

    return open_source_database(url, password, base, connect_seconds, statement_seconds)


_made: dict[Settings, Wiring] = {}


def make_adapters(settings: Settings) -> Adapters:
    """The adapters of the settings, typed as operations know them; the same ones again for the same settings."""
    if settings not in _made:
        _made[settings] = Wiring(settings)
    return _made[settings]


def close_adapters() -> None:
    """Close what adapters hold open (database connections). They open again when used again."""
    for wiring in _made.values():
        wiring.close()
    _made.clear()
