"""Real trial data: CDISCPILOT01 judged by all rules, beside what Pinnacle 21 Community found in it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from longwatch.findings.finding import RuleStatus, Severity, ValidationOutcome
from longwatch.findings.gate import compute_gate
from longwatch.standards.dataset import SourceData
from longwatch.study import Study
from validations import load_rules, validate, validate_by

pytestmark = pytest.mark.shared_data


@pytest.fixture(scope="module")
def ours(pilot_outcome: ValidationOutcome) -> Counter[tuple[str, str]]:
    """Our counts of findings by rule and dataset."""
    return Counter((finding.rule_id, finding.dataset) for finding in pilot_outcome.findings)


def test_the_counts_themselves(ours: Counter[tuple[str, str]]) -> None:
    """All findings, by rule and dataset: 36 contradicted AESER, 250 ends of events that go on, the cut and start that
    TS lacks, one study day, one visit after death; keys of define.xml that are no keys, units and variables that its
    re-worked VS and LB have beyond it, padded links, no informed consent in DS, four last treatments."""
    assert ours == {
        ("ST02", "TS"): 1,
        ("ST13", "TS"): 2,
        ("DT03", "AE"): 1,
        ("CH05", "SV"): 1,
        ("SR02", "AE"): 36,
        ("SR14", "AE"): 250,
        ("ST03", "LB"): 1,
        ("ST03", "VS"): 1,
        ("ST09", "DS"): 58,
        ("ST09", "RELREC"): 234,
        ("KY04", "CM"): 912,
        ("KY04", "MH"): 1,
        ("KY04", "SV"): 1,
        ("CT02", "VS"): 8446,
        ("XR07", "DM"): 4,
        ("XR08", "DM"): 306,
        ("DU01", "AE"): 230,
        ("DU02", "AE"): 234,
        ("DU04", "CM"): 909,
        ("FU05", "VS"): 30,
        ("FU05", "CM"): 11,
        ("FU05", "SV"): 3,
        ("LB06", "LB"): 4,
        ("SR09", "AE"): 1,
    }


def test_three_fatal_events_that_are_not_serious(pilot_outcome: ValidationOutcome) -> None:
    """The three deaths of the study stand in AE with AESER N."""
    fatal = [
        finding for finding in pilot_outcome.findings if finding.rule_id == "SR02" and finding.values["AESDTH"] == "Y"
    ]
    assert sorted(finding.record_key for finding in fatal) == [
        "USUBJID=01-701-1211 AESEQ=9",
        "USUBJID=01-704-1445 AESEQ=1",
        "USUBJID=01-710-1083 AESEQ=1",
    ]
    assert all(finding.message.startswith("AE: AESER is N but AESDTH = Y") for finding in fatal)


def test_all_250_open_ends_are_of_events_not_recovered(pilot_outcome: ValidationOutcome) -> None:
    """The other half of SR14, recovered events without an end, has no case."""
    outcomes = {finding.values["AEOUT"] for finding in pilot_outcome.findings if finding.rule_id == "SR14"}
    assert outcomes == {"NOT RECOVERED/NOT RESOLVED"}


PLAN = "LTFUPLAN, or a plan of the study file (follow_up: template)"


def test_what_could_not_be_judged(pilot_outcome: ValidationOutcome) -> None:
    """Rules whose input the study lacks say so; they do not pass."""
    reasons = {
        result.rule_id: (result.status.value, result.reason)
        for result in pilot_outcome.results
        if result.status not in (RuleStatus.PASS, RuleStatus.FAIL)
    }
    assert reasons == {
        "CT01": ("not applicable", "the study has no dataset with these variables"),
        "CT05": ("not evaluable", "needs the dictionary's files (dictionaries: meddra_folder)"),
        "CT10": ("not evaluable", "needs AE.AETOXGR"),
        "DT05": ("not evaluable", "needs TS.DCUTDTC"),
        "CH02": ("not evaluable", "needs DM.RFICDTC, which is empty"),
        "CH03": ("not evaluable", "needs DM.RFICDTC, which is empty"),
        "CH09": ("not evaluable", "needs study.products, which the study file leaves empty"),
        "CH10": ("not applicable", "the study has no PR"),
        "SR06": ("not applicable", "the study has no DD"),
        "SR10": ("not evaluable", "needs AE.AETOXGR"),
        "SR13": (
            "not evaluable",
            "needs cases, and the reference safety information that says which events are expected",
        ),
        "SR15": ("not evaluable", "needs SAFETYDB"),
        "UN05": ("not evaluable", "needs LB.LBSTAT, LB.LBREASND"),
        "LB04": ("not evaluable", "needs LB.LBTPTNUM"),
        "LB05": ("not evaluable", "needs LB.LBLOBXFL"),
        "LB07": ("not evaluable", "needs SV.SVCNTMOD, SV.SVOCCUR"),
        "LB08": ("not applicable", "the study has no CGM"),
        "FU01": ("not evaluable", f"needs {PLAN}"),
        "FU02": ("not evaluable", "needs study.products, which the study file leaves empty"),
        "FU03": ("not evaluable", f"needs {PLAN}, CONTACT"),
        "FU04": ("not evaluable", "needs CONTACT"),
        "FU07": ("not evaluable", "needs LTFUPLAN, LTFU"),
        "LT01": ("not evaluable", "needs study.products, which the study file leaves empty"),
        "LT02": ("not evaluable", "needs study.products, which the study file leaves empty"),
        "LT03": ("not evaluable", "needs study.products, which the study file leaves empty"),
        "LT04": ("not evaluable", "needs study.products, which the study file leaves empty"),
        "LT05": ("not applicable", "the study has no LOT"),
        "GF01": ("not evaluable", "needs INSFREE"),
        "GF02": ("not applicable", "the study has no IGLS"),
        "GF03": ("not applicable", "the study has no CE"),
    }


def test_severity_changed_by_the_study(
    pilot_outcome: ValidationOutcome, pilot_data: SourceData, repository: Path
) -> None:
    """With the default rules ST02 stops the run; the study file lowers it to error, and its reason is kept."""
    st02 = next(result for result in pilot_outcome.results if result.rule_id == "ST02")
    assert (st02.severity, st02.default_severity) == (Severity.ERROR, Severity.REJECT)
    assert st02.severity_reason.startswith("The published copy of the study carries no start date")
    decision = compute_gate(pilot_outcome)
    assert not decision.stops
    assert decision.draft == ("CH05", "DT03", "KY04", "SR02", "ST02", "ST03", "ST13", "XR07", "XR08")


def test_default_rules_stop_the_run(
    pilot_data: SourceData, pilot_study: Study, pilot_outcome: ValidationOutcome
) -> None:
    """Without the change the same finding, by its fingerprint, is a reject; the rule set has another version."""
    unchanged = pilot_study.model_copy(update={"severities": ()})
    st02 = [rule for rule in load_rules() if rule.id == "ST02"]
    outcome = validate_by(st02, pilot_data, unchanged, lambda _: None)
    assert compute_gate(outcome).rejected == ("ST02",)
    lowered = next(finding for finding in pilot_outcome.findings if finding.rule_id == "ST02")
    assert outcome.findings[0].fingerprint == lowered.fingerprint
    assert validate_by(st02, pilot_data, pilot_study, lambda _: None).ruleset_version != outcome.ruleset_version


def test_fingerprints_survive_a_refresh(
    pilot_data: SourceData, pilot_study: Study, pilot_outcome: ValidationOutcome
) -> None:
    """The same records in another order, with other sequence numbers and columns in another order: the same
    findings."""
    ae = pilot_data.frame("AE").collect()
    refreshed = (
        ae.sample(fraction=1.0, shuffle=True, seed=20)
        .select(sorted(ae.columns, reverse=True))
        .with_columns((pl.int_range(pl.len()).over("USUBJID") + 1).cast(pl.Float64).alias("AESEQ"))
    )
    frames = {dataset.name: pilot_data.frame(dataset.name).collect() for dataset in pilot_data}
    data = replace(SourceData.of(**{**frames, "AE": refreshed}), read_define=pilot_data.read_define)
    outcome = validate(data, pilot_study, lambda _: None)
    before = sorted((finding.rule_id, finding.fingerprint) for finding in pilot_outcome.findings)
    after = sorted((finding.rule_id, finding.fingerprint) for finding in outcome.findings)
    assert before == after
    assert len({fingerprint for _, fingerprint in before}) == len(before)
