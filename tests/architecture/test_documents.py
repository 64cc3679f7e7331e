"""The documents say what the code does: commands, errors, flows, folders, links."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from cli.main import app
from longwatch.tables.catalogue import OUTPUTS
from tools.error_catalogue import catalogue

PACKAGES = (
    "cli", "connectors", "crosscheck", "flows", "longwatch", "models", "operations", "report_templates", "runtime",
    "simulation", "validations",
)  # fmt: skip


def sources(repository: Path) -> Iterator[Path]:
    for package in PACKAGES:
        yield from sorted((repository / package).rglob("*.py"))


def walk(command: Any, path: tuple[str, ...] = ("longwatch",)) -> Iterator[tuple[str, Any]]:
    """A command with its words, and every one below it."""
    yield " ".join(path), command
    for name, child in getattr(command, "commands", {}).items():
        yield from walk(child, (*path, name))


def test_every_command_is_documented(repository: Path) -> None:
    text = (repository / "docs" / "commands.md").read_text()
    present = {words for words, command in walk(typer.main.get_command(app)) if not hasattr(command, "commands")}
    documented = set(re.findall(r"^\| `(longwatch [a-z -]+?)(?: [A-Z\[-].*?)?` \|", text, re.MULTILINE))
    assert documented == present


def test_every_command_says_what_it_does() -> None:
    assert [words for words, command in walk(typer.main.get_command(app)) if not command.help] == []


def test_every_error_is_documented(repository: Path) -> None:
    """docs/errors.md is what the code says (`make errors`), and every id has its words and its next step."""
    page = (repository / "docs" / "errors.md").read_text()
    assert page == catalogue(), "run `make errors`"
    rows = [line.split("|") for line in page.splitlines() if line.startswith("| LW-")]
    assert [row[1].strip() for row in rows if not row[2].strip() or not row[3].strip()] == []


def test_every_flow_is_deployed_and_every_deployment_is_a_flow(repository: Path) -> None:
    deployments = yaml.safe_load((repository / "prefect.yaml").read_text())["deployments"]
    entrypoints = {item["entrypoint"] for item in deployments}
    found = set()
    for path in sorted((repository / "flows").glob("*.py")):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef) and any("flow" in ast.unparse(mark) for mark in node.decorator_list):
                found.add(f"flows.{path.stem}.{node.name}")
    assert entrypoints == found


def test_every_deployment_names_parameters_that_its_flow_has(repository: Path) -> None:
    for item in yaml.safe_load((repository / "prefect.yaml").read_text())["deployments"]:
        module, _, name = item["entrypoint"].rpartition(".")
        flow = getattr(importlib.import_module(module), name)
        assert set(item["parameters"]) <= set(flow.parameters.properties)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_room_has_a_short_readme(repository: Path, package: str) -> None:
    lines = (repository / package / "README.md").read_text().splitlines()
    assert 3 <= len(lines) <= 15
    text = "\n".join(lines)
    assert "Owns" in text
    assert "May import" in text
    assert "To add" in text


def test_architecture_names_every_room(repository: Path) -> None:
    text = (repository / "ARCHITECTURE.md").read_text()
    assert [package for package in PACKAGES if f"`{package}/`" not in text] == []
    rooms = sorted(path.parent.name for path in (repository / "longwatch").glob("*/__init__.py"))
    assert [room for room in rooms if f"`{room}`" not in text] == []


def test_every_output_is_listed_in_the_readme_of_outputs(repository: Path) -> None:
    text = (repository / "docs" / "outputs.md").read_text()
    documented = set(re.findall(r"^## ([A-Z][A-Z0-9_]+)", text, re.MULTILINE))
    assert documented == set(OUTPUTS)


def test_every_link_between_documents_leads_somewhere(repository: Path) -> None:
    documents = [*repository.glob("*.md"), *(repository / "docs").rglob("*.md"), *repository.glob("*/README.md")]
    broken = [
        f"{document.name}: {target}"
        for document in documents
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", document.read_text())
        if not (document.parent / target).exists()
    ]
    assert broken == []


def test_no_machine_path_or_index_address_is_committed(repository: Path) -> None:
    """A lock file or a setting that names a machine or an index works in one place only."""
    here = re.compile(
        r"(^|[^A-Za-z0-9_./-])/(work|root|home)/[a-z]|https?://\S+/(simple|packages)/|--(extra-)?index-url"
    )
    suspects = [*sources(repository), *repository.glob("*.toml"), *repository.glob("*.yaml"), repository / "Makefile"]
    suspects += [*(repository / "runtime").glob("requirements*")]
    assert [
        path.name
        for path in suspects
        if any(here.search(line) and "--no-emit-index-url" not in line for line in path.read_text().splitlines())
    ] == []


def test_no_module_is_longer_than_a_reader_can_hold(repository: Path) -> None:
    """Five hundred lines want a reason (STYLE.md, habit 13); there is none so far."""
    long = {str(path.relative_to(repository)): len(path.read_text().splitlines()) for path in sources(repository)}
    assert {name: lines for name, lines in long.items() if lines > 500} == {}
