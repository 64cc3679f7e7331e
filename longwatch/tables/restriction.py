"""What any table can be made of instead of the whole trial: some subjects (a subgroup), some events (a kind).

As asked, in a word: `serious`, `related`, `fatal`, `withdrawn` (see `subsets`); or a condition `VARIABLE=VALUE`,
several values parted by `|`, no value for missing; `VARIABLE>=VALUE`, `<=`, `>`, `<` of a number of ADSL, or of a scale
of ADAE (AETOXGR, AESEV). A variable of ADSL picks subjects, N included; one of ADAE picks events. Events of a list of
terms: `AESI=NAME`, `OCMQ=NAME`, `SMQ=NAME`, `CQ=NAME`, its narrow terms unless `(broad)` follows the name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

import polars as pl

from longwatch.derive import AnalysisDatasets
from longwatch.derive.narrowing import narrow
from longwatch.derive.occurrence import SEVERITIES
from longwatch.errors import StudyError
from longwatch.standards.event_groups import AESI, Scope
from longwatch.standards.nearest import did_you_mean
from longwatch.study import Study
from longwatch.tables import footnotes
from longwatch.tables.characteristics import MISSING, levels_of
from longwatch.tables.events import select_emergent
from longwatch.tables.filters import both, equals, is_one_of, select_rows, variables_of
from longwatch.tables.groups import KINDS, condition_of, names_of, say_lists
from longwatch.tables.labels import label_of, words_of_values
from longwatch.tables.result import Provenance, Restriction, TableResult
from longwatch.tables.subsets import SUBSETS, find_subset

SCALES: Mapping[str, tuple[str, ...]] = {"AETOXGR": ("1", "2", "3", "4", "5"), "AESEV": tuple(SEVERITIES)}
MOST_SUBGROUPS = 50
_CONDITION = re.compile(r"([A-Z][A-Z0-9_]*)\s*(>=|<=|=|>|<)\s*(.*)", re.DOTALL)
_NUMBER = re.compile(r"-?\d+(\.\d+)?")


def read_restriction(asked: str, datasets: AnalysisDatasets, study: Study) -> Restriction:
    """The restriction that a text asks for.

    Raises StudyError LW-TAB-010: neither a word nor a condition; a variable, or a value of a subject's variable, that
    is not there; a comparison that it does not know; a subset or variable of events that was not collected; a list
    without terms. LW-GRP-003: there is no such list of terms.
    """
    if asked in SUBSETS:
        return _of_subset(asked, datasets, study)
    found = _CONDITION.fullmatch(asked)
    if found is None:
        raise _refused(asked, f"{', '.join(SUBSETS)}, or VARIABLE=VALUE{did_you_mean(asked, SUBSETS)}", "no such word")
    variable, sign, text = found[1], found[2], found[3].strip()
    if variable in KINDS and sign == "=":
        return _of_group(asked, variable, text, datasets, study)
    if variable in datasets.adsl.columns and variable != "USUBJID":
        return _of_subjects(asked, variable, sign, text, datasets, study)
    if variable in datasets.adae_variables and variable != "USUBJID":
        return _of_events(asked, variable, sign, text, datasets, study)
    names = [*datasets.adsl.columns, *datasets.adae_variables]
    raise _refused(asked, f"a variable of ADSL or ADAE{did_you_mean(variable, names)}", f"{variable} is in neither")


def read_subgroups(variable: str, datasets: AnalysisDatasets, study: Study) -> tuple[Restriction, ...]:
    """One restriction per value of a variable among the subjects treated or on an arm, `Missing` last.

    Order: of its numeric companion (AGEGR1N), else by falling number of subjects. Raises StudyError LW-TAB-011: the
    variable is not in ADSL, a number or a date, or has too many values.
    """
    adsl = datasets.adsl
    if variable not in adsl.columns or not isinstance(adsl.schema[variable], pl.Enum):
        texts = [name for name, kind in adsl.schema.items() if isinstance(kind, pl.Enum)]
        raise StudyError(
            "LW-TAB-011",
            f"no table can be made by {variable}",
            where="by",
            expected=f"a variable of ADSL that is text, such as SEX, AGEGR1{did_you_mean(variable, texts)}",
            found="it is not in ADSL" if variable not in adsl.columns else "a number or a date",
            next_step="name a variable with few values; a number can be cut into groups by `where`, such as AGE>=65",
        )
    taking_part = adsl.filter((pl.col("SAFFL") == "Y") | pl.col("TRT01P").is_not_null())
    values = levels_of(taking_part, variable)
    if len(values) > MOST_SUBGROUPS:
        raise StudyError(
            "LW-TAB-011",
            f"{variable} has too many values for a table of each",
            where="by",
            expected=f"at most {MOST_SUBGROUPS}",
            found=f"{len(values):,}",
            next_step="name a variable with fewer values, or one of them by `where`",
        )
    if taking_part[variable].has_nulls():
        values.append("")
    return tuple(read_restriction(f"{variable}={value.replace('|', '||')}", datasets, study) for value in values)


def restrict(datasets: AnalysisDatasets, restrictions: tuple[Restriction, ...]) -> AnalysisDatasets:
    """The datasets of the subjects and events that meet every restriction."""
    if not restrictions:
        return datasets
    subjects = select_rows(datasets.adsl, both(*(item.subjects for item in restrictions)))
    condition = both(*(item.events for item in restrictions))
    events = select_rows(datasets.adae_with(["USUBJID", *variables_of(condition)]), condition)
    return narrow(datasets, subjects, events)


def say_restricted(table: TableResult, restrictions: tuple[Restriction, ...]) -> TableResult:
    """The output with its restrictions in its title, its footnotes, and the source of every number."""
    if not restrictions:
        return table
    subjects = both(*(item.subjects for item in restrictions))
    events = both(*(item.events for item in restrictions))
    known: dict[Provenance, Provenance] = {}

    def restricted(source: Provenance) -> Provenance:
        if source not in known:
            picked = both(source.filter, events) if source.dataset == "ADAE" else source.filter
            over = f"{source.denominator}, those with {subjects}" if source.denominator and subjects else ""
            known[source] = replace(
                source, filter=picked, subjects=both(source.subjects, subjects), denominator=over or source.denominator
            )
        return known[source]

    notes = []
    if subjects:
        notes.append(f"Made of the subjects with {subjects} alone, N included.")
    if events:
        notes.append(f"Counted are the events with {events} alone.")
    notes += [note for item in restrictions for note in item.notes if note not in table.footnotes]
    return replace(
        table,
        title=f"{table.title} – {'; '.join(item.words for item in restrictions)}",
        statistics=tuple(replace(item, provenance=restricted(item.provenance)) for item in table.statistics),
        footnotes=(*dict.fromkeys(notes), *table.footnotes),
        restrictions=(*table.restrictions, *restrictions),
    )


def _of_subset(asked: str, datasets: AnalysisDatasets, study: Study) -> Restriction:
    subset = find_subset(asked)
    assert subset is not None
    condition = subset.condition(select_emergent(datasets, *subset.variables))
    if condition is None:
        raise _refused(asked, "events that the data tells apart", subset.note())
    words = f"{subset.adjective} events{subset.clause}".strip().lower()
    return Restriction(asked, words, events=condition, notes=footnotes.say_subset(datasets, study, subset))


def _of_group(asked: str, kind: str, text: str, datasets: AnalysisDatasets, study: Study) -> Restriction:
    name = text.removesuffix(f"({Scope.BROAD})").rstrip()
    scope = Scope.NARROW if name == text else Scope.BROAD
    group = datasets.groups.find(name, kind)
    if not (group.terms(scope) or group.socs):
        raise _refused(asked, "a list with terms; (broad) takes all of them", f"{group.name} has no {scope} terms")
    condition = condition_of(group, scope, names_of(datasets, "AEBODSYS"), names_of(datasets, "AEDECOD"))
    words = f"{kind}: {group.name}" + ("" if kind == AESI else f" ({scope})")
    notes = say_lists([group], study) if group.version else ()
    window = next((spec.window for spec in study.aesi if kind == AESI and spec.name == group.name), None)
    if window is not None:
        condition = both(f"({condition})" if " OR " in condition else condition, window.condition)
        notes = (f"Events count on {window.words}.", *notes)
    return Restriction(asked, words, events=condition, notes=notes)


def _of_subjects(
    asked: str, variable: str, sign: str, text: str, datasets: AnalysisDatasets, study: Study
) -> Restriction:
    label = label_of(datasets, study, variable)
    kind = datasets.adsl.schema[variable]
    if kind.is_numeric() and text:
        if not _NUMBER.fullmatch(text):
            raise _refused(asked, f"a number, for {variable} is one", text)
        return Restriction(asked, f"{label} {sign} {text}", subjects=f"{variable} {sign} {text}")
    if sign != "=" or (text and not isinstance(kind, pl.Enum)):
        raise _refused(asked, f"{variable}=VALUE, for it is {'text' if isinstance(kind, pl.Enum) else 'no text'}", sign)
    values = _values(text)
    known = sorted(datasets.adsl[variable].drop_nulls().unique().cast(pl.String)) if values else []
    for value in values:
        if value not in known:
            raise _refused(asked, f"one of {', '.join(known[:12])}{did_you_mean(value, known)}", value)
    names = words_of_values(variable)
    words = " or ".join(names.get(value, value) for value in values) or MISSING
    notes = (footnotes.say_engraftment(study),) if variable == "GRAFTFL" else ()
    return Restriction(asked, f"{label}: {words}", subjects=_condition(variable, values), notes=notes)


def _of_events(
    asked: str, variable: str, sign: str, text: str, datasets: AnalysisDatasets, study: Study
) -> Restriction:
    if not select_emergent(datasets, variable).is_collected(variable):
        raise _refused(asked, "a variable that is filled", f"{variable} never is")
    if not isinstance(datasets.adae_with([variable]).schema[variable], pl.Enum):
        raise _refused(asked, "a variable of ADAE that is text: times and numbers of events cannot be chosen", variable)
    notes = footnotes.say_ctcae(study, variable)
    if variable == "AREL":
        notes = (footnotes.say_relatedness(datasets, study),)
    if variable == "AWIN":
        notes = footnotes.say_windows(datasets, study)
    if sign == "=":
        values = _values(text)
        words = f"{variable}: {' or '.join(values) or MISSING}"
        return Restriction(asked, words, events=_condition(variable, values), notes=notes)
    scale = SCALES.get(variable, ())
    if text not in scale:
        expected = f"one of {', '.join(scale)}" if scale else f"a scale ({', '.join(SCALES)}), or {variable}=VALUE"
        raise _refused(asked, expected, text)
    place = scale.index(text)
    chosen = {">=": scale[place:], ">": scale[place + 1 :], "<=": scale[: place + 1], "<": scale[:place]}[sign]
    if not chosen:
        raise _refused(asked, "a comparison that a value of the scale meets", "none does")
    return Restriction(asked, f"{variable} {sign} {text}", events=is_one_of(variable, chosen), notes=notes)


def _values(text: str) -> list[str]:
    """`A|B` → A, B; a bar within a value is written twice."""
    parts = text.replace("||", "\0").split("|") if text else []
    return [part.replace("\0", "|").strip() for part in parts]


def _condition(variable: str, values: list[str]) -> str:
    if not values:
        return f"{variable} IS NULL"
    return equals(variable, values[0]) if len(values) == 1 else is_one_of(variable, values)


def _refused(asked: str, expected: str, found: str) -> StudyError:
    return StudyError(
        "LW-TAB-010",
        "a table cannot be restricted so",
        where=f"where: {asked}",
        expected=expected,
        found=found,
        next_step="docs/outputs.md says what a table may be restricted to",
    )
