"""Root-cause groups: findings that one correction would settle, so that 2,000 findings are a few dozen things to do.

The cause of a finding, by the first case that fits:

1. It is on an entry (a dataset, variable or trial-summary parameter), not on a record: that entry, per rule; of a rule
   from elsewhere, all entries of a dataset.
2. It says that the subject of a record is not in DM (XR01): that subject, whatever datasets its records are in.
3. Its rule compares accounts of a death (`DEATH_RULES`) and it has a subject: that subject's death. One wrong date or
   flag breaks several of these rules at once.
4. Its record has a date that is no date (DT01), and it shows that date: the cause of the DT01 finding, below which it
   stands. A study day, an order of dates or a comparison with the data cut cannot be right before the date is.
5. Else: rule, dataset, and the pattern of what was found. The pattern names each variable that the finding shows
   (`pattern_of`): coded values stand for themselves, free text, numbers and dates for their kind, and what only says
   which record it is (subject, --SEQ, sponsor's ids) does not enter; nor, where AESER does not fit the criteria, which
   of them it is: the answer asked for is the same. In a rule on terminology (CT) each value stands for itself: each is
   one thing to recode.

A group's id is the SHA-256 of its cause, cut to ten digits. No count and no other finding enters it but in case 4, so
it is the same in every snapshot, whatever else appears or goes. The site does not enter either: a cause that is at one
site only shows as one site in the table, and an act on a group can be limited to a site by the filters.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter

from longwatch.findings.finding import Finding, Severity
from longwatch.standards.hashing import sha256_of
from longwatch.standards.sdtm import variable_prefix

GROUP_ID_DIGITS = 10
NOT_IN_DM = "XR01"
NO_DATE = "DT01"
ENTRY = "entry"
"""The locator of a finding from elsewhere that is about no record (`elsewhere.make_finding`)."""
TERMINOLOGY = "CT"
DEATH_RULES = frozenset({"CT04", "SR03", "SR04", "SR05", "SR06", "SR07", "SR08", "SR09", "SR10", "CH05"})

_SEVERITIES = tuple(Severity)
_IDENTITY = frozenset({"STUDYID", "USUBJID", "SUBJID", "record"})
_IDENTITY_PARTS = frozenset({"SEQ", "SPID", "REFID", "GRPID"})
_FREE_TEXT = frozenset({"TERM", "DECOD", "TRT", "MODIFY", "TEST", "TESTCD", "ORRES", "STRESC", "STRESN", "BODSYS"})
_CRITERIA = frozenset({"AESDTH", "AESLIFE", "AESHOSP", "AESDISAB", "AESCONG", "AESMIE", "AESCAN", "AESOD"})
_SERIOUSNESS = frozenset({"SR01", "SR02"})
_LONGEST_CODE = 40
_DATE = re.compile(r"(\d{4})(-\d\d)?(-\d\d)?(T.*)?")
_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][-+]?\d+)?")


@dataclass(frozen=True)
class FindingGroup:
    """Findings of one cause.

    `id`: stable over snapshots. `cause`: in words. `rules`: those of the cause first, then those that follow from it.
    `severity`: the gravest. `findings`: in rule and record order. `sites`: where the subjects' sites are known.
    """

    id: str
    cause: str
    rules: tuple[str, ...]
    severity: Severity
    findings: tuple[Finding, ...]
    subjects: int
    sites: tuple[str, ...]

    @property
    def example(self) -> Finding:
        """A finding of the cause itself."""
        return self.findings[0]

    @property
    def action(self) -> str:
        """What the data manager does about the cause."""
        return self.example.action


@dataclass(frozen=True)
class _Cause:
    """What makes findings one group: `key` is hashed, `words` are read. `below`: the finding follows from it."""

    key: tuple[str, ...]
    words: str
    below: bool = False


def group_findings(findings: Iterable[Finding], sites: Mapping[str, str]) -> tuple[FindingGroup, ...]:
    """The groups, gravest first, then by falling number of findings, then by id.

    `sites`: subject to site (DM.SITEID); a subject that is not in it has none. Each finding is in exactly one group.
    """
    kept = tuple(findings)
    without_date = _records_without_date(kept)
    members: dict[str, list[tuple[_Cause, Finding]]] = {}
    for finding in kept:
        cause = _cause_of(finding, without_date)
        members.setdefault(sha256_of(cause.key)[:GROUP_ID_DIGITS], []).append((cause, finding))
    groups = (_make_group(group_id, found, sites) for group_id, found in members.items())
    return tuple(sorted(groups, key=lambda group: (_SEVERITIES.index(group.severity), -len(group.findings), group.id)))


def _make_group(group_id: str, found: Sequence[tuple[_Cause, Finding]], sites: Mapping[str, str]) -> FindingGroup:
    ordered = sorted(found, key=lambda item: (item[0].below, item[1].rule_id))
    findings = tuple(finding for _, finding in ordered)
    subjects = {finding.subject for finding in findings if finding.subject}
    return FindingGroup(
        id=group_id,
        cause=ordered[0][0].words,
        rules=tuple(dict.fromkeys(finding.rule_id for finding in findings)),
        severity=min((finding.severity for finding in findings), key=_SEVERITIES.index),
        findings=findings,
        subjects=len(subjects),
        sites=tuple(sorted({sites[subject] for subject in subjects if subject in sites})),
    )


def _cause_of(finding: Finding, without_date: Mapping[tuple[str, str], Mapping[str, Finding]]) -> _Cause:
    """The cases of the module, in order."""
    if ENTRY in finding.locator:
        return _Cause(("entries", finding.rule_id, finding.dataset), f"{finding.dataset}: what it holds as a whole")
    if finding.subject is None and finding.locator and "record" not in finding.locator:
        entry = ".".join(finding.locator.values())
        return _Cause(("entry", finding.rule_id, finding.dataset, entry), f"{finding.dataset}: {entry}")
    if finding.rule_id == NOT_IN_DM and finding.subject:
        return _Cause(("subject not in DM", finding.subject), f"subject {finding.subject} is not in DM")
    if finding.rule_id in DEATH_RULES and finding.subject:
        return _Cause(("death", finding.subject), f"the accounts of the death of {finding.subject}")
    if finding.rule_id != NO_DATE:
        dates = without_date.get((finding.dataset, finding.record_key), {})
        explained = next((dates[name] for name in finding.values if name in dates), None)
        if explained is not None:
            first = _pattern_cause(explained)
            return _Cause(first.key, first.words, below=True)
    return _pattern_cause(finding)


def _pattern_cause(finding: Finding) -> _Cause:
    pattern = pattern_of(finding)
    key = ("pattern", finding.rule_id, finding.dataset, *(f"{name}={kind}" for name, kind in pattern.items()))
    said = ", ".join(f"{name} {kind}" for name, kind in pattern.items())
    return _Cause(key, f"{finding.dataset}: {said}" if said else finding.dataset)


def pattern_of(finding: Finding) -> dict[str, str]:
    """What was found, by variable, without what only tells records apart; sorted by name.

    Cases of a value: missing → `missing`; in a rule on terminology → itself; a date → `a date`, `a month`, `a year`,
    each with `and time` where it has one; what is no date (any in DT01) → its shape, digits as 9; zero → `0`; a
    number → `a number` or `a negative number`; a variable of terms, tests or results, or a text of more than
    40 characters or with small letters → `a text`; else itself (a code such as Y, FATAL, SCREENING 1).
    """
    prefix = variable_prefix(finding.dataset)
    left_out = _IDENTITY | _CRITERIA if finding.rule_id in _SERIOUSNESS else _IDENTITY
    return {
        name: kind_of(finding.rule_id, name, value, prefix)
        for name, value in sorted(finding.values.items())
        if name not in left_out and name.removeprefix(prefix) not in _IDENTITY_PARTS
    }


def kind_of(rule_id: str, name: str, value: str | None, prefix: str) -> str:
    """The part that one value has in a pattern; the cases are those of `pattern_of`."""
    if value is None or not value.strip():
        return "missing"
    if name.endswith("DTC"):
        date = None if rule_id == NO_DATE else _DATE.fullmatch(value)
        if date is None:
            return re.sub(r"\d", "9", value)
        kind = "a date" if date[3] else "a month" if date[2] else "a year"
        return f"{kind} and time" if date[4] else kind
    if rule_id.startswith(TERMINOLOGY):
        return value
    if _NUMBER.fullmatch(value):
        number = float(value)
        return "0" if number == 0 else "a number" if number > 0 else "a negative number"
    is_text = name.removeprefix(prefix) in _FREE_TEXT or len(value) > _LONGEST_CODE or value != value.upper()
    return "a text" if is_text else value


def _records_without_date(findings: Iterable[Finding]) -> dict[tuple[str, str], dict[str, Finding]]:
    """Per record, the variables whose date is none, each with its finding."""
    found: dict[tuple[str, str], dict[str, Finding]] = {}
    for finding in sorted(findings, key=attrgetter("fingerprint")):
        if finding.rule_id == NO_DATE:
            names = found.setdefault((finding.dataset, finding.record_key), {})
            names.update(dict.fromkeys(finding.values, finding))
    return found
