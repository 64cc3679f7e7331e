"""Names, paths and titles of a submission's files (spec E.8), each rule with what keeps it and what breaks it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from longwatch.errors import StudyError
from longwatch.reports.ectd import Leaf, as_folder, check_leaves, data_path, faults_of_path, report_path

LEAF = Leaf("m1/us/11314-dsur/micro1-dsur-t07.pdf", "DSUR, cut-off 2024-01-31", "0" * 32, "0" * 64, 9, "k", "released")


@pytest.mark.parametrize(
    ("path", "broken"),
    [
        # the specification's own example of a name
        ("micro1-dsur-t07.pdf", ""),
        ("m5/datasets/micro1/tabulations/sdtm/ae.xpt", ""),
        ("m5/datasets/micro1/tabulations/sdtm/supp_ae.xpt", ""),
        ("m5/datasets/micro1/tabulations/sdtm/define.xml", ""),
        ("a" * 60 + ".pdf", ""),
        # characters and endings
        ("Micro1.pdf", "not made of small letters"),
        ("micro 1.pdf", "not made of small letters"),
        ("micro_1.pdf", "not made of small letters"),
        ("micro1.final.pdf", "not made of small letters"),
        ("micro1", "not made of small letters"),
        ("-micro.pdf", "not made of small letters"),
        ("größe.pdf", "not made of small letters"),
        ("m5/Study 1/a.pdf", "the folder Study 1"),
        ("m5/../a.pdf", "the folder .."),
        ("/etc/a.pdf", "the folder (none)"),
        ("suppaelong.xpt", "up to 8 small letters"),
        # lengths
        ("a" * 61 + ".pdf", "has 65 characters, more than 64"),
        ("/".join(["a" * 49] * 3) + "/b.pdf", "the path has 155 characters, more than 150"),
        # dates and versions
        ("dsur-2024-01-31.pdf", "a date or a version"),
        ("dsur-20240131.pdf", "a date or a version"),
        ("dsur-v2.pdf", "a date or a version"),
    ],
)
def test_a_path_keeps_the_rules_or_is_told_why_not(path: str, broken: str) -> None:
    faults = faults_of_path(path)
    assert (broken in "; ".join(faults)) if broken else faults == []


def test_reports_and_data_have_their_places() -> None:
    assert report_path("safety_summary", "ISLET-1", "Type 1 diabetes") == (
        "m5/53-clin-stud-rep/535-rep-effic-safety-stud/type-1-diabetes/5351-stud-rep-contr/islet-1/"
        "islet-1-safety-summary.pdf"
    )
    assert report_path("listing_16_2_8", "ISLET-1", "T1D").endswith("/islet-1/islet-1-listing-16-2-8.pdf")
    assert report_path("dsur_tables", "ISLET-1", "") == "m1/us/11314-dsur/islet-1-dsur-tables.pdf"
    assert data_path("ISLET-1", "data/AE.XPT") == "m5/datasets/islet-1/tabulations/sdtm/ae.xpt"
    assert as_folder("  Ä / 1 ") == "1"


def test_all_that_is_wrong_is_told_at_once() -> None:
    check_leaves([LEAF])
    wrong = [LEAF, LEAF, replace(LEAF, path="A.pdf"), replace(LEAF, path="b.pdf", title=" ")]
    with pytest.raises(StudyError, match="LW-STG-001") as told:
        check_leaves(wrong)
    assert "3 rules of the eCTD would be broken" in str(told.value)
    assert "2 files have this path" in str(told.value)
