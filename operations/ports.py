"""What operations need from the world, as Protocols. `runtime/` chooses the adapters; tests may choose others.

Adapters do not import this module: they fit by shape, and `runtime/` is type-checked against it. Imports of values are
for type checking only, so that a command that reads the registers does not load the whole engine.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol

from operations.access_ports import AccountTransaction

if TYPE_CHECKING:
    from datetime import date, datetime

    from longwatch.evidence.accounts import AccountRow
    from longwatch.evidence.audit import AuditEvent, AuditRecord, EventFilter, StoredEvent
    from longwatch.evidence.registered import (
        FindingRow,
        LocatedFinding,
        PullRow,
        ReportFilter,
        ReportRow,
        ReportState,
        RunRow,
        RunState,
        SnapshotRow,
        StudyRow,
    )
    from longwatch.evidence.replay import Registered
    from longwatch.evidence.report_key import Engine
    from longwatch.evidence.signature import SignatureRow
    from longwatch.evidence.snapshot import SourceSnapshot
    from longwatch.evidence.snapshot_diff import SnapshotDiff
    from longwatch.evidence.table_diff import MovedNumber
    from longwatch.findings.elsewhere import ForeignReport
    from longwatch.findings.exchange import FilledRow
    from longwatch.findings.exchange_sheets import FindingsBook
    from longwatch.findings.finding import ValidationOutcome
    from longwatch.findings.inputs import RuleInputs
    from longwatch.findings.letters import Letter
    from longwatch.findings.life import FindingChange, HistoryLine, KnownFinding
    from longwatch.findings.notice import Notice
    from longwatch.findings.rule import Rule
    from longwatch.reports.contents import ReportContents
    from longwatch.reports.template import ReportTemplate
    from longwatch.standards.dataset import SourceData
    from longwatch.standards.define_model import Define
    from longwatch.standards.event_groups import EventGroups
    from longwatch.study import KnownNames, SourceSpec, Study
    from longwatch.study.source_look import SourceLook
    from longwatch.tables.opinion import AskedStudy, Opinion
    from longwatch.tables.result import TableResult
    from operations.access import Access
    from operations.access_ports import Passwords, SessionFile
    from operations.archive_ports import Archive, PackageWriter, ProgramParts, Signer
    from operations.document_ports import PdfCheck, PdfComparison, Renderer, Sealer, SignaturePages, SubmissionFolder

Progress = Callable[[str], None]


class Clock(Protocol):
    """The time, read at the edge."""

    def __call__(self) -> datetime:
        """Now, in UTC."""
        ...


class SnapshotStore(Protocol):
    """Keeps raw bytes and their typed copy."""

    def prepare(self) -> None:
        """A freeze is near: start what takes time to start. It works without, too."""
        ...

    def freeze(self, sources: Sequence[SourceSpec], base: str, progress: Progress) -> SourceSnapshot:
        """Fetch, store raw first, read, store typed; all or nothing. `base`: folder that relative paths start from."""
        ...

    def look(self, path: str, base: str, progress: Progress) -> AbstractContextManager[SourceLook]:
        """A look at a source before there is a study file; nothing is frozen, and the data is gone afterwards."""
        ...

    def get(self, snapshot_id: str) -> SourceSnapshot:
        """The snapshot of an id (a unique beginning of at least 8 digits will do)."""
        ...

    def open(self, snapshot_id: str) -> SourceData:
        """The typed copy, lazily; made again from the raw bytes where it is gone."""
        ...

    def verify(self, snapshot_id: str) -> None:
        """Hash the raw bytes again; IntegrityError where one differs."""
        ...

    def read_file(self, snapshot_id: str, name: str) -> bytes:
        """The bytes of one file, compared with its SHA-256."""
        ...

    def read_define(self, snapshot_id: str, name: str) -> Define:
        """What a define.xml of it says; SourceError where it cannot be read."""
        ...

    def export(self, snapshot_id: str, folder: str, progress: Progress) -> tuple[str, ...]:
        """The raw files as they were, with their manifest and checksums, into an empty folder; what was written."""
        ...


class Validator(Protocol):
    """Judges a snapshot by rules."""

    def __call__(
        self, data: SourceData, study: Study, progress: Progress, inputs: RuleInputs | None = None
    ) -> ValidationOutcome:
        """Every rule's result and every finding. `inputs`: the study's own rules and its dictionary."""
        ...


class RuleFiles(Protocol):
    """Reads what a study file names beside its data for validation."""

    def __call__(self, study: Study, base: str) -> RuleInputs:
        """Its own rules and its dictionary. `base`: folder that relative paths start from."""
        ...


class GroupFiles(Protocol):
    """Reads the lists of terms that a study file names."""

    def __call__(self, study: Study, base: str) -> EventGroups:
        """Its SMQs, OCMQs and own lists. `base`: folder that relative paths start from."""
        ...


class Rules(Protocol):
    """The rules there are."""

    def __call__(self, inputs: RuleInputs) -> tuple[Rule, ...]:
        """Those that Longwatch brings, then the study's own; StudyError where an id stands twice."""
        ...


class SecondOpinion(Protocol):
    """Computes the outputs of a report again, by another program."""

    def __call__(
        self, tables: Sequence[TableResult], data: SourceData, study: Study, cutoff: date, groups: EventGroups
    ) -> tuple[Opinion, ...]:
        """The opinion on each output, in their order. `groups`: the lists of terms of the study."""
        ...


class PooledOpinion(Protocol):
    """Computes the outputs of a pool of studies again, by another program."""

    def __call__(
        self,
        tables: Sequence[TableResult],
        parts: Sequence[AskedStudy],
        study: Study,
        groups: EventGroups,
        per_study: bool,
    ) -> tuple[Opinion, ...]:
        """The opinion on each output. `study`: the study file that stands for all; `per_study`: whether a subject of
        two studies is counted in each."""
        ...


class HtmlRenderer(Protocol):
    """Lays a report out as one HTML file."""

    def __call__(self, contents: ReportContents) -> bytes:
        """Self-contained; the same contents give the same bytes."""
        ...


class TableDocument(Protocol):
    """Sets one output as a document of its own."""

    def __call__(self, table: TableResult) -> bytes:
        """The same output gives the same bytes."""
        ...


class ForeignReports(Protocol):
    """Reports of other tools."""

    def __call__(self, file: str) -> ForeignReport:
        """The report of a file. StudyError where it is none."""
        ...


class LetterRenderer(Protocol):
    """Lays a query to a site out."""

    def __call__(self, letter: Letter) -> bytes:
        """As PDF; the same letter gives the same bytes."""
        ...


class CsvText(Protocol):
    """Lines as CSV for people, who open it in a spreadsheet program."""

    def __call__(self, header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
        """The text; no cell of it is a formula to such a program."""
        ...


class Documents(Protocol):
    """Where documents for people are written."""

    def __call__(self, folder: str, documents: Mapping[str, bytes]) -> tuple[str, ...]:
        """All of them, by file name, or none; where they are."""
        ...


class Templates(Protocol):
    """The report templates there are."""

    def __call__(self, name: str) -> ReportTemplate:
        """The template of a name. StudyError where there is none."""
        ...


class FindingsFiles(Protocol):
    """Where a run's findings are written for people to open."""

    def __call__(self, run_id: str, study_id: str, outcome: ValidationOutcome) -> tuple[str, ...]:
        """Write `findings-<run>.csv` and `.json`; where they are."""
        ...


class FindingsExchange(Protocol):
    """The file that findings are given out in, filled by people, and taken back from."""

    def check(self, file: str) -> None:
        """Raise where the file cannot be written, or is there already."""
        ...

    def write(self, file: str, book: FindingsBook) -> None:
        """XLSX, CSV or JSON by its ending; the whole file or none."""
        ...

    def read(self, file: str) -> list[FilledRow]:
        """Every row, each cell with its address."""
        ...


class ChangeFiles(Protocol):
    """Where a comparison of two snapshots is written for people to open."""

    def check(self, folder: str) -> None:
        """Raise where the files cannot be written there."""
        ...

    def write(
        self,
        folder: str,
        diff: SnapshotDiff,
        moves: Sequence[MovedNumber] | None,
        facts: Sequence[tuple[str, str]],
    ) -> tuple[str, ...]:
        """CSV files and a workbook; where they are. `moves`: None where no report was compared. `facts`: what was
        compared, as lines of label and value."""
        ...


class Processes(Protocol):
    """Which process this is, and whether another one is still there."""

    def mark(self) -> str:
        """This process, so that it can be told later."""
        ...

    def is_gone(self, mark: str) -> bool | None:
        """Whether the process of a mark has ended; None where that cannot be known here."""
        ...


class NoticeTarget(Protocol):
    """Where a notice of a validation goes."""

    @property
    def name(self) -> str:
        """What the audit trail calls it; no secret."""
        ...

    def send(self, notice: Notice) -> None:
        """After some attempts: StoreError where it does not take the notice."""
        ...


class RegisterTransaction(AccountTransaction, Protocol):
    """One transaction of the registers. Every change takes the audit event that records it."""

    def ensure_account(self, account: AccountRow, event: AuditEvent) -> None: ...
    def ensure_study(self, study: StudyRow, event: AuditEvent) -> None: ...
    def add_snapshot(self, snapshot: SnapshotRow, pull: PullRow, event: AuditEvent) -> None: ...
    def start_run(self, run: RunRow, event: AuditEvent) -> None: ...
    def finish_run(
        self,
        run_id: str,
        state: RunState,
        reason: str,
        finished_at: datetime,
        snapshot_id: str | None,
        event: AuditEvent,
    ) -> None: ...
    def record_findings(
        self,
        run_id: str,
        rows: Sequence[FindingRow],
        event: AuditEvent,
        *,
        snapshot_id: str | None = None,
        evaluated: Collection[str] = (),
        carried: Mapping[str, str] | None = None,
    ) -> None:
        """`evaluated`: rules judged on `snapshot_id`; what they no longer find there is closed as fixed. `carried`: by
        fingerprint, the one under which a finding goes on."""
        ...

    def lock_study(self, study_id: str) -> bool:
        """Others that change its findings wait until the transaction ends. False: there is no such study."""
        ...

    def change_findings(self, study_id: str, changes: Sequence[FindingChange], events: Sequence[AuditEvent]) -> None:
        """One history line and one event for each change, of findings that are at the version it names."""
        ...

    def add_report(self, report: ReportRow, event: AuditEvent) -> bool:
        """False where a report of that key is already there (the loser of a race); nothing is changed then."""
        ...

    def sign_report(self, signature: SignatureRow, event: AuditEvent) -> bool:
        """False where the report is not in the state that this signature needs; nothing is changed then."""
        ...

    def supersede_report(self, key: str, by: str, judged: tuple[ReportState, ReportState], event: AuditEvent) -> bool:
        """False where one of the two is no longer in the state by which that was judged."""
        ...

    def remove_draft(self, key: str, event: AuditEvent) -> bool:
        """False where there is no such draft, or another report's row names it."""
        ...

    def rebuild(self, told: Registered, events: Iterator[AuditEvent], event: AuditEvent) -> None: ...
    def record_read(self, event: AuditEvent) -> None: ...
    def report_by_key(self, key: str) -> ReportRow | None: ...
    def reports(self, study_id: str | None = None) -> list[ReportRow]: ...
    def reports_meant(self, wanted: ReportFilter, limit: int | None = None) -> list[ReportRow]: ...
    def signatures(self, key: str | None = None) -> list[SignatureRow]:
        """The signatures on a report, or all, oldest first."""
        ...

    def pulls(self, study_id: str, snapshot_id: str) -> list[PullRow]: ...
    def run(self, run_id: str) -> RunRow | None: ...
    def runs(self, study_id: str | None = None, limit: int = 100) -> list[RunRow]: ...
    def started_runs(self) -> list[RunRow]: ...
    def snapshots(self, study_id: str | None = None) -> list[SnapshotRow]: ...
    def findings(self, study_id: str, run_id: str | None = None) -> list[FindingRow]: ...
    def known_findings(
        self,
        study_id: str,
        *,
        fingerprints: Collection[str] | None = None,
        beginning: str | None = None,
        decided: bool = False,
    ) -> list[KnownFinding]:
        """Findings as they are now: all, those of some fingerprints, those whose fingerprint begins so, or those with a
        last word on them."""
        ...

    def located_findings(self, study_id: str) -> list[LocatedFinding]: ...
    def finding_history(self, study_id: str, fingerprint: str) -> list[HistoryLine]: ...
    def finding_snapshots(self, study_id: str, fingerprint: str) -> list[str]: ...
    def events(self, limit: int | None = 100, wanted: EventFilter = ...) -> list[AuditRecord]: ...
    def hold_still(self) -> None:
        """Before the first read: all reads then see one moment."""
        ...

    def log_size(self) -> int: ...
    def stored_events(self, positions: Collection[int] | None = None) -> Iterator[StoredEvent]: ...
    def tree_node(self, level: int, number: int) -> bytes: ...
    def tree_level(self, level: int) -> bytes: ...


class Registers(Protocol):
    """The database."""

    def transaction(self) -> AbstractContextManager[RegisterTransaction]:
        """All or nothing. Ends with commit; with an exception, rollback."""
        ...

    def check(self) -> str:
        """Where it is and its schema revision. StoreError where it cannot be reached."""
        ...

    def close(self) -> None:
        """Give back what it holds open."""
        ...


class Adapters(Protocol):
    """Everything outside that operations use, chosen once in `runtime.wiring`; each is made when first asked for.

    `registers`, `snapshots`, `archive`: as the acting account may use them (`operations.guarded`).
    `actor`: the acting account. `engine`: version and lock file of the program. `lock_days`: for how many days an
    object of a candidate is locked where the store can lock (0: not; retention proper starts at release,
    `operations.keep_reports`).
    """

    @property
    def access(self) -> Access: ...
    @property
    def passwords(self) -> Passwords: ...
    @property
    def session_file(self) -> SessionFile: ...
    def token_file(self, file: str) -> SessionFile:
        """The file of a service's token."""
        ...

    @property
    def snapshots(self) -> SnapshotStore: ...
    @property
    def registers(self) -> Registers: ...
    @property
    def archive(self) -> Archive: ...
    @property
    def signer(self) -> Signer: ...
    @property
    def write_package(self) -> PackageWriter: ...
    @property
    def program_parts(self) -> ProgramParts: ...
    @property
    def validate(self) -> Validator: ...
    @property
    def rule_inputs(self) -> RuleFiles: ...
    @property
    def event_groups(self) -> GroupFiles: ...
    @property
    def rules(self) -> Rules: ...
    @property
    def second_opinion(self) -> SecondOpinion: ...
    @property
    def pooled_opinion(self) -> PooledOpinion: ...
    @property
    def render(self) -> Renderer: ...
    @property
    def check_pdf(self) -> PdfCheck: ...
    @property
    def render_signatures(self) -> SignaturePages: ...
    @property
    def sealer(self) -> Sealer: ...
    @property
    def compare_pdfs(self) -> PdfComparison: ...
    @property
    def render_html(self) -> HtmlRenderer: ...
    @property
    def render_html_table(self) -> TableDocument: ...
    @property
    def render_docx(self) -> TableDocument: ...
    @property
    def render_letter(self) -> LetterRenderer: ...
    @property
    def foreign_report(self) -> ForeignReports: ...
    @property
    def csv_text(self) -> CsvText: ...
    @property
    def documents(self) -> Documents: ...
    @property
    def submission_folder(self) -> SubmissionFolder: ...
    @property
    def templates(self) -> Templates: ...
    @property
    def known_names(self) -> KnownNames: ...
    @property
    def findings_files(self) -> FindingsFiles: ...
    @property
    def findings_exchange(self) -> FindingsExchange: ...
    @property
    def change_files(self) -> ChangeFiles: ...
    @property
    def notice_targets(self) -> Sequence[NoticeTarget]: ...
    @property
    def processes(self) -> Processes: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def actor(self) -> AccountRow: ...
    @property
    def engine(self) -> Engine: ...
    @property
    def lock_days(self) -> int: ...
    def on_empty_registers(self) -> AbstractContextManager[Adapters]:
        """The same adapters on empty registers of their own, which are gone afterwards."""
        ...
