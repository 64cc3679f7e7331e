"""Findings of Pinnacle 21 and CDISC CORE in the same queue.

`core_report.json` was written by hand in the form that cdisc-rules-engine's report has; no engine was run.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from connectors.foreign_reports import read_foreign_report
from longwatch.errors import StudyError
from longwatch.findings.finding import Severity
from longwatch.findings.inputs import RuleInputs
from longwatch.findings.states import FindingState
from longwatch.study import Study, parse_study
from operations.adopt_findings import adopt_findings
from operations.finding_acts import findings_of, history_of
from operations.ports import Adapters
from operations.validate import validate_study
from runtime.settings import Settings
from runtime.wiring import Wiring

Quiet = Callable[[str], None]
REPORT = Path(__file__).with_name("core_report.json")
STUDY = """
longwatch: 1
study: {id: S, title: Two subjects}
sources: [{path: data}]
treatment: {arms: [{code: A, name: Arm A}]}
severities: [{rule: ST02, severity: error, reason: a small study for a test}]
"""


@pytest.fixture
def small(tmp_path: Path, quiet: Quiet) -> tuple[Adapters, Study, Path]:
    """Two subjects, three adverse events; the first is in hospital, but not serious (SR02)."""
    data = tmp_path / "data"
    data.mkdir()
    (data / "dm.csv").write_text(
        "STUDYID,DOMAIN,USUBJID,SUBJID,SITEID,ARMCD,ARM\nS,DM,S-1,1,701,A,Arm A\nS,DM,S-2,2,702,A,Arm A\n"
    )
    write_events(data, "Fever,N,Y", "Rash,N,N", "Chills,N,N")
    wiring = Wiring(Settings(home=tmp_path / "home", user="ada"))
    study = parse_study(STUDY, "study.yaml")
    validate_study(wiring, study, str(tmp_path), progress=quiet)
    return wiring, study, tmp_path


def write_events(data: Path, *events: str) -> None:
    subjects = ("S-1,1", "S-1,2", "S-2,1")
    rows = [f"S,AE,{subject},{event}" for subject, event in zip(subjects, events, strict=True)]
    (data / "ae.csv").write_text("\n".join(["STUDYID,DOMAIN,USUBJID,AESEQ,AETERM,AESER,AESHOSP", *rows, ""]))


def test_what_our_rule_found_too_is_linked_and_what_does_not_fit_is_left_out(
    small: tuple[Adapters, Study, Path], quiet: Quiet
) -> None:
    adapters, study, _ = small
    done = adopt_findings(adapters, study, str(REPORT), snapshot_id=None, progress=quiet)
    assert done.linked == {"SR02": 1}
    assert done.left_out == {"in AE, whose record holds other values": 1}
    (item,) = [item for item in findings_of(adapters, study.id) if item.finding.rule_id.startswith("CORE:")]
    assert (item.finding.rule_id, item.finding.severity, item.site) == ("CORE:CORE-000999", Severity.WARNING, "701")
    assert item.finding.record_key == "USUBJID=S-1 AESEQ=2"
    assert item.finding.message == "AE: <b>AETERM</b> & more"


def test_the_same_report_again_adds_nothing(small: tuple[Adapters, Study, Path], quiet: Quiet) -> None:
    adapters, study, _ = small
    for _ in range(2):
        adopt_findings(adapters, study, str(REPORT), snapshot_id=None, progress=quiet)
    found = findings_of(adapters, study.id)
    assert [item.version for item in found if item.finding.rule_id.startswith("CORE:")] == [1]


def test_a_later_report_closes_what_is_gone_and_is_the_proof(small: tuple[Adapters, Study, Path], quiet: Quiet) -> None:
    adapters, study, folder = small
    adopt_findings(adapters, study, str(REPORT), snapshot_id=None, progress=quiet)
    write_events(folder / "data", "Fever,Y,Y", "Rash,N,N", "Chills,N,N")
    validate_study(adapters, study, str(folder), progress=quiet)
    report = json.loads(REPORT.read_text())
    kept = report["Issue_Details"][0] | {"core_id": "CORE-000777", "values": ["Y", "Y"]}
    later = folder / "later.json"
    later.write_text(json.dumps(report | {"Issue_Details": [kept]}))
    done = adopt_findings(adapters, study, str(later), snapshot_id=None, progress=quiet)
    (gone,) = [item for item in findings_of(adapters, study.id) if item.finding.rule_id == "CORE:CORE-000999"]
    assert (gone.state, gone.proof) == (FindingState.FIXED, done.snapshot_id)
    last = history_of(adapters, study.id, gone.finding.fingerprint, RuleInputs()).history[-1]
    assert last.run_id == done.run_id
    with adapters.registers.transaction() as register:
        events = [record.event for record in register.events(20) if record.event.entity_id == done.run_id]
    assert done.report.sha256 in {event.new.get("report_sha256") for event in events}


def test_a_report_of_other_data_is_refused_whole(small: tuple[Adapters, Study, Path], quiet: Quiet) -> None:
    adapters, study, folder = small
    report = json.loads(REPORT.read_text())
    other = folder / "other.json"
    other.write_text(json.dumps(report | {"Issue_Details": report["Issue_Details"][2:]}))
    with pytest.raises(StudyError, match="LW-ELS-003"):
        adopt_findings(adapters, study, str(other), snapshot_id=None, progress=quiet)
    assert [item for item in findings_of(adapters, study.id) if item.finding.rule_id.startswith("CORE:")] == []


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"Conformance_Details": {}}', b"\xff"])
def test_what_is_no_report_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "report.json"
    file.write_bytes(content)
    with pytest.raises(StudyError, match="LW-ELS-001"):
        read_foreign_report(str(file))


def test_the_published_pinnacle_21_report_is_read_whole(shared_data: Path) -> None:
    """10,365 lines, the counts of its own issue summary, and what its limit of 1,000 lines cut short."""
    report = read_foreign_report(str(shared_data / "validation" / "p21_cdiscpilot01_sdtm_details.csv"))
    assert len(report.issues) == 10_365
    counts = Counter[tuple[str, str]]()
    for issue in report.issues:
        counts[issue.rule_id, issue.dataset] += issue.count
    assert (counts["SD1132", "AE"], counts["SD1332", "AE"], counts["CT2002", "CM"]) == (36, 250, 102)
    assert report.cut_short == {
        ("SD0021", "CM"), ("SD1137", "QS"), ("SD1138", "QS"), ("SD0077", "SUPPLB"), ("SD1021", "SUPPLB"),
        ("SD1439", "VS"), ("SD2239", "VS"),
    }  # fmt: skip
