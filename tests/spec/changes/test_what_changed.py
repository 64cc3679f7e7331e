"""What changed since the last cut: datasets, variables, records, values; what is never a change."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
import pytest

from longwatch.evidence.snapshot_diff import (
    DomainState,
    SnapshotDiff,
    as_csv,
    diff_snapshots,
    summary_table,
    variables_table,
)
from longwatch.standards.dataset import Dataset, SourceData, Variable

Diff = Callable[..., SnapshotDiff]

BEFORE = """
USUBJID | AESEQ | AESPID | AETERM   | AESTDTC    | AESTDY | AEOUT
01-001  | 1     | E01    | NAUSEA   | 2024-01-05 | 5      | RECOVERED/RESOLVED
01-001  | 2     | E02    | HEADACHE | 2024-01-09 | 9      | NOT RECOVERED/NOT RESOLVED
01-002  | 1     | E01    | RASH     | 2024-02-01 | 3      |
"""


def lines(diff: SnapshotDiff) -> list[tuple[str | None, ...]]:
    """The changes of values without the locator in the older snapshot."""
    return diff.changes.drop("record_before").rows()


class TestRecords:
    def test_old_and_new_value_by_variable(self, diff: Diff) -> None:
        """A corrected date, a changed outcome; a value that was missing; one record gone, one new."""
        after = """
USUBJID | AESEQ | AESPID | AETERM   | AESTDTC    | AESTDY | AEOUT
01-001  | 1     | E01    | NAUSEA   | 2024-01-15 | 15     | RECOVERED/RESOLVED
01-002  | 1     | E01    | RASH     | 2024-02-01 | 3      | FATAL
01-002  | 2     | E02    | FEVER    |            |        |
"""
        found = diff({"AE": BEFORE}, {"AE": after})
        assert lines(found) == [
            # dataset, subject, record, variable, old, new, kind
            ("AE", "01-001", "AESEQ=1", "AESTDTC", "2024-01-05", "2024-01-15", "changed"),
            ("AE", "01-001", "AESEQ=1", "AESTDY", "5", "15", "changed"),
            ("AE", "01-002", "AESEQ=1", "AEOUT", None, "FATAL", "changed"),
            ("AE", "01-002", "AESEQ=2", "AESPID", None, "E02", "added"),
            ("AE", "01-002", "AESEQ=2", "AETERM", None, "FEVER", "added"),
            ("AE", "01-001", "AESEQ=2", "AESPID", "E02", None, "removed"),
            ("AE", "01-001", "AESEQ=2", "AETERM", "HEADACHE", None, "removed"),
            ("AE", "01-001", "AESEQ=2", "AESTDTC", "2024-01-09", None, "removed"),
            ("AE", "01-001", "AESEQ=2", "AESTDY", "9", None, "removed"),
            ("AE", "01-001", "AESEQ=2", "AEOUT", "NOT RECOVERED/NOT RESOLVED", None, "removed"),
        ]
        ae = found.domain("AE")
        assert (ae.before, ae.after, ae.added, ae.removed, ae.changed, ae.unchanged) == (3, 3, 1, 1, 2, 0)

    def test_the_locator_in_both_snapshots_is_given(self, diff: Diff) -> None:
        after = BEFORE.replace("| 2     | E02", "| 7     | E02").replace("NOT RECOVERED/NOT RESOLVED", "FATAL")
        found = diff({"AE": BEFORE}, {"AE": after})
        assert found.changes.select("record", "record_before", "new").rows() == [("AESEQ=7", "AESEQ=2", "FATAL")]

    def test_a_number_alone_and_an_order_alone_are_no_changes(self, diff: Diff) -> None:
        """The first event went to the end, the subject's two events swapped their numbers."""
        after = """
USUBJID | AESEQ | AESPID | AETERM   | AESTDTC    | AESTDY | AEOUT
01-001  | 1     | E02    | HEADACHE | 2024-01-09 | 9      | NOT RECOVERED/NOT RESOLVED
01-002  | 1     | E01    | RASH     | 2024-02-01 | 3      |
01-001  | 2     | E01    | NAUSEA   | 2024-01-05 | 5      | RECOVERED/RESOLVED
"""
        found = diff({"AE": BEFORE}, {"AE": after})
        ae = found.domain("AE")
        assert (ae.changed, ae.unchanged, ae.renumbered, ae.moved) == (0, 3, 2, 1)
        assert found.is_empty
        assert found.changes.is_empty()

    def test_study_days_are_changes_that_are_counted_apart(self, diff: Diff) -> None:
        """The first dose was corrected by a day: the subject's study days move, its events stay the same."""
        after = BEFORE.replace("| 5      |", "| 4      |").replace("| 9      |", "| 8      |")
        found = diff({"AE": BEFORE}, {"AE": after.replace("NOT RECOVERED/NOT RESOLVED", "FATAL")})
        ae = found.domain("AE")
        assert (ae.added, ae.removed, ae.changed, ae.study_days_only, ae.unchanged) == (0, 0, 2, 1, 1)

    def test_blank_text_is_missing(self) -> None:
        """A source that keeps blank text beside one that cannot."""
        old = SourceData.of(AE=pl.DataFrame({"USUBJID": ["1"], "AETERM": ["RASH"], "AEOUT": ["  "]}))
        new = SourceData.of(
            AE=pl.DataFrame(
                {"USUBJID": ["1"], "AETERM": ["RASH"], "AEOUT": [None]}, schema_overrides={"AEOUT": pl.String}
            )
        )
        assert diff_snapshots(old, new).is_empty

    def test_datasets_without_a_subject_have_none(self, diff: Diff) -> None:
        before = "TSSEQ | TSPARMCD | TSVAL\n1 | DCUTDTC | 2024-06-30"
        found = diff({"TS": before}, {"TS": before.replace("2024", "2025")})
        assert lines(found) == [
            ("TS", None, "TSPARMCD=DCUTDTC TSSEQ=1", "TSVAL", "2024-06-30", "2025-06-30", "changed")
        ]

    def test_a_record_that_nothing_locates_is_named_by_its_row(self, diff: Diff) -> None:
        before = "ID | NOTE\n1 | x\n2 | y"
        found = diff({"NOTES": before}, {"NOTES": before + "\n3 | z"})
        assert lines(found) == [
            ("NOTES", None, "row=3", "ID", None, "3", "added"),
            ("NOTES", None, "row=3", "NOTE", None, "z", "added"),
        ]

    def test_a_declared_key_carries_a_corrected_date(self, diff: Diff) -> None:
        before = "USUBJID | LBTESTCD | VISITNUM | LBDTC\n01-001 | ALT | 1 | 2024-01-05"
        after = before.replace("-05", "-06")
        assert diff({"LB": before}, {"LB": after}).domain("LB").added == 1
        assert diff({"LB": before}, {"LB": after}, LB=("USUBJID", "LBTESTCD", "VISITNUM")).domain("LB").changed == 1


class TestDatasetsAndVariables:
    def test_datasets_that_came_and_went_are_counted(self, diff: Diff) -> None:
        found = diff({"AE": BEFORE, "XX": "ID\n1\n2"}, {"AE": BEFORE, "CE": "USUBJID | CETERM\n01-001 | HYPO"})
        states = [(item.name, item.state, item.before, item.after, item.added, item.removed) for item in found.domains]
        assert states == [
            ("AE", DomainState.KEPT, 3, 3, 0, 0),
            ("CE", DomainState.ADDED, 0, 1, 1, 0),
            ("XX", DomainState.REMOVED, 2, 0, 0, 2),
        ]
        assert found.changes.is_empty()
        assert not found.is_empty

    def test_variables_added_removed_retyped_relabelled(self) -> None:
        """A retyped value is compared as text: 1 is 1, whether text or number; nobody's record changed for it."""
        old = _ae(
            {"USUBJID": ["1", "1"], "AETERM": ["RASH", "FEVER"], "AETOXGR": ["1", "2.0"], "AESOD": ["N", None]},
            Variable("AESOD", "Occurred with Overdose"),
            Variable("AETOXGR", "Standard Toxicity Grade"),
        )
        new = _ae(
            {"USUBJID": ["1", "1"], "AETERM": ["RASH", "FEVER"], "AETOXGR": [1.0, 2.0], "AESER": ["Y", "N"]},
            Variable("AETOXGR", "Toxicity Grade", "number"),
            Variable("AESER", "Serious Event"),
        )
        found = diff_snapshots(old, new)
        assert variables_table(found).rows == (
            # dataset, variable, what happened, old, new, filled in records
            ("AE", "AETOXGR", "retyped", "text", "number", "0"),
            ("AE", "AETOXGR", "relabelled", "Standard Toxicity Grade", "Toxicity Grade", "0"),
            ("AE", "AESER", "added", "", "Serious Event", "2"),
            ("AE", "AESOD", "removed", "Occurred with Overdose", "", "1"),
        )
        assert found.changes.is_empty()
        assert found.domain("AE").unchanged == 2

    def test_a_date_that_is_a_date_now_is_the_same_date(self) -> None:
        """Text in one format, a typed date in the next: retyped, and equal by its ISO form."""
        old = SourceData.of(AE=pl.DataFrame({"USUBJID": ["1"], "AETERM": ["RASH"], "AESTDTC": ["2024-01-05"]}))
        new = SourceData.of(AE=old.frame("AE").collect().with_columns(pl.col("AESTDTC").str.to_date()))
        assert diff_snapshots(old, new).domain("AE").unchanged == 1

    def test_the_order_of_variables_is_no_change(self, diff: Diff) -> None:
        assert diff({"AE": "USUBJID | AETERM\n1 | RASH"}, {"AE": "AETERM | USUBJID\nRASH | 1"}).is_empty

    def test_a_domain_split_otherwise_has_no_new_records(self, diff: Diff) -> None:
        """One LB file became two: still the same results, one of them corrected."""
        header = "USUBJID | LBSEQ | LBTESTCD | LBDTC      | LBORRES\n"
        chemistry = "01-001  | 1     | ALT      | 2024-01-05 | 31\n"
        haematology = "01-001  | 2     | HGB      | 2024-01-05 | {}\n"
        found = diff(
            {"LB": header + chemistry + haematology.format("8.1")},
            {"LBCH": header + chemistry, "LBHE": header + haematology.format("8.4")},
        )
        assert [item.name for item in found.domains] == ["LB"]
        assert lines(found) == [("LB", "01-001", "LBSEQ=2", "LBORRES", "8.1", "8.4", "changed")]

    def test_a_domain_split_alike_is_compared_part_by_part(self, diff: Diff) -> None:
        parts = {"LBCH": "USUBJID | LBTESTCD\n1 | ALT", "LBHE": "USUBJID | LBTESTCD\n1 | HGB"}
        found = diff(parts, parts)
        assert [(item.name, item.unchanged) for item in found.domains] == [("LBCH", 1), ("LBHE", 1)]

    def test_nothing_against_nothing(self) -> None:
        found = diff_snapshots(SourceData(), SourceData())
        assert found.is_empty
        assert found.domains == ()
        with pytest.raises(KeyError):
            found.domain("AE")


def _ae(values: dict[str, list[object]], *declared: Variable) -> SourceData:
    frame = pl.DataFrame(values, strict=False)
    known = {variable.name: variable for variable in declared}
    variables = tuple(known.get(name, Variable(name)) for name in frame.columns)
    return SourceData({"AE": Dataset("AE", frame.lazy(), frame.height, variables=variables)})


class TestHandedOver:
    def test_csv_has_datasets_and_variables_first_then_values(self, diff: Diff) -> None:
        after = BEFORE.replace("| AEOUT", "| AEACN").replace("NAUSEA  ", "VOMITING")
        found = diff({"AE": BEFORE, "XX": "ID\n1"}, {"AE": after})
        assert as_csv(found).decode().splitlines() == [
            "dataset,USUBJID,record,variable,old,new,kind,record_before",
            "AE,,,AEACN,,,variable added,",
            "AE,,,AEOUT,,,variable removed,",
            "XX,,,,1,,dataset removed,",
            "AE,01-001,AESEQ=1,AETERM,NAUSEA,VOMITING,changed,AESEQ=1",
        ]

    def test_csv_quotes_what_needs_it(self, diff: Diff) -> None:
        before = "USUBJID | COSEQ | COVAL\n1 | 1 | plain"
        found = diff({"CO": before}, {"CO": before.replace("plain", 'said "no", twice')})
        assert as_csv(found).decode().splitlines()[1:] == [
            'CO,1,COSEQ=1,COVAL,,"said ""no"", twice",added,',
            "CO,1,COSEQ=1,COVAL,plain,,removed,COSEQ=1",
        ]

    def test_summary_is_one_row_per_dataset(self, diff: Diff) -> None:
        found = diff({"AE": BEFORE}, {"AE": BEFORE.replace("HEADACHE", "MIGRAINE")})
        table = summary_table(found)
        assert dict(zip(table.header, table.rows[0], strict=True)) == {
            "Dataset": "AE", "State": "kept", "Before": "3", "After": "3", "Added": "0", "Removed": "0",
            "Changed": "1", "of these study day only": "0", "Unchanged": "2", "Renumbered": "0", "Moved": "0",
            "Variables changed": "0",
        }  # fmt: skip
        assert len(table.widths) == len(table.header)
