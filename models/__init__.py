"""The registers: SQLAlchemy tables, their migrations, and named reads and writes. SQL lives here only."""
