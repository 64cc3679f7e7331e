"""How much a child that parses a foreign file may use, and what is said where it wants more.

Rules, each asked by the parent while it waits for an answer:

1. Resident memory: at most `memory_bytes`. It is looked at fifty times a second; between two looks a child can get
   ahead by some ten megabytes.
2. Silence: no byte read or written for `still_seconds` is a hang.
3. Time as a whole: `still_seconds`, and a second more for each `BYTES_PER_SECOND` of the file. The slowest reader of an
   honest file (XLSX) is ten times as fast; a small file that keeps a child busy is not honest.
4. What it writes: at most `OUTPUT_FLOOR` and `OUTPUT_RATIO` bytes per byte of the file, and never over `output_bytes`.
   The system enforces this one (RLIMIT_FSIZE).
"""

from __future__ import annotations

from dataclasses import dataclass

from longwatch.errors import SourceError

MEGABYTE = 1024 * 1024
BYTES_PER_SECOND = 50_000
OUTPUT_FLOOR = 256 * MEGABYTE
OUTPUT_RATIO = 20


@dataclass(frozen=True)
class ParseLimits:
    """The limits in force. `children`: how many parse at the same time; `files`: after how many one is replaced."""

    children: int = 2
    memory_bytes: int = 2048 * MEGABYTE
    still_seconds: float = 30.0
    output_bytes: int = 20_480 * MEGABYTE
    files: int = 200

    def seconds_for(self, size: int) -> float:
        """How long a file of so many bytes may take."""
        return self.still_seconds + size / BYTES_PER_SECOND

    def output_for(self, size: int) -> int:
        """How many bytes may be written for a file of so many."""
        return min(self.output_bytes, OUTPUT_FLOOR + OUTPUT_RATIO * size)


def too_much_memory(where: str, limits: ParseLimits) -> SourceError:
    """SourceError LW-PAR-002."""
    return SourceError(
        "LW-PAR-002",
        "reading it takes more memory than a file may take; reading was stopped",
        where=where,
        expected=f"at most {limits.memory_bytes // MEGABYTE:,} MB",
        next_step="if the file is genuine, raise LONGWATCH_PARSE_MEMORY_MB, or ask for it as XPT, CSV or NDJSON",
    )


def too_long(where: str, seconds: float, *, still: bool) -> SourceError:
    """SourceError LW-PAR-003. `still`: nothing was read or written for so long."""
    return SourceError(
        "LW-PAR-003",
        "reading it takes longer than a file of its size may take; reading was stopped",
        where=where,
        expected="to read or write something at least every so often" if still else "the end of the file",
        found=f"none within {seconds:,.0f} s",
        next_step="if the file is genuine, raise LONGWATCH_PARSE_SECONDS, or ask for it as XPT, CSV or NDJSON",
    )


def too_much_output(where: str, allowed: int) -> SourceError:
    """SourceError LW-PAR-004."""
    return SourceError(
        "LW-PAR-004",
        "it unpacks to more than a file of its size may; reading was stopped",
        where=where,
        expected=f"a typed copy of at most {allowed // MEGABYTE:,} MB",
        next_step="if the file is genuine, raise LONGWATCH_PARSE_OUTPUT_MB, or ask for it in parts",
    )


def child_died(where: str, how: str) -> SourceError:
    """SourceError LW-PAR-001."""
    return SourceError(
        "LW-PAR-001",
        "the process that read it ended before its time; nothing else is affected",
        where=where,
        found=how,
        next_step="transfer the file again and compare its size with the sender's; if it is whole, send the developers "
        "this message",
    )


def reader_failed(where: str, how: str) -> SourceError:
    """SourceError LW-PAR-005."""
    return SourceError(
        "LW-PAR-005",
        "the reader met something in it that it does not know",
        where=where,
        found=how,
        next_step="transfer the file again and compare its size with the sender's; if it is whole, send the developers "
        "this message",
    )
