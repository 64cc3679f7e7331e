"""What of a validation and a snapshot a report prints: the listings, facts and named fields of its template."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import groupby
from operator import itemgetter

from longwatch.derive import AnalysisDatasets
from longwatch.evidence.report_key import Engine
from longwatch.evidence.snapshot import SourceSnapshot
from longwatch.findings.finding import Finding, RuleResult, RuleStatus, Severity, ValidationOutcome
from longwatch.findings.states import SET_ASIDE
from longwatch.reports.contents import PlainTable
from longwatch.study import Study, TreatmentReference
from operations.report_gate import ReportGate

MOST_REASONS = 10
MOST_TOLD = 40
"""Records, or runs of them, that a row of the appendix tells: it is to fit on a page."""

REFERENCE_WORDS = {
    TreatmentReference.FIRST_INFUSION: "first dose of the study product",
    TreatmentReference.FIRST_STUDY_INTERVENTION: "first dose of any study intervention, induction included",
}


def make_draft_reasons(outcome: ValidationOutcome, gate: ReportGate) -> tuple[str, ...]:
    """One line per rule with open errors, or that counts as an error since it could not be evaluated; then those of the
    report gate; empty where the report is no DRAFT (CONTRACTS.md, Two gates).

    The title page has room for ten: further rules are counted in the last line, and all are in the report.
    """
    found = Counter(finding.rule_id for finding in outcome.open_findings if finding.severity is Severity.ERROR)
    reasons = [
        f"{result.rule_id}: {_plural(found[result.rule_id], 'open error')}. {result.title}."
        for result in outcome.results
        if found[result.rule_id]
    ]
    reasons += [
        f"{result.rule_id}: not evaluable, which counts as an error in this study. {result.title}."
        for result in outcome.results
        if result.gates is Severity.ERROR
    ]
    reasons += gate.draft_reasons()
    if len(reasons) > MOST_REASONS:
        further = len(reasons) - MOST_REASONS + 1
        reasons[MOST_REASONS - 1 :] = [f"{_plural(further, 'further rule')} that make a DRAFT, listed in this report."]
    return tuple(reasons)


def make_fields(study: Study, snapshot: SourceSnapshot, cutoff: date, engine: Engine) -> dict[str, str]:
    """The named fields that a template's text blocks may use."""
    return {
        "study_id": study.id,
        "study_title": study.study.title,
        "sponsor": study.study.sponsor or "not stated",
        "protocol": study.study.protocol or "not stated",
        "cutoff": cutoff.isoformat(),
        "data_cutoff": snapshot.data_cutoff.isoformat()
        if snapshot.data_cutoff
        else "not stated in the data (TS.DCUTDTC)",
        "snapshot": snapshot.id[:12],
        "timezone": study.study.timezone,
        "treatment_basis": study.treatment.basis.value,
        "treatment_reference": REFERENCE_WORDS[study.treatment_emergence.reference],
        "meddra": study.dictionaries.meddra_name or "MedDRA, version not stated in the study file",
        "ctcae": study.dictionaries.ctcae or "not stated in the study file",
        "engine_version": engine.version,
    }


def make_facts(
    study: Study,
    snapshot: SourceSnapshot,
    datasets: AnalysisDatasets,
    outcome: ValidationOutcome,
    engine: Engine,
) -> tuple[tuple[str, str], ...]:
    """The lines of the title page, below study, title, sponsor and cut-off, which it prints anyway."""
    counts = ", ".join(f"{count:,} {severity.value}" for severity, count in outcome.open_counts().items())
    set_aside = Counter(outcome.decisions[item.fingerprint].state.value for item in outcome.set_aside)
    return (
        ("Snapshot", f"{snapshot.id[:12]} ({_plural(len(snapshot.files), 'file')}, {snapshot.rows:,} records)"),
        ("Safety population", _plural(datasets.safety_subjects, "subject")),
        ("Analysed by", f"{study.treatment.basis.value} treatment ({datasets.treatment_variable})"),
        ("Open findings", counts),
        ("Set aside", ", ".join(f"{set_aside[state.value]:,} {state.value}" for state in SET_ASIDE)),
        ("Rule set", outcome.ruleset_version[:12]),
        ("Made with", f"Longwatch {engine.version}, Python {engine.python} (lock file {engine.lock_sha256[:12]})"),
    )


def make_listings(
    study: Study, snapshot: SourceSnapshot, outcome: ValidationOutcome, gate: ReportGate | None
) -> dict[str, PlainTable]:
    """Every listing that a template may name. `gate`: None for a document that passes no report gate; those of the gate
    are not made then."""
    of_gate = {"report_gate": _report_gate(gate), "second_opinion": _second_opinion(gate)} if gate else {}
    return {
        "sources": _sources(snapshot),
        "severity_changes": _severity_changes((*outcome.results, *(gate.results if gate else ()))),
        "rule_results": _rule_results(outcome),
        "open_findings": list_open_findings(outcome),
        "waived_findings": _waived_findings(outcome),
        "not_evaluable": _not_evaluable(outcome),
        **of_gate,
    }


def _sources(snapshot: SourceSnapshot) -> PlainTable:
    return PlainTable(
        "Files of the snapshot",
        ("File", "Dataset", "Records", "SHA-256"),
        tuple(
            (file.name, file.dataset or "", f"{file.rows:,}" if file.rows is not None else "", file.sha256)
            for file in snapshot.files
        ),
        (2.0, 1.0, 1.0, 6.0),
    )


def _severity_changes(results: tuple[RuleResult, ...]) -> PlainTable:
    return PlainTable(
        "Severities changed by the study file",
        ("Rule", "Title", "By default", "In this study", "Reason"),
        tuple(
            (item.rule_id, item.title, str(item.default_severity or ""), str(item.severity), item.severity_reason)
            for item in results
            if item.severity_reason
        ),
        (0.8, 2.4, 0.9, 0.9, 4.0),
        "No severity is changed.",
    )


def _rule_results(outcome: ValidationOutcome) -> PlainTable:
    return PlainTable(
        "Rules that failed",
        ("Rule", "Severity", "Records", "Checked", "Title"),
        tuple(
            (item.rule_id, str(item.severity), f"{item.failed:,}", f"{item.checked:,}", item.title)
            for item in outcome.results
            if item.status is RuleStatus.FAIL
        ),
        (0.8, 1.0, 0.9, 0.9, 5.0),
        "Every rule that could be evaluated passed.",
    )


def _not_evaluable(outcome: ValidationOutcome) -> PlainTable:
    return PlainTable(
        "Rules that could not be evaluated",
        ("Rule", "Severity", "Title", "Reason"),
        tuple(
            (item.rule_id, str(item.severity), item.title, item.reason)
            for item in outcome.results
            if item.status is RuleStatus.NOT_EVALUABLE
        ),
        (0.8, 1.0, 3.5, 3.5),
    )


def _report_gate(gate: ReportGate) -> PlainTable:
    return PlainTable(
        "Rules of the report gate",
        ("Rule", "Severity", "Result", "Compared", "Title", "Why"),
        tuple(
            (item.rule_id, str(item.severity), item.status.value, f"{item.checked:,}", item.title, item.reason)
            for item in gate.results
        ),
        (0.7, 0.9, 1.2, 0.9, 3.2, 3.6),
    )


def _second_opinion(gate: ReportGate) -> PlainTable:
    return PlainTable(
        "Numbers computed twice, by output",
        ("Output", "Answered", "Compared", "Equal", "Not computed twice"),
        tuple(
            (
                name,
                "yes" if opinion.answered else "no",
                f"{opinion.compared:,}",
                f"{opinion.compared - len(opinion.differences):,}",
                f"{opinion.unchecked:,}",
            )
            for name, opinion in gate.opinions.items()
        ),
        (2.0, 1.2, 1.2, 1.2, 1.8),
        "This report has no output.",
    )


def list_open_findings(outcome: ValidationOutcome) -> PlainTable:
    """Every open finding but notes, which are counted only (spec B.2); complete, however long.

    Records with the same finding and the same last word stand in one row, as many as a row can hold. Without any last
    word, there is no column for it.
    """
    rows: dict[tuple[str, ...], list[Finding]] = {}
    for item in outcome.open_findings:
        if item.severity is not Severity.NOTE:
            decision = outcome.decisions.get(item.fingerprint)
            word = decision.in_words() if decision else ""
            alike = (item.rule_id, item.severity.value, item.dataset, _said(item), item.action, word)
            rows.setdefault(alike, []).append(item)
    columns = 7 if any(alike[-1] for alike in rows) else 6
    return PlainTable(
        "Open findings, record by record",
        ("Rule", "Severity", "Dataset", "Record", "What was found", "What to do", "Last word")[:columns],
        tuple(
            (rule, severity, dataset, records, said, action, word)[:columns]
            for (rule, severity, dataset, said, action, word), items in rows.items()
            for records in _records(items)
        ),
        (0.6, 0.7, 0.7, 4.0, 2.8, 2.4, 0.8)[:columns],
        "No finding is open.",
    )


def _waived_findings(outcome: ValidationOutcome) -> PlainTable:
    """Every finding that a person's word keeps from counting: who, why, until when; complete, however long."""
    decided = [(item, outcome.decisions[item.fingerprint]) for item in outcome.set_aside]
    return PlainTable(
        "Waived findings and false positives, record by record",
        ("Rule", "Severity", "Dataset", "Record", "What was found", "State", "Until", "Who, when and why"),
        tuple(
            (
                *_placed(item),
                _said(item),
                decision.state.value,
                decision.until.isoformat() if decision.until else "",
                f"{decision.by}, {decision.at:%Y-%m-%d %H:%M:%S} UTC: {decision.reason}",
            )
            for item, decision in decided
        ),
        (0.7, 0.8, 0.8, 1.6, 2.8, 0.8, 0.9, 2.4),
        "No finding is waived or marked false positive.",
    )


def _placed(item: Finding) -> tuple[str, str, str, str]:
    return item.rule_id, item.severity.value, item.dataset, item.record_key.replace("USUBJID=", "")


def _records(items: Sequence[Finding]) -> Iterator[str]:
    """The records, subject by subject, as many of them a row as `MOST_TOLD`: `S-1 VSSEQ=3–5, 9; S-2 VSSEQ=1`. The study
    is not repeated in a key that has more."""
    of: dict[tuple[str, str], list[str]] = {}
    for item in items:
        subject = item.locator.get("USUBJID", "")
        unsaid = ("USUBJID",) if len(item.locator) == 1 else ("USUBJID", "STUDYID")
        keys = [(name, value) for name, value in item.locator.items() if name not in unsaid]
        told_by_one = len(keys) == 1
        name = f"{keys[0][0]}=" if told_by_one else " ".join(f"{name}={value}" for name, value in keys)
        of.setdefault((subject, name), []).append(keys[0][1] if told_by_one else "")
    told = [(*who, run) for who, values in of.items() for run in _runs(values)]
    for start in range(0, len(told), MOST_TOLD):
        row = groupby(told[start : start + MOST_TOLD], key=itemgetter(0, 1))
        yield "; ".join(f"{who} {name}{', '.join(run for *_, run in runs)}".strip() for (who, name), runs in row)


def _runs(values: Sequence[str]) -> list[str]:
    """Whole numbers that follow one another as `3–5`; all else as it is."""
    runs: list[list[str]] = []
    for value in values:
        if runs and _is_whole(value) and _is_whole(runs[-1][-1]) and int(value) == int(runs[-1][-1]) + 1:
            runs[-1] = [runs[-1][0], value]
        else:
            runs.append([value])
    return ["–".join(run) for run in runs]


def _is_whole(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _said(item: Finding) -> str:
    """The message without its dataset, which has a column of its own."""
    return item.message.removeprefix(f"{item.dataset}: ")


def _plural(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
