"""The Merkle tree over the audit log: every complete subtree as a row that may only be added.

The tree of the events that are there is computed here from their stored values; no event is touched. Its form is that
of `longwatch.evidence`, which never changes: every proof that was given out depends on it.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from longwatch.evidence.audit import make_entry
from longwatch.evidence.merkle import grown_nodes, hash_leaf

revision = "r0003"
down_revision = "r0002"
branch_labels = None
depends_on = None

SQLITE_AT = "CASE WHEN at LIKE '__________ %' THEN replace(at, ' ', 'T') || 'Z' ELSE at END"
POSTGRES_AT = """to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""


def upgrade() -> None:
    """Make the table, guard it, and fill it."""
    big = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    tree = op.create_table(
        "audit_tree",
        sa.Column("level", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("number", big, autoincrement=False, nullable=False),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.PrimaryKeyConstraint("level", "number", name="pk_audit_tree"),
        sqlite_with_rowid=False,
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE TRIGGER audit_tree_added_to_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_tree "
            "FOR EACH STATEMENT EXECUTE FUNCTION longwatch_refuse_change()"
        )
        _fill(tree, POSTGRES_AT)
    else:
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER audit_tree_no_{verb.lower()} BEFORE {verb} ON audit_tree "
                "BEGIN SELECT RAISE(ABORT, 'audit_tree may only be added to'); END"
            )
        # INSERT OR REPLACE would delete a row without the trigger above.
        op.execute(
            "CREATE TRIGGER audit_tree_no_replace BEFORE INSERT ON audit_tree "
            "WHEN EXISTS (SELECT 1 FROM audit_tree WHERE level = NEW.level AND number = NEW.number) "
            "BEGIN SELECT RAISE(ABORT, 'audit_tree may only be added to'); END"
        )
        _fill(tree, SQLITE_AT)


def _fill(tree: sa.Table, at: str) -> None:
    bind = op.get_bind()
    values = f"position, {at}, actor, action, entity, entity_id, old, new, reason"
    rows = bind.exec_driver_sql(f"SELECT {values} FROM audit_events ORDER BY position")
    leaves = (hash_leaf(make_entry(*row)) for row in rows)

    def nothing_before(level: int, number: int) -> bytes:
        raise AssertionError(f"no subtree {level}, {number} before the first event")

    batch: list[dict[str, object]] = []
    for level, number, found in grown_nodes(nothing_before, 0, leaves):
        batch.append({"level": level, "number": number, "hash": found})
        if len(batch) == 10_000:
            bind.execute(sa.insert(tree), batch)
            batch = []
    if batch:
        bind.execute(sa.insert(tree), batch)
