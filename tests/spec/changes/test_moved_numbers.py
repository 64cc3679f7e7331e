"""Which numbers of the last report moved: two results files, line by line (CONTRACTS.md, Numbers as data)."""

from __future__ import annotations

import pytest

from longwatch.errors import IntegrityError
from longwatch.evidence.table_diff import Move, diff_results, moves_csv, moves_table

HEADER = "output,row_group,row,column,statistic,value,text\n"
BEFORE = """\
AET02,,,Placebo,N,86,N=86
AET02,,,Placebo,n,65,65
AET02,,,Placebo,pct,75.5813953488372,75.6
AET02,CARDIAC DISORDERS,,Placebo,events,26,26
AET02,CARDIAC DISORDERS,,A vs Placebo,rd,,NE
"""


def moved(before: str, after: str) -> list[str]:
    """The moved numbers, one readable line each."""
    return [
        f"{item.move} {item.output}/{item.row_group}/{item.row}/{item.column}/{item.statistic} "
        f"{item.values[0]} ({item.texts[0]}) > {item.values[1]} ({item.texts[1]})"
        for item in diff_results((HEADER + before).encode(), (HEADER + after).encode())
    ]


def test_equal_files_moved_nothing() -> None:
    assert moved(BEFORE, BEFORE) == []


def test_changed_added_and_removed_numbers() -> None:
    after = """\
AET02,,,Placebo,N,86,N=86
AET02,,,Placebo,n,66,66
AET02,,,Placebo,pct,76.7441860465116,76.7
AET02,CARDIAC DISORDERS,SINUS BRADYCARDIA,Placebo,events,2,2
AET02,CARDIAC DISORDERS,,A vs Placebo,rd,3.5,3.5
"""
    assert moved(BEFORE, after) == [
        "changed AET02///Placebo/n 65.0 (65) > 66.0 (66)",
        "changed AET02///Placebo/pct 75.5813953488372 (75.6) > 76.7441860465116 (76.7)",
        "added AET02/CARDIAC DISORDERS/SINUS BRADYCARDIA/Placebo/events None (None) > 2.0 (2)",
        "changed AET02/CARDIAC DISORDERS//A vs Placebo/rd None (NE) > 3.5 (3.5)",
        "removed AET02/CARDIAC DISORDERS//Placebo/events 26.0 (26) > None (None)",
    ]


def test_a_row_that_only_stands_elsewhere_did_not_move() -> None:
    assert moved(BEFORE, "".join(reversed(BEFORE.splitlines(keepends=True)))) == []


def test_another_spelling_of_a_value_is_no_move() -> None:
    assert moved("A,,,Total,N,86,N=86\n", "A,,,Total,N,86.0,N=86\n") == []


def test_digits_beyond_the_printed_ones_are_told_from_printed_moves() -> None:
    before, after = "A,,,Total,pct,50.01,50.0\n", "A,,,Total,pct,50.02,50.0\n"
    (item,) = diff_results((HEADER + before).encode(), (HEADER + after).encode())
    assert (item.move, item.is_printed) == (Move.CHANGED, False)


def test_a_name_that_repeats_is_compared_first_with_first() -> None:
    before, after = "A,,,T,n,1,1\nA,,,T,n,2,2\n", "A,,,T,n,1,1\nA,,,T,n,3,3\nA,,,T,n,4,4\n"
    assert moved(before, after) == ["changed A///T/n 2.0 (2) > 3.0 (3)", "added A///T/n None (None) > 4.0 (4)"]


def test_outputs_stand_in_the_order_of_the_newer_file_and_lost_ones_last() -> None:
    before = "LOST,,,T,n,1,1\nAET02,,,T,n,1,1\nAET01,,,T,n,1,1\n"
    after = "AET01,,,T,n,2,2\nAET02,,,T,n,2,2\n"
    assert [line.split("/")[0] for line in moved(before, after)] == ["changed AET01", "changed AET02", "removed LOST"]


def test_moves_as_csv_and_as_a_table_by_output() -> None:
    after = BEFORE.replace("n,65,65", "n,66,66").replace("75.5813953488372", "75.58") + "AET01,,,Placebo,N,86,N=86\n"
    moves = diff_results((HEADER + BEFORE).encode(), (HEADER + after).encode())
    assert moves_csv(moves).decode().splitlines() == [
        "output,row_group,row,column,statistic,kind,old_value,new_value,old_text,new_text",
        "AET02,,,Placebo,n,changed,65.0,66.0,65,66",
        "AET02,,,Placebo,pct,changed,75.5813953488372,75.58,75.6,75.6",
        "AET01,,,Placebo,N,added,,86.0,,N=86",
    ]
    # output, added, removed, changed, changed beyond the printed digits
    assert moves_table(moves).rows == (("AET02", "0", "0", "1", "1"), ("AET01", "1", "0", "0", "0"))
    assert moves_table([]).rows == ()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "an empty file"),
        (b"output,row\nA,B\n", "output,row"),
        (b"\xff\xfe", "UTF-8"),
        (HEADER.encode() + b"A,,,T,n,1\n", "7 fields in line 2"),
        (HEADER.encode() + b"A,,,T,n,many,many\n", "a number as the value in line 2"),
        (HEADER.encode() + b'A,,,T,n,1,"open\n', "CSV"),
    ],
)
def test_a_file_that_is_no_results_file_is_refused(content: bytes, says: str) -> None:
    good = (HEADER + BEFORE).encode()
    for old, new in ((content, good), (good, content)):
        with pytest.raises(IntegrityError, match=says) as caught:
            diff_results(old, new)
        assert caught.value.error_id == "LW-EVI-010"
