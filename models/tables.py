"""The tables. What they look like in a database is made by the migrations; a test holds the two together.

Column names are the field names of `longwatch.evidence.registered` wherever a row is one value of those.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
)

from models.columns import CanonicalJson, Instant

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

accounts = Table(
    "accounts",
    metadata,
    Column("name", String, primary_key=True),
    Column("authenticated", Boolean, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("full_name", Text, nullable=False, server_default=""),
    Column("kind", String, nullable=False, server_default="person"),
    Column("password", Text),
    Column("password_at", Instant),
    Column("one_time", Boolean, nullable=False, server_default=false()),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("locked_until", Instant),
    Column("disabled_at", Instant),
    CheckConstraint("kind IN ('person', 'service')", name="kind"),
)

# No row of these two is ever deleted: who had which role on a day can be asked for good, and no name is used again.
# The study is no foreign key: a role may be granted before the study is first seen, or for all of them (`*`).
account_roles = Table(
    "account_roles",
    metadata,
    Column("account", String, ForeignKey("accounts.name"), primary_key=True),
    Column("role", String, primary_key=True),
    Column("study_id", String, primary_key=True),
    Column("granted_at", Instant, primary_key=True),
    Column("granted_by", String, nullable=False),
    Column("ended_at", Instant),
    Column("ended_by", String),
    CheckConstraint("role IN ('data manager', 'statistician', 'regulatory', 'auditor', 'administrator')", name="role"),
)

# The id is the SHA-256 of the token: who reads the table cannot act by it.
sessions = Table(
    "sessions",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("account", String, ForeignKey("accounts.name"), nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("used_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("ended_at", Instant),
    Index(None, "account"),
)

studies = Table(
    "studies",
    metadata,
    Column("id", String, primary_key=True),
    Column("title", Text, nullable=False),
    Column("content_sha256", String(64), nullable=False),
    Column("seen_at", Instant, nullable=False),
)

# One snapshot may be the data of two studies (two study files over the same delivery): the study is in its key.
snapshots = Table(
    "snapshots",
    metadata,
    Column("study_id", String, ForeignKey("studies.id"), primary_key=True),
    Column("id", String(64), primary_key=True),
    Column("files", Integer, nullable=False),
    Column("rows", BigInteger, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("data_cutoff", Date),
    Column("first_pulled_at", Instant, nullable=False),
)

pulls = Table(
    "pulls",
    metadata,
    Column("id", String, primary_key=True),
    Column("study_id", String, nullable=False),
    Column("snapshot_id", String(64), nullable=False),
    Column("at", Instant, nullable=False),
    Column("actor", String, ForeignKey("accounts.name"), nullable=False),
    Column("sources", CanonicalJson, nullable=False),
    Column("tools", Text, nullable=False),
    ForeignKeyConstraint(["study_id", "snapshot_id"], ["snapshots.study_id", "snapshots.id"]),
)

runs = Table(
    "runs",
    metadata,
    Column("id", String, primary_key=True),
    Column("study_id", String, ForeignKey("studies.id"), nullable=False),
    Column("state", String, nullable=False),
    Column("actor", String, ForeignKey("accounts.name"), nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("finished_at", Instant),
    Column("snapshot_id", String(64)),
    Column("reason", Text, nullable=False),
    Column("process", Text),
    ForeignKeyConstraint(["study_id", "snapshot_id"], ["snapshots.study_id", "snapshots.id"]),
    CheckConstraint("state IN ('started', 'gated', 'failed', 'done')", name="state"),
    CheckConstraint("(state = 'started') = (finished_at IS NULL)", name="finished"),
    Index(None, "study_id", "started_at"),
)

# A finding is its fingerprint; what was found, and its state, are lines of its history. `version` names the newest
# line and `content_sha256` its content, so that a validation of 100,000 findings reads no old texts. `decided` names
# the line with the last word on it (a waiver, `false positive`, opened again), until the data fixes it.
findings = Table(
    "findings",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), Identity(), primary_key=True),
    Column("study_id", String, ForeignKey("studies.id"), nullable=False),
    Column("fingerprint", String(64), nullable=False),
    Column("rule_id", String, nullable=False),
    Column("state", String, nullable=False),
    Column("version", Integer, nullable=False),
    Column("content_sha256", String(64), nullable=False),
    Column("first_run", String, nullable=False),
    Column("last_run", String, nullable=False),
    Column("first_snapshot", String(64), nullable=False),
    Column("last_snapshot", String(64), nullable=False),
    Column("site", String),
    Column("assignee", String),
    Column("decided", Integer),
    UniqueConstraint("study_id", "fingerprint"),
    CheckConstraint(
        "state IN ('new', 'open', 'answered', 'waived', 'false positive', 'fixed', 'reopened')", name="state"
    ),
)

# `act` says what happened; lines of schema r0001 have none, and `change` with the state says it. `text` holds what a
# person said; comments and answers may name a patient, so they stay here and never enter the audit log.
finding_history = Table(
    "finding_history",
    metadata,
    Column("finding_id", BigInteger, ForeignKey("findings.id"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("change", String, nullable=False),
    Column("at", Instant, nullable=False),
    Column("actor", String, nullable=False),
    Column("run_id", String, nullable=False),
    Column("snapshot_id", String(64), nullable=False),
    Column("state", String, nullable=False),
    Column("rule_version", Integer, nullable=False),
    Column("severity", String, nullable=False),
    Column("dataset", String, nullable=False),
    Column("message", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", String),
    Column("locator", Text, nullable=False),
    Column("found", Text, nullable=False),
    Column("records", Integer, nullable=False),
    Column("act", String),
    Column("text", Text, nullable=False, server_default=""),
    Column("until", Date),
    Column("assignee", String),
    Column("act_id", String),
    CheckConstraint("change IN ('seen', 'value', 'state')", name="change"),
    CheckConstraint(
        "act IN ('open', 'assign', 'comment', 'answer', 'waive', 'false positive', 'reopen', 'seen', 'value', "
        "'carried', 'fixed', 'returned', 'graver', 'expired')",
        name="act",
    ),
)

# Which findings a run had, and at which line of their history: an old run's findings stay as they were. `rows`: where
# their records lay in that run's snapshot, a JSON list of row positions.
finding_runs = Table(
    "finding_runs",
    metadata,
    Column("run_id", String, primary_key=True),
    Column("finding_id", BigInteger, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("rows", Text),
    ForeignKeyConstraint(["finding_id", "version"], ["finding_history.finding_id", "finding_history.version"]),
    sqlite_with_rowid=False,
)

reports = Table(
    "reports",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("study_id", String, ForeignKey("studies.id"), nullable=False),
    Column("template", String, nullable=False),
    Column("title", Text, nullable=False),
    Column("state", String, nullable=False),
    Column("snapshot_id", String(64), nullable=False),
    Column("cutoff", Date, nullable=False),
    Column("run_id", String, ForeignKey("runs.id"), nullable=False),
    Column("pdf_key", String, nullable=False),
    Column("pdf_sha256", String(64), nullable=False),
    Column("manifest_key", String, nullable=False),
    Column("manifest_sha256", String(64), nullable=False),
    Column("pages", Integer, nullable=False),
    Column("archived_at", Instant, nullable=False),
    Column("archived_by", String, ForeignKey("accounts.name"), nullable=False),
    Column("superseded_by", String(64), ForeignKey("reports.key")),
    ForeignKeyConstraint(["study_id", "snapshot_id"], ["snapshots.study_id", "snapshots.id"]),
    CheckConstraint(
        "state IN ('archived-draft', 'archived-candidate', 'reviewed', 'released', 'superseded')", name="state"
    ),
    CheckConstraint("(state = 'superseded') = (superseded_by IS NOT NULL)", name="superseded"),
    Index(None, "study_id", "template", "cutoff"),
    Index(None, "superseded_by"),
)

# Added to only. One signature of a meaning for each report, and one of a person: races end at these two constraints.
signatures = Table(
    "signatures",
    metadata,
    Column("id", String, primary_key=True),
    Column("report_key", String(64), ForeignKey("reports.key"), nullable=False),
    Column("meaning", String, nullable=False),
    Column("account", String, ForeignKey("accounts.name"), nullable=False),
    Column("full_name", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("pdf_sha256", String(64), nullable=False),
    Column("manifest_sha256", String(64), nullable=False),
    UniqueConstraint("report_key", "meaning"),
    UniqueConstraint("report_key", "account"),
    CheckConstraint("meaning IN ('reviewed', 'released')", name="meaning"),
)

# The actor is no foreign key: the log also takes what an unknown account tried.
audit_events = Table(
    "audit_events",
    metadata,
    Column("position", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False),
    Column("actor", String, nullable=False),
    Column("action", String, nullable=False),
    Column("entity", String, nullable=False),
    Column("entity_id", String, nullable=False),
    Column("old", CanonicalJson),
    Column("new", CanonicalJson, nullable=False),
    Column("reason", Text, nullable=False),
    Index(None, "entity", "entity_id"),
)

# The Merkle tree over the log: each complete subtree, the events' own hashes being level 0. It is a memory of what the
# events were, so that a root or a proof needs a few rows; whoever verifies computes it again from the events.
audit_tree = Table(
    "audit_tree",
    metadata,
    Column("level", Integer, primary_key=True, autoincrement=False),
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("hash", LargeBinary(32), nullable=False),
    sqlite_with_rowid=False,
)
