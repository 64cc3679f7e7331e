"""Lists of terms from their files: a CSV of PTs that users bring, and the SMQs of a MedDRA release (spec A.4).

The CSV has the columns QUERY_ID, QUERY_NAME, SCOPE (NARROW or BROAD) and PT; ORGAN_SYSTEM, PTCD, MEDDRA_VERSION,
CATEGORY and ALGORITHM may be there. One line per term of a list; broad includes narrow, so a term stands once.

`smq_list.asc`: code, name, level, description, source, note, version, status (A active), algorithm (N none).
`smq_content.asc`: SMQ code, term code, term level (4 PT, 5 LLT, 0 another SMQ that it includes), scope (2 narrow, 1
broad), category, weight, status (A active), two versions. `$` parts and ends the fields. LLTs are left out: tables
count PTs.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping

from longwatch.errors import StudyError
from longwatch.standards.algorithm import Algorithm, parse_algorithm
from longwatch.standards.event_groups import EventGroup
from longwatch.standards.meddra import Meddra

NEEDED = ("QUERY_ID", "QUERY_NAME", "SCOPE", "PT")
SMQ_LIST, SMQ_CONTENT = "smq_list.asc", "smq_content.asc"
_SMQ_FIELDS = 9
_PT, _CHILD = "4", "0"
_NARROW, _BROAD = "2", "1"


def parse_group_file(content: bytes, kind: str, where: str) -> tuple[EventGroup, ...]:
    """The lists of a CSV file, in the order of their first lines.

    Raises StudyError LW-GRP-001: it is not UTF-8; a column is missing; a line has no id, name or PT, or another scope;
    a list has two names, organ systems, versions or algorithms; an algorithm cannot be read or has no terms.
    LW-GRP-002: two lists of one name.
    """
    try:
        rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    except (UnicodeDecodeError, csv.Error) as unreadable:
        raise _refused(where, "the file", "CSV in UTF-8", str(unreadable)) from unreadable
    names = {name.strip().upper(): name for name in (rows[0] if rows else {}) if name}
    missing = [name for name in NEEDED if name not in names]
    if missing:
        raise _refused(where, "the first line", f"the columns {', '.join(NEEDED)}", f"no {', '.join(missing)}")
    lists: dict[str, list[Mapping[str, str]]] = {}
    for number, row in enumerate(rows, start=2):
        line = {name: (row[given] or "").strip() for name, given in names.items()}
        if not all(line[name] for name in NEEDED) or line["SCOPE"].upper() not in ("NARROW", "BROAD"):
            raise _refused(where, f"line {number:,}", "an id, a name, a PT, and NARROW or BROAD", str(line))
        lists.setdefault(line["QUERY_ID"], []).append(line)
    return _unique(where, (_of_lines(kind, identifier, lines, where) for identifier, lines in lists.items()))


def parse_smqs(listed: bytes, content: bytes, dictionary: Meddra, where: str) -> tuple[EventGroup, ...]:
    """The active SMQs of a release, by name. An SMQ that includes others has their terms, too.

    A term code that the hierarchy has no PT for is left out. An algorithm that is none of ours (a sum of weights) is
    not carried out: that SMQ has its narrow and broad terms. Raises StudyError LW-GRP-001 where a file does not fit.
    """
    pts = dict(dictionary.paths.select("PTCD", "PT").unique().iter_rows())
    lines: dict[str, list[list[str]]] = {}
    for fields in _fields(content, f"{where}: {SMQ_CONTENT}"):
        if fields[6] == "A":
            lines.setdefault(fields[0], []).append(fields)

    def terms(code: str, above: frozenset[str] = frozenset()) -> Iterator[tuple[str, str, str]]:
        for _, term, level, scope, category, *_ in lines.get(code, ()):
            if level == _CHILD and term not in above:
                yield from terms(term, above | {code})
            elif level == _PT and term in pts:
                yield pts[term].upper(), scope, category

    def group(fields: list[str]) -> EventGroup:
        code, name, version = fields[0], fields[1], fields[6]
        found = set(terms(code))
        narrow = frozenset(pt for pt, scope, _ in found if scope == _NARROW)
        broad = frozenset(pt for pt, scope, _ in found if scope == _BROAD) - narrow
        categories: dict[str, set[str]] = {}
        for pt, _, category in found:
            if len(category) == 1 and category.isalpha():
                categories.setdefault(category, set()).add(pt)
        algorithm = _algorithm(fields[8], categories)
        return EventGroup(
            "SMQ", code, name, "", version, narrow, broad, frozenset(),
            {letter: frozenset(found) for letter, found in categories.items()} if algorithm else {}, algorithm,
        )  # fmt: skip

    active = [fields for fields in _fields(listed, f"{where}: {SMQ_LIST}") if fields[7] == "A"]
    return _unique(where, (group(fields) for fields in sorted(active, key=lambda fields: fields[1])))


def _fields(content: bytes, where: str) -> Iterator[list[str]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    for number, line in enumerate(text.splitlines(), 1):
        fields = line.rstrip().removesuffix("$").split("$")
        if line.strip() and len(fields) != _SMQ_FIELDS:
            raise _refused(where, f"line {number:,}", f"{_SMQ_FIELDS} fields ended by $", f"{len(fields)} fields")
        if line.strip():
            yield fields


def _algorithm(text: str, categories: Mapping[str, object]) -> Algorithm | None:
    """The algorithm where it can be carried out, over categories that have terms."""
    try:
        found = parse_algorithm(text)
    except ValueError:
        return None
    return found if found.operator and all(letter in categories for letter in found.letters) else None


def _of_lines(kind: str, identifier: str, lines: list[Mapping[str, str]], where: str) -> EventGroup:
    def one(name: str) -> str:
        values = sorted({line.get(name, "") for line in lines})
        if len(values) > 1:
            raise _refused(where, f"list {identifier}", f"one {name} on all its lines", " and ".join(values))
        return values[0]

    narrow = frozenset(line["PT"].upper() for line in lines if line["SCOPE"].upper() == "NARROW")
    broad = frozenset(line["PT"].upper() for line in lines) - narrow
    categories: dict[str, set[str]] = {}
    for line in lines:
        for letter in line.get("CATEGORY", "").upper().split():
            categories.setdefault(letter, set()).add(line["PT"].upper())
    stated = one("ALGORITHM")
    algorithm = _algorithm(stated, categories)
    if stated and algorithm is None:
        raise _refused(where, f"list {identifier}", "an algorithm such as A or (B and C) over its categories", stated)
    return EventGroup(
        kind, identifier, one("QUERY_NAME"), one("ORGAN_SYSTEM"), one("MEDDRA_VERSION"), narrow, broad, frozenset(),
        {letter: frozenset(found) for letter, found in categories.items()} if algorithm else {}, algorithm,
    )  # fmt: skip


def _unique(where: str, groups: Iterable[EventGroup]) -> tuple[EventGroup, ...]:
    found: dict[str, EventGroup] = {}
    for group in groups:
        other = found.setdefault(group.name.upper(), group)
        if other is not group:
            raise StudyError(
                "LW-GRP-002",
                f"two lists are called {group.name}",
                where=where,
                expected="each name once",
                found=f"{other.id} and {group.id}",
                next_step="give each list a name of its own",
            )
    return tuple(found.values())


def _refused(where: str, place: str, expected: str, found: str) -> StudyError:
    return StudyError(
        "LW-GRP-001",
        f"{place} is not of a list of terms",
        where=where,
        expected=expected,
        found=found[:200],
        next_step="docs/study-file.md (event_groups) says what a file of lists holds",
    )
