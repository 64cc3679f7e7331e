"""The registers: SQLAlchemy tables, their migrations, and named reads and writes. SQL lives here only."""

from models.registers import SqlRegisters, upgrade

__all__ = ["SqlRegisters", "upgrade"]
