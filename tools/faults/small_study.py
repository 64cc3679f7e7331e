"""A small study with a short report, so that a whole run takes a moment; everything else is Longwatch's own.

Real are: the source's files, the snapshot store, the registers, the archive, the signing key, Great Expectations and
Polars, the derivations, the second opinion, the pages. Small are: four subjects, four rules, one output. Foreign files
are read in this process and not in a child of it, since starting one takes longer than the run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from threading import Event
from typing import Any, TypeVar

import orjson
from pydantic import TypeAdapter

from connectors.parsing.children import Children
from connectors.parsing.limits import ParseLimits
from connectors.places.visit import Access
from connectors.snapshot_store import FolderSnapshotStore
from longwatch.findings.finding import ValidationOutcome
from longwatch.findings.inputs import RuleInputs
from longwatch.findings.rule import Rule
from longwatch.reports.template import ReportTemplate, parse_template
from longwatch.standards.dataset import SourceData
from longwatch.study import Study
from operations.guarded import guarded_snapshots
from operations.ports import Progress, Rules, SnapshotStore, Templates, Validator
from operations.run_study import RunOutcome, run_study
from runtime.settings import Settings
from runtime.study_files import read_study
from runtime.wiring import Wiring
from validations import load_report_rules, load_rules, validate_by

Result = TypeVar("Result")

RULES = ("ST01", "ST04", "KY01", "DT01")
TEMPLATE = """
id: short
version: 1
title: Short report
sections:
  - title: Adverse events
    blocks:
      - table: AET01
      - listing: open_findings
"""
STUDY = """
longwatch: 1
study: {id: SMALL-1, title: A small study, timezone: Europe/Zurich}
sources: [{path: data}]
analysis_data: derived
treatment:
  arms: [{code: CELL, name: Islet cells}, {code: SOC, name: Standard of care}]
  products: [ISLET CELLS]
  not_treated: [SCRNFAIL]
relatedness: {related: [RELATED], not_related: [NOT RELATED]}
cutoff: 2023-12-31
reports: [{template: short}]
dictionaries: {meddra: "27.1", ctcae: "5.0"}
"""
FILES = {
    "dm.csv": """STUDYID,DOMAIN,USUBJID,SUBJID,SITEID,ARMCD,ARM,ACTARMCD,ACTARM,RFICDTC,RFSTDTC
SMALL-1,DM,S1,1,01,CELL,Islet cells,CELL,Islet cells,2022-02-01,2022-03-01
SMALL-1,DM,S2,2,01,CELL,Islet cells,CELL,Islet cells,2022-02-02,2022-03-02
SMALL-1,DM,S3,3,02,SOC,Standard of care,SOC,Standard of care,2022-02-03,2022-03-03
SMALL-1,DM,S4,4,02,SOC,Standard of care,SOC,Standard of care,2022-02-04,2022-03-04
""",
    "ex.csv": """STUDYID,DOMAIN,USUBJID,EXSEQ,EXTRT,EXDOSE,EXSTDTC
SMALL-1,EX,S1,1,ISLET CELLS,1,2022-03-01
SMALL-1,EX,S2,1,ISLET CELLS,1,2022-03-02
SMALL-1,EX,S3,1,ISLET CELLS,1,2022-03-03
SMALL-1,EX,S4,1,ISLET CELLS,1,2022-03-04
""",
    "ae.csv": """STUDYID,DOMAIN,USUBJID,AESEQ,AETERM,AEDECOD,AEBODSYS,AESER,AEREL,AEOUT,AESTDTC
SMALL-1,AE,S1,1,headache,Headache,Nervous system disorders,N,RELATED,RECOVERED,2022-04-01
SMALL-1,AE,S2,1,nausea,Nausea,Gastrointestinal disorders,N,NOT RELATED,RECOVERED,2022-04-02
SMALL-1,AE,S3,1,headache,Headache,Nervous system disorders,Y,RELATED,RECOVERED,2022-04-31
""",
}


def write_small_study(folder: Path) -> Path:
    """The study file and its data below a folder; the study file."""
    (folder / "data").mkdir(parents=True)
    for name, text in FILES.items():
        (folder / "data" / name).write_text(text)
    file = folder / "study.yaml"
    file.write_text(STUDY)
    return file


class HereChildren(Children):
    """Reads foreign files in this process."""

    def start(self, count: int) -> None:
        """Nothing to start."""

    def call(
        self,
        kind: type[Result],
        where: str,
        size: int,
        function: Callable[..., Result],
        *arguments: Any,
        stop: Event | None = None,
    ) -> Result:
        """The same answer as from a child."""
        return TypeAdapter(kind).validate_json(orjson.dumps(function(*arguments)))

    def stream(self, where: str, size: int, function: Callable[..., Iterator[bytes]], *arguments: Any) -> Any:
        """The same pieces as from a child."""
        yield from function(*arguments)


@dataclass(frozen=True)
class HereAccess(Access):
    """How the store gets at sources: as ever, but for the children."""

    @property
    def children(self) -> Children:
        """Those that are none."""
        return HereChildren(ParseLimits(children=1))


class SmallWiring(Wiring):
    """The adapters of Longwatch, with few rules and one short template."""

    @cached_property
    def snapshots(self) -> SnapshotStore:
        """The folder, read in this process."""
        return guarded_snapshots(FolderSnapshotStore(self.settings.folder / "snapshots", HereAccess()), self.access)

    @cached_property
    def rules(self) -> Rules:
        """Four rules on data, and those of the report gate."""
        return small_rules

    @cached_property
    def validate(self) -> Validator:
        """By those rules, on both engines."""

        def judge(
            data: SourceData, study: Study, progress: Progress, inputs: RuleInputs | None = None
        ) -> ValidationOutcome:
            return validate_by(small_rules(inputs or RuleInputs()), data, study, progress)

        return judge

    @cached_property
    def templates(self) -> Templates:
        """The short one."""
        return short_template


@cache
def _rules() -> tuple[Rule, ...]:
    return (*(rule for rule in load_rules() if rule.id in RULES), *load_report_rules())


def small_rules(inputs: RuleInputs) -> tuple[Rule, ...]:
    """The rules of the small study."""
    return _rules()


def short_template(name: str) -> ReportTemplate:
    """The template of the small study."""
    return parse_template(TEMPLATE, "short.yaml")


def open_small(home: Path, **settings: Any) -> SmallWiring:
    """The adapters of a home: SQLite and a folder archive in it, unless settings say otherwise."""
    return SmallWiring(Settings(**{"home": home, "archive": str(home / "archive"), "user": "ada", **settings}))


def run_small(wiring: SmallWiring, study_file: Path) -> RunOutcome:
    """The whole job."""
    study, base = read_study(study_file)
    return run_study(wiring, study, base, progress=lambda _message: None)
