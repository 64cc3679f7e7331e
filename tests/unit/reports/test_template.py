"""A report template in YAML: what it may say, and what is said of a mistake."""

from __future__ import annotations

import pytest

from longwatch.errors import StudyError
from longwatch.reports.template import FIELDS, ListingName, fill_fields, parse_template

GOOD = """\
id: safety_summary
version: 2
title: Safety summary
page_size: a4
sections:
  - title: Basis
    blocks:
      - text: ["Study {study_id} at {cutoff}.", "Braces {{stay}}."]
      - title: Definitions
        facts: {Dictionary: "MedDRA {meddra}"}
      - listing: sources
  - title: Adverse events
    blocks:
      - table: AET02
      - table: AET02
        id: AET02_serious
        parameters: {serious: true}
"""


def test_a_template_says_sections_blocks_and_outputs_in_order() -> None:
    template = parse_template(GOOD, "t.yaml")
    assert [section.title for section in template.sections] == ["Basis", "Adverse events"]
    assert [(block.key, block.table, block.parameters) for block in template.table_blocks()] == [
        ("AET02", "AET02", {}),
        ("AET02_serious", "AET02", {"serious": True}),
    ]
    assert template.page_size == "a4"


def test_it_can_be_written_as_plain_values_for_the_report_key() -> None:
    assert parse_template(GOOD, "t.yaml").model_dump(mode="json")["sections"][0]["blocks"][2] == {"listing": "sources"}


@pytest.mark.parametrize(
    ("was", "becomes", "said"),
    [
        ("{study_id} at", "{studyid} at", "line 8, sections.0.blocks.0.text: {studyid} is no field; known are ctcae,"),
        ("{study_id} at", "{study_id!r} at", "{study_id!r} is no field"),
        ("{study_id} at", "{study_id:>9} at", "{study_id:>9} is no field"),
        ("{study_id} at", "{study_id.x} at", "{study_id.x} is no field"),
        ("{study_id} at", "{} at", "{} is no field"),
        ("{study_id} at", "{study_id at", "line 8, sections.0.blocks.0.text:"),
        ("MedDRA {meddra}", "MedDRA {version}", "line 10, sections.0.blocks.1.facts: {version} is no field"),
        ("listing: sources", "listing: everything", "line 11, sections.0.blocks.2.listing: Input should be 'sources'"),
        ("listing: sources", "figure: KMG01", "line 11, sections.0.blocks.2: a block is one of `text:`, `facts:`"),
        ("id: AET02_serious", "level: 3", "line 16, sections.1.blocks.1.level: Extra inputs are not permitted"),
        ("        id: AET02_serious\n", "", "AET02 stands twice; give each block its own `id:`"),
        ("page_size: a4", "page_size: a3", "line 4, page_size: Input should be 'letter' or 'a4', found 'a3'"),
        ("version: 2", "version: 2\nversion: 3", "line 3, version: the key stands twice"),
        ("title: Safety summary\n", "", "line 1, title: Field required"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_by_its_line(was: str, becomes: str, said: str) -> None:
    assert was in GOOD
    with pytest.raises(StudyError) as error:
        parse_template(GOOD.replace(was, becomes, 1), "t.yaml")
    assert error.value.error_id == "LW-TPL-002"
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "found an empty file"),
        ("- a\n- b\n", "found list"),
        ("id: [\n", "is not YAML"),
    ],
)
def test_a_text_that_is_no_mapping_is_refused(text: str, said: str) -> None:
    with pytest.raises(StudyError, match="LW-TPL-001") as error:
        parse_template(text, "t.yaml")
    assert said in str(error.value)


def test_what_a_field_holds_is_not_read_again() -> None:
    values = {"study_id": "{cutoff}", "cutoff": "2024-01-31"}
    assert fill_fields("{study_id} and {{braces}} at {cutoff}", values) == "{cutoff} and {braces} at 2024-01-31"


def test_every_field_and_listing_has_a_name_that_yaml_can_write() -> None:
    assert all(name.isidentifier() for name in (*FIELDS, *ListingName))
