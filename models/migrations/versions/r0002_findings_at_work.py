"""Findings at work: acts of persons with their words, owners, waivers with an end, where a finding's records lay; and
which process a run is of.

Columns are added, nothing that was written is changed: a history line without an act is one of r0001, and its `change`
and state say which act it was.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "r0002"
down_revision = "r0001"
branch_labels = None
depends_on = None

ACTS = (
    "open", "assign", "comment", "answer", "waive", "false positive", "reopen", "seen", "value", "carried", "fixed",
    "returned", "graver", "expired",
)  # fmt: skip


def upgrade() -> None:
    """Add the columns."""
    listed = ", ".join(f"'{act}'" for act in ACTS)
    op.execute(
        "ALTER TABLE finding_history ADD COLUMN act VARCHAR "
        f"CONSTRAINT ck_finding_history_act CHECK (act IN ({listed}))"
    )
    op.add_column("finding_history", sa.Column("text", sa.Text, nullable=False, server_default=""))
    op.add_column("finding_history", sa.Column("until", sa.Date))
    op.add_column("finding_history", sa.Column("assignee", sa.String))
    op.add_column("finding_history", sa.Column("act_id", sa.String))
    op.add_column("findings", sa.Column("site", sa.String))
    op.add_column("findings", sa.Column("assignee", sa.String))
    op.add_column("findings", sa.Column("decided", sa.Integer))
    op.add_column("finding_runs", sa.Column("rows", sa.Text))
    op.add_column("runs", sa.Column("process", sa.Text))
