"""Which record of the last cut is which record of this one (CONTRACTS.md, Record identity across snapshots).

Each test is a table before and a table after; the result says `a=x` where a is now x, `-b` gone, `+y` new.
"""

from __future__ import annotations

from collections.abc import Callable

Match = Callable[..., str]

BEFORE = """
    | USUBJID | AESEQ | AESPID | AETERM   | AESTDTC    | AESTDY | AEOUT
  a | 01-001  | 1     | E01    | NAUSEA   | 2024-01-05 | 5      | RECOVERED/RESOLVED
  b | 01-001  | 2     | E02    | HEADACHE | 2024-01-09 | 9      | NOT RECOVERED/NOT RESOLVED
  c | 01-002  | 1     | E01    | RASH     | 2024-02-01 | 3      | RECOVERED/RESOLVED
"""


class TestIdenticalContent:
    """1. Identical content, without --SEQ, the study days and order, as a multiset."""

    def test_shuffled_rows_are_the_same_records(self, match: Match) -> None:
        after = """
    | USUBJID | AESEQ | AESPID | AETERM   | AESTDTC    | AESTDY | AEOUT
  z | 01-002  | 1     | E01    | RASH     | 2024-02-01 | 3      | RECOVERED/RESOLVED
  y | 01-001  | 2     | E02    | HEADACHE | 2024-01-09 | 9      | NOT RECOVERED/NOT RESOLVED
  x | 01-001  | 1     | E01    | NAUSEA   | 2024-01-05 | 5      | RECOVERED/RESOLVED
"""
        assert match("AE", BEFORE, after) == "a=x b=y c=z"

    def test_renumbered_records_are_the_same_and_a_number_is_no_identity(self, match: Match) -> None:
        """A new first event takes AESEQ 1; what was 1 is 2 now."""
        after = """
    | USUBJID | AESEQ | AESPID | AETERM   | AESTDTC    | AESTDY | AEOUT
  v | 01-001  | 1     | E03    | FATIGUE  | 2024-01-02 | 2      | RECOVERED/RESOLVED
  x | 01-001  | 2     | E01    | NAUSEA   | 2024-01-05 | 5      | RECOVERED/RESOLVED
  y | 01-001  | 3     | E02    | HEADACHE | 2024-01-09 | 9      | NOT RECOVERED/NOT RESOLVED
  z | 01-002  | 1     | E01    | RASH     | 2024-02-01 | 3      | RECOVERED/RESOLVED
"""
        assert match("AE", BEFORE, after) == "a=x b=y c=z +v"

    def test_study_days_that_moved_with_the_first_dose_do_not_make_other_records(self, match: Match) -> None:
        after = """
    | USUBJID | AESEQ | AETERM   | AESTDTC    | AESTDY
  x | 01-001  | 1     | NAUSEA   | 2024-01-05 | 4
  y | 01-001  | 2     | NAUSEA   | 2024-01-05 | 4
"""
        assert match("AE", after.replace("| 4", "| 5").replace("x |", "a |").replace("y |", "b |"), after) == "a=x b=y"

    def test_of_three_identical_records_two_stay(self, match: Match) -> None:
        """As a multiset: the ones that kept their number; the third is gone."""
        before = """
    | USUBJID | CMSEQ | CMTRT   | CMSTDTC
  a | 01-001  | 1     | ASPIRIN | 2024
  b | 01-001  | 2     | ASPIRIN | 2024
  c | 01-001  | 3     | ASPIRIN | 2024
"""
        after = """
    | USUBJID | CMSEQ | CMTRT   | CMSTDTC
  x | 01-001  | 3     | ASPIRIN | 2024
  y | 01-001  | 1     | ASPIRIN | 2024
"""
        assert match("CM", before, after) == "a=y c=x -b"

    def test_a_new_variable_does_not_make_new_records(self, match: Match) -> None:
        after = """
    | USUBJID | AESEQ | AETERM   | AESTDTC    | AETOXGR
  x | 01-001  | 1     | NAUSEA   | 2024-01-05 | 1
  y | 01-001  | 2     | HEADACHE | 2024-01-09 | 2
  z | 01-002  | 1     | RASH     | 2024-02-01 | 1
"""
        assert match("AE", BEFORE, after) == "a=x b=y c=z"

    def test_missing_is_equal_to_missing_only(self, match: Match) -> None:
        before = """
    | USUBJID | VSTESTCD | VSDTC | VSPOS
  a | 01-001  | PULSE    |       | SITTING
  b | 01-001  | PULSE    |       |
"""
        after = """
    | USUBJID | VSTESTCD | VSDTC | VSPOS
  x | 01-001  | PULSE    |       |
  y | 01-001  | PULSE    |       | SITTING
"""
        assert match("VS", before, after) == "a=y b=x"


class TestSponsorsId:
    """2. The sponsor's id, --SPID or --REFID, where it is unique in subject and domain in both snapshots."""

    def test_a_corrected_start_date_is_a_change_of_the_same_record(self, match: Match) -> None:
        after = """
    | USUBJID | AESEQ | AESPID | AETERM   | AESTDTC    | AESTDY | AEOUT
  x | 01-001  | 2     | E01    | NAUSEA   | 2024-01-15 | 15     | RECOVERED/RESOLVED
  y | 01-001  | 1     | E02    | HEADACHE | 2024-01-09 | 9      | NOT RECOVERED/NOT RESOLVED
  z | 01-002  | 1     | E01    | RASH     | 2024-02-01 | 3      | RECOVERED/RESOLVED
"""
        assert match("AE", BEFORE, after) == "a=x b=y c=z"

    def test_another_term_under_the_same_id_is_a_change_of_the_same_record(self, match: Match) -> None:
        after = BEFORE.replace("NAUSEA  ", "VOMITING")
        assert match("AE", BEFORE, after) == "a=a b=b c=c"

    def test_an_id_that_repeats_in_the_subject_names_nothing(self, match: Match) -> None:
        """E01 stands twice in the newer snapshot: the id says nothing, the terms do."""
        before = """
    | USUBJID | AESPID | AETERM   | AESTDTC
  a | 01-001  | E01    | NAUSEA   | 2024-01-05
"""
        after = """
    | USUBJID | AESPID | AETERM   | AESTDTC
  x | 01-001  | E01    | VOMITING | 2024-01-05
  y | 01-001  | E01    | NAUSEA   | 2024-01-06
"""
        assert match("AE", before, after) == "-a +x +y"

    def test_an_id_that_a_matched_record_shares_names_nothing(self, match: Match) -> None:
        """Uniqueness is judged among all records of the subject, not among those that are left over."""
        before = """
    | USUBJID | AESPID | AETERM   | AESTDTC
  a | 01-001  | E01    | NAUSEA   | 2024-01-05
  b | 01-001  | E01    | HEADACHE | 2024-01-05
"""
        after = """
    | USUBJID | AESPID | AETERM   | AESTDTC
  x | 01-001  | E01    | NAUSEA   | 2024-01-05
  y | 01-001  | E01    | RASH     | 2024-03-01
"""
        assert match("AE", before, after) == "a=x -b +y"

    def test_the_same_id_in_another_subject_is_another_record(self, match: Match) -> None:
        before = """
    | USUBJID | AESPID | AETERM | AESTDTC
  a | 01-001  | E01    | NAUSEA | 2024-01-05
"""
        assert match("AE", before, before.replace("01-001", "01-002").replace("a |", "x |")) == "-a +x"

    def test_the_reference_id_serves_where_there_is_no_sponsors_id(self, match: Match) -> None:
        before = """
    | USUBJID | LBREFID | LBTESTCD | LBDTC      | LBORRES
  a | 01-001  | S-77    | ALT      | 2024-01-05 | 31
"""
        after = """
    | USUBJID | LBREFID | LBTESTCD | LBDTC      | LBORRES
  x | 01-001  | S-77    | ALT      | 2024-01-06 | 33
"""
        assert match("LB", before, after) == "a=x"

    def test_a_missing_id_names_nothing(self, match: Match) -> None:
        before = """
    | USUBJID | AESPID | AETERM | AESTDTC
  a | 01-001  |        | NAUSEA | 2024-01-05
"""
        assert match("AE", before, before.replace("NAUSEA", "RASH").replace("a |", "x |")) == "-a +x"


class TestDeclaredKey:
    """3. The keys of define.xml without --SEQ, where they are unique in both snapshots."""

    LAB_BEFORE = """
    | USUBJID | LBSEQ | LBTESTCD | VISITNUM | LBDTC      | LBORRES
  a | 01-001  | 1     | ALT      | 1        | 2024-01-05 | 31
  b | 01-001  | 2     | ALT      | 2        | 2024-02-05 | 28
"""
    LAB_AFTER = """
    | USUBJID | LBSEQ | LBTESTCD | VISITNUM | LBDTC      | LBORRES
  x | 01-001  | 1     | ALT      | 1        | 2024-01-06 | 31
  y | 01-001  | 2     | ALT      | 2        | 2024-02-05 | 28
"""

    def test_a_corrected_date_of_a_test_is_carried_by_its_visit(self, match: Match) -> None:
        keys = ("STUDYID", "USUBJID", "LBTESTCD", "VISITNUM", "LBSEQ")
        assert match("LB", self.LAB_BEFORE, self.LAB_AFTER, keys) == "a=x b=y"

    def test_without_a_declared_key_another_date_is_another_record(self, match: Match) -> None:
        assert match("LB", self.LAB_BEFORE, self.LAB_AFTER) == "b=y -a +x"

    def test_a_key_that_is_only_the_subject_without_its_number_names_nothing(self, match: Match) -> None:
        """AE declared as USUBJID, AESEQ: without AESEQ it would make any event of the subject any other."""
        before = """
    | USUBJID | AESEQ | AETERM | AESTDTC
  a | 01-001  | 1     | NAUSEA | 2024-01-05
"""
        after = """
    | USUBJID | AESEQ | AETERM | AESTDTC
  x | 01-001  | 1     | RASH   | 2024-06-30
"""
        assert match("AE", before, after, ("USUBJID", "AESEQ")) == "-a +x"

    def test_a_key_with_a_variable_that_is_not_there_names_nothing(self, match: Match) -> None:
        keys = ("USUBJID", "LBTESTCD", "VISITNUM", "LBTPTNUM")
        assert match("LB", self.LAB_BEFORE, self.LAB_AFTER, keys) == "b=y -a +x"

    def test_a_key_that_repeats_names_nothing(self, match: Match) -> None:
        after = self.LAB_AFTER.replace("y | 01-001  | 2     | ALT      | 2 ", "y | 01-001  | 2     | ALT      | 1 ")
        assert match("LB", self.LAB_BEFORE, after, ("USUBJID", "LBTESTCD", "VISITNUM")) == "b=y -a +x"


class TestTopicAndStart:
    """4. USUBJID, topic variable and start date; ties by the greatest agreement of values, then source order."""

    def test_a_changed_outcome_is_a_change_of_the_same_record(self, match: Match) -> None:
        before = """
    | USUBJID | AESEQ | AETERM   | AESTDTC    | AEOUT
  a | 01-001  | 1     | HEADACHE | 2024-01-09 | NOT RECOVERED/NOT RESOLVED
"""
        after = """
    | USUBJID | AESEQ | AETERM   | AESTDTC    | AEOUT
  w | 01-001  | 1     | FATIGUE  | 2024-01-09 | NOT RECOVERED/NOT RESOLVED
  x | 01-001  | 2     | HEADACHE | 2024-01-09 | RECOVERED/RESOLVED
"""
        assert match("AE", before, after) == "a=x +w"

    def test_another_start_date_without_an_id_is_another_record(self, match: Match) -> None:
        before = """
    | USUBJID | AETERM   | AESTDTC
  a | 01-001  | HEADACHE | 2024-01-09
"""
        assert match("AE", before, before.replace("-09", "-10").replace("a |", "x |")) == "-a +x"

    def test_a_missing_start_date_is_a_value_like_others(self, match: Match) -> None:
        before = """
    | USUBJID | MHTERM   | MHSTDTC | MHSEV
  a | 01-001  | DIABETES |         | MILD
  b | 01-001  | DIABETES | 2010    | MILD
"""
        after = """
    | USUBJID | MHTERM   | MHSTDTC | MHSEV
  x | 01-001  | DIABETES | 2010    | SEVERE
  y | 01-001  | DIABETES |         | SEVERE
"""
        assert match("MH", before, after) == "a=y b=x"

    def test_ties_go_to_the_greatest_agreement(self, match: Match) -> None:
        """Two positions of one pulse; both values changed. Position and time agree crosswise."""
        before = """
    | USUBJID | VSTESTCD | VSDTC      | VSPOS    | VSTPT | VSORRES
  a | 01-001  | PULSE    | 2024-01-05 | SITTING  | 5 MIN | 70
  b | 01-001  | PULSE    | 2024-01-05 | STANDING | 1 MIN | 88
"""
        after = """
    | USUBJID | VSTESTCD | VSDTC      | VSPOS    | VSTPT | VSORRES
  x | 01-001  | PULSE    | 2024-01-05 | STANDING | 1 MIN | 89
  y | 01-001  | PULSE    | 2024-01-05 | SITTING  | 5 MIN | 71
"""
        assert match("VS", before, after) == "a=y b=x"

    def test_the_agreement_of_all_pairs_together_counts(self, match: Match) -> None:
        """a is nearest to x, but b fits nothing else: b=x with a=y changes three values, a=x with b=y five."""
        before = """
    | USUBJID | AETERM | AESTDTC | AESEV  | AEOUT | AEREL | AEACN
  a | 01-001  | RASH   | 2024    | MILD   | 1     | 1     | 1
  b | 01-001  | RASH   | 2024    | SEVERE | 9     | 1     | 2
"""
        after = """
    | USUBJID | AETERM | AESTDTC | AESEV  | AEOUT | AEREL | AEACN
  x | 01-001  | RASH   | 2024    | MILD   | 9     | 1     | 2
  y | 01-001  | RASH   | 2024    | MILD   | 1     | 7     | 8
"""
        assert match("AE", before, after) == "a=y b=x"

    def test_equal_agreement_keeps_source_order_and_leaves_the_last(self, match: Match) -> None:
        before = """
    | USUBJID | AETERM | AESTDTC | AESEV
  a | 01-001  | RASH   | 2024    | MILD
  b | 01-001  | RASH   | 2024    | MILD
  c | 01-001  | RASH   | 2024    | MILD
"""
        after = """
    | USUBJID | AETERM | AESTDTC | AESEV
  x | 01-001  | RASH   | 2024    | SEVERE
  y | 01-001  | RASH   | 2024    | SEVERE
"""
        assert match("AE", before, after) == "a=x b=y -c"

    def test_more_than_two_hundred_candidates_are_paired_too(self, match: Match) -> None:
        """Glucose every few minutes, dates without a time: all 250 values change their unit, none is new."""
        lines = [f"{{}}{at} | 01-001 | GLUC | 2024-01-05 | {at:04d} | {{}}" for at in range(250)]
        header = " | USUBJID | LBTESTCD | LBDTC | LBTPT | LBSTRESU"
        before = "\n".join([header, *(line.format("a", "mg/dL") for line in lines)])
        after = "\n".join([header, *(line.format("x", "mmol/L") for line in reversed(lines))])
        assert match("LB", before, after) == " ".join(sorted(f"a{at}=x{at}" for at in range(250)))

    def test_findings_about_are_told_apart_by_their_object(self, match: Match) -> None:
        before = """
    | USUBJID | FATESTCD | FAOBJ  | FADTC      | FAORRES
  a | 01-001  | OCCUR    | FEVER  | 2024-01-05 | Y
"""
        assert match("FA", before, before.replace("FEVER ", "CHILLS").replace("a |", "x |")) == "-a +x"

    def test_a_domain_that_nobody_knows_uses_the_topic_it_has(self, match: Match) -> None:
        before = """
    | USUBJID | XXSEQ | XXTESTCD | XXDTC      | XXORRES
  a | 01-001  | 1     | ISLETS   | 2024-01-05 | 400
"""
        after = """
    | USUBJID | XXSEQ | XXTESTCD | XXDTC      | XXORRES
  x | 01-001  | 4     | ISLETS   | 2024-01-05 | 410
"""
        assert match("XX", before, after) == "a=x"


class TestNaturalKeys:
    """Datasets whose rows have a name of their own: DM one row per subject, trial design by its keys."""

    def test_demographics_by_subject(self, match: Match) -> None:
        before = """
    | USUBJID | AGE | ARMCD
  a | 01-001  | 51  | CELL
  b | 01-002  | 44  | SOC
"""
        after = """
    | USUBJID | AGE | ARMCD
  x | 01-002  | 45  | CELL
  y | 01-003  | 51  | CELL
"""
        assert match("DM", before, after) == "b=x -a +y"

    def test_trial_summary_by_parameter_and_its_number(self, match: Match) -> None:
        """Equal content first: ELDERLY only moved from 2 to 1. CHILD has the number of none that is left, but its
        parameter: it is what became of ADULT."""
        before = """
    | TSSEQ | TSPARMCD | TSVAL
  a | 1     | AGESPAN  | ADULT
  b | 2     | AGESPAN  | ELDERLY
  c | 1     | DCUTDTC  | 2024-06-30
"""
        after = """
    | TSSEQ | TSPARMCD | TSVAL
  x | 1     | AGESPAN  | ELDERLY
  y | 2     | AGESPAN  | CHILD
  z | 1     | DCUTDTC  | 2025-06-30
"""
        assert match("TS", before, after) == "a=y b=x c=z"

    def test_trial_arms_by_arm_and_order(self, match: Match) -> None:
        before = """
    | ARMCD | TAETORD | ETCD
  a | CELL  | 1       | SCRN
  b | SOC   | 1       | SCRN
"""
        assert match("TA", before, before.replace("SCRN", "SCR2")) == "a=a b=b"

    def test_a_visit_by_subject_and_number_when_its_day_was_corrected(self, match: Match) -> None:
        before = """
    | USUBJID | VISITNUM | SVSTDTC
  a | 01-001  | 3        | 2024-03-01
"""
        assert match("SV", before, before.replace("-01\n", "-02\n")) == "a=a"

    def test_a_split_dataset_is_matched_as_its_domain(self, match: Match) -> None:
        before = """
    | USUBJID | LBSEQ | LBTESTCD | LBDTC      | LBORRES
  a | 01-001  | 7     | ALT      | 2024-01-05 | 31
"""
        assert match("LBCH", before, before.replace("| 7 ", "| 9 ").replace("31", "32")) == "a=a"


def test_nothing_against_something_and_nothing_against_nothing(match: Match) -> None:
    """An empty dataset, and two datasets without a common variable."""
    empty = "    | USUBJID | AETERM\n"
    one = empty + "  a | 01-001 | RASH"
    assert match("AE", empty, empty) == ""
    assert match("AE", one, empty) == "-a"
    assert match("AE", empty, one) == "+a"
    assert match("AE", one, "    | ID\n  x | 4") == "-a +x"
