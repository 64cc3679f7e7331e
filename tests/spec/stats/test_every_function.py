"""Every public function of `longwatch/stats` that computes something stands in a test of this folder."""

from __future__ import annotations

import ast
from pathlib import Path

COMPUTES = ("compute_", "compare_")
OF_CURVES = {"compute_risk_table"}
"""Compared as the `table` of the curves that are made of it: times, numbers at risk."""


def test_every_statistic_is_compared_with_another_program(repository: Path) -> None:
    """By its name: what nobody compares would be noticed here."""
    functions = {
        node.name
        for path in (repository / "longwatch" / "stats").glob("*.py")
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith(COMPUTES)
    }
    tests = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_*.py"))
    assert len(functions) > 30
    assert sorted(name for name in functions - OF_CURVES if f"{name}(" not in tests and f"{name}," not in tests) == []
