"""The appendix of open findings: every record stands in it, and what repeats in a subject takes one row."""

from __future__ import annotations

from longwatch.findings.finding import Finding, ValidationOutcome
from operations.listings import MOST_RECORDS, list_open_findings
from tests.spec.workbench.known_findings import finding


def records(*findings: Finding) -> list[str]:
    """The column Record of the listing."""
    outcome = ValidationOutcome((), findings, "0" * 64)
    return [row[3] for row in list_open_findings(outcome).rows]


def test_the_same_finding_of_a_subject_is_one_row() -> None:
    assert records(
        finding("CT02", "VS", "S-1", "3", {}),
        finding("CT02", "VS", "S-1", "4", {}),
        finding("CT02", "VS", "S-2", "1", {}),
        finding("CT02", "VS", "S-1", "9", {}, message="VS: something else"),
    ) == ["S-1 VSSEQ=3, 4", "S-2 VSSEQ=1", "S-1 VSSEQ=9"]


def test_no_record_is_left_out_and_no_row_outgrows_a_page() -> None:
    found = records(*(finding("CT02", "VS", "S-1", str(number), {}) for number in range(1, 2 * MOST_RECORDS + 2)))
    numbers = [each for row in found for each in row.partition("=")[2].split(", ")]
    assert numbers == [str(number) for number in range(1, 2 * MOST_RECORDS + 2)]
    assert len(found) == 3
