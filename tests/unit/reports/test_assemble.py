"""A template and what fills it make the contents of a report; nothing is left out."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from longwatch.errors import StudyError
from longwatch.reports.assemble import assemble
from longwatch.reports.contents import Paragraphs, PlainTable, ReportContents
from longwatch.reports.template import parse_template
from longwatch.tables.result import Provenance, Statistic, TableResult

TEMPLATE = parse_template(
    """\
id: small
version: 1
title: Small report
sections:
  - title: Basis
    blocks:
      - text: ["At {cutoff}."]
      - title: Definitions
        facts: {"Study {study_id}": "MedDRA {meddra}"}
      - listing: sources
  - title: Events
    blocks:
      - table: AET01
""",
    "small.yaml",
)
SOURCES = PlainTable("Files", ("File",), (("ae.xpt",),), (1.0,))
COUNT = Statistic("", "", "Total", "N", 12, "N=12", Provenance("ADSL", "SAFFL = 'Y'", ("USUBJID",)))
OVERVIEW = TableResult("AET01", "Overview", "Safety population", "", (), (), (COUNT,), ("n: subjects.",))


def make(**changes: Any) -> ReportContents:
    given: dict[str, Any] = {
        "study_id": "S1",
        "study_title": "A study",
        "sponsor": "A sponsor",
        "report_key": "a" * 64,
        "snapshot_id": "b" * 64,
        "cutoff": date(2024, 1, 31),
        "fields": {"study_id": "S1", "cutoff": "2024-01-31", "meddra": "27.0"},
        "tables": {"AET01": (OVERVIEW,)},
        "listings": {"sources": SOURCES},
        "facts": (("Sponsor", "A sponsor"),),
    }
    return assemble(TEMPLATE, **{**given, **changes})


def test_blocks_stand_in_the_templates_order() -> None:
    contents = make()
    assert [section.title for section in contents.sections] == ["Basis", "Events"]
    assert contents.sections[0].blocks == (
        Paragraphs(("At 2024-01-31.",)),
        PlainTable("Definitions", ("Item", "In this report"), (("Study S1", "MedDRA 27.0"),), (1.0, 2.6)),
        SOURCES,
    )
    (output,) = contents.sections[1].blocks
    assert isinstance(output, TableResult)
    assert output.code == "AET01"


def test_an_outputs_footnotes_begin_with_its_source() -> None:
    (output,) = make().sections[1].blocks
    assert isinstance(output, TableResult)
    assert output.footnotes == (
        "Source: ADSL, derived from snapshot bbbbbbbbbbbb; data cut-off 2024-01-31.",
        "n: subjects.",
    )


def test_a_block_that_is_several_outputs_prints_each() -> None:
    """One per subgroup, in their order."""
    women = replace(OVERVIEW, title="Overview – Sex: Female")
    outputs = make(tables={"AET01": (women, OVERVIEW)}).sections[1].blocks
    assert [output.title for output in outputs if isinstance(output, TableResult)] == [women.title, "Overview"]


def test_title_page_size_and_draft_reasons_are_handed_on() -> None:
    contents = make(draft_reasons=("ST02: 1 open error.",))
    assert (contents.title, contents.page_size, contents.is_draft) == ("Small report", "letter", True)
    assert not make().is_draft


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        ({"fields": {"study_id": "S1", "cutoff": "2024-01-31"}}, "the field meddra"),
        ({"tables": {}}, "the output AET01"),
        ({"listings": {}}, "the listing sources"),
    ],
)
def test_what_the_caller_does_not_give_is_an_error_not_a_gap(missing: dict[str, Any], said: str) -> None:
    with pytest.raises(StudyError, match="LW-TPL-003") as error:
        make(**missing)
    assert said in str(error.value)
