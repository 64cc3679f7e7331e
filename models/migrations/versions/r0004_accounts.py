"""Accounts with passwords and roles, sessions, and signatures on reports.

Accounts that are there stay as they are: unauthenticated persons without a role. Rows of accounts, roles and signatures
are never deleted, and signatures never changed; triggers refuse it.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "r0004"
down_revision = "r0003"
branch_labels = None
depends_on = None

ROLES = ("data manager", "statistician", "regulatory", "auditor", "administrator")
KEPT = {"accounts": ("DELETE",), "account_roles": ("DELETE",), "signatures": ("UPDATE", "DELETE")}


def upgrade() -> None:
    """Add columns and tables, and guard them."""
    op.execute(
        "ALTER TABLE accounts ADD COLUMN kind VARCHAR DEFAULT 'person' NOT NULL "
        "CONSTRAINT ck_accounts_kind CHECK (kind IN ('person', 'service'))"
    )
    op.add_column("accounts", sa.Column("full_name", sa.Text, nullable=False, server_default=""))
    op.add_column("accounts", sa.Column("password", sa.Text))
    op.add_column("accounts", sa.Column("password_at", sa.DateTime(timezone=True)))
    op.add_column("accounts", sa.Column("one_time", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("accounts", sa.Column("failures", sa.Integer, nullable=False, server_default="0"))
    op.add_column("accounts", sa.Column("locked_until", sa.DateTime(timezone=True)))
    op.add_column("accounts", sa.Column("disabled_at", sa.DateTime(timezone=True)))
    listed = ", ".join(f"'{role}'" for role in ROLES)
    op.create_table(
        "account_roles",
        sa.Column("account", sa.String, nullable=False),
        sa.Column("role", sa.String, nullable=False),
        sa.Column("study_id", sa.String, nullable=False),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("granted_by", sa.String, nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("ended_by", sa.String),
        sa.PrimaryKeyConstraint("account", "role", "study_id", "granted_at", name="pk_account_roles"),
        sa.ForeignKeyConstraint(["account"], ["accounts.name"], name="fk_account_roles_account"),
        sa.CheckConstraint(f"role IN ({listed})", name="ck_account_roles_role"),
    )
    op.create_table(
        "sessions",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("account", sa.String, nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name="pk_sessions"),
        sa.ForeignKeyConstraint(["account"], ["accounts.name"], name="fk_sessions_account"),
    )
    op.create_index("ix_sessions_account", "sessions", ["account"])
    op.create_table(
        "signatures",
        sa.Column("id", sa.String, nullable=False),
        sa.Column("report_key", sa.String(64), nullable=False),
        sa.Column("meaning", sa.String, nullable=False),
        sa.Column("account", sa.String, nullable=False),
        sa.Column("full_name", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("pdf_sha256", sa.String(64), nullable=False),
        sa.Column("manifest_sha256", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_signatures"),
        sa.ForeignKeyConstraint(["report_key"], ["reports.key"], name="fk_signatures_report_key"),
        sa.ForeignKeyConstraint(["account"], ["accounts.name"], name="fk_signatures_account"),
        sa.UniqueConstraint("report_key", "meaning", name="uq_signatures_report_key_meaning"),
        sa.UniqueConstraint("report_key", "account", name="uq_signatures_report_key_account"),
        sa.CheckConstraint("meaning IN ('reviewed', 'released')", name="ck_signatures_meaning"),
    )
    if op.get_bind().dialect.name == "postgresql":
        _guard_postgres()
    else:
        _guard_sqlite()


def _guard_postgres() -> None:
    for table, verbs in KEPT.items():
        op.execute(
            f"CREATE TRIGGER {table}_kept BEFORE {' OR '.join(verbs)} OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION longwatch_refuse_change()"
        )


def _guard_sqlite() -> None:
    for table, verbs in KEPT.items():
        for verb in verbs:
            op.execute(
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table}: rows are kept'); END"
            )
    # INSERT OR REPLACE would delete a row without the triggers above.
    keys = {
        "accounts": ("name",),
        "account_roles": ("account", "role", "study_id", "granted_at"),
        "signatures": ("id",),
    }
    for table, columns in keys.items():
        same = " AND ".join(f"{column} = NEW.{column}" for column in columns)
        op.execute(
            f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} "
            f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {same}) "
            f"BEGIN SELECT RAISE(ABORT, '{table}: rows are kept'); END"
        )
    op.execute(
        "CREATE TRIGGER signatures_no_other BEFORE INSERT ON signatures WHEN EXISTS (SELECT 1 FROM signatures "
        "WHERE report_key = NEW.report_key AND (meaning = NEW.meaning OR account = NEW.account)) "
        "BEGIN SELECT RAISE(ABORT, 'signatures: rows are kept'); END"
    )
