"""The values that a variable may have, as define.xml and ODM list them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Term:
    """One value that a codelist allows: the value as it stands in the data, what it means (`decode`, empty for a plain
    list of values), its place, whether the sponsor added it (`extended`), its code in the NCI thesaurus."""

    value: str
    decode: str = ""
    order: int | None = None
    rank: float | None = None
    extended: bool = False
    code: str = ""


@dataclass(frozen=True)
class Codelist:
    """The values that a variable may have: a list of terms, or a dictionary (MedDRA, WHODrug) with its version.

    `extensible` is None where the file does not say; `code` is the list's code in the NCI thesaurus. `non_standard` and
    `standard` (the id of a `Standard`) are of define.xml 2.1.
    """

    oid: str
    name: str
    data_type: str = ""
    terms: tuple[Term, ...] = ()
    dictionary: str = ""
    dictionary_version: str = ""
    extensible: bool | None = None
    non_standard: bool = False
    standard: str = ""
    code: str = ""

    @property
    def extended(self) -> bool:
        """Whether the sponsor added terms to the standard's."""
        return any(term.extended for term in self.terms)
