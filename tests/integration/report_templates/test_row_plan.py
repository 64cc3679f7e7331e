"""Which rows stand on which page. Heights are counted in lines of 10 points."""

from __future__ import annotations

from itertools import pairwise

import pytest

from report_templates.row_plan import RowBox, RowSlice, plan_rows


def rows(pattern: str) -> list[RowBox]:
    """One letter a row: `S` a parent that keeps the next row, `p` a row under the last S, `.` a row of its own, a digit
    a row of so many lines."""
    boxes: list[RowBox] = []
    parent: tuple[int, ...] = ()
    for number, letter in enumerate(pattern):
        if letter == "S":
            boxes.append(RowBox(1, 10.0, 0.0, (), True))
            parent = (number,)
        elif letter == "p":
            boxes.append(RowBox(1, 10.0, 0.0, parent))
        else:
            boxes.append(RowBox(int(letter) if letter.isdigit() else 1, 10.0, 0.0))
    return boxes


def plan(pattern: str, first: int, room: int, tail: int = 0, least: int = 3) -> list[RowSlice]:
    """The plan, with rooms and tail in lines."""
    return plan_rows(rows(pattern), first * 10.0, room * 10.0, tail * 10.0, 10.0, least)


def cut(pattern: str, first: int, room: int, tail: int = 0, least: int = 3) -> list[str]:
    """The rows of each page; a repeated parent's label is written `(`."""
    return [
        "(" * len(part.continued) + pattern[part.first : part.end] for part in plan(pattern, first, room, tail, least)
    ]


@pytest.mark.parametrize(
    ("pattern", "first", "room", "pages"),
    [
        ("....", 4, 4, ["...."]),
        # as many as fit; the first page may have less room
        ("......", 2, 4, ["..", "...."]),
        # a parent is never the last row of a page
        ("..Spp", 3, 4, ["..", "Spp"]),
        ("..SSp", 4, 4, ["..", "SSp"]),
        # its label is repeated where its rows go on, and takes a line
        ("Sppppp", 4, 4, ["Sppp", "(pp"]),
        ("Spppppppp", 4, 4, ["Sppp", "(ppp", "(pp"]),
        # a row that stands under nothing repeats nothing
        ("Sppp..", 4, 4, ["Sppp", ".."]),
        # no row, no page
        ("", 4, 4, []),
    ],
)
def test_rows_are_cut_into_pages(pattern: str, first: int, room: int, pages: list[str]) -> None:
    assert cut(pattern, first, room) == pages


@pytest.mark.parametrize(
    ("pattern", "room", "tail", "pages"),
    [
        # footnotes fit under the last row
        ("....", 6, 2, ["...."]),
        # they do not: the last rows go to a page of their own with them
        (".....", 6, 2, ["..", "..."]),
        # the label of their parent is repeated there; a parent goes with its first row
        ("Sppppp", 6, 2, ["Spp", "(ppp"]),
        ("..Spp", 6, 3, ["..", "Spp"]),
        ("...Sp", 6, 3, ["..", ".Sp"]),
        # footnotes longer than a page move nothing
        ("....", 4, 9, ["...."]),
    ],
)
def test_footnotes_stand_on_a_page_with_rows(pattern: str, room: int, tail: int, pages: list[str]) -> None:
    assert cut(pattern, room, room, tail) == pages


def test_a_row_taller_than_a_page_is_cut_between_its_lines() -> None:
    parts = plan(".9.", 4, 4)
    assert [(part.first, part.first_line, part.end, part.end_line) for part in parts] == [
        (0, 0, 1, 0),
        (1, 0, 1, 4),
        (1, 4, 1, 8),
        (1, 8, 3, 0),
    ]


def test_a_row_taller_than_a_page_begins_where_it_stands_if_some_of_it_fits() -> None:
    """Four lines at least; fewer wait for the next page."""
    boxes = [*rows("..."), RowBox(14, 10.0, 0.0), *rows("..")]
    parts = plan_rows(boxes, 80.0, 80.0, 0.0, 10.0)
    assert [(part.first, part.first_line, part.end, part.end_line) for part in parts] == [
        (0, 0, 3, 5),
        (3, 5, 3, 13),
        (3, 13, 6, 0),
    ]
    assert [part.height for part in parts] == [80.0, 80.0, 30.0]
    assert plan_rows(boxes, 60.0, 80.0, 0.0, 10.0)[0].end_line == 0


@pytest.mark.parametrize(
    ("pattern", "first", "room", "tail", "pages"),
    [
        # one row would be left for the last page: another goes with it
        (".....", 4, 4, 0, ["...", ".."]),
        (".....", 4, 4, 2, ["...", ".."]),
        # a page of two rows keeps them, and rows are not parted from a parent
        ("...", 2, 4, 0, ["..", "."]),
        (".Sp.", 3, 3, 0, [".Sp", "."]),
        # no room for both and the tail
        (".....", 4, 4, 3, ["....", "."]),
    ],
)
def test_no_row_stands_alone_on_the_last_page(pattern: str, first: int, room: int, tail: int, pages: list[str]) -> None:
    assert cut(pattern, first, room, tail) == pages


def test_every_row_stands_once_whatever_the_room() -> None:
    pattern = "SpppSp.SSpp9ppS" + "p" * 60 + ".."
    for room in range(3, 40):
        parts = plan(pattern, max(room - 2, 3), room, tail=2)
        covered = [(part.first, part.first_line, part.end, part.end_line) for part in parts]
        assert covered[0][:2] == (0, 0)
        assert covered[-1][2:] == (len(pattern), 0)
        assert all(before[2:] == after[:2] for before, after in pairwise(covered))
        assert all(part.height <= room * 10 for part in parts)
