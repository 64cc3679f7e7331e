"""How frames are judged: in chunks, by two engines that must agree, with nothing kept that is not asked for."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import polars as pl
import pytest

import validations.judge as judge_module
from longwatch.errors import IntegrityError, StudyError
from longwatch.findings.finding import RuleStatus, ValidationOutcome
from longwatch.findings.rule import Check, Rule
from longwatch.findings.rulebook import rules_in_force
from longwatch.standards.dataset import SourceData
from longwatch.study import Study
from validations import load_rules, validate, validate_by
from validations.agreement import Agreement
from validations.applicability import apply_rule
from validations.facts import Facts
from validations.great_expectations_form import PART, RESULT_FORMAT, Count, GreatExpectationsJudge
from validations.judge import judge_dataset, judge_here
from validations.lookups import Lookups


def rule(rule_id: str) -> Rule:
    """One of the rules that Longwatch brings."""
    return next(rule for rule in load_rules() if rule.id == rule_id)


def make_rule(**check: Any) -> Rule:
    """A rule of one check, for what no real rule asks."""
    content = {"message": "-", **check}
    words = {"title": "-", "explanation": "-", "action": "-"}
    return Rule.model_validate(
        {"id": "XX01", "version": 1, "severity": "error", "domains": ["AE"], **words, "checks": [content]}
    )


@pytest.fixture(scope="module")
def study(pilot_study: Study) -> Study:
    """The pilot's study file, without its changes of severity."""
    return pilot_study.model_copy(update={"severities": ()})


@pytest.fixture(scope="module")
def judge() -> GreatExpectationsJudge:
    """Great Expectations, for these tests."""
    return GreatExpectationsJudge()


@pytest.mark.parametrize("chunk_rows", [1, 2, 3, 100])
def test_chunks_find_the_same(chunk_rows: int, study: Study, judge: GreatExpectationsJudge) -> None:
    """However many rows Great Expectations is shown at a time; records with one key are never parted."""
    data = SourceData.of(
        AE=pl.DataFrame(
            {
                "USUBJID": ["S-1", "S-1", "S-2", "S-1", "S-2", "S-3"],
                "AESEQ": [1.0, 2.0, 1.0, 1.0, 1.0, 1.0],
                "AESER": ["Y", "N", "N", "U", None, "N"],
            }
        )
    )
    rules = [rule("KY03"), rule("CT03")]
    lookups, facts = Lookups(data), Facts.of(data, study)
    in_force = rules_in_force(rules, study)
    instances = [instance for one in in_force for instance in apply_rule(one, facts, lookups).instances]
    agreement = Agreement(judge, held_rows=chunk_rows)
    judgement = judge_dataset(data, "AE", instances, lookups, judge_here(data, lookups, agreement), chunk_rows)
    agreement.confirm()
    failing = {
        verdict.instance.rule.id: sorted(row for rows in verdict.failing for row in rows["_ROW"])
        for verdict in judgement.verdicts
    }
    assert failing == {"KY03": [0, 2, 3, 4], "CT03": [3, 4]}
    assert judgement.checked == {"KY03": 6, "CT03": 6}
    assert set(judgement.seconds) == set(agreement.seconds) == {"KY03", "CT03"}


def test_a_difference_stops_everything(
    monkeypatch: pytest.MonkeyPatch, study: Study, judge: GreatExpectationsJudge
) -> None:
    """Where the engines count differently the error names the rule and both counts."""
    true_form = judge_module.judged_and_failing

    def one_less(check: Check) -> tuple[pl.Expr, pl.Expr]:
        judged, failing = true_form(check)
        return judged, failing & (pl.int_range(pl.len()) > 0)

    monkeypatch.setattr(judge_module, "judged_and_failing", one_less)
    data = SourceData.of(AE=pl.DataFrame({"USUBJID": ["S-1", "S-1"], "AESER": ["U", "U"]}))
    with pytest.raises(IntegrityError) as raised:
        validate_by([rule("CT03")], data, study, lambda _: None)
    assert raised.value.error_id == "LW-VAL-004"
    assert raised.value.one_line() == (
        "LW-VAL-004: AE: the two engines disagree on rule CT03 (expected Great Expectations: 2 failing of 2; "
        "found list of records: 1 failing of 2). Next: report this with the rule id; no finding of this validation may "
        "be relied on"
    )


def test_what_great_expectations_cannot_compute_is_no_pass(judge: GreatExpectationsJudge) -> None:
    """An exception inside it fails the validation, and the message quotes no value of the data."""
    check = Check.model_validate(
        {"frame": "AE", "expect": {"type": "between", "column": "A", "min": 1, "missing": "passes"}, "message": "-"}
    )
    with pytest.raises(IntegrityError) as raised:
        judge.count(pl.DataFrame({"A": ["secret value"], PART: 1}), "XX01", check)
    assert raised.value.error_id == "LW-VAL-005"
    assert "rule XX01" in str(raised.value)
    assert "MetricResolutionError" in str(raised.value)
    assert "secret" not in str(raised.value)


def test_great_expectations_keeps_no_values(judge: GreatExpectationsJudge, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its results hold counts, not a value of the data; analytics are off; no progress bar, no site of documents."""
    import great_expectations.datasource.fluent.interfaces as interfaces

    seen: list[str] = []
    validated = interfaces.Batch.validate

    def spying(self: Any, *args: Any, **kwargs: Any) -> Any:
        result = validated(self, *args, **kwargs)
        seen.append(str(result.to_json_dict()))
        return result

    monkeypatch.setattr(interfaces.Batch, "validate", spying)
    frame = pl.DataFrame({"A": ["S-1015", "S-1015", "Y"], PART: 1})
    for expect in ({"type": "in_set", "column": "A", "values": ["Y"]}, {"type": "unique", "columns": ["A"]}):
        check = Check.model_validate({"frame": "AE", "expect": expect, "message": "-"})
        assert judge.count(frame, "XX01", check) == Count(3, 2)
    assert len(seen) == 2
    assert "S-1015" not in "".join(seen)
    assert RESULT_FORMAT == {"result_format": "SUMMARY", "partial_unexpected_count": 0}
    assert os.environ["GX_ANALYTICS_ENABLED"] == "false"
    assert judge._context.variables.progress_bars["globally"] is False
    assert judge._context.variables.data_docs_sites == {}


def test_validations_beside_each_other(study: Study) -> None:
    """Two validations in two threads do not see each other's data."""

    def validated(wrong: int) -> int:
        frame = pl.DataFrame({"USUBJID": ["S-1"] * 50, "AESER": ["U"] * wrong + ["Y"] * (50 - wrong)})
        outcome = validate_by([rule("CT03")], SourceData.of(AE=frame), study, lambda _: None)
        return outcome.results[0].failed

    with ThreadPoolExecutor(max_workers=4) as pool:
        assert list(pool.map(validated, range(1, 13))) == list(range(1, 13))


def test_types_of_the_source_do_not_matter(study: Study) -> None:
    """Numbers given as text, text given as numbers, NaN: compared as what the rule compares."""
    dm = pl.DataFrame({"USUBJID": [1, 2], "RFSTDTC": ["2022-03-01", "2022-03-01"]})
    ae = pl.DataFrame(
        {
            "USUBJID": [1.0, 2.0, 2.0],
            "AESEQ": ["1", "1", "2"],
            "AESTDTC": ["2022-03-02", "2022-03-02", "2022-03-02"],
            "AESTDY": ["2", "3", "x"],
            "AESER": [1, 0, 0],
        }
    )
    rules = [rule("DT03"), rule("XR01"), rule("CT03"), rule("KY03")]
    outcome = validate_by(rules, SourceData.of(DM=dm, AE=ae), study, lambda _: None)
    assert [(result.rule_id, result.failed) for result in outcome.results] == [
        ("DT03", 1),
        ("XR01", 0),
        ("CT03", 3),
        ("KY03", 0),
    ]


def test_a_missing_number_is_missing_whatever_it_is_called(study: Study) -> None:
    """NaN is a missing value, as null is."""
    filled = make_rule(frame="AE", expect={"type": "not_null", "column": "AEDUR"})
    data = SourceData.of(AE=pl.DataFrame({"USUBJID": ["S-1"] * 3, "AEDUR": [1.0, float("nan"), None]}))
    assert validate_by([filled], data, study, lambda _: None).results[0].failed == 2


def test_counting_other_records(study: Study) -> None:
    """Records of another dataset, with a condition; a missing value matches none; the same words may mean two things in
    two checks."""
    deaths = {"type": "count_rows", "dataset": "DS", "by": ["USUBJID"]}
    counted = make_rule(
        frame="AE",
        derive={"DEATHS": {**deaths, "where": [{"column": "DSDECOD", "equals": "DEATH"}]}},
        expect={"type": "between", "column": "DEATHS", "min": 1, "max": 1},
        message="{DEATHS} deaths",
    )
    other = counted.model_copy(
        update={"id": "XX02", "checks": (counted.checks[0].model_copy(update={"derive": make_rule(
            frame="AE", derive={"DEATHS": deaths}, expect={"type": "not_null", "column": "DEATHS"}
        ).checks[0].derive}),)}
    )  # fmt: skip
    data = SourceData.of(
        AE=pl.DataFrame({"USUBJID": ["S-1", "S-2", "S-3", None]}),
        DS=pl.DataFrame({"USUBJID": ["S-1", "S-2", "S-2", "S-2"], "DSDECOD": ["DEATH", "DEATH", "DEATH", "OTHER"]}),
    )
    outcome = validate_by([counted, other], data, study, lambda _: None)
    assert [finding.message for finding in outcome.findings] == [
        "AE: 2 deaths", "AE: 0 deaths", "AE: 0 deaths", "AE: 3 deaths", "AE: 0 deaths", "AE: 0 deaths",
    ]  # fmt: skip


def test_subjects_that_stand_in_dm_twice(study: Study) -> None:
    """A record is judged once, whichever of the two comes first."""
    ae = pl.DataFrame({"USUBJID": ["S-1"], "AESEQ": [1.0], "AEOUT": ["FATAL"], "AESDTH": ["Y"]})
    dm = pl.DataFrame(
        {"USUBJID": ["S-1", "S-1"], "DTHFL": [None, "Y"]}, schema={"USUBJID": pl.String, "DTHFL": pl.String}
    )
    for frame in (dm, dm.reverse()):
        outcome = validate_by([rule("SR04")], SourceData.of(AE=ae, DM=frame), study, lambda _: None)
        assert outcome.results[0].status is RuleStatus.PASS
        assert outcome.results[0].checked == 1


def test_unknown_rule_in_the_study_file(pilot_study: Study, pilot_data: SourceData) -> None:
    """A severity for a rule that there is not is a mistake of the study file."""
    only = [rule("CT03")]
    with pytest.raises(StudyError) as raised:
        validate_by(only, pilot_data, pilot_study, lambda _: None)
    assert raised.value.error_id == "LW-VAL-003"
    assert "there is no rule ST02" in str(raised.value)


def test_no_data_at_all(study: Study) -> None:
    """Every rule has a result; DM is missing, which is a reject."""
    outcome = validate(SourceData(), study, lambda _: None)
    assert [result.rule_id for result in outcome.results] == [rule.id for rule in load_rules()]
    assert {result.rule_id for result in outcome.results if result.status is RuleStatus.FAIL} == {
        "ST01", "ST02", "ST03", "ST12", "ST13",
    }  # fmt: skip


def test_empty_datasets(study: Study, pilot_data: SourceData) -> None:
    """Datasets without a record have findings on what is missing only (records, TS, define.xml), and raise nothing."""
    frames = {dataset.name: pilot_data.frame(dataset.name).collect().clear() for dataset in pilot_data}
    outcome = validate(SourceData.of(**frames), study, lambda _: None)
    assert {finding.rule_id for finding in outcome.findings} == {"ST02", "ST03", "ST06", "ST10", "ST13"}


def test_progress_names_datasets_and_no_subject(pilot_data: SourceData, pilot_study: Study) -> None:
    """What a progress display shows: datasets and how many records."""
    said: list[str] = []
    validate_by([rule("ST02"), rule("KY01")], pilot_data, pilot_study, said.append)
    assert said == [
        "validation: starting Great Expectations",
        "validation: DM, 306 records",
        "validation: Great Expectations counts again",
    ]


def test_order_of_findings(pilot_outcome: ValidationOutcome) -> None:
    """By rule, as in spec B.3, and within a rule by record."""
    order = [rule.id for rule in load_rules()]
    positions = [order.index(finding.rule_id) for finding in pilot_outcome.findings]
    assert positions == sorted(positions)


def test_the_same_again(pilot_data: SourceData, pilot_study: Study, pilot_outcome: ValidationOutcome) -> None:
    """The same data and rules give the same findings, whatever the run; only the seconds differ."""
    again = validate(pilot_data, pilot_study, lambda _: None)
    assert again.findings == pilot_outcome.findings
    assert again.ruleset_version == pilot_outcome.ruleset_version
