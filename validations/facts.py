"""What references in a rule stand for: facts of the study, of the standard, and of the define.xml."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from longwatch.derive.follow_up_status import FollowedSubjects, derive_follow_up
from longwatch.errors import SourceError
from longwatch.findings.binding import values_of
from longwatch.findings.rule_parts import PARAMETER, Scalar, ValueSource
from longwatch.findings.rulebook import RuleInForce
from longwatch.standards.codelist import Codelist
from longwatch.standards.dataset import SourceData
from longwatch.standards.define_model import Define, DefinedDataset
from longwatch.standards.sdtm import variable_prefix
from longwatch.standards.sdtm_core import NEWEST, Asked, Version, asked_of, parse_version
from longwatch.study import Study

DEFINE_XML = "define.xml"

CLOSED_LISTS = frozenset({"C66742", "C66767", "C66768", "C66769", "C66790", "C66731"})
"""Codes of CDISC code lists that nobody may extend: NY, ACN, OUT, AESEV, ETHNIC, SEX. Of lists that define.xml gives
without saying whether they may be extended, only these count as closed. From knowledge of CDISC's terminology, not
compared with a release of it."""


@dataclass(frozen=True)
class Facts:
    """A study's data with what is known about it. `define`: None where there is none or it cannot be read; then
    `define_trouble` says so in words. `version`: of the implementation guide that the data follows."""

    data: SourceData
    study: Study
    define: Define | None = None
    define_trouble: str = ""
    version: Version = NEWEST
    _datasets: dict[str, DefinedDataset | None] = field(default_factory=dict, compare=False)

    @classmethod
    def of(cls, data: SourceData, study: Study, guide: str | None = None) -> Facts:
        """The facts of a study's data. `guide`: TS.SDTIGVER.

        The version is the guide's, else that of the standard that define.xml names, else the newest known.
        """
        define, trouble = None, ""
        try:
            define = data.define
        except SourceError as unreadable:
            trouble = unreadable.one_line()
        named = [each.version for each in (define.standards if define else ()) if "SDTM" in each.name.upper()]
        version = next((found for text in (guide, *named) if (found := parse_version(text))), NEWEST)
        return cls(data, study, define, trouble, version)

    @cached_property
    def followed(self) -> FollowedSubjects:
        """Follow-up as of the data's cut. Expects that nothing it needs is missing."""
        return derive_follow_up(self.data, self.study)

    def described(self, dataset: str) -> DefinedDataset | None:
        """What define.xml says of a dataset."""
        if dataset not in self._datasets:
            self._datasets[dataset] = self.define.dataset(dataset) if self.define else None
        return self._datasets[dataset]

    def asked(self, dataset: str) -> tuple[Asked, ...]:
        """What the standard asks of a dataset, in the version that the data follows."""
        return asked_of(dataset, self.version)

    def codelist(self, dataset: str, variable: str) -> Codelist | None:
        """The values that define.xml lists for a variable; None where it lists none (a dictionary is no list)."""
        described = self.described(dataset)
        item = described.variable(variable) if described else None
        codelist = self.define.codelists.get(item.codelist) if self.define and item and item.codelist else None
        return codelist if codelist and codelist.terms else None

    def each(self, source: str, dataset: str) -> Sequence[str]:
        """The variables of a dataset that `each: {from: …}` stands for."""
        columns = self.data.datasets[dataset].columns
        if source == ValueSource.REQUIRED:
            required = {asked.variable for asked in self.asked(dataset) if asked.core == "Req"}
            return [name for name in columns if name in required]
        if source in (ValueSource.CLOSED, ValueSource.OPEN):
            lists = {name: self.codelist(dataset, name) for name in columns}
            return [
                name
                for name, codelist in lists.items()
                if codelist is not None and _is_closed(codelist) == (source == ValueSource.CLOSED)
            ]
        raise ValueError(f"{source} names no variables")

    def values(self, entry: RuleInForce, dataset: str, stem: str) -> dict[str, tuple[Scalar, ...]]:
        """What references stand for, in one check on one dataset, `stem` being what `*` stands for.

        A value of a parameter that is written `AEACN=TERM` counts for that variable only, without its name.
        """
        prefix = variable_prefix(dataset)
        values = values_of(self.study, prefix)
        described = self.described(dataset)
        codelist = self.codelist(dataset, stem) if dataset in self.data else None
        values[ValueSource.KEYS] = described.keys if described else ()
        values[ValueSource.TERMS] = tuple(term.value for term in codelist.terms) if codelist else ()
        if dataset in self.data:
            schema = self.data.datasets[dataset].frame.collect_schema()
            values[ValueSource.TEXTS] = tuple(name for name, dtype in schema.items() if not dtype.is_numeric())
        for name, given in entry.parameters.items():
            values[f"{PARAMETER}{name}"] = tuple(_of_variable(given, stem))
        return values

    def needs(self, entry: RuleInForce, dataset: str) -> Mapping[str, str]:
        """What is missing, in words, where a reference stands for nothing."""
        keys = f"keys of {dataset} in {DEFINE_XML}" if self.define else self.define_needed
        parameters = {f"{PARAMETER}{name}": f"{entry.rule.id}.{name}, which is empty" for name in entry.parameters}
        return {ValueSource.KEYS: keys, ValueSource.TERMS: self.define_needed, **parameters}

    @property
    def define_needed(self) -> str:
        """What is missing where a check needs define.xml."""
        return f"a {DEFINE_XML} that can be read" if self.define_trouble else DEFINE_XML


def _is_closed(codelist: Codelist) -> bool:
    return codelist.extensible is False or (codelist.extensible is None and codelist.code in CLOSED_LISTS)


def _of_variable(values: Sequence[Scalar], variable: str) -> list[Scalar]:
    kept: list[Scalar] = []
    for value in values:
        name, equals, term = value.partition("=") if isinstance(value, str) else ("", "", "")
        if not (equals and name.isalnum() and name.isupper()):
            kept.append(value)
        elif name == variable:
            kept.append(term)
    return kept
