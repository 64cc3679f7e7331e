"""What may say that two records of two snapshots are one record, in the order in which it is asked (CONTRACTS.md)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from longwatch.standards.sdtm import (
    DomainClass,
    domain_of,
    is_supplemental,
    natural_key,
    sequence_variable,
    start_among,
    study_day_variables,
    topic_among,
    variable_prefix,
)

SUBJECT = "USUBJID"
PARENT = "_PARENT"
"""Column of a link: the record it points to, by a name that is the same in both snapshots."""
RELATIONSHIP = "_RELATIONSHIP"
"""Column of RELREC: all records of the relationship, by such names."""

_SAME_FOR_ALL = frozenset({"STUDYID", "DOMAIN"})
_SCOPE = _SAME_FOR_ALL | {"RDOMAIN", SUBJECT}


@dataclass(frozen=True)
class Corrected:
    """A variable whose value alone may be another in a record that stayed the same. `agreeing`: what must be filled and
    equal all the same."""

    variable: str
    agreeing: tuple[str, ...]


@dataclass(frozen=True)
class RecordKeys:
    """The keys of one dataset, of variables that both snapshots have.

    `content`: what must be equal for records to be identical, and whose agreement breaks ties. `numbers`: what is
    neither content nor ever a change: --SEQ, and in links the sequence number that points to the parent.
    `sponsor_ids`, `declared`: asked where they are unique in both snapshots. `topic`: asked with ties. `corrected`:
    asked last, where one value of the record is another.
    """

    content: tuple[str, ...]
    numbers: tuple[str, ...]
    sponsor_ids: tuple[tuple[str, ...], ...]
    declared: tuple[tuple[str, ...], ...]
    topic: tuple[tuple[str, ...], ...]
    corrected: tuple[Corrected, ...] = ()


def is_link(dataset: str) -> bool:
    """Whether a dataset's records belong to records elsewhere: supplemental qualifiers, comments, RELREC."""
    return is_supplemental(dataset) or dataset in {"CO", "RELREC"}


def record_keys(dataset: str, columns: Sequence[str], declared: Sequence[str] = ()) -> RecordKeys:
    """The keys of a dataset, in the order of CONTRACTS.md, Record identity across snapshots.

    Cases, each only with the variables that are there:

    1. content: every variable but --SEQ and the study days (--DY, --STDY, --ENDY); in a link whose parent is carried
       the parent stands in place of IDVARVAL, and in RELREC of RELID, which only numbers the relationships.
    2. sponsor's ids: USUBJID with --SPID, then with --REFID.
    3. declared: the keys of define.xml without --SEQ; not used where they then name no more than the subject, where
       one of them is not there (STUDYID and DOMAIN may lack: all records have the same), nor in links.
    4. topic: USUBJID, topic and start date (in findings about, the object too); then the natural key where the
       standard gives one (DM by subject; TS by TSPARMCD and TSSEQ, then TSPARMCD …). Links: the parent with QNAM; the
       parent with the date for comments; both ends for RELREC, then this end and RELID.

    `corrected`: each with every other value: the start date, and in coded data the topic (its --DECOD agrees then).

    `columns`: the variables that both snapshots have.
    """
    known = frozenset(columns)
    prefix = variable_prefix(dataset)
    link = is_link(dataset) and PARENT in known
    sequence = sequence_variable(dataset)
    numbers = {name for name in (sequence,) if name} | ({"IDVARVAL"} if link else set())
    numbers |= {"RELID"} if link and dataset == "RELREC" else set()
    left_out = numbers | set(study_day_variables(dataset))
    subject = (SUBJECT,) if SUBJECT in known else ()
    ids = tuple((*subject, f"{prefix}{ending}") for ending in ("SPID", "REFID") if prefix)
    given = tuple(name for name in declared if name != sequence and (name in known or name not in _SAME_FOR_ALL))
    usable = not link and bool(set(given) - _SCOPE) and set(given) <= known
    return RecordKeys(
        content=tuple(name for name in columns if name not in left_out),
        numbers=tuple(name for name in columns if name in numbers),
        sponsor_ids=tuple(key for key in ids if key[-1] in known),
        declared=(given,) if usable else (),
        topic=_link_keys(dataset, subject, known) if link else _topic_keys(dataset, prefix, subject, known),
        corrected=() if link else _corrected(dataset, prefix, subject, known),
    )


def _corrected(dataset: str, prefix: str, subject: tuple[str, ...], known: frozenset[str]) -> tuple[Corrected, ...]:
    """Start date, and topic where the dictionary's term stands beside it."""
    topic, start, coded = topic_among(dataset, known), start_among(dataset, known), f"{prefix}DECOD"
    if topic is None or not subject or is_link(dataset):
        return ()
    by_start = (Corrected(start, (*subject, topic)),) if start else ()
    by_topic = (Corrected(topic, (*subject, coded)),) if coded in known and coded != topic else ()
    return by_start + by_topic


def _link_keys(dataset: str, subject: tuple[str, ...], known: frozenset[str]) -> tuple[tuple[str, ...], ...]:
    parent = (*subject, PARENT)
    if dataset == "RELREC":
        return tuple((*parent, name) for name in (RELATIONSHIP, "RELID") if name in known)
    named = "CODTC" if dataset == "CO" else "QNAM"
    return ((*parent, named),) if named in known else (parent,)


def _topic_keys(
    dataset: str, prefix: str, subject: tuple[str, ...], known: frozenset[str]
) -> tuple[tuple[str, ...], ...]:
    domain = domain_of(dataset)
    topic, start = topic_among(dataset, known), start_among(dataset, known)
    about = domain is not None and domain.domain_class is DomainClass.FINDINGS_ABOUT and f"{prefix}OBJ" in known
    named = tuple(name for name in (topic, f"{prefix}OBJ" if about else None, start) if name)
    by_topic = ((*subject, *named),) if topic and subject else ()
    natural = natural_key(dataset)
    by_nature = (natural, tuple(name for name in natural if name != f"{prefix}SEQ")) if natural else ()
    present = tuple(tuple(name for name in key if name in known) for key in by_nature if key[0] in known)
    return tuple(dict.fromkeys((*by_topic, *present)))
