"""The worked example of spec B.3: four adverse events, exactly five findings of SR01 to SR04."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from longwatch.standards.dataset import SourceData
from longwatch.study import Study
from validations import load_rules, validate_by

AE = """
USUBJID | AESEQ | AESER | AESDTH | AESHOSP | AEOUT                      | AEENDTC
S-1     | 1     | Y     | N      | Y       | RECOVERED/RESOLVED         | 2023-05-14
S-2     | 2     | Y     | N      | N       | NOT RECOVERED/NOT RESOLVED | .
S-3     | 3     | N     | N      | Y       | RECOVERED/RESOLVED         | 2023-05-14
S-4     | 4     | Y     | N      | N       | FATAL                      | .
"""
DM = """
USUBJID | DTHFL
S-1     | .
S-2     | .
S-3     | .
S-4     | .
"""


def test_five_findings(table: Callable[[str], pl.DataFrame], study: Study) -> None:
    """SR01 twice (2, 4), SR02 once (3), SR03 and SR04 once (4)."""
    rules = [rule for rule in load_rules() if rule.id in {"SR01", "SR02", "SR03", "SR04"}]
    outcome = validate_by(rules, SourceData.of(AE=table(AE), DM=table(DM)), study, lambda _: None)
    assert [(finding.rule_id, finding.locator["AESEQ"], finding.message) for finding in outcome.findings] == [
        ("SR01", "2", "AE: AESER is Y, but no seriousness criterion is Y"),
        ("SR01", "4", "AE: AESER is Y, but no seriousness criterion is Y"),
        ("SR02", "3", "AE: AESER is N but AESHOSP = Y"),
        ("SR03", "4", "AE: AEOUT is FATAL but AESDTH is N"),
        ("SR04", "4", "AE: AEOUT = FATAL, but DTHFL in DM is missing"),
    ]


def test_what_a_finding_says(table: Callable[[str], pl.DataFrame], study: Study) -> None:
    """Rule, severity, subject, record, values, what to do: all that a data manager needs to write the query."""
    rules = [rule for rule in load_rules() if rule.id == "SR02"]
    (finding,) = validate_by(rules, SourceData.of(AE=table(AE)), study, lambda _: None).findings
    assert (finding.rule_id, finding.rule_version, finding.severity) == ("SR02", 1, "error")
    assert finding.subject == "S-3"
    assert finding.record_key == "USUBJID=S-3 AESEQ=3"
    assert finding.values == {"AESER": "N", "AESDTH": "N", "AESHOSP": "Y"}
    assert finding.action == "Query the site; AESER becomes Y, or the criterion N."
    assert finding.records == 1
