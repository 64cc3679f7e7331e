"""From failing rows to findings: whose record, what stands there, what is wrong, what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from longwatch.findings.finding import Finding, Severity
from longwatch.findings.identity import (
    IDENTITY,
    ROW,
    SUBJECT,
    as_text,
    compute_fingerprint,
    compute_identities,
    locator_columns,
    number_twins,
    without_number,
)
from longwatch.findings.rule import PLACEHOLDER, Check
from longwatch.standards.dataset import SourceData
from validations.applicability import Instance
from validations.entries import ENTRY, ENTRY_LOCATORS
from validations.judge import Verdict

IDENTITY_ROWS = 250_000
"""About how many records are held at a time to tell them apart."""

Severities = Mapping[str, Callable[[Check], Severity]]
"""By rule id, the severity in force of what a check of it finds."""

MISSING = "missing"
_LISTED_VALUES = 5
_GRAVEST_FIRST = tuple(Severity)


@dataclass(frozen=True)
class _Record:
    """A failing record: its identity and where it is in this snapshot."""

    identity: str
    locator: Mapping[str, str]


def find_in_dataset(
    data: SourceData, dataset: str, verdicts: Sequence[Verdict], severities: Severities
) -> list[Finding]:
    """The findings on one dataset, in the order of the verdicts and of the records.

    - One for each failing record; for uniqueness one for each set of records with the same key; for a rule on a whole
      dataset one for the dataset, with the values found.
    - A record that fails several checks of one rule is one finding that says all.
    """
    failing = [verdict for verdict in verdicts if verdict.failing]
    if not failing:
        return []
    by_record = [verdict for verdict in failing if verdict.instance.check.per == "record"]
    records = _read_records(data, dataset, by_record)
    findings: list[Finding] = []
    identities: dict[int, tuple[str, ...]] = {}
    for verdict in failing:
        check = verdict.instance.check
        severity = severities[verdict.instance.rule.id](check)
        rows = _as_texts(pl.concat(verdict.failing).sort(ROW))
        if check.per == "dataset":
            findings.append(_dataset_finding(verdict.instance, severity, rows))
        elif check.expect.type == "unique":
            for found, concerned in _set_findings(verdict.instance, severity, rows, records):
                identities[len(findings)] = concerned
                findings.append(found)
        else:
            for row in rows.iter_rows(named=True):
                record = records[int(row[ROW])]
                found = _finding(verdict.instance, severity, [record.identity], record.locator, row)
                identities[len(findings)] = (record.identity,)
                findings.append(replace(found, rows=(int(row[ROW]),)))
    return merge_findings(_tell_twins_apart(findings, identities))


def _tell_twins_apart(findings: Sequence[Finding], identities: Mapping[int, tuple[str, ...]]) -> list[Finding]:
    """The findings on records, by place, under fingerprints that no order of rows changes (see `number_twins`)."""
    told = list(findings)
    of_rule: dict[str, list[int]] = {}
    for place in identities:
        of_rule.setdefault(findings[place].rule_id, []).append(place)
    for rule_id, places in of_rule.items():
        numbered = number_twins([(identities[place], findings[place].rows) for place in places])
        for place, each in zip(places, numbered, strict=True):
            told[place] = replace(findings[place], fingerprint=compute_fingerprint(rule_id, each))
    return told


def find_in_entries(verdicts: Sequence[Verdict], severities: Severities) -> list[Finding]:
    """The findings on entries: the entry's own name is its identity; a subject only where entries are of subjects."""
    findings = []
    for verdict in verdicts:
        instance = verdict.instance
        for rows in verdict.failing:
            for row in _as_texts(rows).iter_rows(named=True):
                locator = {name: str(row[name]) for name in ENTRY_LOCATORS[instance.dataset] if row[name] is not None}
                placed = replace(instance, dataset=str(row["DATASET"]))
                identity = [f"{instance.dataset} {row[ENTRY]}"]
                findings.append(_finding(placed, severities[instance.rule.id](instance.check), identity, locator, row))
    return merge_findings(findings)


def merge_findings(findings: Sequence[Finding]) -> list[Finding]:
    """One finding for each fingerprint: messages joined, values together, in the order of first appearance."""
    merged: dict[str, Finding] = {}
    for finding in findings:
        first = merged.get(finding.fingerprint)
        if first is None:
            merged[finding.fingerprint] = finding
            continue
        more = finding.message.removeprefix(f"{finding.dataset}: ")
        merged[finding.fingerprint] = replace(
            first,
            message=first.message if more in first.message else f"{first.message}; {more}",
            values={**first.values, **finding.values},
            records=max(first.records, finding.records),
            severity=min(first.severity, finding.severity, key=_GRAVEST_FIRST.index),
        )
    return list(merged.values())


def _read_records(data: SourceData, dataset: str, verdicts: Sequence[Verdict]) -> dict[int, _Record]:
    """Identity and locator of each failing record. Identities are judged among all records of the subjects
    concerned."""
    if not verdicts:
        return {}
    failing = pl.concat([rows.select(ROW) for verdict in verdicts for rows in verdict.failing]).unique()
    everything = data.frame(dataset).with_row_index(ROW)
    schema = everything.collect_schema()
    located = locator_columns(dataset, list(schema))
    records: dict[int, _Record] = {}
    for concerned in _subjects_concerned(everything, failing, data.datasets[dataset].rows):
        texts = concerned.select(ROW, *(as_text(name, schema[name]) for name in located))
        rows = failing.join(compute_identities(dataset, concerned), on=ROW).join(texts, on=ROW)
        for row in rows.iter_rows(named=True):
            locator = {name: row[name] for name in located if row[name] is not None}
            number = int(row[ROW])
            records[number] = _Record(without_number(str(row[IDENTITY])), locator or {"record": str(number + 1)})
    return records


def _subjects_concerned(everything: pl.LazyFrame, failing: pl.DataFrame, rows: int) -> Iterator[pl.DataFrame]:
    """All records of the subjects that a failing record belongs to, a part of the subjects at a time."""
    if SUBJECT not in everything.collect_schema():
        yield everything.collect()
        return
    subjects = (
        everything.select(ROW, SUBJECT).join(failing.lazy(), on=ROW, how="semi").select(SUBJECT).unique().collect()
    )
    parts = -(-rows // IDENTITY_ROWS)
    for number in range(parts):
        some = subjects.filter(pl.col(SUBJECT).hash(seed=2) % parts == number)
        if some.height:
            yield everything.join(some.lazy(), on=SUBJECT, how="semi", nulls_equal=True).collect()


def _set_findings(
    instance: Instance, severity: Severity, rows: pl.DataFrame, records: Mapping[int, _Record]
) -> Iterator[tuple[Finding, tuple[str, ...]]]:
    key = list(instance.check.expect.judged)
    for _, members in rows.group_by(key, maintain_order=True):
        first = members.row(0, named=True)
        concerned = [records[int(row)] for row in members[ROW]]
        shared = {
            name: value
            for name, value in concerned[0].locator.items()
            if all(record.locator.get(name) == value for record in concerned)
        }
        keys = {name: str(first[name]) for name in key if first[name] is not None and name not in instance.check.derive}
        identities = tuple(sorted(record.identity for record in concerned))
        finding = _finding(instance, severity, identities, {**shared, **keys}, first)
        values = {**{name: first[name] for name in key if name not in instance.check.derive}, **finding.values}
        places = tuple(sorted(members[ROW].to_list()))
        yield replace(finding, values=values, records=members.height, rows=places), identities


def _dataset_finding(instance: Instance, severity: Severity, rows: pl.DataFrame) -> Finding:
    """All failing rows as one finding; of each column the values found, at most five of them, sorted."""
    listed: dict[str, str | None] = {}
    for name in instance.check.shown:
        found = sorted({MISSING if value is None else str(value) for value in rows[name]})
        more = f" and {len(found) - _LISTED_VALUES} more" if len(found) > _LISTED_VALUES else ""
        listed[name] = ", ".join(found[:_LISTED_VALUES]) + more
    identity = [f"dataset {instance.dataset}"]
    return replace(_finding(instance, severity, identity, {}, listed), records=rows.height)


def _finding(
    instance: Instance,
    severity: Severity,
    identities: Sequence[str],
    locator: Mapping[str, str],
    row: Mapping[str, Any],
) -> Finding:
    rule, check = instance.rule, instance.check
    return Finding(
        fingerprint=compute_fingerprint(rule.id, identities),
        rule_id=rule.id,
        rule_version=rule.version,
        severity=severity,
        dataset=instance.dataset,
        message=f"{instance.dataset}: {_in_words(check, instance.dataset, row)}",
        action=rule.what_to_do,
        subject=locator.get(SUBJECT),
        locator=dict(locator),
        values={name: row[name] for name in check.shown if name in row and name not in check.derive},
    )


def _in_words(check: Check, dataset: str, row: Mapping[str, Any]) -> str:
    def shown(name: str) -> str:
        value = dataset if name == "dataset" else row.get(name)
        return MISSING if value is None else str(value)

    return PLACEHOLDER.sub(lambda hit: shown(hit[1]), check.message)


def _as_texts(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(pl.col(name) if name == ROW else as_text(name, dtype) for name, dtype in rows.schema.items())
