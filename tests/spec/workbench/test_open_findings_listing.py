"""The appendix of open findings: every record stands in it, and what repeats takes one row."""

from __future__ import annotations

from longwatch.findings.finding import Finding, ValidationOutcome
from operations.listings import MOST_TOLD, list_open_findings
from tests.spec.workbench.known_findings import finding


def records(*findings: Finding) -> list[str]:
    """The column Record of the listing."""
    outcome = ValidationOutcome((), findings, "0" * 64)
    return [row[3] for row in list_open_findings(outcome).rows]


def test_the_same_finding_is_one_row() -> None:
    assert records(
        finding("CT02", "VS", "S-1", "3", {}),
        finding("CT02", "VS", "S-1", "4", {}),
        finding("CT02", "VS", "S-2", "1", {}),
        finding("CT02", "VS", "S-1", "9", {}, message="VS: something else"),
    ) == ["S-1 VSSEQ=3–4; S-2 VSSEQ=1", "S-1 VSSEQ=9"]


def test_no_record_is_left_out_and_no_row_outgrows_a_page() -> None:
    wanted = [str(number) for number in range(1, 4 * MOST_TOLD + 2, 2)]
    found = records(*(finding("CT02", "VS", "S-1", number, {}) for number in wanted))
    assert [each for row in found for each in row.removeprefix("S-1 VSSEQ=").split(", ")] == wanted
    assert len(found) == 3


def test_numbers_that_follow_one_another_are_told_by_the_first_and_the_last() -> None:
    found = records(*(finding("CT02", "VS", "S-1", number, {}) for number in ("8", "9", "10", "12", "013", "A")))
    assert found == ["S-1 VSSEQ=8–10, 12–013, A"]


def test_last_words_have_a_column_where_there_are_any() -> None:
    listing = list_open_findings(ValidationOutcome((), (finding("CT02", "VS", "S-1", "3", {}),), "0" * 64))
    assert "Last word" not in listing.header
    assert {len(listing.header), len(listing.widths)} == {len(listing.rows[0])}
