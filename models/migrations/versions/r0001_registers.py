"""The registers: accounts, studies, snapshots, pulls, runs, findings and their history, reports, audit events.

The audit log and the history of findings may only be added to; triggers refuse the rest, and a position that is not
the next one. Whoever owns the tables can drop the triggers: against that, the log's head goes into each manifest.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "r0001"
down_revision = None
branch_labels = None
depends_on = None

ADDED_TO_ONLY = ("audit_events", "finding_history")


def upgrade() -> None:
    """Make everything."""
    big = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    op.create_table(
        "accounts",
        sa.Column("name", sa.String, nullable=False),
        sa.Column("authenticated", sa.Boolean, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_accounts"),
    )
    op.create_table(
        "studies",
        sa.Column("id", sa.String, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("content_sha256", sa.String(64), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_studies"),
    )
    op.create_table(
        "snapshots",
        sa.Column("study_id", sa.String, nullable=False),
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("files", sa.Integer, nullable=False),
        sa.Column("rows", sa.BigInteger, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("data_cutoff", sa.Date),
        sa.Column("first_pulled_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("study_id", "id", name="pk_snapshots"),
        sa.ForeignKeyConstraint(["study_id"], ["studies.id"], name="fk_snapshots_study_id"),
    )
    op.create_table(
        "pulls",
        sa.Column("id", sa.String, nullable=False),
        sa.Column("study_id", sa.String, nullable=False),
        sa.Column("snapshot_id", sa.String(64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String, nullable=False),
        sa.Column("sources", sa.Text, nullable=False),
        sa.Column("tools", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_pulls"),
        sa.ForeignKeyConstraint(["actor"], ["accounts.name"], name="fk_pulls_actor"),
        sa.ForeignKeyConstraint(
            ["study_id", "snapshot_id"], ["snapshots.study_id", "snapshots.id"], name="fk_pulls_study_id_snapshot_id"
        ),
    )
    op.create_table(
        "runs",
        sa.Column("id", sa.String, nullable=False),
        sa.Column("study_id", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("actor", sa.String, nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
        sa.Column("snapshot_id", sa.String(64)),
        sa.Column("reason", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_runs"),
        sa.ForeignKeyConstraint(["study_id"], ["studies.id"], name="fk_runs_study_id"),
        sa.ForeignKeyConstraint(["actor"], ["accounts.name"], name="fk_runs_actor"),
        sa.ForeignKeyConstraint(
            ["study_id", "snapshot_id"], ["snapshots.study_id", "snapshots.id"], name="fk_runs_study_id_snapshot_id"
        ),
        sa.CheckConstraint("state IN ('started', 'gated', 'failed', 'done')", name="ck_runs_state"),
        sa.CheckConstraint("(state = 'started') = (finished_at IS NULL)", name="ck_runs_finished"),
    )
    op.create_index("ix_runs_study_id_started_at", "runs", ["study_id", "started_at"])
    op.create_table(
        "findings",
        sa.Column("id", big, sa.Identity(), nullable=False),
        sa.Column("study_id", sa.String, nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("rule_id", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("content_sha256", sa.String(64), nullable=False),
        sa.Column("first_run", sa.String, nullable=False),
        sa.Column("last_run", sa.String, nullable=False),
        sa.Column("first_snapshot", sa.String(64), nullable=False),
        sa.Column("last_snapshot", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_findings"),
        sa.ForeignKeyConstraint(["study_id"], ["studies.id"], name="fk_findings_study_id"),
        sa.UniqueConstraint("study_id", "fingerprint", name="uq_findings_study_id_fingerprint"),
        sa.CheckConstraint(
            "state IN ('new', 'open', 'answered', 'waived', 'false positive', 'fixed', 'reopened')",
            name="ck_findings_state",
        ),
    )
    op.create_table(
        "finding_history",
        sa.Column("finding_id", sa.BigInteger, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("change", sa.String, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String, nullable=False),
        sa.Column("run_id", sa.String, nullable=False),
        sa.Column("snapshot_id", sa.String(64), nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("rule_version", sa.Integer, nullable=False),
        sa.Column("severity", sa.String, nullable=False),
        sa.Column("dataset", sa.String, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("subject", sa.String),
        sa.Column("locator", sa.Text, nullable=False),
        sa.Column("found", sa.Text, nullable=False),
        sa.Column("records", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("finding_id", "version", name="pk_finding_history"),
        sa.ForeignKeyConstraint(["finding_id"], ["findings.id"], name="fk_finding_history_finding_id"),
        sa.CheckConstraint("change IN ('seen', 'value', 'state')", name="ck_finding_history_change"),
    )
    op.create_table(
        "finding_runs",
        sa.Column("run_id", sa.String, nullable=False),
        sa.Column("finding_id", sa.BigInteger, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("run_id", "finding_id", name="pk_finding_runs"),
        sa.ForeignKeyConstraint(
            ["finding_id", "version"],
            ["finding_history.finding_id", "finding_history.version"],
            name="fk_finding_runs_finding_id_version",
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "reports",
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("study_id", sa.String, nullable=False),
        sa.Column("template", sa.String, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("snapshot_id", sa.String(64), nullable=False),
        sa.Column("cutoff", sa.Date, nullable=False),
        sa.Column("run_id", sa.String, nullable=False),
        sa.Column("pdf_key", sa.String, nullable=False),
        sa.Column("pdf_sha256", sa.String(64), nullable=False),
        sa.Column("manifest_key", sa.String, nullable=False),
        sa.Column("manifest_sha256", sa.String(64), nullable=False),
        sa.Column("pages", sa.Integer, nullable=False),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("archived_by", sa.String, nullable=False),
        sa.Column("superseded_by", sa.String(64)),
        sa.PrimaryKeyConstraint("key", name="pk_reports"),
        sa.ForeignKeyConstraint(["study_id"], ["studies.id"], name="fk_reports_study_id"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_reports_run_id"),
        sa.ForeignKeyConstraint(["archived_by"], ["accounts.name"], name="fk_reports_archived_by"),
        sa.ForeignKeyConstraint(["superseded_by"], ["reports.key"], name="fk_reports_superseded_by"),
        sa.ForeignKeyConstraint(
            ["study_id", "snapshot_id"],
            ["snapshots.study_id", "snapshots.id"],
            name="fk_reports_study_id_snapshot_id",
        ),
        sa.CheckConstraint(
            "state IN ('archived-draft', 'archived-candidate', 'reviewed', 'released', 'superseded')",
            name="ck_reports_state",
        ),
        sa.CheckConstraint("(state = 'superseded') = (superseded_by IS NOT NULL)", name="ck_reports_superseded"),
    )
    op.create_index("ix_reports_study_id_template_cutoff", "reports", ["study_id", "template", "cutoff"])
    op.create_index("ix_reports_superseded_by", "reports", ["superseded_by"])
    op.create_table(
        "audit_events",
        sa.Column("position", big, autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String, nullable=False),
        sa.Column("action", sa.String, nullable=False),
        sa.Column("entity", sa.String, nullable=False),
        sa.Column("entity_id", sa.String, nullable=False),
        sa.Column("old", sa.Text),
        sa.Column("new", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_audit_events"),
    )
    op.create_index("ix_audit_events_entity_entity_id", "audit_events", ["entity", "entity_id"])
    if op.get_bind().dialect.name == "postgresql":
        _guard_postgres()
    else:
        _guard_sqlite()


def _guard_sqlite() -> None:
    for table in ADDED_TO_ONLY:
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} may only be added to'); END"
            )
    # INSERT OR REPLACE would delete a row without the trigger above: no insert may name a position that is there.
    op.execute(
        "CREATE TRIGGER audit_events_next_position BEFORE INSERT ON audit_events "
        "WHEN NEW.position IS NOT (SELECT coalesce(max(position), 0) + 1 FROM audit_events) "
        "BEGIN SELECT RAISE(ABORT, 'audit_events: not the next position'); END"
    )
    op.execute(
        "CREATE TRIGGER finding_history_no_replace BEFORE INSERT ON finding_history "
        "WHEN EXISTS (SELECT 1 FROM finding_history "
        "WHERE finding_id = NEW.finding_id AND version = NEW.version) "
        "BEGIN SELECT RAISE(ABORT, 'finding_history may only be added to'); END"
    )


def _guard_postgres() -> None:
    op.execute(
        "CREATE FUNCTION longwatch_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ "
        "BEGIN RAISE EXCEPTION '% may only be added to', TG_TABLE_NAME USING ERRCODE = 'LW015'; END $$"
    )
    for table in ADDED_TO_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_added_to_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION longwatch_refuse_change()"
        )
    op.execute(
        "CREATE FUNCTION longwatch_next_position() RETURNS trigger LANGUAGE plpgsql AS $$ "
        "DECLARE next_position bigint; BEGIN "
        "EXECUTE format('SELECT coalesce(max(position), 0) + 1 FROM %I.%I', TG_TABLE_SCHEMA, TG_TABLE_NAME) "
        "INTO next_position; "
        "IF NEW.position IS DISTINCT FROM next_position THEN "
        "RAISE EXCEPTION '%: not the next position', TG_TABLE_NAME USING ERRCODE = 'LW015'; END IF; "
        "RETURN NEW; END $$"
    )
    op.execute(
        "CREATE TRIGGER audit_events_next_position BEFORE INSERT ON audit_events "
        "FOR EACH ROW EXECUTE FUNCTION longwatch_next_position()"
    )
