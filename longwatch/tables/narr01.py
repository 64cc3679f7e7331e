"""NARR01: the skeleton of a narrative of one subject, filled from the data (ICH E3 12.3.2; spec D.7, a death).

What a narrative of a death or of another serious event has to say, one row each: who the subject was, what was given,
how the graft worked, what happened, how the subject died, when it was last seen, and who shares its lots. What only a
person can judge stands as `[to be written]`, and nothing is inferred: what the data does not say is said to be missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

import polars as pl

from longwatch.derive import AnalysisDatasets
from longwatch.standards.dates import earliest_day
from longwatch.study import Study
from longwatch.tables import footnotes
from longwatch.tables.arms import make_arms
from longwatch.tables.filters import equals
from longwatch.tables.ltf11 import has_drugs
from longwatch.tables.result import Provenance, Statistic, TableColumn, TableResult, TableRow
from longwatch.tables.subjects import subject_layout
from longwatch.tables.the_subject import find_subject, study_day_of

TITLE = "Skeleton of the narrative of one subject"
MISSING, NONE, TO_WRITE = "Not in the data", "None recorded", "[to be written]"
RECENT = 30
"""Days before death, or before the end of follow-up, whose events are named as recent."""


@dataclass(frozen=True)
class _Fact:
    """A row: its section, what it is, what the data says, and where from."""

    section: str
    label: str
    text: str
    dataset: str
    variables: tuple[str, ...]


def make_narr01(datasets: AnalysisDatasets, study: Study, parameters: Mapping[str, object]) -> TableResult:
    """The skeleton. Parameter: `subject`, a USUBJID; by default the first treated one. Raises StudyError LW-SUB-001
    where there is no such subject. Nobody → no rows, and a note."""
    place, name = find_subject(datasets, str(parameters.get("subject", "")))
    arms = make_arms(datasets, study)
    facts = list(_Subject(datasets, study, place, name).facts()) if place is not None else []
    columns = (TableColumn("text", "As the data has it"),)
    rows: list[TableRow] = []
    statistics = []
    for section in dict.fromkeys(fact.section for fact in facts):
        rows.append(TableRow(section, ("",), 0, section, ""))
        for fact in facts:
            if fact.section != section:
                continue
            rows.append(TableRow(fact.label, (fact.text,), 1, section, fact.label))
            source = Provenance(fact.dataset, equals("USUBJID", name), fact.variables)
            statistics.append(Statistic(section, fact.label, "Subject", "fact", None, fact.text, source))
    return TableResult(
        code="NARR01",
        title=f"{TITLE}: {name}" if name else TITLE,
        population=arms.population.name,
        stub="What a narrative says",
        columns=columns,
        rows=tuple(rows),
        statistics=(*subject_layout(arms).sizes(), *statistics),
        footnotes=(
            f"Subject {name or 'none'}, as known at the cut-off of {datasets.cutoff.isoformat()}. Study days: day 1 is "
            f"the day of the first infusion. {TO_WRITE}: for a physician; nothing is inferred from the data. "
            f"{MISSING}: not collected, or not of this subject.",
            footnotes.say_dictionary(study),
            *footnotes.say_abbreviations(columns, rows),
        ),
        empty_note="There is no such subject",
        parameters={"subject": name},
    )


class _Subject:
    """One subject, asked for what a narrative says of it."""

    def __init__(self, datasets: AnalysisDatasets, study: Study, place: int, name: str) -> None:
        self._datasets, self._study, self._place, self._name = datasets, study, place, name
        self._adsl = datasets.adsl.row(place, named=True)
        self._start: date | None = self._adsl["TRTSDT"]

    def facts(self) -> Iterator[_Fact]:
        """Every row, in the order of a narrative."""
        yield from self._who()
        yield from self._given()
        yield from self._graft()
        yield from self._events()
        yield from self._death()
        yield from self._end()
        for label in ("Clinical course and treatment", "Investigator's and sponsor's view of the cause",
                      "Alternative causes", "Conclusion"):  # fmt: skip
            yield _Fact("Assessment", label, TO_WRITE, "ADSL", ("USUBJID",))

    def _day(self, day: date | None) -> str:
        if day is None:
            return "on a day not known"
        return f"{day} (day {study_day_of(day, self._start)})" if self._start else str(day)

    def _of(self, name: str) -> list[dict[str, object]]:
        """The subject's records of a dataset of the source, that can have started by the cut-off."""
        data = self._datasets.data
        if name not in data:
            return []
        frame = data.frame(name)
        has = set(frame.collect_schema())
        if "USUBJID" not in has:
            return []
        mine = frame.filter(pl.col("USUBJID") == self._name)
        start = f"{name}STDTC" if f"{name}STDTC" in has else f"{name}DTC"
        if start in has:
            day = earliest_day(pl.col(start).cast(pl.String))
            mine = mine.filter((day <= self._datasets.cutoff).fill_null(True))
        return [
            {key: None if value == "" else value for key, value in row.items()}
            for row in mine.collect().iter_rows(named=True)
        ]

    def _who(self) -> Iterator[_Fact]:
        adsl = self._adsl
        age = f"{adsl['AGE']:g} years" if adsl.get("AGE") is not None else ""
        said = [age, *(str(adsl[key]) for key in ("SEX", "RACE", "COUNTRY") if adsl.get(key))]
        yield _Fact(
            "Subject", "Age, sex, race, country", ", ".join(filter(None, said)) or MISSING, "ADSL", ("AGE", "SEX")
        )
        arm = adsl.get(self._datasets.treatment_variable)
        yield _Fact("Subject", "Treatment", str(arm or MISSING), "ADSL", (self._datasets.treatment_variable,))
        history = [str(row.get("MHDECOD") or row.get("MHTERM")) for row in self._of("MH")]
        source = "MH" if "MH" in self._datasets.data else "ADSL"
        yield _Fact("Subject", "Medical history", "; ".join(dict.fromkeys(history)) or MISSING, source, ("MHTERM",))

    def _given(self) -> Iterator[_Fact]:
        doses = []
        infusions = self._datasets.infusions
        for row in (
            infusions.filter(pl.col("subject") == self._place).sort("day", nulls_last=True).iter_rows(named=True)
        ):
            amount = f"{row['EXDOSE']:g} {row.get('EXDOSU') or ''}".strip() if row.get("EXDOSE") is not None else ""
            lot = f"lot {row['EXLOT']}" if row.get("EXLOT") else "lot not known"
            doses.append(", ".join(filter(None, (self._day(row["day"]), amount, lot))))
        yield _Fact("Given", "Infusions", "; ".join(doses) or MISSING, "EX", ("EXSTDTC", "EXDOSE", "EXLOT"))
        courses = self._datasets.courses.filter(pl.col("subject") == self._place)
        said = [
            f"{str(drug).capitalize()} from {self._day(first)} {'until ' + self._day(last) if last else 'and going on'}"
            for drug, first, last in courses.sort("first").select("drug", "first", "last").iter_rows()
        ]
        source = "CM" if "CM" in self._datasets.data else "ADSL"
        yield _Fact("Given", "Immunosuppression", "; ".join(said) or MISSING, source, ("CMTRT", "CMSTDTC", "CMENDTC"))

    def _graft(self) -> Iterator[_Fact]:
        visits = self._datasets.adgf.filter(
            pl.col("USUBJID").to_physical() == self._place, pl.col("IGLS17").is_not_null()
        ).sort("ADT")
        if visits.height:
            row = visits.row(-1, named=True)
            grade = {"NE": "not evaluable"}.get(str(row["IGLS17"]), str(row["IGLS17"]).lower())
            text = f"{grade} at {row['AVISIT']}, {self._day(row['ADT'])}"
        else:
            text = MISSING
        yield _Fact("Graft", "Last Igls 2017 category", text, "ADGF", ("IGLS17", "ADT"))
        episodes = self._datasets.adii.filter(
            pl.col("USUBJID").to_physical() == self._place, pl.col("PARAMCD") == "EPISODE"
        )
        free = [
            f"{self._day(first)} to {self._day(last)}" for first, last in episodes.select("ASTDT", "AENDT").iter_rows()
        ]
        yield _Fact(
            "Graft",
            "Times free of insulin",
            "; ".join(free) or (NONE if has_drugs(self._datasets) else MISSING),
            "ADII",
            ("ASTDT", "AENDT"),
        )

    def _events(self) -> Iterator[_Fact]:
        wanted = ("USUBJID", "ASTDT", "AESER", "AEDECOD", "AEREL", "AEOUT", "AETOXGR", "AESEV")
        adae = self._datasets.adae_with(wanted)
        mine = adae.filter(pl.col("USUBJID").to_physical() == self._place).sort("ASTDT", nulls_last=True)
        events = list(mine.iter_rows(named=True))

        def say(row: Mapping[str, object]) -> str:
            more = [str(row[key]).lower() for key in ("AESEV", "AEREL", "AEOUT") if row.get(key)]
            grade = [f"grade {row['AETOXGR']}"] if row.get("AETOXGR") else []
            day: date | None = row["ASTDT"]  # type: ignore[assignment]
            return f"{row['AEDECOD']}, {self._day(day)}{''.join(f', {part}' for part in (*grade, *more))}"

        serious = [say(row) for row in events if row.get("AESER") == "Y"]
        nothing = NONE if "AESER" in adae.columns else MISSING
        yield _Fact("Events", "Serious adverse events", "; ".join(serious) or nothing, "ADAE", wanted[1:])
        end = self._last_day()
        recent = [
            say(row)
            for row in events
            if row.get("AESER") != "Y" and end and row["ASTDT"] and 0 <= (end - row["ASTDT"]).days <= RECENT
        ]
        label = f"Other adverse events in the last {RECENT} days"
        yield _Fact("Events", label, "; ".join(recent) or NONE, "ADAE", wanted[1:])

    def _last_day(self) -> date | None:
        died: date | None = self._adsl["DTHDT"]
        alive: date | None = self._adsl["LSTALVDT"]
        return died or alive

    def _death(self) -> Iterator[_Fact]:
        if self._adsl.get("DTHFL") != "Y":
            yield _Fact("Death", "Death", "Not known to have died by the cut-off", "ADSL", ("DTHFL",))
            return
        yield _Fact("Death", "Day of death", self._day(self._adsl["DTHDT"]), "ADSL", ("DTHFL", "DTHDT", "DTHADY"))
        yield _Fact("Death", "Primary cause", str(self._adsl.get("DTHCAUS") or MISSING), "ADSL", ("DTHCAUS",))
        details = [
            f"{row.get('DDTEST') or row.get('DDTESTCD')}: {row.get('DDSTRESC') or row.get('DDORRES')}"
            for row in self._of("DD")
        ]
        source = "DD" if "DD" in self._datasets.data else "ADSL"
        yield _Fact("Death", "Details of death", "; ".join(details) or MISSING, source, ("DDTEST", "DDSTRESC"))
        yield _Fact("Death", "Autopsy", TO_WRITE, "ADSL", ("USUBJID",))

    def _end(self) -> Iterator[_Fact]:
        yield _Fact("Follow-up", "Last day known alive", self._day(self._adsl["LSTALVDT"]), "ADSL", ("LSTALVDT",))
        status = " / ".join(str(self._adsl[key]) for key in ("EOSSTT", "DCSREAS") if self._adsl.get(key))
        yield _Fact("Follow-up", "Participation", status.lower() or MISSING, "ADSL", ("EOSSTT", "DCSREAS"))
        adlot = self._datasets.adlot.filter(pl.col("PARAMCD") == "LOT")
        mine = adlot.filter(pl.col("USUBJID").to_physical() == self._place)["LOTID"].unique().sort().to_list()
        said = []
        for lot in mine:
            others = adlot.filter(pl.col("LOTID") == lot, pl.col("USUBJID").to_physical() != self._place)
            names = sorted(others["USUBJID"].cast(pl.String).unique())
            said.append(f"{lot}: {', '.join(names) if names else 'nobody else'}")
        yield _Fact("Follow-up", "Others treated with its lots", "; ".join(said) or MISSING, "ADLOT", ("LOTID",))
