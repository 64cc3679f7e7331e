"""docs/oracles*.md: each oracle and trap of the specification names tests that there are, and figures they hold."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

PAGES = "oracles*.md"
NOT_HERE = {19}
"""Traps of outputs that Longwatch does not make (the page says why)."""


def rows(page: Path) -> Iterator[tuple[str, list[str], list[tuple[str, str]]]]:
    """Item, figures, and tests as file and name, of each row of the page's tables."""
    for line in page.read_text().splitlines():
        if not line.startswith("|") or line.startswith(("|---", "| item")):
            continue
        item, figures, tests = (cell.strip() for cell in line.strip("|").split("|"))
        yield item, re.findall(r"`([^`]+)`", figures), re.findall(r"`([^`:]+)::([^`]+)`", tests)


@cache
def names_in(path: Path) -> frozenset[str]:
    tree = ast.parse(path.read_text())
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def pages(repository: Path) -> list[Path]:
    return sorted((repository / "docs").glob(PAGES))


def test_each_oracle_names_tests_that_there_are(repository: Path) -> None:
    found = [(item, named) for page in pages(repository) for item, _, named in rows(page)]
    assert len(found) > 40
    assert [item for item, named in found if not named] == []
    missing = [
        f"{item}: {file}::{name}"
        for item, named in found
        for file, name in named
        if not (repository / file).is_file() or name not in names_in(repository / file)
    ]
    assert missing == []


def test_each_figure_stands_in_its_tests(repository: Path) -> None:
    """In the file of one of the row's tests, so that a figure that is changed there is missed here."""
    missing = [
        f"{item}: {figure}"
        for page in pages(repository)
        for item, figures, named in rows(page)
        for figure in figures
        if not any(figure in (repository / file).read_text() for file, _ in named)
    ]
    assert missing == []


def test_each_trap_is_there_or_its_absence_is_said(repository: Path) -> None:
    items = [item for page in pages(repository) for item, _, _ in rows(page)]
    traps = {int(number) for item in items for number in re.findall(r"^J\.(\d+)", item)}
    assert traps == set(range(1, 21)) - NOT_HERE


@pytest.mark.parametrize("line", ["| C.4 nothing | | none |", "| C.4 | `1` | `tests/a.py::test_a` |"])
def test_a_row_is_read(tmp_path: Path, line: str) -> None:
    page = tmp_path / "oracles.md"
    page.write_text(f"| item | figures | tests |\n|---|---|---|\n{line}\n")
    ((item, figures, named),) = rows(page)
    assert (item.startswith("C.4"), figures, named) in (
        (True, [], []),
        (True, ["1"], [("tests/a.py", "test_a")]),
    )
