"""Supplemental qualifiers, comments and related records are carried by their matched parent (CONTRACTS.md)."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from longwatch.evidence.snapshot_diff import SnapshotDiff

Diff = Callable[..., SnapshotDiff]

AE_BEFORE = """
USUBJID | AESEQ | AETERM   | AESTDTC
01-001  | 1     | NAUSEA   | 2024-01-05
01-001  | 2     | HEADACHE | 2024-01-09
"""
AE_AFTER = """
USUBJID | AESEQ | AETERM   | AESTDTC
01-001  | 1     | FATIGUE  | 2024-01-02
01-001  | 2     | NAUSEA   | 2024-01-05
01-001  | 3     | HEADACHE | 2024-01-09
"""
SUPP_BEFORE = """
RDOMAIN | USUBJID | IDVAR | IDVARVAL | QNAM    | QVAL
AE      | 01-001  | AESEQ | 1        | AETRTEM | Y
AE      | 01-001  | AESEQ | 2        | AETRTEM | N
"""


def counts(diff: SnapshotDiff, name: str) -> str:
    """`+added -removed ~changed =unchanged (renumbered)` of one dataset."""
    found = diff.domain(name)
    return f"+{found.added} -{found.removed} ~{found.changed} ={found.unchanged} ({found.renumbered})"


def lines(diff: SnapshotDiff, *columns: str) -> list[tuple[str | None, ...]]:
    """The changes of values, some columns."""
    return diff.changes.select(columns).rows()


def test_qualifiers_of_renumbered_parents_are_unchanged(diff: Diff) -> None:
    after = """
RDOMAIN | USUBJID | IDVAR | IDVARVAL | QNAM    | QVAL
AE      | 01-001  | AESEQ | 3        | AETRTEM | N
AE      | 01-001  | AESEQ | 2        | AETRTEM | Y
"""
    found = diff({"AE": AE_BEFORE, "SUPPAE": SUPP_BEFORE}, {"AE": AE_AFTER, "SUPPAE": after})
    assert counts(found, "AE") == "+1 -0 ~0 =2 (2)"
    assert counts(found, "SUPPAE") == "+0 -0 ~0 =2 (2)"


def test_a_qualifier_that_kept_its_number_but_not_its_parent_did_change(diff: Diff) -> None:
    """AESEQ 1 is now another event: its qualifier is new, and what belonged to the old 1 stands changed under 2."""
    after = """
RDOMAIN | USUBJID | IDVAR | IDVARVAL | QNAM    | QVAL
AE      | 01-001  | AESEQ | 1        | AETRTEM | Y
AE      | 01-001  | AESEQ | 2        | AETRTEM | N
AE      | 01-001  | AESEQ | 3        | AETRTEM | N
"""
    found = diff({"AE": AE_BEFORE, "SUPPAE": SUPP_BEFORE}, {"AE": AE_AFTER, "SUPPAE": after})
    assert counts(found, "SUPPAE") == "+1 -0 ~1 =1 (1)"
    changed = found.changes.filter(pl.col("dataset") == "SUPPAE", pl.col("kind") == "changed")
    assert changed.select("record", "record_before", "variable", "old", "new").rows() == [
        ("RDOMAIN=AE IDVAR=AESEQ IDVARVAL=2 QNAM=AETRTEM", "RDOMAIN=AE IDVAR=AESEQ IDVARVAL=1 QNAM=AETRTEM", "QVAL",
         "Y", "N"),
    ]  # fmt: skip


def test_another_question_about_the_same_parent_is_another_record(diff: Diff) -> None:
    after = SUPP_BEFORE.replace("2        | AETRTEM | N", "2        | AESI    | N")
    found = diff({"AE": AE_BEFORE, "SUPPAE": SUPP_BEFORE}, {"AE": AE_BEFORE, "SUPPAE": after})
    assert counts(found, "SUPPAE") == "+1 -1 ~0 =1 (0)"


def test_qualifiers_go_with_their_removed_parent(diff: Diff) -> None:
    ae = """
USUBJID | AESEQ | AETERM   | AESTDTC
01-001  | 1     | HEADACHE | 2024-01-09
"""
    supp = """
RDOMAIN | USUBJID | IDVAR | IDVARVAL | QNAM    | QVAL
AE      | 01-001  | AESEQ | 1        | AETRTEM | N
"""
    found = diff({"AE": AE_BEFORE, "SUPPAE": SUPP_BEFORE}, {"AE": ae, "SUPPAE": supp})
    assert counts(found, "AE") == "+0 -1 ~0 =1 (1)"
    assert counts(found, "SUPPAE") == "+0 -1 ~0 =1 (1)"


def test_blanks_and_forms_of_the_number_do_not_matter(diff: Diff) -> None:
    """IDVARVAL is text: right-aligned in one file, with a decimal point in another."""
    before = SUPP_BEFORE.replace("| 1  ", "|   01  ")
    after = SUPP_BEFORE.replace("| 1  ", "| 1.0 ")
    found = diff({"AE": AE_BEFORE, "SUPPAE": before}, {"AE": AE_BEFORE, "SUPPAE": after})
    assert counts(found, "SUPPAE") == "+0 -0 ~0 =2 (1)"


def test_qualifiers_of_the_subject_are_found_by_subject_and_question(diff: Diff) -> None:
    """SUPPDM has no IDVAR: the subject is the parent."""
    dm = "USUBJID | AGE\n01-001 | 51\n01-002 | 44"
    before = """
RDOMAIN | USUBJID | IDVAR | IDVARVAL | QNAM | QVAL
DM      | 01-001  |       |          | ITT  | Y
DM      | 01-002  |       |          | ITT  | Y
"""
    after = """
RDOMAIN | USUBJID | IDVAR | IDVARVAL | QNAM | QVAL
DM      | 01-002  |       |          | ITT  | N
DM      | 01-001  |       |          | ITT  | Y
"""
    found = diff({"DM": dm, "SUPPDM": before}, {"DM": dm, "SUPPDM": after})
    assert counts(found, "SUPPDM") == "+0 -0 ~1 =1 (0)"
    assert lines(found, "USUBJID", "variable", "old", "new") == [("01-002", "QVAL", "Y", "N")]


def test_a_qualifier_without_its_parent_is_known_by_its_own_words(diff: Diff) -> None:
    """An orphan (a finding of its own) is no new record in each snapshot."""
    orphan = """
RDOMAIN | USUBJID | IDVAR | IDVARVAL | QNAM    | QVAL
AE      | 01-001  | AESEQ | 99       | AETRTEM | {}
"""
    found = diff({"AE": AE_BEFORE, "SUPPAE": orphan.format("Y")}, {"AE": AE_AFTER, "SUPPAE": orphan.format("N")})
    assert counts(found, "SUPPAE") == "+0 -0 ~1 =0 (0)"


def test_identical_parents_keep_their_own_qualifiers(diff: Diff) -> None:
    """Two equal events, told apart only by what hangs on them: shuffled and renumbered, nothing changed."""
    ae = """
USUBJID | AESEQ | AETERM | AESTDTC
01-001  | 1     | RASH   | 2024-01-05
01-001  | 2     | RASH   | 2024-01-05
"""
    after = """
RDOMAIN | USUBJID | IDVAR | IDVARVAL | QNAM    | QVAL
AE      | 01-001  | AESEQ | 1        | AETRTEM | N
AE      | 01-001  | AESEQ | 2        | AETRTEM | Y
"""
    found = diff({"AE": ae, "SUPPAE": SUPP_BEFORE}, {"AE": ae, "SUPPAE": after})
    assert counts(found, "AE") == "+0 -0 ~0 =2 (2)"
    assert counts(found, "SUPPAE") == "+0 -0 ~0 =2 (2)"


CM = """
USUBJID | CMSEQ | CMTRT       | CMSTDTC
01-001  | 4     | ASPIRIN     | 2024-01-09
01-001  | 5     | ONDANSETRON | 2024-01-05
"""
RELREC_BEFORE = """
RDOMAIN | USUBJID | IDVAR | IDVARVAL | RELTYPE | RELID
AE      | 01-001  | AESEQ | 1        |         | R1
CM      | 01-001  | CMSEQ | 5        |         | R1
AE      | 01-001  | AESEQ | 2        |         | R2
CM      | 01-001  | CMSEQ | 4        |         | R2
"""


def test_related_records_are_known_by_both_ends(diff: Diff) -> None:
    """Parents renumbered, relationships numbered anew, rows moved: the same relationships."""
    after = """
RDOMAIN | USUBJID | IDVAR | IDVARVAL | RELTYPE | RELID
CM      | 01-001  | CMSEQ | 4        |         | R1
AE      | 01-001  | AESEQ | 3        |         | R1
CM      | 01-001  | CMSEQ | 5        |         | R2
AE      | 01-001  | AESEQ | 2        |         | R2
"""
    found = diff({"AE": AE_BEFORE, "CM": CM, "RELREC": RELREC_BEFORE}, {"AE": AE_AFTER, "CM": CM, "RELREC": after})
    assert counts(found, "RELREC") == "+0 -0 ~0 =4 (4)"


def test_another_end_is_another_relationship(diff: Diff) -> None:
    """The headache is no longer related to aspirin but to ondansetron: one end went, one came."""
    after = RELREC_BEFORE.replace("CMSEQ | 4", "CMSEQ | 5")
    found = diff({"AE": AE_BEFORE, "CM": CM, "RELREC": RELREC_BEFORE}, {"AE": AE_BEFORE, "CM": CM, "RELREC": after})
    assert counts(found, "RELREC") == "+1 -1 ~0 =3 (0)"


def test_identical_events_keep_their_own_relationships(diff: Diff) -> None:
    """Two equal events, one of them treated with aspirin; renumbered crosswise."""
    ae = """
USUBJID | AESEQ | AETERM   | AESTDTC
01-001  | 1     | HEADACHE | 2024-01-09
01-001  | 2     | HEADACHE | 2024-01-09
"""
    before = """
RDOMAIN | USUBJID | IDVAR | IDVARVAL | RELTYPE | RELID
AE      | 01-001  | AESEQ | 2        |         | R1
CM      | 01-001  | CMSEQ | 4        |         | R1
"""
    after = before.replace("AESEQ | 2", "AESEQ | 1")
    found = diff({"AE": ae, "CM": CM, "RELREC": before}, {"AE": ae, "CM": CM, "RELREC": after})
    assert counts(found, "RELREC") == "+0 -0 ~0 =2 (1)"


def test_datasets_related_as_a_whole_are_known_by_their_words(diff: Diff) -> None:
    relrec = """
RDOMAIN | USUBJID | IDVAR   | IDVARVAL | RELTYPE | RELID
TU      |         | TULNKID |          | ONE     | A
TR      |         | TRLNKID |          | {}      | A
"""
    found = diff({"RELREC": relrec.format("MANY")}, {"RELREC": relrec.format("ONE")})
    assert lines(found, "dataset", "USUBJID", "variable", "old", "new") == [("RELREC", None, "RELTYPE", "MANY", "ONE")]


def test_comments_follow_their_record(diff: Diff) -> None:
    before = """
RDOMAIN | USUBJID | COSEQ | IDVAR | IDVARVAL | COVAL
AE      | 01-001  | 1     | AESEQ | 1        | after a meal
AE      | 01-001  | 2     | AESEQ | 2        | known migraine
"""
    after = """
RDOMAIN | USUBJID | COSEQ | IDVAR | IDVARVAL | COVAL
AE      | 01-001  | 1     | AESEQ | 3        | known migraine, mild
AE      | 01-001  | 2     | AESEQ | 2        | after a meal
"""
    found = diff({"AE": AE_BEFORE, "CO": before}, {"AE": AE_AFTER, "CO": after})
    assert counts(found, "CO") == "+0 -0 ~1 =1 (1)"
    assert lines(found, "dataset", "record", "old", "new")[-1] == (
        "CO", "COSEQ=1", "known migraine", "known migraine, mild",
    )  # fmt: skip


def test_qualifiers_of_a_split_domain_find_their_parent_in_its_part(diff: Diff) -> None:
    lb = "USUBJID | LBSEQ | LBTESTCD | LBDTC\n01-001 | {} | ALT | 2024-01-05"
    he = "USUBJID | LBSEQ | LBTESTCD | LBDTC\n01-001 | {} | HGB | 2024-01-05"
    supp = "RDOMAIN | USUBJID | IDVAR | IDVARVAL | QNAM | QVAL\nLB | 01-001 | LBSEQ | {} | LBFAST | Y"
    found = diff(
        {"LBCH": lb.format(1), "LBHE": he.format(2), "SUPPLB": supp.format(2)},
        {"LBCH": lb.format(8), "LBHE": he.format(9), "SUPPLB": supp.format(9)},
    )
    assert counts(found, "SUPPLB") == "+0 -0 ~0 =1 (1)"
