"""The report gate: what a report must be before it is printed (rules RP; CONTRACTS.md, Two gates)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from connectors.snapshot_store import FolderSnapshotStore
from crosscheck import ask_second_opinion
from longwatch.derive import AnalysisDatasets
from longwatch.errors import GateStopped, IntegrityError, LongwatchError, StudyError
from longwatch.findings.finding import RuleStatus, ValidationOutcome
from longwatch.findings.inputs import RuleInputs
from longwatch.findings.rulebook import parse_rules, rules_in_force
from longwatch.reports.template import parse_template
from longwatch.study import SourceSpec, Study
from longwatch.tables.catalogue import make_table
from longwatch.tables.result import TableResult
from operations.listings import make_draft_reasons
from operations.make_report import by_name, tabulate
from operations.report_gate import ReportGate, check_report_gate
from validations import rules_of

CUTOFF = date(2023, 12, 31)
CODES = ("DST01", "POPT01", "DMT01", "ENT01", "DTHT01", "DTHL01", "AET01", "AET02", "AET04", "AET05")
NAMED = {"meddra": "27.1", "ctcae": "5.0"}
DM = [
    {"USUBJID": "S1", "ARMCD": "CELL", "ACTARMCD": "CELL", "DTHFL": "Y", "DTHDTC": "2022-06-01", "AGE": 40.0},
    {"USUBJID": "S2", "ARMCD": "SOC", "ACTARMCD": "SOC", "DTHFL": None, "DTHDTC": None, "AGE": 50.0},
    {"USUBJID": "S3", "ARMCD": "SOC", "ACTARMCD": None, "DTHFL": None, "DTHDTC": None, "AGE": 30.0},
]
EX = [{"USUBJID": name, "EXTRT": "ISLET CELLS", "EXDOSE": 1.0, "EXSTDTC": "2022-03-01"} for name in ("S1", "S2")]
AE = [
    {"USUBJID": name, "AESEQ": 1.0, "AETERM": "x", "AEDECOD": "Headache", "AEBODSYS": "Nerves",
     "AESTDTC": "2022-04-01", "AETOXGR": "2"}
    for name in ("S1", "S2")
]  # fmt: skip


@pytest.fixture
def judge(derived: Callable[..., AnalysisDatasets], make_study: Callable[..., Study]) -> Callable[..., ReportGate]:
    """The gate's results for a small trial: `judge(change={"AET02": …})` after some outputs were changed."""

    def make(
        change: Mapping[str, Callable[[TableResult], TableResult]] | None = None,
        codes: tuple[str, ...] = CODES,
        verify: Callable[[], None] = lambda: None,
        ask: Callable[..., Any] = ask_second_opinion,
        **said: Any,
    ) -> ReportGate:
        study = make_study(**said)
        datasets = derived(study=study, cutoff=CUTOFF, DM=DM, EX=EX, AE=AE)
        tables = {code: make_table(code, datasets, study) for code in codes}
        printed = {code: (change or {}).get(code, lambda same: same)(table) for code, table in tables.items()}
        return check_report_gate(
            rules_in_force(rules_of(RuleInputs()), study),
            study,
            printed,
            datasets,
            verify=verify,
            ask=lambda: ask(tuple(printed.values()), datasets.data, study, CUTOFF),
        )

    return make


def wrong(row_group: str, row: str, column: str, statistic: str) -> Callable[[TableResult], TableResult]:
    """An output that prints one more in a cell."""

    def change(table: TableResult) -> TableResult:
        def one_more(item: Any) -> Any:
            place = (item.row_group, item.row, item.column, item.statistic)
            return replace(item, value=item.value + 1) if place == (row_group, row, column, statistic) else item

        changed = replace(table, statistics=tuple(map(one_more, table.statistics)))
        assert changed != table
        return changed

    return change


def statuses(gate: ReportGate) -> dict[str, str]:
    return {item.rule_id: item.status.value for item in gate.results}


def test_a_report_whose_numbers_agree_passes(judge: Callable[..., ReportGate]) -> None:
    """Every rule, whatever population an output counts; and each output was computed twice."""
    gate = judge(dictionaries=NAMED)
    assert statuses(gate) == dict.fromkeys(("RP01", "RP02", "RP03", "RP04", "RP05"), "pass")
    assert all(item.checked for item in gate.results)
    assert gate.draft_reasons() == ()
    assert set(gate.opinions) == set(CODES)
    assert all(opinion.answered and opinion.compared for opinion in gate.opinions.values())


def test_outputs_of_a_subgroup_are_judged_by_its_own_size(
    derived: Callable[..., AnalysisDatasets], make_study: Callable[..., Study]
) -> None:
    """A template's block that asks for one output per sex: each has its name, its N and its deaths, and is computed
    twice; the N of the other sex is told."""
    template = parse_template(TEMPLATE, "small.yaml")
    study = make_study(dictionaries=NAMED)
    sexes = [{**item, "SEX": sex} for item, sex in zip(DM, "FMF", strict=True)]
    datasets = derived(study=study, cutoff=CUTOFF, DM=sexes, EX=EX, AE=AE)
    tables = by_name(tabulate(study, template, datasets))
    assert list(tables) == ["severe[SEX=F, AETOXGR>=2]", "severe[SEX=M, AETOXGR>=2]", "DTHT01[SEX=F]", "DTHT01[SEX=M]"]

    def judged(printed: Mapping[str, TableResult]) -> ReportGate:
        return check_report_gate(
            rules_in_force(rules_of(RuleInputs()), study), study, printed, datasets, verify=lambda: None,
            ask=lambda: ask_second_opinion(tuple(printed.values()), datasets.data, study, CUTOFF),
        )  # fmt: skip

    assert statuses(judged(tables)) == dict.fromkeys(("RP01", "RP02", "RP03", "RP04", "RP05"), "pass")
    women, men = tables["DTHT01[SEX=F]"], tables["DTHT01[SEX=M]"]
    with pytest.raises(IntegrityError) as raised:
        judged({"DTHT01[SEX=F]": replace(men, restrictions=women.restrictions)})
    assert raised.value.error_id == "LW-RPT-001"


TEMPLATE = """
id: small
version: 1
title: By sex
sections:
  - title: Events
    blocks:
      - {table: AET04, id: severe, parameters: {by: SEX, where: ["AETOXGR>=2"], at_least: 5}}
      - {table: DTHT01, parameters: {by: SEX}}
"""


def test_rules_that_have_nothing_to_judge_do_not_apply(judge: Callable[..., ReportGate]) -> None:
    gate = judge(codes=("DST01",))
    assert (statuses(gate)["RP03"], statuses(gate)["RP04"]) == ("not applicable", "not applicable")


def test_rp01_data_that_is_not_the_frozen_snapshot_stops(judge: Callable[..., ReportGate], tmp_path: Path) -> None:
    """A byte of the store changed after the freeze."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "dm.csv").write_text("USUBJID,ARMCD\nS1,CELL\n")
    store = FolderSnapshotStore(tmp_path / "store")
    snapshot = store.freeze([SourceSpec(path="data")], str(tmp_path), lambda _message: None)
    judge(verify=lambda: store.verify(snapshot.id))
    raw = next(path for path in (tmp_path / "store").rglob("*") if path.is_file() and b"S1,CELL" in path.read_bytes())
    raw.chmod(0o644)
    raw.write_bytes(raw.read_bytes().replace(b"S1", b"S9"))
    with pytest.raises(IntegrityError, match="LW-SNP-007"):
        judge(verify=lambda: store.verify(snapshot.id))


@pytest.mark.parametrize("code", ["DST01", "POPT01", "ENT01", "AET02"])
def test_rp02_an_n_that_is_not_its_populations_stops(judge: Callable[..., ReportGate], code: str) -> None:
    column = "All subjects" if code == "ENT01" else "Total"
    with pytest.raises(IntegrityError, match=rf"LW-RPT-001: .*{code} prints .* in {column}"):
        judge(change={code: wrong("", "", column, "N")})


@pytest.mark.parametrize(
    ("code", "place"),
    [
        ("DTHT01", ("Deaths", "", "Islet cells", "n")),
        ("DTHT01", ("Primary cause of death", "Not reported", "Total", "n")),
        ("DTHT01", ("Time since first dose", "Within 30 days", "Islet cells", "n")),
        ("DTHL01", ("Deaths", "", "Total", "n")),
    ],
)
def test_rp03_deaths_that_disagree_stop(
    judge: Callable[..., ReportGate], code: str, place: tuple[str, str, str, str]
) -> None:
    """Deaths printed, or causes and times that do not add up to them."""
    with pytest.raises(IntegrityError) as raised:
        judge(change={code: wrong(*place)})
    assert raised.value.error_id == "LW-RPT-003"
    assert raised.value.expected == "1"
    assert raised.value.found == "2"


@pytest.mark.parametrize(
    ("stated", "missing"),
    [({"meddra": "27.1"}, "CTCAE"), ({"ctcae": "5.0"}, "MedDRA")],
)
def test_rp04_a_version_that_is_not_stated_makes_a_draft(
    judge: Callable[..., ReportGate], stated: dict[str, str], missing: str
) -> None:
    gate = judge(dictionaries=stated)
    assert statuses(gate)["RP04"] == "fail"
    (reason,) = make_draft_reasons(ValidationOutcome((), (), ""), gate)
    assert reason.startswith(f"RP04: Versions of the dictionaries are stated: the version of {missing} is not stated")
    assert "AET04" in reason


@pytest.mark.parametrize(("stated", "status"), [(NAMED, "pass"), ({"ctcae": "5.0"}, "fail")])
@pytest.mark.parametrize("code", ["LTF09", "LTF12"])
def test_rp04_terms_behind_a_parameter_are_counted_by_a_dictionary(
    judge: Callable[..., ReportGate], code: str, stated: dict[str, str], status: str
) -> None:
    """Groups of terms of the study file: the numbers select by PARAMCD, the terms stand in the footnotes."""
    follow_up = {
        "recurrent": [{"name": "Infections", "socs": ["Infections"]}],
        "organs": [{"name": "Headache", "terms": ["Headache"]}],
    }
    gate = judge(codes=(code,), dictionaries=stated, follow_up=follow_up)
    assert statuses(gate)["RP04"] == status


@pytest.mark.parametrize("code", ["LTF09", "LTF12"])
def test_rp04_does_not_apply_without_groups_of_terms(judge: Callable[..., ReportGate], code: str) -> None:
    assert statuses(judge(codes=(code,), dictionaries=NAMED))["RP04"] == "not applicable"


def test_rp04_may_be_lowered_or_raised_with_a_reason(judge: Callable[..., ReportGate]) -> None:
    change = {"rule": "RP04", "severity": "warning", "reason": "coding is under way"}
    gate = judge(severities=[change])
    (result,) = (item for item in gate.results if item.rule_id == "RP04")
    assert (result.status, result.severity_reason) == (RuleStatus.FAIL, "coding is under way")
    assert gate.draft_reasons() == ()
    with pytest.raises(GateStopped, match="LW-GATE-002: the report gate stopped the run at RP04"):
        judge(severities=[{**change, "severity": "reject"}])


def test_rp05_a_number_that_the_second_opinion_does_not_share_stops(judge: Callable[..., ReportGate]) -> None:
    """The message names output, cell, what is printed and what was answered."""
    with pytest.raises(IntegrityError) as raised:
        judge(change={"AET02": wrong("Nerves", "Headache", "Islet cells", "n")})
    said: LongwatchError = raised.value
    assert said.error_id == "LW-RPT-002"
    assert "AET02: 1 of its numbers differ" in said.one_line()
    assert "Nerves, Headache, Islet cells, n" in said.one_line()
    assert (said.expected, said.found) == ("1 by SQL over the frozen data", "2 printed")
    assert said.next_step


@pytest.mark.parametrize("rule", ["RP01", "RP02", "RP03", "RP05"])
def test_no_study_lets_wrong_numbers_pass(judge: Callable[..., ReportGate], rule: str) -> None:
    with pytest.raises(StudyError, match=f"LW-VAL-007: .*the severity of {rule} cannot be changed"):
        judge(severities=[{"rule": rule, "severity": "note", "reason": "no time to look"}])


def test_a_studys_own_rule_cannot_be_one_on_reports() -> None:
    own = parse_rules(
        "[{id: MY01, version: 1, severity: error, gate: report, domains: [report], title: t, explanation: e,"
        " action: a}]",
        "own.yaml",
    )
    with pytest.raises(StudyError, match="LW-VAL-008"):
        rules_of(RuleInputs(own_rules=own))
