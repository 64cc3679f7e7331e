"""Pages as pictures, beside those that somebody looked at (`tests/golden/pictures`), tolerant to another renderer.

A page is drawn by poppler at 50 dots an inch and compared in cells of 10 dots: text that is clipped, moved or missing
changes the ink of whole cells, another way to smooth edges does not. To renew them after a change of the design:
`LONGWATCH_NEW_PICTURES=1 pytest tests/integration/report_templates/test_pictures.py`, then look at each.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from types import ModuleType

import pytest
from PIL import Image, ImageChops

from report_templates import render

GOLDEN = Path(__file__).parents[2] / "golden" / "pictures"
CELL, MOST = 10, 26
"""The side of a cell in dots, and the most that its mean lightness may differ (of 255)."""
PAGES = {
    # the sample: title page, contents, listing, table and its continuation
    "title": ("make_contents", 1),
    "contents": ("make_contents", 2),
    "listing": ("make_contents", 3),
    "table": ("make_contents", 4),
    "continued": ("make_contents", 5),
    # everything that can go wrong: odd terms, a figure, sixty columns
    "odd-terms": ("make_stress", 21),
    "figure": ("make_stress", 27),
    "sixty-columns": ("make_stress", 34),
}


@pytest.fixture(scope="module")
def files(samples: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The samples as files."""
    folder = tmp_path_factory.mktemp("reports")
    made = {}
    for name in {maker for maker, _ in PAGES.values()}:
        made[name] = folder / f"{name}.pdf"
        made[name].write_bytes(render(getattr(samples, name)()).pdf)
    return made


def draw(file: Path, page: int, picture: Path) -> Image.Image:
    """One page in greys."""
    if shutil.which("pdftoppm") is None:
        pytest.skip("pdftoppm is not installed (Debian: poppler-utils)")
    options = ("-f", str(page), "-l", str(page), "-r", "50", "-gray", "-singlefile", "-png")
    subprocess.run(["pdftoppm", *options, str(file), str(picture.with_suffix(""))], check=True)
    with Image.open(picture) as drawn:
        return drawn.convert("L")


def cells(picture: Image.Image) -> Image.Image:
    """The mean lightness of each cell."""
    return picture.resize((picture.width // CELL, picture.height // CELL), Image.Resampling.BOX)


def worst(one: Image.Image, other: Image.Image) -> int:
    """The greatest difference of a cell."""
    _, most = ImageChops.difference(cells(one), cells(other)).getextrema()
    return int(most)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_looks_as_it_did_when_somebody_looked(name: str, files: dict[str, Path], tmp_path: Path) -> None:
    maker, page = PAGES[name]
    drawn = draw(files[maker], page, tmp_path / f"{name}.png")
    golden = GOLDEN / f"{name}.png"
    if os.environ.get("LONGWATCH_NEW_PICTURES"):
        golden.parent.mkdir(exist_ok=True)
        drawn.quantize(16).save(golden, optimize=True)
    with Image.open(golden) as known:
        assert drawn.size == known.size
        assert worst(drawn, known.convert("L")) <= MOST


def test_what_is_moved_or_missing_is_seen(files: dict[str, Path], tmp_path: Path) -> None:
    """The comparison fails where it should: a line lower, a word less."""
    drawn = draw(files["make_contents"], 4, tmp_path / "table.png")
    assert worst(drawn, ImageChops.offset(drawn, 0, 6)) > MOST
    erased = drawn.copy()
    erased.paste(255, (60, 140, 160, 170))
    assert worst(drawn, erased) > MOST
