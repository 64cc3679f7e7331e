"""The CDISC pilot study, end to end, against its published clinical study report."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

pytestmark = [pytest.mark.shared_data, pytest.mark.xdist_group("e2e")]

ARMS = {"pbo": "Placebo", "low": "Xanomeline Low Dose", "high": "Xanomeline High Dose"}
FATAL = ("01-701-1211", "01-704-1445", "01-710-1083")
Rows = dict[tuple[str, str, str, str, str], dict[str, str]]


def speak(home: Path, *arguments: object) -> str:
    """Standard output of a command in a process and home of its own; it must succeed."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("LONGWATCH_", "PREFECT_"))}
    said = subprocess.run(
        [sys.executable, "-c", "from cli.main import main; main()", *map(str, arguments)],
        env=clean | {"LONGWATCH_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert said.returncode == 0, said.stderr
    return said.stdout


@pytest.fixture(scope="module")
def pilot_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pilot")


@pytest.fixture(scope="module")
def done(pilot_home: Path, shared_data: Path, repository: Path) -> dict[str, Any]:
    """One whole run with ST02 lowered."""
    study = repository / "tests" / "studies" / "cdiscpilot01.yaml"
    return dict(json.loads(speak(pilot_home, "run", study, "--direct", "--json")))


def test_default_rules_stop_the_run_at_st02(longwatch, shared_data, repository, home) -> None:  # type: ignore[no-untyped-def]
    """TS has no SSTDTC: exit 1, one line, nothing archived."""
    said = longwatch("run", repository / "tests" / "studies" / "cdiscpilot01_default_rules.yaml", "--direct")
    assert said.code == 1
    assert said.err.startswith(
        "LW-GATE-001: the data gate stopped the run at ST02: The study start date is given in TS"
    )
    assert not list((home / "archive").rglob("*.pdf"))


def test_the_run_ends_in_an_archived_draft_that_lists_what_is_wrong(done: dict[str, Any], pilot_home: Path) -> None:
    """DRAFT on every page; ST02 with its reason, ST13, and the three fatal AEs with AESER N are in the report."""
    (report,) = done["reports"]
    assert report["state"] == "archived-draft"
    pages = [page.extract_text() for page in PdfReader(report["pdf"]).pages]
    assert all("DRAFT" in page for page in pages)
    text = " ".join(" ".join(pages).split())
    for word in ("ST02", "ST13", "carries no start date in TS", *FATAL):
        assert word in text, word
    found = json.loads(speak(pilot_home, "findings", "list", "CDISCPILOT01", "--severity", "error", "--json"))
    fatal = [row["what"] for row in found if row["rule"] == "SR02" and any(key in row["record"] for key in FATAL)]
    assert len([what for what in fatal if "AESDTH = Y" in what]) == 3


def published(shared_data: Path, file: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO((shared_data / "expected" / file).read_text())))


def made(done: dict[str, Any], output: str) -> Rows:
    text = (Path(done["reports"][0]["pdf"]).parent / "results.csv").read_text()
    rows = (row for row in csv.DictReader(io.StringIO(text)) if row["output"] == output)
    return {(row["row_group"], row["row"], row["column"], row["statistic"], ""): row for row in rows}


def agrees(printed: str, value: float) -> bool:
    """Whether a p-value is the one the CSR prints: `0.097*` (below 0.15), `>0.99`, `<.0001`. Three are rounded twice
    there, hence 0.001."""
    bound = float(printed.strip("*<> "))
    if ">" in printed:
        return value > bound
    return value < bound if "<" in printed else abs(value - bound) <= 0.001


@pytest.mark.parametrize(
    ("file", "output", "lines"),
    [("csr_14-5.01_teae_soc_pt.csv", "AET02", 254), ("csr_14-5.02_serious_teae.csv", "AET02_SER", 4)],
)
def test_soc_and_pt_equal_the_published_table(done, shared_data, file, output, lines) -> None:  # type: ignore[no-untyped-def]
    """Subjects, percent and events of every row; p-values to 0.001 (the CSR rounds three of them twice)."""
    expected, ours = published(shared_data, file), made(done, output)
    assert len(expected) == lines
    differences = []
    for row in expected:
        group, term = ("", "") if row["level"] == "ANY" else (row["soc"], row["pt"])
        for short, arm in ARMS.items():
            n, pct = ours[group, term, arm, "n", ""]["value"], ours[group, term, arm, "pct", ""]["text"]
            events = ours[group, term, arm, "events", ""]["value"]
            printed = (row[f"{short}_n"], row[f"{short}_pct"] or "0", row[f"{short}_events"])
            if (n, float(pct or 0), events) != (printed[0], float(printed[1]), printed[2]):
                differences.append((group, term, arm, printed, (n, pct, events)))
        for short in ("low", "high"):
            printed_p = row[f"p_{short}_csr"]
            found = ours[group, term, f"{ARMS[short]} vs Placebo", "p_fisher", ""]["value"]
            if printed_p and not agrees(printed_p, float(found)):
                differences.append((group, term, short, printed_p, found))
    assert differences == []


def test_there_is_no_row_that_the_published_table_has_not(done, shared_data) -> None:  # type: ignore[no-untyped-def]
    expected = {
        ("", "") if row["level"] == "ANY" else (row["soc"], row["pt"])
        for row in published(shared_data, "csr_14-5.01_teae_soc_pt.csv")
    }
    assert {key[:2] for key in made(done, "AET02")} == expected


def test_denominators_are_the_published_populations(done) -> None:  # type: ignore[no-untyped-def]
    """86, 84, 84 by planned arm, subjects without any AE included."""
    ours = made(done, "AET02")
    assert [ours["", "", arm, "N", ""]["value"] for arm in ARMS.values()] == ["86", "84", "84"]
