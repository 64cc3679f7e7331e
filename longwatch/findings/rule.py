"""A validation rule as data: what must hold, on which records, and what a data manager reads and does where it does
not.

A rule has one check or several. A check names a *frame* (the rows it looks at), may derive columns, says *when* a row
is concerned and what is *expected* of it, and how a finding reads. It holds no code: `validations/` compiles it to
Great Expectations and to Polars, and the two counts must agree (DESIGN.md, decision 2).

**Frames.** `AE`: the records of that dataset. `--`: of each domain, a dataset with a name of two letters, that has the
variables the check needs. `SUPP--`: of each supplemental dataset. `*`: of each dataset. `DATASETS`, `TSPARM`: one row
for each name in `rows`, with what there is of it; `VARIABLES`: likewise of variables (`AE.AETERM`). Of DATASETS and
VARIABLES the name `*` stands for all that the data has, define.xml describes or the standard asks for. `DEFINE`: one
row, the define.xml. `SITES`: one row for each site of DM (see `validations.entries`). `PLANNED`: one for each subject
and visit of the follow-up plan; `FOLLOWED`: for each subject in follow-up (see `validations.follow_up_entries`).

**Names of columns.** `AESER` is a variable of the record. `--STDTC` begins with the domain's letters (AESTDTC in AE).
`DM_DTHFL` is DTHFL in the subject's DM record, `TS_DCUTDTC` the value of that TS parameter. Where the check runs once
for `each` variable that fits `*DTC`, or that a list or a reference names, `*` is what the star stood for, or the name
itself. Other names are those that the check derives.

**Parameters.** What a study may set: `{from: parameters.days}` in a check stands for the rule's parameter `days`, as
the study file gives it under `rules: parameters:`, else its default.

**Missing values.** See `rule_parts.Condition` and `expectation`. A partial date fails only where every day it can mean
would fail, which the rule says by comparing `first_day` with `last_day`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from longwatch.findings.derivation import Derivation
from longwatch.findings.expectation import (
    Between,
    ColumnLe,
    EqualColumns,
    Expectation,
    InSet,
    Matches,
    NotInSet,
    Unique,
)
from longwatch.findings.finding import Severity
from longwatch.findings.rule_parts import PARAMETER, ColumnName, Condition, Part, Reference, Scalar, literals
from longwatch.study.model import PARAMETER_NAME, RULE_ID

ENTRY_FRAMES = ("DATASETS", "TSPARM", "VARIABLES", "DEFINE", "SITES", "PLANNED", "FOLLOWED")
NAMED_ENTRIES = frozenset({"DATASETS", "TSPARM", "VARIABLES"})
PLACEHOLDER = re.compile(r"\{([^{}]+)\}")


class Check(Part):
    """What is expected of the rows of one frame.

    `rows`: the names an entry frame is made of. `excluding`: datasets that a frame pattern leaves out. `each`: run once
    for each variable that fits. `filled`: columns of DM or TS that tell nothing where they are empty throughout. `per`:
    one finding for each record, or one for the dataset. `show`: variables a finding lists beside those of its message.
    `message`: the finding in words, `{COLUMN}` standing for its value and `{dataset}` for the dataset's name.
    `severity`: of what this check finds, where it is not the rule's. `unlisted`: of the variables of `each`, only those
    that define.xml lists no values for.
    """

    frame: Annotated[str, Field(pattern=r"^([A-Z][A-Z0-9]{1,7}|--|SUPP--|\*|VARIABLES)$")]
    rows: tuple[str, ...] = ()
    excluding: tuple[str, ...] = ()
    each: ColumnName | tuple[ColumnName, ...] | Reference | None = None
    filled: tuple[ColumnName, ...] = ()
    derive: dict[ColumnName, Derivation] = Field(default_factory=dict)
    when: tuple[Condition, ...] = ()
    expect: Expectation
    per: Literal["record", "dataset"] = "record"
    show: tuple[ColumnName, ...] = ()
    message: Annotated[str, Field(min_length=1)]
    severity: Severity | None = None
    unlisted: bool = False

    @model_validator(mode="after")
    def check_whole(self) -> Check:
        """Entry frames have rows, others none; no column is text and number; a finding per set is one per set."""
        if (self.frame in NAMED_ENTRIES) != bool(self.rows):
            raise ValueError(f"rows belong to the frames {', '.join(sorted(NAMED_ENTRIES))}, and those need them")
        if isinstance(self.expect, Unique) and self.per != "record":
            raise ValueError("unique gives one finding for each set; per does not apply")
        _ = self.kinds
        return self

    @property
    def is_on_entries(self) -> bool:
        """Whether its rows are named by the rule, not records of a dataset."""
        return self.frame in ENTRY_FRAMES

    @property
    def essential(self) -> frozenset[str]:
        """The columns it cannot do without, its own derived ones left out."""
        names = {condition.column for condition in self.when} | set(self.expect.judged) | set(self.filled)
        for derivation in self.derive.values():
            names.update(derivation.inputs)
        return frozenset(names - set(self.derive))

    @property
    def alternatives(self) -> tuple[tuple[str, ...], ...]:
        """Groups of columns of which it needs at least one."""
        return tuple(derivation.any_of for derivation in self.derive.values() if derivation.any_of)

    @property
    def optional(self) -> frozenset[str]:
        """Columns it uses where they are there."""
        names = {column for group in self.alternatives for column in group} | set(self.shown)
        for derivation in self.derive.values():
            names.update(derivation.extras)
        return frozenset(names - set(self.derive))

    @property
    def kinds(self) -> dict[str, Literal["text", "number"]]:
        """Columns that are compared as text or as numbers, whatever type their source gave them.

        Raises ValueError where one column is asked for both.
        """
        texts, numbers = set[str](), set[str]()
        for part in (*self.when, self.expect):
            for column, value in _compared_with(part):
                (texts if isinstance(value, str) else numbers).add(column)
        for derivation in self.derive.values():
            for column, kind in derivation.reads_as.items():
                (texts if kind == "text" else numbers).add(column)
        derived = set(self.derive)
        if isinstance(self.expect, ColumnLe):
            numbers.update(self.expect.judged)
        elif isinstance(self.expect, EqualColumns) and self.expect.other in self.derive:
            (texts if self.derive[self.expect.other].is_text else numbers).add(self.expect.column)
        both = sorted((texts & numbers) - derived)
        if both:
            raise ValueError(f"{', '.join(both)} is compared as text and as a number")
        return {**dict.fromkeys(texts - derived, "text"), **dict.fromkeys(numbers - derived, "number")}

    @property
    def shown(self) -> tuple[str, ...]:
        """The columns that the message and `show` name, in that order."""
        placeholders = (name for name in PLACEHOLDER.findall(self.message) if name != "dataset")
        return tuple(dict.fromkeys((*placeholders, *self.show)))


def _compared_with(part: Condition | Expectation) -> Iterator[tuple[str, str | int | float]]:
    """Column and a value that it is compared with, of a condition or an expectation."""
    if isinstance(part, Condition):
        values: list[str | int | float] = literals((*(part.within or ()), *(part.outside or ())))
        values += [part.equals] if part.equals is not None else []
        values += [0.0] if part.at_least is not None or part.at_most is not None else []
        yield from ((part.column, value) for value in values)
    elif isinstance(part, InSet | NotInSet):
        yield from ((part.column, value) for value in literals(part.values))
    elif isinstance(part, Matches):
        yield part.column, part.text
    elif isinstance(part, Between):
        yield part.column, 0.0


class Parameter(Part):
    """What a study may set of a rule. `words`: what it is. `default`: a value or a list, which the study's replaces.
    `confirm`: no source was checked for the default; whoever relies on it should confirm it."""

    words: Annotated[str, Field(min_length=1)]
    default: Scalar | tuple[Scalar, ...]
    confirm: bool = False

    @property
    def values(self) -> tuple[Scalar, ...]:
        """The default as a list."""
        return self.default if isinstance(self.default, tuple) else (self.default,)


class Rule(Part):
    """A rule: id, version (raised when what it judges changes), severity, and the words around its checks.

    `title`: what must hold. `explanation`: why, in plain words. `action`: what the data manager does. `elsewhere`: ids
    of the same rule in other engines (spec B.3). `confirm`: facts that the rule stands on and that nobody has checked
    against their source; the user confirms them. `needs`: what the rule waits for; it has no checks until then.
    `parameters`: what a study may set, by name. `gate`: `report` where it is judged on a tabulated report and
    not on data (CONTRACTS.md, Two gates); `operations.report_gate` holds how, so it has no checks.
    """

    id: Annotated[str, Field(pattern=RULE_ID)]
    version: Annotated[int, Field(ge=1)]
    severity: Severity
    domains: Annotated[tuple[str, ...], Field(min_length=1)]
    title: Annotated[str, Field(min_length=1)]
    explanation: Annotated[str, Field(min_length=1)]
    action: Annotated[str, Field(min_length=1)]
    elsewhere: tuple[str, ...] = ()
    parameters: dict[Annotated[str, Field(pattern=PARAMETER_NAME)], Parameter] = Field(default_factory=dict)
    confirm: tuple[str, ...] = ()
    needs: str = ""
    gate: Literal["data", "report"] = "data"
    checks: tuple[Check, ...] = ()

    @model_validator(mode="after")
    def check_judged(self) -> Rule:
        """A rule on data has checks, unless it says what it waits for; a rule on reports has neither."""
        if self.gate == "report":
            if self.checks or self.needs:
                raise ValueError("a rule of the report gate has no checks and no needs")
            return self
        if bool(self.checks) == (bool(self.needs)):
            raise ValueError("a rule has checks, or says in `needs` what it waits for")
        return self

    @property
    def is_fixed(self) -> bool:
        """Whether no study may change its severity: a report whose numbers are wrong is refused."""
        return self.gate == "report" and self.severity is Severity.REJECT

    @property
    def what_to_do(self) -> str:
        """The action, with what is to be confirmed first."""
        return f"{self.action} To confirm: {' '.join(self.confirm)}" if self.confirm else self.action

    @model_validator(mode="after")
    def check_parameters(self) -> Rule:
        """Parameters used are declared, and parameters declared are used."""
        used = {source.removeprefix(PARAMETER) for check in self.checks for source in _parameters_in(check)}
        if used != set(self.parameters):
            wrong = ", ".join(sorted(used ^ set(self.parameters)))
            raise ValueError(f"parameters: {wrong} is used and not declared, or declared and not used")
        return self

    @field_validator("explanation", "action")
    @classmethod
    def fold_lines(cls, value: str) -> str:
        """One line, however the file broke it."""
        return " ".join(value.split())


def _parameters_in(check: Check) -> Iterator[str]:
    """The sources of a check's references that are parameters."""
    waiting: list[object] = [check.model_dump(by_alias=True, exclude_none=True)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            source = node.get("from")
            if isinstance(source, str) and source.startswith(PARAMETER):
                yield source
            waiting.extend(node.values())
        elif isinstance(node, (list, tuple)):
            waiting.extend(node)
