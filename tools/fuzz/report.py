"""docs/fuzz.md: what came of a run."""

from __future__ import annotations

from connectors.parsing.limits import MEGABYTE
from tools.fuzz.campaign import LIMITS, State
from tools.fuzz.seeds import Seed

HEAD = """# Broken files

By `make fuzz`: {files:,} files, broken on purpose from {whole} whole ones ({origin}), seed {seed}, {seconds:.0f} s.
Cut off, bits flipped, overwritten, spliced, lengths and counts changed, other encodings, other formats under the name,
contents of zips and zlib streams broken and packed again, and hostile ones: document types and entities, bombs, names
and links that lead out, members that overlap, documents nested deep, lines without end.

Each is read in a child process with at most {memory} MB, and is read or refused with an error of ours. A file that
contradicts itself (cut off where that can be told, a count that is not that of its records) must be refused; one that a
checksum covers is refused or says what the whole one says; the whole ones are read alike twice.

| format | files | read | refused | children ended or died | slowest | largest |
|---|---|---|---|---|---|---|
"""


def report(state: State, seeds: dict[str, list[Seed]], *, public: bool) -> str:
    """The page."""
    origin = "our own and public trial data" if public else "our own; the public trial data was not there"
    text = HEAD.format(
        files=state.done,
        whole=sum(map(len, seeds.values())),
        origin=origin,
        seed=state.seed,
        seconds=state.seconds,
        memory=LIMITS.memory_bytes // MEGABYTE,
    )
    for name, tally in sorted(state.formats.items()):
        text += (
            f"| {name} | {tally.files:,} | {tally.read:,} | {_by_id(tally.refused)} | {_by_id(tally.ended)} | "
            f"{tally.slowest:.1f} s | {tally.largest / MEGABYTE:.0f} MB |\n"
        )
    text += (
        "\nLW-PAR-001: the child died; 002: too much memory; 003: too long; 004: too much written (docs/errors.md).\n"
    )
    if not state.wrong:
        return text + "\nNothing went wrong.\n"
    text += f"\n## Went wrong: {len(state.wrong)}\n\n| number | format | file | how broken | what |\n"
    text += "|---|---|---|---|---|\n"
    for wrong in state.wrong:
        text += f"| {wrong['number']} | {wrong['format']} | {wrong['file']} | {wrong['how']} | {wrong['wrong']} |\n"
    return text


def _by_id(counts: dict[str, int]) -> str:
    whole = sum(counts.values())
    if not whole:
        return "0"
    return f"{whole:,}: " + ", ".join(
        f"{name} {count:,}" for name, count in sorted(counts.items(), key=lambda item: -item[1])
    )
