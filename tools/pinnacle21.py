"""docs/pinnacle21.md: what Pinnacle 21 and Longwatch count on the CDISC pilot study, with a reason for each difference.

`python -m tools.pinnacle21` writes the page; it needs ../shared/data. The reasons stand in `pinnacle21_reasons.yaml`
beside the test that compares.
"""

from __future__ import annotations

import csv
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from longwatch.findings.finding import Finding, ValidationOutcome
from longwatch.findings.rule import Rule
from longwatch.standards.yaml_lines import read_yaml
from longwatch.study import RuleSettings, Study, parse_study

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "pinnacle21.md"
STUDY = ROOT / "tests" / "studies" / "cdiscpilot01.yaml"
OWN_RULES = "cdiscpilot01_rules.yaml"
REASONS = ROOT / "tests" / "integration" / "validations" / "pinnacle21_reasons.yaml"
COUNTS = ROOT.parent / "shared" / "data" / "validation" / "p21_cdiscpilot01_sdtm_issue_summary.csv"
THEIR_ID = re.compile(r"(?:SD|CT|DD)\d{4}[A-Z]?")
HEAD = """# Beside Pinnacle 21

What Longwatch finds in the CDISC pilot study (CDISCPILOT01), beside the published report of Pinnacle 21 Community 4.0.2
(engine FDA 2204.1) on the same study: for every rule of Pinnacle 21 that one of ours names as the same, by dataset. The
rules PILOT01 to PILOT04 are the study's own (`tests/studies/cdiscpilot01_rules.yaml`).

Pinnacle 21's run had LB whole (59,580 records), QS (121,749) and SUPPLB (64,403). Here LB is its chemistry part (32,740
records), and QS and SUPPLB are absent.

This page is made by `python -m tools.pinnacle21`. A test fails where a difference has no reason, and where a reason has
no difference.

| rule | dataset | ours | Pinnacle 21 | its rules | why they differ |
|---|---|---|---|---|---|
"""


@dataclass(frozen=True)
class Compared:
    """One of our rules on one dataset: findings here and there, and the ids of the same rule there."""

    rule: str
    dataset: str
    ours: int
    theirs: int
    ids: tuple[str, ...]


def read_counts(path: Path) -> Counter[tuple[str, str]]:
    """Pinnacle 21's counts by its rule and dataset."""
    counts: Counter[tuple[str, str]] = Counter()
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            counts[row["p21_id"], row["source"]] += int(row["found"])
    return counts


def read_reasons(path: Path) -> dict[tuple[str, str], str]:
    """The written reasons by our rule and dataset; `*` stands for every rule on a dataset."""
    reasons: dict[str, dict[str, str]] = read_yaml(path.read_text(encoding="utf-8")).value
    return {(rule, dataset): " ".join(why.split()) for rule, entry in reasons.items() for dataset, why in entry.items()}


def compare(
    rules: Iterable[Rule], findings: Iterable[Finding], counts: Mapping[tuple[str, str], int]
) -> list[Compared]:
    """Each of our rules that has a counterpart there, on each dataset where either finds something.

    A rule of the study's own counts only on the datasets that it names.
    """
    ours = Counter((finding.rule_id, finding.dataset) for finding in findings)
    rows = []
    for rule in rules:
        ids = tuple(each for each in rule.elsewhere if THEIR_ID.fullmatch(each))
        if not ids:
            continue
        own = rule.id.startswith("PILOT")
        datasets = {dataset for each, dataset in counts if each in ids and (not own or dataset in rule.domains)}
        datasets |= {dataset for rule_id, dataset in ours if rule_id == rule.id}
        for dataset in sorted(datasets):
            found = tuple(each for each in ids if counts.get((each, dataset)))
            theirs = sum(counts.get((each, dataset), 0) for each in ids)
            rows.append(Compared(rule.id, dataset, ours[rule.id, dataset], theirs, found))
    return rows


def reason_for(row: Compared, reasons: Mapping[tuple[str, str], str]) -> str:
    """The written reason for a row: its own, else that of the dataset; empty where there is none."""
    return reasons.get((row.rule, row.dataset)) or reasons.get(("*", row.dataset), "")


def page(rows: Iterable[Compared], reasons: Mapping[tuple[str, str], str]) -> str:
    """The page's text."""
    lines = []
    for row in rows:
        why = "" if row.ours == row.theirs else reason_for(row, reasons)
        lines.append(
            f"| {row.rule} | {row.dataset} | {row.ours:,} | {row.theirs:,} | {', '.join(row.ids) or '–'} | {why} |"
        )
    return HEAD + "\n".join(lines) + "\n"


def with_own_rules(study: Study) -> Study:
    """The pilot study with its own rule file."""
    return study.model_copy(update={"rules": RuleSettings(files=(OWN_RULES,))})


def validate_pilot() -> tuple[tuple[Rule, ...], ValidationOutcome]:
    """The pilot study pulled, frozen and judged by all rules and its own."""
    from connectors.rule_files import read_rule_inputs
    from connectors.snapshot_store import FolderSnapshotStore
    from validations import rules_of, validate

    study = with_own_rules(parse_study(STUDY.read_text(encoding="utf-8"), STUDY.name))
    inputs = read_rule_inputs(study, str(STUDY.parent))

    def silent(_message: Any) -> None:
        """Nobody watches."""

    with tempfile.TemporaryDirectory() as folder:
        store = FolderSnapshotStore(Path(folder))
        snapshot = store.freeze(study.sources, str(STUDY.parent), silent)
        return rules_of(inputs), validate(store.open(snapshot.id), study, silent, inputs)


if __name__ == "__main__":
    _rules, _outcome = validate_pilot()
    PAGE.write_text(
        page(compare(_rules, _outcome.findings, read_counts(COUNTS)), read_reasons(REASONS)), encoding="utf-8"
    )
    sys.stdout.write(f"{PAGE}\n")
