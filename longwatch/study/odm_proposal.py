"""A mapping for an ODM file, from what it defines and holds: a start for a person, item by item, nothing recoded.

The domain of an item group is the one it states (`AE`, `AE Domain`), else the one its id names (`IG.AE.1`, `AE`). Of
several groups of one domain the one with the most records is mapped, and the others are named. A variable is an item
whose own SDTM or SAS name, or the end of whose id, can be a variable's name; the others are named, too.
"""

from __future__ import annotations

import re
from collections import defaultdict

import polars as pl

from longwatch.standards.number_text import numbers_of
from longwatch.standards.odm import OdmSnapshot
from longwatch.standards.odm_metadata import OdmMetadata
from longwatch.standards.sdtm import DOMAINS, is_numeric, sequence_variable
from longwatch.study.shape import OdmDatasetSpec, OdmVariable

_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]{0,7}")
_WORD: re.Pattern[str] = re.compile(r"[A-Za-z0-9]+")


def propose_odm(snapshot: OdmSnapshot, study_id: str) -> tuple[dict[str, OdmDatasetSpec], tuple[str, ...]]:
    """Datasets by name, and what was left out."""
    records = (
        snapshot.values.group_by("ItemGroupOID", maintain_order=True)
        .agg(
            records=pl.struct(pl.exclude("ItemOID", "Value", "MeasurementUnitOID", "ItemGroupOID")).n_unique(),
            items=pl.col("ItemOID").unique(maintain_order=True),
        )
        .sort("records", descending=True, maintain_order=True)
    )
    groups: dict[str, list[tuple[str, list[str]]]] = defaultdict(list)
    notes: list[str] = []
    for group, _, items in records.iter_rows():
        domain = _domain_of(group, snapshot.metadata)
        if domain:
            groups[domain].append((group, _in_defined_order(group, items, snapshot.metadata)))
        else:
            notes.append(f"the item group {group} names no domain of SDTM; map it where it belongs")
    specs: dict[str, OdmDatasetSpec] = {}
    for domain in sorted(groups):
        (group, items), *others = groups[domain]
        notes += [f"{domain}: the item group {other} is not mapped" for other, _ in others]
        texts = {oid for oid in items if not _all_numbers(snapshot.values, group, oid)}
        specs[domain] = _dataset(domain, group, items, snapshot.metadata, study_id, texts, notes)
    return specs, tuple(notes)


def _dataset(
    domain: str,
    group: str,
    items: list[str],
    metadata: OdmMetadata,
    study_id: str,
    texts: set[str],
    notes: list[str],
) -> OdmDatasetSpec:
    variables = {"STUDYID": OdmVariable(text=study_id), "DOMAIN": OdmVariable(text=domain)}
    named: dict[str, str] = {}
    for oid in items:
        name = _variable_of(oid, metadata)
        if name and name not in named and name not in variables:
            named[name] = oid
        else:
            notes.append(f"{domain}: the item {oid} has no name that a variable can have; name it yourself")
    if "USUBJID" not in named:
        variables["USUBJID"] = OdmVariable(key="SubjectKey")
    else:
        variables["USUBJID"] = OdmVariable(item=named.pop("USUBJID"))
    sequence = sequence_variable(domain)
    if domain != "DM" and sequence and sequence not in named:
        variables[sequence] = OdmVariable(record_number=True)
    for name, oid in named.items():
        kept = is_numeric(domain, name) and oid in texts
        variables[name] = OdmVariable(item=oid, number=False if kept else None)
        if kept:
            notes.append(f"{domain}.{name} is a number in SDTM, but not every value here is one: it is kept as text")
    if domain != "DM" and "VISIT" not in variables:
        variables["VISIT"] = OdmVariable(key="StudyEventOID", terms=dict(metadata.events))
    return OdmDatasetSpec(item_groups=(group,), label=DOMAINS[domain].label, variables=variables)


def _all_numbers(values: pl.DataFrame, group: str, oid: str) -> bool:
    chosen = values.filter(pl.col("ItemGroupOID") == group, pl.col("ItemOID") == oid)
    return numbers_of(chosen["Value"])[1] is None


def _domain_of(group: str, metadata: OdmMetadata) -> str:
    defined = metadata.item_groups.get(group)
    for text in (defined.domain if defined else "", group):
        for found in _WORD.finditer(text):
            word = found[0]
            if word.upper() in DOMAINS and len(word) == 2:
                return word.upper()
    return ""


def _in_defined_order(group: str, items: list[str], metadata: OdmMetadata) -> list[str]:
    defined = metadata.item_groups.get(group)
    order = defined.items if defined else ()
    return [*(oid for oid in order if oid in items), *(oid for oid in items if oid not in order)]


def _variable_of(oid: str, metadata: OdmMetadata) -> str:
    item = metadata.items.get(oid)
    written: tuple[str, ...] = (item.sdtm_name, item.sas_name) if item else ()
    for name in (*written, oid.rpartition(".")[2]):
        if _VARIABLE.fullmatch(name.upper()):
            return name.upper()
    return ""
