"""Findings of one cause are one group, under an id that a refresh keeps."""

from __future__ import annotations

from dataclasses import replace

from longwatch.findings.finding import Finding, ValidationOutcome
from longwatch.findings.groups import group_findings, pattern_of
from longwatch.standards.dataset import SourceData
from longwatch.study import parse_study
from simulation import generate
from simulation.planting import ErrorPlan
from simulation.study_file import study_file
from tests.spec.workbench.known_findings import finding
from validations import validate


def rules_of(*findings: Finding) -> list[tuple[tuple[str, ...], int]]:
    return [(group.rules, len(group.findings)) for group in group_findings(findings, {})]


def test_a_subject_that_is_not_in_dm_is_one_cause_over_all_datasets() -> None:
    findings = [finding("XR01", dataset, "S-9", "1", {"USUBJID": "S-9"}) for dataset in ("AE", "CM", "LB")]
    other = finding("XR01", "AE", "S-8", "1", {"USUBJID": "S-8"})
    assert rules_of(*findings, other) == [(("XR01",), 3), (("XR01",), 1)]


def test_a_date_that_is_none_explains_what_rests_on_it() -> None:
    """The study day of the same record and date stands below it; that of another record does not."""
    wrong = finding("DT01", "MH", "S-1", "2", {"MHSTDTC": "2014-13"})
    follows = finding("DT03", "MH", "S-1", "2", {"MHDY": "3", "MHSTDTC": "2014-13"})
    stranger = finding("DT03", "MH", "S-1", "3", {"MHDY": "3", "MHSTDTC": "2014-12-01"})
    groups = group_findings([follows, stranger, wrong], {})
    assert sorted((group.rules, len(group.findings)) for group in groups) == [(("DT01", "DT03"), 2), (("DT03",), 1)]
    explained = next(group for group in groups if len(group.rules) == 2)
    assert explained.example is wrong


def test_accounts_of_one_death_are_one_cause() -> None:
    assert rules_of(
        finding("SR03", "AE", "S-1", "4", {"AEOUT": "FATAL", "AESDTH": "N"}),
        finding("SR04", "AE", "S-1", "4", {"AEOUT": "FATAL"}),
        finding("SR04", "AE", "S-2", "4", {"AEOUT": "FATAL"}),
    ) == [(("SR03", "SR04"), 2), (("SR04",), 1)]


def test_each_value_to_recode_is_its_own_cause() -> None:
    values = ["REMOTE", "REMOTE", "UNLIKELY"]
    findings = [finding("CT09", "AE", f"S-{place}", "1", {"AEREL": value}) for place, value in enumerate(values)]
    assert rules_of(*findings) == [(("CT09",), 2), (("CT09",), 1)]


def test_a_pattern_keeps_codes_and_takes_the_kind_of_all_else() -> None:
    values = {
        "AEOUT": "FATAL", "AETERM": "Fever at night", "AESTDTC": "2020-02", "AEENDTC": "2020-02-01T10:00",
        "AESTDY": "-3", "AESEQ": "7", "AEDECOD": None, "VISITNUM": "0",
    }  # fmt: skip
    assert pattern_of(finding("SR14", "AE", "S-1", "7", values)) == {
        "AEDECOD": "missing",
        "AEENDTC": "a date and time",
        "AEOUT": "FATAL",
        "AESTDTC": "a month",
        "AESTDY": "a negative number",
        "AETERM": "a text",
        "VISITNUM": "0",
    }


def test_an_id_depends_on_nothing_but_the_cause() -> None:
    """More findings, other records, another order: the same group."""
    first = finding("SR14", "AE", "S-1", "1", {"AEOUT": "FATAL"})
    later = [finding("SR14", "AE", f"S-{n}", "9", {"AEOUT": "FATAL"}) for n in range(5)]
    (alone,) = group_findings([first], {})
    (grown,) = group_findings([*later, finding("SR14", "AE", "S-1", "1", {"AEOUT": "FATAL"})], {"S-3": "704"})
    assert alone.id == grown.id
    assert grown.sites == ("704",)


def outcome_of(counts: dict[str, int]) -> ValidationOutcome:
    """Without ST03: data in memory has no define.xml."""
    trial = generate(1, 60, plan=ErrorPlan(counts))
    study = parse_study(study_file(trial.design.parameters), "study.yaml")
    outcome = validate(SourceData.of(**trial.frames), study, lambda _: None)
    return replace(outcome, findings=tuple(found for found in outcome.findings if found.rule_id != "ST03"))


def test_planted_errors_of_a_kind_are_one_thing_to_do() -> None:
    """ISLET-1 with twelve errors of each of five kinds: five groups hold all of them."""
    counts = dict.fromkeys(("SR01", "SR02", "DT03", "CH01", "CT09"), 12)
    outcome = outcome_of(counts)
    groups = group_findings(outcome.findings, {})
    assert len(outcome.findings) == 60
    assert sum(len(group.findings) for group in groups) == 60
    assert {group.rules[0] for group in groups} == set(counts)
    assert len(groups) == 5
