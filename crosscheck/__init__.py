"""The second opinion: the counts of a report computed again by SQL in DuckDB, from the frozen data."""

from crosscheck.second_opinion import ask_second_opinion

__all__ = ["ask_second_opinion"]
