"""Numbers stand under each other, point under point."""

from __future__ import annotations

import pytest

from report_templates.alignment import align, is_numeric, split_at_point
from report_templates.text import Style, width_of

STYLE = Style("regular", 9.0)


@pytest.mark.parametrize(
    ("token", "left", "right"),
    [
        ("12", "12", ""),
        ("(14.0)", "(14", ".0)"),
        ("(<0.1)", "(<0", ".1)"),
        ("(>99.9)", "(>99", ".9)"),
        ("(100)", "(100", ")"),
        ("(−12.2,", "(−12", ".2,"),
        ("3.0)", "3", ".0)"),
        ("1,191", "1,191", ""),
        ("(52,", "(52", ","),
        ("0.056", "0", ".056"),
        ("NE", "NE", ""),
        ("(NE,", "(NE", ","),
    ],
)
def test_where_a_part_is_split(token: str, left: str, right: str) -> None:
    assert split_at_point(token) == (left, right)


@pytest.mark.parametrize(
    ("cells", "numeric"),
    [
        (["12 (14.0)", "0", "86 (100)", ""], True),
        (["−8.3 (−12.2, 3.0)", "0.0 (NE, NE)"], True),
        ([">0.99", "0.056", "<0.1"], True),
        ([], True),
        (["Cardiogenic shock"], False),
        (["12 (14.0)", "not done"], False),
        # too many parts for a number
        (["1 2 3 4 5 6 7"], False),
    ],
)
def test_which_columns_are_numbers(cells: list[str], numeric: bool) -> None:
    assert is_numeric(cells) is numeric


def test_points_stand_under_each_other() -> None:
    cells = ["12 (14.0)", "3 (3.6)", "86 (100)", "0", "1 (<0.1)"]
    alignment = align(cells, STYLE)

    def points(cell: str) -> list[float]:
        placed = alignment.place(cell)
        return [distance + width_of(split_at_point(text.rstrip())[0], STYLE) for distance, text in placed]

    counts, percentages = points("12 (14.0)")
    for cell in cells:
        found = points(cell)
        assert found[0] == pytest.approx(counts)
        assert found[1:] == pytest.approx([percentages][: len(found) - 1])


def test_the_parts_of_a_cell_do_not_touch_and_read_as_the_cell() -> None:
    cells = ["−8.3 (−12.2, 3.0)", "0.0 (NE, NE)", "100 (95.6, 100)"]
    alignment = align(cells, STYLE)
    for cell in cells:
        placed = alignment.place(cell)
        assert "".join(text for _, text in placed) == cell
        ends = [distance + width_of(text, STYLE) for distance, text in placed]
        assert all(end <= start + 1e-6 for end, (start, _) in zip(ends, placed[1:], strict=False))
        assert ends[-1] <= alignment.width + 1e-6
