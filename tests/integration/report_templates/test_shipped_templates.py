"""The templates that come with Longwatch."""

from __future__ import annotations

import pytest

from longwatch.errors import StudyError
from report_templates import list_templates, load_template


def test_every_template_loads_under_its_own_name() -> None:
    assert "safety_summary" in list_templates()
    for name in list_templates():
        assert load_template(name).id == name


def test_the_safety_summary_says_its_basis_the_events_and_the_state_of_the_data() -> None:
    template = load_template("safety_summary")
    assert [section.title for section in template.sections] == [
        "Basis of this report",
        "Subjects",
        "Deaths",
        "Adverse events",
        "Quality control",
        "Data quality",
        "Appendix: open and waived findings",
    ]
    assert [block.key for block in template.table_blocks()] == [
        "DST01", "POPT01", "DMT01", "EXT01", "KMG01_DISC", "KMG01_LFU", "DTHT01", "DTHL01",
        "AET01", "AET02_SER", "AEL03", "AET02", "AEL02_WD", "AET10", "AET05", "AET05_INT", "IRG01", "TTET01", "KMG01",
        "CIFG01",
    ]  # fmt: skip


def test_the_tables_of_a_dsur_have_its_sections() -> None:
    """ICH E2F 6.1, 7.2, 7.3, and the lists that 21 CFR 312.33 asks for."""
    template = load_template("dsur_tables")
    assert [block.key for block in template.table_blocks()] == [
        "DSUR61", "EXT01", "DSUR72", "DSUR73", "DSURDTHL", "DSURWDL", "AET02_SER", "AET10",
    ]  # fmt: skip


@pytest.mark.parametrize(("name", "listing"), [("listing_16_2_7", "AEL02"), ("listing_16_2_8", "LBL01")])
def test_the_listings_of_a_study_report_are_documents_of_their_own(name: str, listing: str) -> None:
    """ICH E3 16.2.7 and 16.2.8."""
    assert [block.key for block in load_template(name).table_blocks()] == [listing]


@pytest.mark.parametrize("name", ["nothing", "../secrets", "safety_summary.yaml", ""])
def test_a_name_that_is_no_template_is_refused(name: str) -> None:
    with pytest.raises(StudyError, match="LW-TPL-004"):
        load_template(name)
