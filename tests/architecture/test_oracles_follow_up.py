"""docs/oracles-follow-up.md: every test that it names is there, and no section of the specification is left out."""

from __future__ import annotations

import ast
import re
from pathlib import Path

NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def test_every_named_test_is_there(repository: Path) -> None:
    page = (repository / "docs" / "oracles-follow-up.md").read_text(encoding="utf-8")
    named = NAMED.findall(page)
    rows = [line for line in page.splitlines() if line.startswith("| ") and not line.startswith(("| item", "| trap"))]
    assert len(named) == len(rows), "each line names one test"
    there = {file: _tests_of(repository / file) for file, _ in named}
    assert [f"{file}::{name}" for file, name in named if name not in there[file]] == []


def test_every_trap_of_follow_up_is_held(repository: Path) -> None:
    page = (repository / "docs" / "oracles-follow-up.md").read_text(encoding="utf-8")
    traps = {int(number) for number in re.findall(r"^\| (\d+),", page, re.MULTILINE)}
    assert traps == {4, 6, 7, 9, 11, 12, 13, 14, 15, 17, 18, 20}


def _tests_of(file: Path) -> set[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}
