"""A study file: what it may say, and how each mistake is named by its line."""

from __future__ import annotations

import pytest

from longwatch.errors import StudyError
from longwatch.study import KnownNames, Study, parse_study

MINIMAL = """\
longwatch: 1
study:
  id: ISLET-1
  title: Islets
sources:
  - path: data
treatment:
  arms:
    - {code: A, name: Cells}
    - {code: B, name: Control}
"""


def test_minimal_file_gets_the_documented_defaults() -> None:
    study = parse_study(MINIMAL, "study.yaml")
    assert study.id == "ISLET-1"
    assert study.study.timezone == "UTC"
    assert study.treatment.basis.value == "actual"
    assert study.treatment_emergence.reference.value == "FIRST_INFUSION"
    assert study.comparison is None
    assert [request.template for request in study.reports] == ["safety_summary"]


@pytest.mark.parametrize(
    ("replace", "by", "line", "says"),
    [
        ("longwatch: 1", "longwatch: 2", 1, "expected 1, found 2"),
        (
            "  title: Islets",
            "  titel: Islets",
            4,
            "there is no such key here, did you mean title?; known are id, protocol",
        ),
        ("  id: ISLET-1", "  id: 'a b'", 3, "expected at most 64 letters, digits"),
        ("  title: Islets", "  title: Islets\n  timezone: Mars/Phobos", 5, "'Mars/Phobos' is not an IANA time zone"),
        ("  - path: data", "  - path: data\n    encoding: latin-99", 7, "'latin-99' is not a known encoding"),
        ("    - {code: B, name: Control}", "    - {code: A, name: Control}", 7, "A stands twice"),
        ("    - {code: B, name: Control}", "    - {code: B, name: Total}", 7, "Total is the column over all arms"),
        ("sources:", "cutoff: 2025-02-30\nsources:", 5, "valid date"),
    ],
)
def test_a_mistake_is_named_with_its_line(replace: str, by: str, line: int, says: str) -> None:
    with pytest.raises(StudyError) as caught:
        parse_study(MINIMAL.replace(replace, by), "study.yaml")
    message = caught.value.one_line()
    assert message.startswith("LW-STU-002: study.yaml: ")
    assert f"line {line}" in message
    assert says in message


def test_every_mistake_is_named_not_only_the_first() -> None:
    text = MINIMAL.replace("longwatch: 1", "longwatch: 9").replace("  title: Islets", "  titel: Islets")
    with pytest.raises(StudyError, match="3 mistakes"):
        parse_study(text, "study.yaml")


@pytest.mark.parametrize(
    ("text", "says"),
    [("", "an empty file"), ("- a\n- b\n", "list"), ("study: [", "line 1"), ("a: b: c", "line 1")],
)
def test_what_is_no_mapping_is_refused(text: str, says: str) -> None:
    with pytest.raises(StudyError, match="LW-STU-001") as caught:
        parse_study(text, "study.yaml")
    assert says in caught.value.one_line()


@pytest.mark.parametrize(
    ("extra", "says"),
    [
        ("comparison: {control: C}", "none of the arms"),
        ("relatedness: {related: [YES], not_related: [YES]}", "both related and not related"),
        ("visits: {analysed: [WEEK 1], last_of: [WEEK 2]}", "WEEK 2 is none of the analysed visits"),
        ("visits: {analysed: [WEEK 1, WEEK 1]}", "a visit stands twice"),
        ("laboratory: {levels: {Alt: [3, 5]}}", "'Alt' is no analyte of LBT_LEVELS, did you mean ALT?"),
        ("laboratory: {levels: {ALT: []}}", "laboratory"),
        ("severities: [{rule: ST02, severity: error, reason: short}]", "at least 10 characters"),
        ("severities: [{rule: ST02, severity: fatal, reason: a reason of some length}]", "expected 'reject', 'error'"),
    ],
)
def test_names_used_are_names_declared(extra: str, says: str) -> None:
    with pytest.raises(StudyError) as caught:
        parse_study(MINIMAL + extra + "\n", "study.yaml")
    assert says in caught.value.one_line()


def test_report_content_leaves_out_where_the_data_lies() -> None:
    """A moved source folder must not change a report key: the snapshot stands for the data."""

    def content(study: Study) -> dict[str, object]:
        return study.content_used_by_reports()

    here = parse_study(MINIMAL, "study.yaml")
    there = parse_study(MINIMAL.replace("path: data", "path: elsewhere"), "study.yaml")
    other = parse_study(MINIMAL.replace("name: Control", "name: Comparator"), "study.yaml")
    assert content(here) == content(there)
    assert content(here) != content(other)


def test_words_that_yaml_takes_for_booleans_stay_words() -> None:
    """NO is Norway and an AEREL value, Y is a flag: a study file means the text it shows."""
    study = parse_study(MINIMAL + "relatedness: {related: [YES, Y], not_related: [NO, off]}\n", "study.yaml")
    assert study.relatedness.related == ("YES", "Y")
    assert study.relatedness.not_related == ("NO", "off")
    assert study.relatedness.missing_is_related is True


@pytest.mark.parametrize(
    ("extra", "says"),
    [
        ("    encodin: cp1252", "line 7, sources.0.encodin: there is no such key here, did you mean encoding?"),
        ("    encoding: cp1253x", "did you mean cp1252?"),
        ("    types: {AESTDTC: dd/mm}", "'dd/mm' is not text, number, date, or a date as it is written"),
        ("    columns: {A: X, B: X}", "X is made from two columns"),
        ("    columns: {A: X}\n    drop: [A]", "A stands in columns and in drop"),
        ("    include: ae.xpt", "expected a list, such as [A, B], found 'ae.xpt'"),
        ("    odm: {AE: {item_groups: [I], variables: {X: {item: a, key: b}}}}", "one of item, unit, key, text"),
        ("    odm: {AE: {item_groups: [I], variables: {X: a}}}\n    drop: [A]", "ODM is mapped by odm alone"),
        ("treatment_emergence: {reference: FIRST_INFUSON}", "did you mean FIRST_INFUSION?"),
    ],
)
def test_what_was_meant_is_said(extra: str, says: str) -> None:
    with pytest.raises(StudyError) as caught:
        parse_study(MINIMAL.replace("  - path: data\n", f"  - path: data\n{extra}\n"), "study.yaml")
    assert says in caught.value.one_line()


@pytest.mark.parametrize(
    "line",
    [
        "  - path: data\n    password: Hx7secret",
        "  - path: postgresql://me:Hx7secret@host/db",
        "  - path: https://host/data?token=Hx7secret",
        "  - path: data\n    api_key: Hx7secret",
    ],
)
def test_a_secret_is_refused_and_never_shown(line: str) -> None:
    with pytest.raises(StudyError, match=r"a secret (does not belong|never stands) in a study file") as caught:
        parse_study(MINIMAL.replace("  - path: data", line), "study.yaml")
    assert "Hx7secret" not in str(caught.value)


def test_rules_and_templates_that_are_not_there_are_named_with_all_else() -> None:
    """Names are looked up even where the rest of the file is wrong: all mistakes at once."""
    text = MINIMAL.replace("  title: Islets\n", "") + (
        "comparison: {control: C}\n"
        "severities: [{rule: ST20, severity: error, reason: a reason of some length}]\n"
        "reports: [{template: safety_sumary}]\n"
    )
    with pytest.raises(StudyError, match="4 mistakes") as caught:
        parse_study(text, "study.yaml", KnownNames(("ST01", "ST02"), ("safety_summary",)))
    said = caught.value.one_line()
    for expected in (
        "study.title: this key is needed",
        "line 10, comparison.control: 'C' is none of the arms A, B",
        "line 11, severities.0.rule: there is no rule 'ST20', did you mean ST02?; known are ST01, ST02",
        "line 12, reports.0.template: there is no template 'safety_sumary', did you mean safety_summary?",
    ):
        assert expected in said, said
