"""The second opinion: the counts of a report computed again by SQL in DuckDB, from the frozen data."""

from crosscheck.pooled_opinion import ask_pooled_opinion
from crosscheck.second_opinion import ask_second_opinion

__all__ = ["ask_pooled_opinion", "ask_second_opinion"]
