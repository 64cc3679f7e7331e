"""`make pictures`: pictures of real pages of the demo's reports, for the README.

Needs pdftoppm (Debian: poppler-utils). The demo is run in a folder of its own, and the graft-durability report of the
same study after it. The pages are found by the output codes that stand on them.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import pikepdf
import typer

from cli.main import run
from report_templates.page_rules import read_page

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "pictures"
DOTS = 80
PAGES = {"table.png": "AET02_SER", "figure.png": "KMG01", "graft.png": "LTF10"}
"""File name → the output whose first page is shown, where the demo's reports have it."""


def main() -> None:
    """Run the demo, find the pages, draw them."""
    if shutil.which("pdftoppm") is None:
        raise SystemExit("pdftoppm is not installed (Debian: poppler-utils)")
    with tempfile.TemporaryDirectory() as home:
        os.environ["LONGWATCH_HOME"] = home
        if run(["demo", "--direct", "--json"]):
            raise SystemExit("the demo did not end well")
        study = str(Path(home) / "demo" / "islet-1" / "study.yaml")
        if run(["run", study, "--report", "graft_durability", "--direct", "--json"]):
            raise SystemExit("the graft-durability report of the demo's study did not end well")
        reports = sorted(Path(home).glob("archive/reports/**/report.pdf"))
        FOLDER.mkdir(exist_ok=True)
        for name, code in PAGES.items():
            found = next(((file, page) for file in reports if (page := find_page(file, code))), None)
            if found is None:
                typer.echo(f"{name}: no report of the demo prints {code}")
                continue
            draw_page(*found, FOLDER / name, DOTS)
            typer.echo(f"{name}: page {found[1]} of {found[0].parents[2].name}")


def find_page(file: Path, code: str) -> int | None:
    """The first page under whose title an output's code stands; None where there is none."""
    with pikepdf.open(file) as pdf:
        for number, page in enumerate(pdf.pages, start=1):
            if re.search(rf"·  {code}(?!_)", read_page(page, {}).text):
                return number
    return None


def draw_page(file: Path, page: int, picture: Path, dots: int) -> None:
    """One page as a picture of so many dots an inch."""
    command = ["pdftoppm", "-f", str(page), "-l", str(page), "-r", str(dots), "-singlefile", "-png"]
    subprocess.run([*command, str(file), str(picture.with_suffix(""))], check=True)


if __name__ == "__main__":
    main()
