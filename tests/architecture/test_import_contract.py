"""The import contract holds, and a deliberate violation of each kind is caught."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

PACKAGES = (
    "cli", "flows", "runtime", "operations", "connectors", "models", "validations", "report_templates", "simulation",
    "crosscheck", "longwatch",
)  # fmt: skip


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter on a checkout; its packages are found there and nowhere else."""
    command = [
        sys.executable,
        "-c",
        "import sys; sys.path.insert(0, ''); from importlinter.cli import lint_imports_command as go; go()",
        "--no-cache",
    ]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=120)


def test_contract_names_every_package(repository: Path) -> None:
    """A top-level package that the contract does not name would be free to import anything."""
    settings = tomllib.loads((repository / "pyproject.toml").read_text())
    named = set(settings["tool"]["importlinter"]["root_packages"])
    found = {path.parent.name for path in repository.glob("*/__init__.py") if path.parent.name != "bench"}
    assert named == found == set(PACKAGES)
    assert set(settings["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]) == found


def test_contract_is_kept(repository: Path) -> None:
    """The code as it is."""
    result = lint_imports(repository)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(
    ("module", "line", "broken"),
    [
        ("longwatch/derive/violation.py", "import longwatch.tables.result", "Inside the core"),
        ("longwatch/study/violation.py", "import operations.stages", "The rings"),
        ("connectors/violation.py", "import models", "The rings"),
        ("operations/violation.py", "import sqlalchemy", "A framework lives in its own room"),
        ("cli/violation.py", "import prefect", "Prefect only in flows/"),
        ("validations/violation.py", "import boto3", "boto3 only in connectors/"),
        ("connectors/violation.py", "import docx", "python-docx only in report_templates/"),
        ("operations/violation.py", "import duckdb", "DuckDB only in crosscheck/"),
        ("crosscheck/violation.py", "import longwatch.derive", "The second opinion shares no derivation"),
    ],
)
def test_a_violation_is_caught(repository: Path, tmp_path: Path, module: str, line: str, broken: str) -> None:
    """The check can fail: one forbidden import in a copy of the code breaks the contract that forbids it."""
    shutil.copy(repository / "pyproject.toml", tmp_path)
    for package in PACKAGES:
        shutil.copytree(repository / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / module).write_text(f'"""A deliberate violation."""\n\n{line}\n')
    result = lint_imports(tmp_path)
    assert result.returncode != 0
    assert any(broken in row and "BROKEN" in row for row in result.stdout.splitlines()), result.stdout
