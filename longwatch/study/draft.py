"""A commented study file from what a source shows. What the data does not decide stands in a comment, to be decided.

AEREL: a value that says by itself that it is related or not (RELATED, NOT RELATED, NONE …) is mapped; every other is
listed with its records, for the study team to map. Source: spec A.2 (AEREL has no codelist).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from longwatch.study.facts import StudyFacts
from longwatch.study.model import STUDY_ID
from longwatch.study.shape import OdmDatasetSpec, OdmVariable
from longwatch.study.source_look import LookedFile, SourceLook

_PLAIN_TEXT = re.compile(r"[A-Za-z][A-Za-z0-9_./()+-]*( [A-Za-z0-9_./()+-]+)*")
_NO_TEXT = frozenset({"true", "false", "null", "Null", "NULL"})
_RELATED = frozenset({"RELATED", "DEFINITELY RELATED", "DEFINITE", "CERTAIN", "Y", "YES"})
_NOT_RELATED = frozenset({"NOT RELATED", "UNRELATED", "DEFINITELY NOT RELATED", "NONE", "N", "NO", "NOT SUSPECTED"})
_DECIDE = "# TO DECIDE:"


def draft_study(facts: StudyFacts, look: SourceLook, path: str) -> str:
    """The text of a study file. `path`: the source as the study file names it."""
    lines = [
        "# Written by `longwatch study init` from the data. Read it, decide what is marked TO DECIDE, and then",
        "# `longwatch study check FILE --data`. What each key means: docs/study-file.md.",
        "longwatch: 1",
        *_identity(facts),
        *_sources(look, path),
        *_cutoff(facts),
        *_treatment(facts),
        *_relatedness(facts),
        *_comparison(facts),
        *_dictionaries(facts),
        *_severities(facts, look),
    ]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _identity(facts: StudyFacts) -> Iterator[str]:
    yield "study:"
    if re.fullmatch(STUDY_ID, facts.study_id) and len(facts.study_id) <= 64:
        yield f"  id: {_text(facts.study_id)}"
    else:
        yield f"  {_DECIDE} STUDYID{_found(facts.study_id)} cannot be taken as it is"
        yield "  id: STUDY"
    if not facts.title:
        yield f"  {_DECIDE} the data states no title"
    yield f"  title: {_text(facts.title or 'Untitled study')}"
    if facts.sponsor:
        yield f"  sponsor: {_text(facts.sponsor)}"
    if facts.protocol:
        yield f"  protocol: {_text(facts.protocol)}"
    sites = f"; sites are in {', '.join(facts.countries)}" if facts.countries else ""
    yield f"  {_DECIDE} the time zone that defines the study's dates, such as Europe/Zurich{_comment(sites)}"
    yield "  timezone: UTC"
    for standard in facts.standards:
        yield f"  # standard: {_comment(standard)}"


def _sources(look: SourceLook, path: str) -> Iterator[str]:
    yield "sources:"
    usable = [file for file in look.files if not file.trouble]
    together = [file for file in usable if file.declared is None and file.shape.is_plain]
    apart = [file for file in usable if file not in together]
    excluded = [file for file in look.files if file.trouble]
    for encoding, files in _by_encoding(together).items():
        yield f"  - path: {_text(path)}"
        if encoding != "utf-8":
            yield f"    encoding: {encoding}"
        if apart or excluded or len(files) < len(together):
            yield f"    include: [{', '.join(_text(file.name) for file in files)}]"
        named = ", ".join(name for file in files for name in file.datasets)
        yield from _wrapped(f"datasets: {named}", "    ") if named else ()
        for file in files:
            yield from _notes(file)
    for file in apart:
        yield f"  - path: {_text(path)}"
        if len(look.files) > 1:
            yield f"    include: [{_text(file.name)}]"
        if file.encoding != "utf-8":
            yield f"    encoding: {file.encoding}"
        if file.declared:
            yield f"    dataset: {file.declared}"
        if file.shape.missing:
            yield f"    missing: [{', '.join(_text(value) for value in file.shape.missing)}]"
        yield from _notes(file)
        if file.shape.odm:
            yield "    odm:"
            for name, spec in file.shape.odm.items():
                yield from _odm(name, spec)
    for file in excluded:
        yield from _wrapped(f"not taken: {file.name}: {file.trouble}", "  ")


def _by_encoding(files: list[LookedFile]) -> dict[str, list[LookedFile]]:
    """One source for all where one encoding reads all: those of the formats that say their own do not mind."""
    others = sorted({file.encoding for file in files} - {"utf-8"})
    if len(others) == 1 and not _has_text_of_its_own(files):
        return {others[0]: files}
    return {
        encoding: [file for file in files if file.encoding == encoding]
        for encoding in sorted({file.encoding for file in files}, reverse=True)
    }


def _has_text_of_its_own(files: list[LookedFile]) -> bool:
    """Whether a file that is UTF-8 would be read otherwise in another encoding."""
    return any(file.encoding == "utf-8" and file.format in ("csv", "tsv") for file in files)


def _notes(file: LookedFile) -> Iterator[str]:
    for note in file.notes:
        yield from _wrapped(f"{file.name}: {note}", "    ")


def _odm(name: str, spec: OdmDatasetSpec) -> Iterator[str]:
    yield f"      {name}:"
    yield f"        item_groups: [{', '.join(_text(oid) for oid in spec.item_groups)}]"
    if spec.label:
        yield f"        label: {_text(spec.label)}"
    yield "        variables:"
    for variable, source in spec.variables.items():
        yield f"          {variable}: {_odm_source(source)}"


def _odm_source(source: OdmVariable) -> str:
    if source.item is not None:
        return _text(source.item) if source.number is None else f"{{item: {_text(source.item)}, number: false}}"
    if source.record_number:
        return "record number"
    said = f"text: {_text(source.text)}" if source.text is not None else f"key: {_text(source.key or '')}"
    terms = ", ".join(f"{_text(code)}: {_text(term)}" for code, term in source.terms.items())
    return "{" + said + (f", terms: {{{terms}}}" if terms else "") + "}"


def _cutoff(facts: StudyFacts) -> Iterator[str]:
    if facts.data_cut:
        yield f"# The cut-off is the data's own, TS.DCUTDTC = {_comment(facts.data_cut)}, unless it stands here:"
        yield "# cutoff: YYYY-MM-DD"
    elif facts.last_date is not None:
        yield f"{_DECIDE} the data states no cut (TS.DCUTDTC); this is its last date, in {facts.last_date_from}"
        yield f"cutoff: {facts.last_date.isoformat()}"
    else:
        yield f"{_DECIDE} no cut-off is known"
        yield "# cutoff: YYYY-MM-DD"


def _treatment(facts: StudyFacts) -> Iterator[str]:
    yield "treatment:"
    yield f"  basis: {'actual' if facts.has_actual_arm else 'planned'}    # actual: DM.ACTARMCD, planned: DM.ARMCD"
    if not facts.arms:
        yield f"  {_DECIDE} the data has no arms (DM.ARMCD, TA); this one stands for all until you name them"
    yield "  arms:"
    used = {"Total"}
    for code, name in facts.arms or (("ALL", "All subjects"),):
        heading = name if name not in used else f"{name} ({code})"
        used.add(heading)
        yield f"    - {{code: {_text(code)}, name: {_text(heading)}}}"
    if facts.not_treated:
        yield "  # subjects of these get no study treatment, by their code and name"
        yield f"  not_treated: [{', '.join(_text(code) for code in facts.not_treated)}]"
    listed = ", ".join(f"{value} ({count:,})" for value, count in facts.products)
    if facts.products:
        yield from _wrapped(f"EX.EXTRT with its records: {listed}", "  ")
    products = f"products: [{', '.join(_text(value) for value in facts.study_products)}]"
    if facts.study_products and len(facts.study_products) < len(facts.products):
        yield f"  {products}    # as TS.TRT and TS.COMPTRT say; the others are no study product"
    elif len(facts.products) > 1:
        yield f"  {_DECIDE} without `products` every record of EX is one of the study product"
        yield f"  # products: [{', '.join(_text(value) for value, _ in facts.products)}]"
    if facts.subjects is not None:
        dosed = "unknown, there is no EX" if facts.dosed is None else f"{facts.dosed:,}"
        yield f"  # subjects in DM: {facts.subjects:,}; with a record in EX, likely the safety population: {dosed}"


def _relatedness(facts: StudyFacts) -> Iterator[str]:
    values = [value for value, _ in facts.relatedness]
    related = [value for value in values if value.strip().upper() in _RELATED]
    not_related = [value for value in values if value.strip().upper() in _NOT_RELATED]
    unclear = [
        f"{_text(value)} ({count:,})" for value, count in facts.relatedness if value not in related + not_related
    ]
    if not values:
        yield "# AE has no AEREL here; once it has, its values are mapped:"
        yield "# relatedness: {related: [], not_related: []}"
        return
    if unclear:
        yield from _wrapped(
            f"{_DECIDE[2:]} put each of these values of AEREL (records) into one of the lists; one that "
            f"is in neither counts as related: {', '.join(unclear)}",
            "",
        )
    yield "relatedness:"
    yield f"  related: [{', '.join(_text(value) for value in related)}]"
    yield f"  not_related: [{', '.join(_text(value) for value in not_related)}]"


def _comparison(facts: StudyFacts) -> Iterator[str]:
    if len(facts.arms) > 1:
        control = facts.control or facts.arms[-1][0]
        why = "by its name" if facts.control else "a guess; none is named as one"
        yield f"# To compare arms, take the # away and name the control arm ({why}):"
        yield f"# comparison: {{control: {_text(control)}, statistics: [risk_difference]}}"


def _dictionaries(facts: StudyFacts) -> Iterator[str]:
    if not facts.meddra:
        yield f"{_DECIDE} the versions of MedDRA and CTCAE that the data was coded with; the tables print them"
    stated = {"meddra": facts.meddra, "ctcae": facts.ctcae}
    said = ", ".join(
        f"{name}: {json.dumps(version, ensure_ascii=False)}" for name, version in stated.items() if version
    )
    yield f"dictionaries: {{{said}}}" if said else '# dictionaries: {meddra: "27.1", ctcae: "5.0"}'


def _severities(facts: StudyFacts, look: SourceLook) -> Iterator[str]:
    absent = [name for name in ("DM", "AE", "EX") if name not in look.data]
    if absent:
        yield f"# {', '.join(absent)}: not in this source; reports need DM, AE and EX (`longwatch validate` does not)"
    if "TS" in look.data and not facts.has_start_date:
        yield "# TS states no SSTDTC, which rule ST02 rejects. A reason that holds for the study makes it a DRAFT:"
        yield "# severities:"
        yield "#   - {rule: ST02, severity: error, reason: WHERE THE START DATE IS STATED INSTEAD}"


def _wrapped(text: str, indent: str) -> Iterator[str]:
    """A comment over as many lines as it takes."""
    line = f"{indent}#"
    for word in _comment(text).split():
        if len(line) + len(word) + 1 > 118 and line != f"{indent}#":
            yield line
            line = f"{indent}#  "
        line += f" {word}"
    yield line


def _comment(text: str) -> str:
    """Foreign text in one line of printable characters, since a line break would end the comment."""
    return "".join(sign if sign.isprintable() else " " for sign in text)


def _found(text: str) -> str:
    return f" ({_comment(json.dumps(text, ensure_ascii=False))})" if text else ""


def _text(text: str) -> str:
    """A text as YAML has it, in quotes where it needs them."""
    if _PLAIN_TEXT.fullmatch(text) and text not in _NO_TEXT:
        return text
    return json.dumps(text, ensure_ascii=False)
