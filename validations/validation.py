"""Validation of a snapshot: every rule's result and every finding."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from importlib.resources import files

from longwatch.errors import StudyError
from longwatch.findings.finding import Finding, RuleResult, RuleStatus, ValidationOutcome
from longwatch.findings.inputs import RuleInputs
from longwatch.findings.rule import Rule
from longwatch.findings.rulebook import RuleInForce, check_ids, compute_ruleset_version, parse_rules, rules_in_force
from longwatch.standards.dataset import SourceData
from longwatch.standards.meddra import Meddra
from longwatch.study import Study
from validations.agreement import Agreement
from validations.applicability import Application, Instance, apply_rule
from validations.facts import Facts
from validations.found import find_in_dataset, find_in_entries
from validations.great_expectations_form import GreatExpectationsJudge
from validations.judge import Judging, add_up, judge_dataset, judge_entries, judge_here
from validations.lookups import Lookups
from validations.workers import Workers

RULE_FILES = (
    "structure.yaml",
    "keys.yaml",
    "terminology.yaml",
    "dates.yaml",
    "references.yaml",
    "chronology.yaml",
    "seriousness.yaml",
    "duplicates.yaml",
    "units.yaml",
    "laboratory.yaml",
    "follow_up.yaml",
    "lots.yaml",
    "graft.yaml",
)


MANY_ROWS = 2_000_000
"""From so many records on, a dataset is judged by several processes."""

REPORT_RULES = "report.yaml"


@cache
def load_rules() -> tuple[Rule, ...]:
    """The rules on data that Longwatch brings, in the order of spec B.3. StudyError where a rule file is wrong."""
    folder = files("validations") / "rules"
    return check_ids(
        rule for name in RULE_FILES for rule in parse_rules((folder / name).read_text(encoding="utf-8"), name)
    )


@cache
def load_report_rules() -> tuple[Rule, ...]:
    """The rules of the report gate, which `operations.report_gate` judges."""
    file = files("validations") / "rules" / REPORT_RULES
    return parse_rules(file.read_text(encoding="utf-8"), REPORT_RULES)


def rules_of(inputs: RuleInputs) -> tuple[Rule, ...]:
    """All rules of a study: those that Longwatch brings, on data and on reports, then the study's own.

    Raises StudyError LW-VAL-002 where an id stands twice, LW-VAL-008 where a study's own rule is one on reports.
    """
    own = [rule.id for rule in inputs.own_rules if rule.gate == "report"]
    if own:
        raise StudyError(
            "LW-VAL-008",
            f"{', '.join(own)} cannot be judged: a study's own rules are rules on data",
            expected="gate: data, or no gate",
            found="gate: report",
            next_step="remove gate: from the rule, and give it checks",
        )
    return check_ids((*load_rules(), *load_report_rules(), *inputs.own_rules))


def validate(
    data: SourceData, study: Study, progress: Callable[[str], None], inputs: RuleInputs | None = None
) -> ValidationOutcome:
    """Judge a snapshot by every rule in force.

    - Result of a rule: pass, fail, not applicable (the study has no such domain), not evaluable (an input is missing:
      `needs …`). A rule of several checks is judged by those that can be; its reason names what the others need.
    - `failed` counts failing records (for a rule on datasets, parameters or variables: those), `checked` those judged.
    - Each check is judged by Great Expectations and by Polars; findings are the full list, in rule and record order.
    - The data is not cut at a cut-off: that is for derivations (CONTRACTS.md, Dates).
    - `inputs`: the study's own rules, which follow the others, and the dictionary that rules compare with.

    Raises StudyError LW-VAL-002 (an own rule has the id of another), LW-VAL-003 (the study changes a rule that there is
    not), LW-VAL-006 (it sets a parameter that there is not), IntegrityError LW-VAL-004 (the engines disagree) and
    LW-VAL-005 (Great Expectations could not judge).
    """
    inputs = inputs or RuleInputs()
    return validate_by(rules_of(inputs), data, study, progress, inputs.dictionary)


def validate_by(
    rules: Sequence[Rule],
    data: SourceData,
    study: Study,
    progress: Callable[[str], None],
    dictionary: Meddra | None = None,
) -> ValidationOutcome:
    """Judge a snapshot by these rules; see `validate`. Those of the report gate are judged later; they enter
    the version of the rule set."""
    rulebook = rules_in_force(rules, study)
    in_force = tuple(entry for entry in rulebook if entry.rule.gate == "data")
    severities = {entry.rule.id: entry.severity_of for entry in in_force}
    lookups = Lookups(data, dictionary)
    facts = Facts.of(data, study, lookups.parameter("TS_SDTIGVER"))
    applications = {entry.rule.id: apply_rule(entry, facts, lookups) for entry in in_force}
    instances = [instance for application in applications.values() for instance in application.instances]
    checked: dict[str, int] = {}
    seconds: dict[str, float] = {}
    findings: list[Finding] = []
    if instances:
        progress("validation: starting Great Expectations")
        agreement = Agreement(GreatExpectationsJudge())
        on_entries = [instance for instance in instances if instance.check.is_on_entries]
        verdicts = []
        for judgement in judge_entries(facts, on_entries, lookups, agreement):
            verdicts += judgement.verdicts
            for rule_id, count in judgement.checked.items():
                checked[rule_id] = max(checked.get(rule_id, 0), count)
            add_up(seconds, judgement.seconds)
        findings += find_in_entries(verdicts, severities)
        with judging_of(data, lookups, agreement, dictionary) as judging:
            for dataset, members in _by_dataset(data, instances).items():
                progress(f"validation: {dataset}, {data.datasets[dataset].rows:,} records")
                judgement = judge_dataset(data, dataset, members, lookups, judging)
                findings += find_in_dataset(data, dataset, judgement.verdicts, severities)
                add_up(checked, judgement.checked)
                add_up(seconds, judgement.seconds)
        progress("validation: Great Expectations counts again")
        agreement.confirm()
        add_up(seconds, agreement.seconds)
    order = {rule.id: number for number, rule in enumerate(rules)}
    findings.sort(key=lambda finding: order[finding.rule_id])
    failed: dict[str, int] = {}
    for finding in findings:
        failed[finding.rule_id] = failed.get(finding.rule_id, 0) + finding.records
    results = tuple(
        _result(entry, applications[entry.rule.id], failed, checked, seconds.get(entry.rule.id, 0.0))
        for entry in in_force
    )
    return ValidationOutcome(
        results, tuple(findings), compute_ruleset_version(rulebook, dictionary.digest if dictionary else "")
    )


@contextmanager
def judging_of(
    data: SourceData, lookups: Lookups, agreement: Agreement, dictionary: Meddra | None
) -> Iterator[Judging]:
    """Who judges the datasets: this process, or several where one is large."""
    here = judge_here(data, lookups, agreement)
    large = {name for name, dataset in data.datasets.items() if dataset.rows >= MANY_ROWS}
    if not large:
        yield here
        return
    with Workers(data, dictionary) as workers:
        yield lambda dataset, *asked: (workers if dataset in large else here)(dataset, *asked)


def _by_dataset(data: SourceData, instances: Sequence[Instance]) -> dict[str, list[Instance]]:
    """The instances on records, by dataset, in the order of the data's datasets."""
    groups: dict[str, list[Instance]] = {name: [] for name in data.datasets}
    for instance in instances:
        if not instance.check.is_on_entries:
            groups[instance.dataset].append(instance)
    return {name: members for name, members in groups.items() if members}


def _result(
    entry: RuleInForce, application: Application, failed: dict[str, int], checked: dict[str, int], seconds: float
) -> RuleResult:
    rule = entry.rule
    reason = application.needs
    if application.instances:
        status = RuleStatus.FAIL if failed.get(rule.id) else RuleStatus.PASS
        reason = f"in part not evaluable: {reason}" if reason else ""
    elif reason:
        status = RuleStatus.NOT_EVALUABLE
    else:
        status = RuleStatus.NOT_APPLICABLE
        absent = ", ".join(dict.fromkeys(application.absent))
        reason = f"the study has no {absent}" if absent else "the study has no dataset with these variables"
    return RuleResult(
        rule_id=rule.id,
        rule_version=rule.version,
        title=rule.title,
        severity=entry.severity,
        status=status,
        failed=failed.get(rule.id, 0),
        checked=checked.get(rule.id, 0),
        reason=reason,
        severity_reason=entry.reason,
        default_severity=rule.severity,
        seconds=seconds,
        not_evaluable=entry.not_evaluable,
    )
