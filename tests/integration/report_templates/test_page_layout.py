"""Every page is looked at as a reader would: nothing clipped, nothing on top of something else, nothing orphaned."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from types import ModuleType

import pytest

from longwatch.tables.result import TableColumn, TableRow
from report_templates.document_plan import DocumentPlan, plan_document
from report_templates.draw import Running, draw_page
from report_templates.flow import GridPart
from report_templates.fonts import load_face
from report_templates.grid import BODY
from report_templates.listing_layout import divide_width
from report_templates.page import INCH
from report_templates.text import width_of

TOKEN = re.compile(
    r"/(?P<tag>\w+) (?P<size>[\d.]+) Tf|1 0 0 1 (?P<x>-?[\d.]+) (?P<y>-?[\d.]+) Tm|<(?P<codes>[0-9A-F]*)>Tj"
)


@dataclass
class Drawn:
    """One drawn text: its ends, its base line and its size."""

    left: float
    right: float
    y: float
    size: float
    text: str


def drawn_texts(content: str) -> Iterator[Drawn]:
    """The texts of a content stream, measured from their glyphs; a blank at the end takes no room."""
    tag, size, x, y = "", 0.0, 0.0, 0.0
    current: Drawn | None = None
    for found in TOKEN.finditer(content):
        if found["tag"]:
            tag, size = found["tag"], float(found["size"])
        elif found["x"]:
            if current:
                yield current
            x, y = float(found["x"]), float(found["y"])
            current = None
        else:
            glyphs = {code: chr(character) for character, code in load_face(tag).codes.items()}
            text = "".join(glyphs[found["codes"][at : at + 4]] for at in range(0, len(found["codes"]), 4))
            start = current.right if current else x
            text_before = current.text if current else ""
            width = sum(load_face(tag).advances[sign] for sign in text.rstrip(" \u00a0")) * size / 1000
            current = Drawn(current.left if current else x, start + width, y, size, text_before + text)
    if current:
        yield current


@pytest.fixture(scope="module", params=["make_contents", "make_stress"])
def plan(request: pytest.FixtureRequest, samples: ModuleType) -> tuple[DocumentPlan, Running]:
    """The page plan of each sample."""
    contents = getattr(samples, request.param)()
    return plan_document(contents), Running.of(contents)


@pytest.fixture(scope="module")
def pages(plan: tuple[DocumentPlan, Running]) -> list[list[Drawn]]:
    """What is drawn on each page."""
    document, running = plan
    count = len(document.pages)
    return [
        list(drawn_texts(zlib.decompress(draw_page(page, running, number, count).content).decode("ascii")))
        for number, page in enumerate(document.pages, start=1)
    ]


def test_no_text_runs_out_of_the_margins(plan: tuple[DocumentPlan, Running], pages: list[list[Drawn]]) -> None:
    for number, (page, texts) in enumerate(zip(plan[0].pages, pages, strict=True), start=1):
        for text in texts:
            assert text.left >= page.geometry.left - 0.5, (number, text)
            assert text.right <= page.geometry.right + 0.5, (number, text)
            assert text.y + 0.75 * text.size <= page.geometry.header + 10, (number, text)
            assert text.y >= page.geometry.footer, (number, text)


def test_the_body_keeps_clear_of_header_and_footer(
    plan: tuple[DocumentPlan, Running], pages: list[list[Drawn]]
) -> None:
    for number, (page, texts) in enumerate(zip(plan[0].pages, pages, strict=True), start=1):
        geometry = page.geometry
        for text in texts:
            in_header = text.y >= geometry.header - 13
            in_footer = text.y <= geometry.footer + 1
            assert in_header or in_footer or geometry.bottom - 1 <= text.y <= geometry.top, (number, text)


def test_no_text_stands_on_another(pages: list[list[Drawn]]) -> None:
    for number, texts in enumerate(pages, start=1):
        ordered = sorted(texts, key=lambda text: -text.y)
        for position, text in enumerate(ordered):
            for other in ordered[position + 1 :]:
                if text.y - other.y >= 0.9 * max(text.size, other.size):
                    break
                apart = text.right <= other.left + 0.3 or other.right <= text.left + 0.3
                assert apart or not text.text.strip() or not other.text.strip(), (number, text, other)


def test_nothing_is_smaller_than_nine_points(pages: list[list[Drawn]]) -> None:
    assert min(text.size for texts in pages for text in texts) == 9.0


def test_margins_are_those_of_a_submission(plan: tuple[DocumentPlan, Running]) -> None:
    """3/4 inch at the binding edge, 3/8 elsewhere; header and footer not within 3/8 inch of the edge."""
    for page in plan[0].pages:
        geometry = page.geometry
        assert geometry.width - geometry.right >= 3 / 8 * INCH
        assert geometry.footer >= 3 / 8 * INCH
        assert geometry.height - (geometry.header + 9) >= (3 / 4 if page.landscape else 3 / 8) * INCH
        assert geometry.left >= (3 / 8 if page.landscape else 3 / 4) * INCH


def parts(plan: DocumentPlan) -> Iterator[GridPart]:
    """The pieces of all tables, in page order."""
    for page in plan.pages:
        yield from (item for item in page.items if isinstance(item, GridPart))


def test_no_parent_is_parted_from_its_first_row(plan: tuple[DocumentPlan, Running]) -> None:
    for part in parts(plan[0]):
        if part.grid.rows and 0 < part.rows.end < len(part.grid.rows) and not part.rows.end_line:
            assert not part.grid.boxes[part.rows.end - 1].keeps


def test_a_page_that_starts_under_a_parent_repeats_its_label(plan: tuple[DocumentPlan, Running]) -> None:
    for part in parts(plan[0]):
        if part.rows.first:
            assert part.rows.continued == part.grid.boxes[part.rows.first].parents


def test_each_cell_of_each_table_is_drawn_once(plan: tuple[DocumentPlan, Running]) -> None:
    by_grid: dict[int, list[GridPart]] = {}
    for part in parts(plan[0]):
        by_grid.setdefault(id(part.grid), []).append(part)
    for pieces in by_grid.values():
        grid = pieces[0].grid
        for panel in range(len(grid.panels)):
            own = [piece.rows for piece in pieces if piece.panel == panel]
            assert (own[0].first, own[-1].end) == (0, max(len(grid.rows), 1))
            assert all((a.end, a.end_line) == (b.first, b.first_line) for a, b in pairwise(own))
        shown = [column.cell for panel in grid.panels for column in panel.columns if column.cell]
        if grid.rows and len(grid.panels) > 1:
            assert sorted(shown) == list(range(1, len(grid.rows[0].cells)))


def test_a_table_wider_than_a_page_repeats_the_stub_and_keeps_groups_together(samples: ModuleType) -> None:
    plan = plan_document(samples.make_stress())
    wide = next(part.grid for part in parts(plan) if len(part.grid.panels) > 1)
    assert all(panel.columns[0].cell == 0 for panel in wide.panels)
    for panel in wide.panels:
        assert (panel.columns[1].cell - 1) % 4 == 0, "a panel starts with a group of four columns"


def test_a_table_that_fits_upright_is_upright_and_a_wide_one_landscape(samples: ModuleType) -> None:
    narrow = samples.make_table(samples.make_group("EYE", 3))
    wide = samples.make_table(samples.make_group("EYE", 3, 9), arms=9)
    plan = plan_document(samples.make_contents((narrow,), (wide,)))
    assert [page.landscape for page in plan.pages[plan.body :]] == [False, True]


def test_a_text_runs_over_the_empty_cells_beside_it(samples: ModuleType) -> None:
    """A median with its range, alone in the columns of its arm: the counts under it keep their width and their
    alignment, and three arms stand on one page."""
    columns = tuple(
        TableColumn(f"{arm}:{name}", name, "N=6", arm)
        for arm in ("Full dose", "Half dose", "Total") for name in ("n (%)", "PY", "Rate (95% CI)")
    )  # fmt: skip
    counts = TableRow("Deaths from any cause", ("1 (16.7)", "22.8", "4.4 (0.1, 24.4)") * 3, 0)
    said = "1251.0 (1251 to 1251)"
    median = TableRow("Days to death, median (range)", (said, "", "") * 3, 1)
    table = replace(samples.make_table((counts, median)), columns=columns)
    part = next(parts(plan_document(samples.make_contents((table,)))))
    [panel] = part.grid.panels
    assert part.grid.rows[1].wide == {1, 4, 7}
    for place in (1, 4, 7):
        first, last = panel.columns[place], panel.columns[place + 2]
        assert first.alignment is not None
        assert first.width < width_of(said, BODY) <= last.x + last.width - first.start
        assert part.grid.rows[1].cells[place] == (said,)


@pytest.mark.parametrize(
    ("least", "most", "wanted", "widths"),
    [
        # as wanted
        ((1, 1), (90, 90), (1, 3), (15, 45)),
        # no column under its longest word, none over its longest cell while another wants room
        ((30, 1), (90, 90), (1, 3), (30, 30)),
        ((1, 1), (10, 90), (1, 1), (10, 50)),
        # all cells fit: the rest is shared out
        ((1, 1), (10, 20), (1, 2), (20, 40)),
        # not even the words fit
        ((90, 30), (90, 90), (1, 1), (45, 15)),
    ],
)
def test_a_listings_columns_share_the_page(
    least: tuple[float, ...], most: tuple[float, ...], wanted: tuple[float, ...], widths: tuple[float, ...]
) -> None:
    assert divide_width(60, least, most, wanted) == pytest.approx(list(widths))


def test_the_n_of_an_arm_with_several_columns_stands_under_its_name(samples: ModuleType) -> None:
    columns = (
        TableColumn("a:n", "n (%)", "N=86", "Placebo"),
        TableColumn("a:events", "Events", "", "Placebo"),
        TableColumn("p", "p-value", "Fisher", "Drug vs Placebo"),
    )
    table = replace(samples.make_table((TableRow("Any", ("1 (1.2)", "1", "0.5"), 0),)), columns=columns)
    grid = next(parts(plan_document(samples.make_contents((table,))))).grid
    said = [[text.lines[0] for text in row.texts] for row in grid.panels[0].head]
    assert said == [
        ["Placebo", "Drug vs Placebo"],
        ["N=86", ""],
        ["n (%)", "Events", "p-value"],
        ["Preferred term", "Fisher"],
    ]
