"""A dictionary of medical terms in five levels, from the files that a licence holder has (spec A.4).

Read is `mdhier.asc`, in which each line is one path from a preferred term up to a system organ class: PT code, HLT
code, HLGT code, SOC code, PT, HLT, HLGT, SOC, abbreviation of the SOC, an empty field, SOC code of the PT's primary
path, `Y` where this path is the primary one; separated and ended by `$`. And, where the release has it, `intl_ord.asc`:
the place and the code of each system organ class in the internationally agreed order. Longwatch ships none of MedDRA.

Source: spec A.4 (file names and layout unverified: a file that does not fit is refused, never read halfway).
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from longwatch.errors import StudyError
from longwatch.standards.hashing import sha256_of_bytes

HIERARCHY, ORDER = "mdhier.asc", "intl_ord.asc"
COLUMNS = ("PTCD", "HLTCD", "HLGTCD", "SOCCD", "PT", "HLT", "HLGT", "SOC", "ABBREVIATION", "NULL", "PTSOCCD", "PRIMARY")
_FIELDS = len(COLUMNS)


@dataclass(frozen=True, eq=False)
class Meddra:
    """A dictionary: `paths` has a row for each path with the columns PTCD, PT, HLTCD, HLT, HLGTCD, HLGT, SOCCD, SOC and
    PRIMARY (Y, N), all text; `digest` is the SHA-256 of the file."""

    paths: pl.DataFrame
    digest: str


def parse_hierarchy(content: bytes, where: str) -> Meddra:
    """The dictionary of a file `mdhier.asc`: UTF-8, or Latin-1 as older releases have it.

    Raises StudyError LW-DIC-001 naming the first line that does not fit, or where there is none at all.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    rows = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        fields = line.rstrip().removesuffix("$").split("$")
        if len(fields) != _FIELDS or fields[-1] not in ("Y", "N") or not all(fields[:8]):
            raise _refused(where, f"line {number:,}", f"{len(fields)} fields")
        rows.append(fields)
    if not rows:
        raise _refused(where, "the file", "no line")
    paths = pl.DataFrame(rows, schema=dict.fromkeys(COLUMNS, pl.String), orient="row")
    return Meddra(paths.drop("ABBREVIATION", "NULL", "PTSOCCD"), sha256_of_bytes(content))


def parse_order(content: bytes, dictionary: Meddra, where: str) -> tuple[str, ...]:
    """The names of the SOCs in the internationally agreed order. A code that the hierarchy has no path to is left out.

    Raises StudyError LW-DIC-003 naming the first line that does not fit, or where there is none at all.
    """
    known = dictionary.paths.select("SOCCD", "SOC").unique("SOCCD")
    names = dict(zip(known["SOCCD"], known["SOC"], strict=True))
    places: dict[int, str] = {}
    for number, line in enumerate(content.decode("latin-1").splitlines(), 1):
        place, _, rest = line.strip().partition("$")
        code = rest.split("$")[0]
        if line.strip() and not (place.isdigit() and code.isdigit() and int(place) not in places):
            raise _refused_order(where, f"line {number:,}", line.strip()[:40])
        if line.strip():
            places[int(place)] = code
    if not places:
        raise _refused_order(where, "the file", "no line")
    return tuple(names[places[place]] for place in sorted(places) if places[place] in names)


def _refused_order(where: str, place: str, found: str) -> StudyError:
    return StudyError(
        "LW-DIC-003",
        f"{place} is no place of a system organ class in the international order",
        where=where,
        expected="a number that no other line has, and the code of a SOC, each ended by $",
        found=found,
        next_step="give the folder of the ASCII release as it was delivered, or remove this file from it",
    )


def _refused(where: str, place: str, found: str) -> StudyError:
    return StudyError(
        "LW-DIC-001",
        f"{place} is no path of a MedDRA hierarchy",
        where=where,
        expected=f"{_FIELDS} fields ended by $, the last of them Y or N",
        found=found,
        next_step="give the folder of the ASCII release as it was delivered (dictionaries: meddra_folder)",
    )
