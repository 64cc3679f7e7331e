"""Tables written as text, a define.xml and a dictionary in a few words, and one rule judged on them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import polars as pl
import pytest

from longwatch.errors import SourceError
from longwatch.findings.finding import ValidationOutcome
from longwatch.standards.codelist import Codelist, Term
from longwatch.standards.dataset import SourceData
from longwatch.standards.define_model import Define, DefinedDataset, DefinedVariable, Standard
from longwatch.standards.meddra import Meddra
from longwatch.study import Study
from validations import load_rules, validate_by

STUDY: dict[str, Any] = {
    "longwatch": 1,
    "study": {"id": "STUDY-1", "title": "A study"},
    "sources": [{"path": "data"}],
    "treatment": {"arms": [{"code": "A", "name": "Arm A"}], "not_treated": ["SCRN"]},
    "relatedness": {"related": ["RELATED"], "not_related": ["NOT RELATED"]},
}


def _text(cell: str) -> str:
    """The text of a cell: `␣` is a blank, `'.'` a period."""
    return "." if cell == "'.'" else cell.replace("␣", " ")


def _table(text: str) -> pl.DataFrame:
    header, *lines = [[cell.strip() for cell in line.split("|")] for line in text.strip().splitlines()]
    columns: dict[str, list[Any]] = {name: [] for name in header}
    for line in lines:
        for name, cell in zip(header, line, strict=True):
            is_number = name.endswith(("SEQ", "DY"))
            columns[name].append(None if cell == "." else float(cell) if is_number else _text(cell))
    types = {name: pl.Float64 if name.endswith(("SEQ", "DY")) else pl.String for name in header}
    return pl.DataFrame(columns, schema=types)


@pytest.fixture(scope="session")
def table() -> Callable[[str], pl.DataFrame]:
    """A frame from lines of cells with `|` between them; `.` is missing; --SEQ and --DY are numbers."""
    return _table


@pytest.fixture(scope="session")
def study() -> Study:
    """A study with one arm A, untreated arm SCRN, and AEREL mapped for RELATED and NOT RELATED."""
    return Study.model_validate(STUDY)


def _define(words: Mapping[str, Any]) -> Define:
    """`{standard: 3.2, AE: {keys: [USUBJID], AEOUT: {type: text, values: [FATAL], closed: true}}}` as a define.xml."""
    codelists, datasets = {}, []
    for name, content in words.items():
        if name == "standard":
            continue
        variables = []
        for variable, facts in content.items():
            if variable == "keys":
                continue
            oid = f"CL.{name}.{variable}" if "values" in facts else ""
            if oid:
                terms = tuple(Term(str(value)) for value in facts["values"])
                closed = facts.get("closed")
                extensible = None if closed is None else not closed
                codelists[oid] = Codelist(oid, oid, terms=terms, extensible=extensible, code=facts.get("code", ""))
            kind = facts.get("type", "text")
            variables.append(DefinedVariable(f"IT.{name}.{variable}", variable, data_type=kind, codelist=oid))
        keys = tuple(content.get("keys", ()))
        datasets.append(DefinedDataset(f"IG.{name}", name, keys=keys, variables=tuple(variables)))
    standards = (Standard("SDTMIG", str(words["standard"])),) if "standard" in words else ()
    return Define("2.1.0", "STUDY-1", standards=standards, datasets=tuple(datasets), codelists=codelists)


def _reader_of(words: Mapping[str, Any] | str | None) -> Callable[[], Define] | None:
    """What reads the define.xml of these words; text is one that cannot be read, for that reason."""
    if words is None:
        return None

    def read() -> Define:
        if isinstance(words, str):
            raise SourceError("LW-DEF-001", words, where="define.xml")
        return _define(words)

    return read


def _dictionary(text: str | None) -> Meddra | None:
    return Meddra(_table(text), "digest") if text else None


@pytest.fixture(scope="session")
def judge() -> Callable[..., ValidationOutcome]:
    """`judge("SR02", {"AE": table, …}, {study settings})`: the outcome of one rule. `define`: the define.xml in words,
    or why it cannot be read. `dictionary`: a table of its paths."""

    def judged(
        rule_id: str,
        tables: Mapping[str, str],
        settings: Mapping[str, Any] | None = None,
        define: Mapping[str, Any] | str | None = None,
        dictionary: str | None = None,
    ) -> ValidationOutcome:
        rule = next(rule for rule in load_rules() if rule.id == rule_id)
        data = SourceData.of(**{name: _table(text) for name, text in tables.items()})
        data = replace(data, read_define=_reader_of(define))
        study = Study.model_validate({**STUDY, **(settings or {})})
        return validate_by([rule], data, study, lambda _: None, _dictionary(dictionary))

    return judged
