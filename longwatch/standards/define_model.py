"""What define.xml says about a study's datasets: the same few facts, whichever version of define.xml says them.

Texts are as written, without the blanks around them; what a file does not say is empty, None or an empty tuple. An
`oid` is the file's own identifier of a thing, and is only good for following references within that file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from longwatch.standards.codelist import Codelist
from longwatch.standards.odm_elements import MetadataProblem

NUMBER_TYPES = frozenset({"integer", "float"})


@dataclass(frozen=True)
class Standard:
    """A standard that the data follows: `SDTMIG 3.4` (type IG), `CDISC/NCI 2020-12-18` (type CT, of the publishing set
    SDTM). Before define.xml 2.1 there is one, without type."""

    name: str
    version: str
    type: str = ""
    status: str = ""
    publishing_set: str = ""
    oid: str = ""


@dataclass(frozen=True)
class Origin:
    """Where a variable's values come from: type (`CRF`, `Collected`, `Derived`, `Predecessor`, …; in define.xml 1.0 any
    text), source (`Sponsor`, `Vendor`, …), text (the predecessor's name, or a description), pages of the document."""

    type: str
    source: str = ""
    text: str = ""
    pages: str = ""


@dataclass(frozen=True)
class DefinedVariable:
    """One variable of one dataset, or the values of a variable where a condition holds (see `ValueList`).

    `data_type`: text, integer, float, date, datetime, partialDate, … as define.xml names them. `length` is in
    characters or digits. `order` is its place in the dataset, `key_sequence` its place in the dataset's key, None where
    it is no key. `codelist`, `value_list` and `method` are ids in the Define's mappings. `comment` is the text, and
    `comment_id` its id, which define.xml 1.0 has not.
    """

    oid: str
    name: str
    label: str = ""
    data_type: str = ""
    length: int | None = None
    significant_digits: int | None = None
    display_format: str = ""
    mandatory: bool = False
    order: int | None = None
    key_sequence: int | None = None
    role: str = ""
    codelist: str = ""
    value_list: str = ""
    method: str = ""
    origins: tuple[Origin, ...] = ()
    comment: str = ""
    comment_id: str = ""

    @property
    def is_number(self) -> bool:
        """Whether its values are numbers (integer, float); dates and times of SDTM are text."""
        return self.data_type in NUMBER_TYPES


@dataclass(frozen=True)
class DefinedDataset:
    """One dataset: what it holds, one record per what (`structure`), and its variables in their order.

    `domain` is as stated (from define.xml 2.0 on): a split dataset LBCH has the domain LB. `keys` are the names of its
    key variables in their order. `file` is where the define.xml says that it is. `has_no_data` is of define.xml 2.1.
    """

    oid: str
    name: str
    label: str = ""
    domain: str = ""
    dataset_class: str = ""
    subclasses: tuple[str, ...] = ()
    structure: str = ""
    purpose: str = ""
    repeating: bool = False
    reference_data: bool = False
    has_no_data: bool = False
    keys: tuple[str, ...] = ()
    variables: tuple[DefinedVariable, ...] = ()
    standard: str = ""
    comment: str = ""
    comment_id: str = ""
    file: str = ""

    def variable(self, name: str) -> DefinedVariable | None:
        """The variable of that name, or None."""
        return next((variable for variable in self.variables if variable.name == name), None)


@dataclass(frozen=True)
class Method:
    """How a value was derived: a name, a type (`Computation`, `Imputation`), the text, and programming expressions."""

    oid: str
    name: str = ""
    type: str = ""
    text: str = ""
    expressions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Condition:
    """One comparison: a variable (of a dataset, where the file describes it), how (EQ, NE, IN, NOTIN, LT, …), with
    which values."""

    item_oid: str
    dataset: str
    variable: str
    comparator: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class WhereClause:
    """Records for which all of these conditions hold."""

    oid: str
    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True)
class ValueItem:
    """A variable's description for some of its records: those for which any of the clauses holds. In define.xml 1.0
    there are no clauses: the item's name is the value of the variable that has the list."""

    variable: DefinedVariable
    where: tuple[WhereClause, ...] = ()


@dataclass(frozen=True)
class ValueList:
    """Value-level metadata of one variable (`LBORRES` for each `LBTESTCD`)."""

    oid: str
    items: tuple[ValueItem, ...] = ()


@dataclass(frozen=True)
class Define:
    """A define.xml: the study, the standards, the datasets, and what they refer to, each by its id.

    `version` is the version of define.xml (`2.1.0`); `metadata_oid` the id of this description, which data files name.
    """

    version: str
    study_name: str
    study_oid: str = ""
    study_description: str = ""
    protocol_name: str = ""
    metadata_oid: str = ""
    name: str = ""
    created: str = ""
    context: str = ""
    standards: tuple[Standard, ...] = ()
    datasets: tuple[DefinedDataset, ...] = ()
    codelists: Mapping[str, Codelist] = field(default_factory=dict)
    methods: Mapping[str, Method] = field(default_factory=dict)
    comments: Mapping[str, str] = field(default_factory=dict)
    value_lists: Mapping[str, ValueList] = field(default_factory=dict)
    problems: tuple[MetadataProblem, ...] = ()

    @cached_property
    def _by_name(self) -> dict[str, DefinedDataset]:
        return {dataset.name: dataset for dataset in reversed(self.datasets)}

    def dataset(self, name: str) -> DefinedDataset | None:
        """The dataset of that name, or None."""
        return self._by_name.get(name)

    @property
    def dictionaries(self) -> tuple[tuple[str, str], ...]:
        """The external dictionaries with their versions, each once, in the file's order: `("MedDRA", "26.0")`."""
        named = ((each.dictionary, each.dictionary_version) for each in self.codelists.values() if each.dictionary)
        return tuple(dict.fromkeys(named))

    def describes(self, dataset: str, variables: Iterable[str]) -> tuple[str, ...]:
        """What is present but not described (spec B.3, ST03), in the order given.

        Cases: the dataset is not described: its name, alone (`AE`). Else each variable that its description lacks
        (`AE.AEXX`). Nothing is missing: empty. A variable described but not present is no concern of this rule.
        """
        described = self.dataset(dataset)
        if described is None:
            return (dataset,)
        names = {variable.name for variable in described.variables}
        return tuple(f"{dataset}.{name}" for name in variables if name not in names)
