"""The report gate: what must hold of a report before it is rendered (rules RP of spec B.3; CONTRACTS.md, Two gates).

The rules are data (`validations/rules/report.yaml`); how each is judged stands here, by its id. RP01, RP02, RP03 and
RP05 fail only where a program or a store is wrong: they stop with an IntegrityError. RP04 has the severity in force: an
error makes the report a DRAFT, reject stops the run.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from longwatch.derive import AnalysisDatasets
from longwatch.derive.treatment import NOT_ASSIGNED
from longwatch.errors import GateStopped, IntegrityError
from longwatch.findings.finding import RuleResult, RuleStatus, Severity
from longwatch.findings.rulebook import RuleInForce
from longwatch.study import Study
from longwatch.tables.arms import ALL_SUBJECTS, TOTAL
from longwatch.tables.dtht01 import CAUSES, DEATHS, TIMES
from longwatch.tables.filters import both, equals, select_rows
from longwatch.tables.footnotes import CTCAE_NOT_STATED, MEDDRA_NOT_STATED, say_ctcae, say_dictionary
from longwatch.tables.opinion import Difference, Opinion
from longwatch.tables.populations import ASSIGNED, POPULATIONS, SAFETY_POPULATION, SCREENED, Population
from longwatch.tables.result import TableResult


@dataclass(frozen=True)
class Judged:
    """What one rule came to: rows compared, what failed in words (a rule that only stops has none), why it was not."""

    checked: int = 0
    failed: tuple[str, ...] = ()
    status: RuleStatus | None = None
    reason: str = ""


@dataclass(frozen=True)
class ReportGate:
    """The result of each rule, in their order, and the second opinion on each output by its name in the report."""

    results: tuple[RuleResult, ...]
    opinions: Mapping[str, Opinion]

    def draft_reasons(self) -> tuple[str, ...]:
        """Why the report is a DRAFT: one line per rule of severity error that failed, or counts so where it could not
        be evaluated."""
        return tuple(
            f"{item.rule_id}: {item.title}: {item.reason}" for item in self.results if _bears(item, Severity.ERROR)
        )


def check_report_gate(
    rules: Sequence[RuleInForce],
    study: Study,
    tables: Mapping[str, TableResult],
    datasets: AnalysisDatasets,
    *,
    verify: Callable[[], None],
    ask: Callable[[], tuple[Opinion, ...]],
) -> ReportGate:
    """Judge a tabulated report by the rules of its gate, in their order.

    `verify`: hashes the snapshot again. `ask`: gets the second opinion on the tables, in their order.

    Raises IntegrityError: what `verify` raises (RP01); LW-RPT-001 (RP02, an N is another), LW-RPT-003 (RP03, deaths
    disagree), LW-RPT-002 (RP05, the second opinion differs). GateStopped LW-GATE-002 where a rule failed that the
    study made reject.
    """
    opinions: dict[str, Opinion] = {}

    def snapshot() -> Judged:
        verify()
        return Judged(1)

    def second_opinion() -> Judged:
        opinions.update(zip(tables, ask(), strict=True))
        return _judge_opinions(opinions)

    judges: Mapping[str, Callable[[], Judged]] = {
        "RP01": snapshot,
        "RP02": lambda: _judge_sizes(tables, datasets),
        "RP03": lambda: _judge_deaths(tables, datasets),
        "RP04": lambda: _judge_versions(tables, study),
        "RP05": second_opinion,
    }
    results = tuple(_result(entry, judges[entry.rule.id]()) for entry in rules if entry.rule.gate == "report")
    stopped = [item for item in results if _bears(item, Severity.REJECT)]
    if stopped:
        raise GateStopped(
            "LW-GATE-002",
            f"the report gate stopped the run at {', '.join(item.rule_id for item in stopped)}: "
            + "; ".join(f"{item.title}: {item.reason}" for item in stopped),
            next_step="state what is missing in the study file; it may lower the severity of such a rule with a reason",
        )
    return ReportGate(results, opinions)


def _bears(item: RuleResult, severity: Severity) -> bool:
    return item.gates is severity or (item.status is RuleStatus.FAIL and item.severity is severity)


def _result(entry: RuleInForce, judged: Judged) -> RuleResult:
    return RuleResult(
        rule_id=entry.rule.id,
        rule_version=entry.rule.version,
        title=entry.rule.title,
        severity=entry.severity,
        status=judged.status or (RuleStatus.FAIL if judged.failed else RuleStatus.PASS),
        failed=len(judged.failed),
        checked=judged.checked,
        reason=judged.reason or " ".join(judged.failed),
        severity_reason=entry.reason,
        default_severity=entry.rule.severity,
        not_evaluable=entry.not_evaluable,
    )


def _judge_sizes(tables: Mapping[str, TableResult], datasets: AnalysisDatasets) -> Judged:
    """RP02: every N printed is the number of subjects of its arm and population in ADSL."""
    populations = {item.name: item for item in (*POPULATIONS.values(), ASSIGNED, SCREENED)}
    checked = 0
    for name, table in tables.items():
        sizes = _sizes(populations[table.population], datasets, table.subjects)
        for item in table.statistics:
            if item.statistic != "N" or item.row_group or item.row:
                continue
            checked += 1
            expected = sizes.get(item.column, 0)
            if item.value != expected:
                raise IntegrityError(
                    "LW-RPT-001",
                    f"{name} prints another number of subjects in {item.column} than its population has",
                    where=f"report gate (RP02), {table.population}",
                    expected=str(expected),
                    found=str(item.value),
                    next_step="do not use this report; send the study file and this message to the developers",
                )
    return Judged(checked) if checked else _not_applicable("no output prints an N")


def _sizes(population: Population, datasets: AnalysisDatasets, subgroup: str) -> dict[str, int]:
    variable = "TRT01P" if population.by_planned else datasets.treatment_variable
    return _by_arm(datasets, both(population.condition, subgroup), variable)


def _by_arm(datasets: AnalysisDatasets, condition: str, variable: str) -> dict[str, int]:
    """How many subjects of ADSL meet a condition: by arm, and all."""
    chosen = datasets.adsl.filter(pl.Series(select_rows(datasets.adsl, condition)))
    arm = pl.col(variable).cast(pl.String).fill_null(NOT_ASSIGNED)
    return {**dict(chosen.group_by(arm).len().iter_rows()), TOTAL: chosen.height, ALL_SUBJECTS: chosen.height}


def _judge_deaths(tables: Mapping[str, TableResult], datasets: AnalysisDatasets) -> Judged:
    """RP03: deaths printed are those of ADSL, and causes and times add up to them."""
    condition = both(SAFETY_POPULATION.condition, equals("DTHFL", "Y"))
    checked = 0
    for name, table in tables.items():
        deaths = _by_arm(datasets, both(condition, table.subjects), datasets.treatment_variable)
        for place, found in _printed_deaths(table):
            checked += 1
            expected = deaths.get(place[1], 0)
            if found != expected:
                raise IntegrityError(
                    "LW-RPT-003",
                    f"{name} prints another number of deaths in {place[1]} than the safety population has",
                    where=f"report gate (RP03), {place[0]}",
                    expected=str(expected),
                    found=str(found),
                    next_step="do not use this report; send the study file and this message to the developers",
                )
    return Judged(checked) if checked else _not_applicable("no output prints deaths")


def _printed_deaths(table: TableResult) -> Iterator[tuple[tuple[str, str], int]]:
    """By row group and column, the deaths that an output prints; of parts, their sum."""
    sums: dict[tuple[str, str], int] = {}
    for item in table.statistics:
        is_whole = item.row_group == DEATHS and not item.row
        if item.statistic == "n" and isinstance(item.value, int) and (is_whole or item.row_group in (CAUSES, TIMES)):
            place = (item.row_group, item.column)
            sums[place] = sums.get(place, 0) + item.value
    yield from sums.items()


def _judge_versions(tables: Mapping[str, TableResult], study: Study) -> Judged:
    """RP04: a dictionary that an output counts by has its version in the study file. An output counts by it where its
    numbers select by the dictionary's variables, or where a footnote names the dictionary (numbers of ADTTE and ADEV
    select by a parameter, and the terms behind it stand in the footnotes)."""
    coded, graded = (MEDDRA_NOT_STATED, say_dictionary(study)), (CTCAE_NOT_STATED, *say_ctcae(study, "AETOXGR"))
    stated = (
        ("MedDRA", "dictionaries: meddra", study.dictionaries.meddra, coded, r"\b(AEDECOD|AEBODSYS)\b"),
        ("CTCAE", "dictionaries: ctcae", study.dictionaries.ctcae, graded, r"\bAETOXGR\b"),
    )
    checked, failed = 0, []
    for dictionary, place, version, notes, variables in stated:
        users = [name for name, table in tables.items() if _counts_by(table, notes, variables)]
        checked += bool(users)
        if users and not version:
            failed.append(f"the version of {dictionary} is not stated ({place}), and {', '.join(users)} count by it.")
    return Judged(checked, tuple(failed)) if checked else _not_applicable("no output counts by a dictionary")


def _counts_by(table: TableResult, notes: tuple[str, ...], variables: str) -> bool:
    sources = {f"{item.provenance.filter} {item.provenance.having}" for item in table.statistics}
    return any(note in footnote for note in notes for footnote in table.footnotes) or any(
        re.search(variables, re.sub(r"'(?:[^']|'')*'", "", source)) for source in sources
    )


def _judge_opinions(opinions: Mapping[str, Opinion]) -> Judged:
    """RP05: no number that both programs compute differs."""
    for name, opinion in opinions.items():
        if opinion.differences:
            raise _differs(name, opinion.differences)
    checked = sum(opinion.compared for opinion in opinions.values())
    return Judged(checked) if checked else _not_applicable("no output is computed twice")


def _differs(name: str, differences: tuple[Difference, ...]) -> IntegrityError:
    first = differences[0]
    group, row, column, statistic = first.cell
    cell = ", ".join(part for part in (group, row, column, statistic) if part)
    return IntegrityError(
        "LW-RPT-002",
        f"{name}: {len(differences):,} of its numbers differ from the second opinion, first {cell}",
        where="report gate (RP05)",
        expected=f"{_said(first.answered)} by SQL over the frozen data",
        found=f"{_said(first.printed)} printed",
        next_step="do not use this report; send the study file and this message to the developers",
    )


def _said(value: float | int | None) -> str:
    return "nothing" if value is None else repr(value)


def _not_applicable(reason: str) -> Judged:
    return Judged(status=RuleStatus.NOT_APPLICABLE, reason=reason)
