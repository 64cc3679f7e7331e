"""The lists of terms that a study file names, on disk."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connectors.group_files import read_event_groups
from longwatch.errors import StudyError
from longwatch.standards.event_groups import NO_GROUPS
from longwatch.study import Study, parse_study

STUDY = """
longwatch: 1
study: {id: S1, title: A study}
sources: [{path: data}]
treatment: {arms: [{code: A, name: A}]}
"""
OWN = "QUERY_ID,QUERY_NAME,SCOPE,PT\nQ1,Falls,NARROW,FALL\n"
HIERARCHY = "740001$730001$720001$710001$SHOCK$HLT$HLGT$BLOOD$$$710001$Y$\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A file of lists, and a release with one SMQ, its names in capitals as some systems have them."""
    (tmp_path / "own.csv").write_text(OWN)
    release = tmp_path / "dictionary"
    release.mkdir()
    (release / "mdhier.asc").write_text(HIERARCHY)
    (release / "SMQ_LIST.ASC").write_text("2001$Shock$1$t$s$n$1.0$A$N$\n")
    (release / "SMQ_CONTENT.ASC").write_text("2001$740001$4$2$A$0$A$1.0$1.0$\n")
    return tmp_path


@pytest.fixture
def study() -> Callable[..., Study]:
    def make(groups: list[dict[str, str]], **dictionaries: Any) -> Study:
        content = parse_study(STUDY, "test").model_dump(mode="json", exclude_unset=True)
        return Study.model_validate({**content, "event_groups": groups, "dictionaries": dictionaries})

    return make


def test_lists_in_the_order_of_the_study_file(folder: Path, study: Callable[..., Study]) -> None:
    asked = study([{"kind": "CQ", "file": "own.csv"}, {"kind": "SMQ"}], meddra_folder="dictionary")
    found = read_event_groups(asked, str(folder))
    assert [(group.kind, group.name) for group in found.groups] == [("CQ", "Falls"), ("SMQ", "Shock")]
    assert read_event_groups(study([]), str(folder)) is NO_GROUPS


def test_another_list_has_another_digest(folder: Path, study: Callable[..., Study]) -> None:
    """The digest is part of the report key: a term more makes another report."""
    asked = study([{"kind": "CQ", "file": "own.csv"}])
    first = read_event_groups(asked, str(folder)).digest
    assert read_event_groups(asked, str(folder)).digest == first
    (folder / "own.csv").write_text(OWN + "Q1,Falls,BROAD,TRIP\n")
    assert read_event_groups(asked, str(folder)).digest != first


@pytest.mark.parametrize(
    ("groups", "error_id"),
    [([{"kind": "CQ", "file": "none.csv"}], "LW-GRP-004"), ([{"kind": "SMQ"}], "LW-GRP-004")],
)
def test_a_file_or_folder_that_is_not_there(
    folder: Path, study: Callable[..., Study], groups: list[dict[str, str]], error_id: str
) -> None:
    with pytest.raises(StudyError) as raised:
        read_event_groups(study(groups), str(folder))
    assert raised.value.error_id == error_id


def test_the_order_of_socs_of_a_release(folder: Path, study: Callable[..., Study]) -> None:
    """By its places, not its lines; a code without a path has no name. It is part of the digest."""
    release = folder / "dictionary"
    (release / "mdhier.asc").write_text(HIERARCHY + HIERARCHY.replace("710001", "710002").replace("BLOOD", "GUT"))
    asked = study([], meddra_folder="dictionary")
    assert read_event_groups(asked, str(folder)) is NO_GROUPS
    (release / "INTL_ORD.ASC").write_text("3$710001$$\n1$710009$$\n2$710002$$\n")
    found = read_event_groups(asked, str(folder))
    assert found.soc_order == ("GUT", "BLOOD")
    (release / "INTL_ORD.ASC").write_text("1$710001$$\n2$710002$$\n")
    assert read_event_groups(asked, str(folder)).digest != found.digest


@pytest.mark.parametrize("text", ["", "first$710001$$\n", "1$BLOOD$$\n", "1$710001$$\n1$710002$$\n"])
def test_an_order_that_is_none_is_refused(folder: Path, study: Callable[..., Study], text: str) -> None:
    (folder / "dictionary" / "intl_ord.asc").write_text(text)
    with pytest.raises(StudyError) as raised:
        read_event_groups(study([], meddra_folder="dictionary"), str(folder))
    assert raised.value.error_id == "LW-DIC-003"
