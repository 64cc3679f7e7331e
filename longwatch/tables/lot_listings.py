"""LOTL01, LOTL02, LOTL03: lots traced as listings, cut at the cut-off (spec D.6).

LOTL01, forward: one row per lot and subject treated with it, by cell bank, lot and subject: what was given when, the
serious treatment-emergent events since, and how the follow-up stands. LOTL02: one row per test of a lot that was given,
those not passed first. LOTL03, backward: one row per serious event after a lot: the lots given by its start, their cell
banks, and how many other subjects got one of these lots, and cells of one of these banks (of a lot of no known bank:
that lot).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

import polars as pl

from longwatch.derive import AnalysisDatasets
from longwatch.derive.lot_trace import BANK_SEPARATOR
from longwatch.study import Study
from longwatch.tables import footnotes
from longwatch.tables.arms import Arms, make_arms
from longwatch.tables.filters import both, equals
from longwatch.tables.layout import NOT_AVAILABLE
from longwatch.tables.ltf14 import lot_statuses
from longwatch.tables.result import Provenance, Statistic, TableColumn, TableResult, TableRow
from longwatch.tables.subjects import subject_layout
from longwatch.tables.the_subject import study_day_of

NONE, NOT_KNOWN = "–", "Not known"


@dataclass(frozen=True)
class Listed:
    """A listing: its title, its columns, and what it prints without a row."""

    title: str
    stub: str
    columns: tuple[str, ...]
    nothing: str


KINDS: Mapping[str, Listed] = {
    "LOTL01": Listed(
        "Lots and the subjects treated with them",
        "Lot",
        ("Cell bank / status", "Subject", "Arm", "Given (study day)", "Dose", "Serious TEAEs since", "Follow-up"),
        "No dose by the cut-off names its lot (EXLOT)",
    ),
    "LOTL02": Listed(
        "Tests of the lots that were given",
        "Lot",
        ("Test", "Specification", "Result", "Passed", "Date / certificate"),
        "No test of a lot that was given is in the data (LOTTEST)",
    ),
    "LOTL03": Listed(
        "Serious adverse events traced back to lots and cell banks",
        "Subject",
        ("Event", "Start (study day)", "Lots given by then", "Cell banks", "Other subjects of these lots / banks"),
        "No serious event began after a dose that names its lot",
    ),
}  # fmt: skip


def make_lot_listing(datasets: AnalysisDatasets, study: Study, parameters: Mapping[str, object]) -> TableResult:
    """The listing. Parameter: `kind` (fixed: which of KINDS). Nothing to list → no rows, and a note; what LOT or
    LOTTEST does not say is `Not known`."""
    code = str(parameters["kind"])
    kind = KINDS[code]
    arms = make_arms(datasets, study)
    facts = _Facts(datasets, arms)
    make = {"LOTL01": _forward, "LOTL02": _tests, "LOTL03": _backward}[code]
    found = list(make(facts))
    columns = tuple(TableColumn(heading, heading) for heading in kind.columns)
    rows = tuple(row for row, _ in found)
    return TableResult(
        code=code,
        title=kind.title,
        population=arms.population.name,
        stub=kind.stub,
        columns=columns,
        rows=rows,
        statistics=(*subject_layout(arms).sizes(), *(statistic for _, statistic in found)),
        footnotes=(
            footnotes.say_population(datasets, study, arms),
            "Doses of study product that name their lot (EXLOT); a dose from two lots is of both. Study day: from the "
            "first infusion (day 1). Status: of LOT, as of the cut-off; a recall after it is not known at it.",
            *_SAID[code],
            *footnotes.say_abbreviations(columns, rows, *(("TEAE",) if code != "LOTL02" else ())),
        ),
        empty_note=kind.nothing,
    )


_SAID = {
    "LOTL01": ("In the order of cell bank, lot and subject. Serious TEAEs: from the day on which the lot was given.",),
    "LOTL02": ("As LOTTEST has them; Passed: PASS. Those not passed stand first within a lot.",),
    "LOTL03": (
        "Other subjects: treated by the cut-off with a lot of one of the banks (master bank, working bank and line "
        "are one each); of a lot without a known bank, with that lot. To share a bank is no sign of a cause.",
    ),
}


class _Facts:
    """What is known of lots and subjects: ADLOT of the safety population, and LOT, LOTTEST as they are."""

    def __init__(self, datasets: AnalysisDatasets, arms: Arms) -> None:
        self.datasets, self.arms = datasets, arms
        adlot = datasets.adlot.with_columns(name=pl.col("USUBJID").cast(pl.String), row=pl.col("USUBJID").to_physical())
        safe = (pl.col("SAFFL") == "Y").fill_null(False)
        self.given = adlot.filter(pl.col("PARAMCD") == "LOT", safe)
        self.serious = adlot.filter(pl.col("PARAMCD") == "AE", pl.col("AESER") == "Y", safe)
        self.status = lot_statuses(datasets)
        self.banks = {row["LOTID"]: row.get("CELLBANK") for row in _source(datasets, "LOT") if row.get("LOTID")}
        self.starts = dict(zip(range(datasets.adsl.height), datasets.adsl["TRTSDT"], strict=True))

    def banks_of(self, lot: str) -> frozenset[str]:
        """The banks that a lot was made from; of a lot of no known bank, the lot itself."""
        bank = self.banks.get(lot)
        return (
            frozenset(part.strip() for part in str(bank).split(BANK_SEPARATOR)) if bank else frozenset({f"lot {lot}"})
        )

    def day(self, row: int, day: date | None) -> str:
        """A date with its study day."""
        start = self.starts.get(row)
        if day is None or start is None:
            return NOT_KNOWN
        return f"{day} ({study_day_of(day, start)})"

    def state(self, row: int) -> str:
        """How a subject's follow-up stands."""
        subject = self.datasets.adsl.row(row, named=True)
        if subject.get("DTHFL") == "Y":
            return "Died"
        status = subject.get("EOSSTT")
        return "Goes on" if status not in ("COMPLETED", "DISCONTINUED") else str(status).capitalize()


def _source(datasets: AnalysisDatasets, name: str) -> list[dict[str, object]]:
    if name not in datasets.data:
        return []
    return [
        {key: value.strip() if isinstance(value, str) else value for key, value in row.items()}
        for row in datasets.data.frame(name).collect().iter_rows(named=True)
    ]


def _forward(facts: _Facts) -> Iterator[tuple[TableRow, Statistic]]:
    doses: dict[tuple[int, str], list[str]] = {}
    infusions = facts.datasets.infusions
    for dose in infusions.iter_rows(named=True) if "EXLOT" in infusions.columns else ():
        amount = (
            f"{dose['EXDOSE']:g} {dose.get('EXDOSU') or ''}".strip() if dose.get("EXDOSE") is not None else NOT_KNOWN
        )
        doses.setdefault((dose["subject"], str(dose["EXLOT"]).strip()), []).append(amount)
    events: dict[tuple[int, str], list[str]] = {}
    for row in facts.serious.iter_rows(named=True):
        events.setdefault((row["row"], row["LOTID"]), []).append(str(row["AEDECOD"]))
    given = sorted(
        facts.given.iter_rows(named=True),
        key=lambda row: (str(facts.banks.get(row["LOTID"]) or "~"), row["LOTID"], row["name"]),
    )
    for row in given:
        lot, key = row["LOTID"], (row["row"], row["LOTID"])
        cells = (
            f"{facts.banks.get(lot) or NOT_KNOWN} / {facts.status.get(lot) or 'not in LOT'}",
            row["name"],
            _arm(facts, row["row"]),
            facts.day(row["row"], row["ADT"]),
            " + ".join(doses.get(key, [NOT_KNOWN])),
            "; ".join(events.get(key, [])) or NONE,
            facts.state(row["row"]),
        )
        where = both("SAFFL = 'Y'", equals("PARAMCD", "LOT"), equals("LOTID", lot), equals("USUBJID", row["name"]))
        source = Provenance("ADLOT", where, ("USUBJID", "LOTID", "ADT"))
        yield (
            TableRow(lot, cells, 0, lot, row["name"]),
            Statistic(lot, row["name"], cells[2], "records", 1, "1", source),
        )


def _tests(facts: _Facts) -> Iterator[tuple[TableRow, Statistic]]:
    used = set(facts.given["LOTID"])
    tests = [row for row in _source(facts.datasets, "LOTTEST") if row.get("LOTID") in used]
    counts = Counter((row["LOTID"], row.get("TEST")) for row in tests)
    ordered = sorted(tests, key=lambda row: (str(row["LOTID"]), row.get("PASS") == "Y", str(row.get("TEST"))))
    for row in ordered:
        lot, test = str(row["LOTID"]), str(row.get("TEST") or NOT_KNOWN)
        result = " ".join(str(row[name]) for name in ("RESULT", "UNIT") if row.get(name))
        when = ", ".join(str(row[name]) for name in ("TEST_DATE", "TESTDTC", "COA_DOC", "COADOC") if row.get(name))
        passed = {"Y": "Yes", "N": "No"}.get(str(row.get("PASS")), "Not said")
        cells = (test, str(row.get("SPEC") or NOT_KNOWN), result or NOT_KNOWN, passed, when or NOT_KNOWN)
        same = counts[row["LOTID"], row.get("TEST")]
        named = equals("TEST", test) if row.get("TEST") else "TEST IS NULL"
        source = Provenance("ADLOT", both(equals("PARAMCD", "TEST"), equals("LOTID", lot), named), ("LOTID", "TEST"))
        yield TableRow(lot, cells, 0, lot, test), Statistic(lot, test, passed, "records", same, str(same), source)


def _backward(facts: _Facts) -> Iterator[tuple[TableRow, Statistic]]:
    groups: dict[tuple[str, float | None], list[dict[str, object]]] = {}
    for row in facts.serious.iter_rows(named=True):
        groups.setdefault((row["name"], row["AESEQ"]), []).append(row)
    by_bank: dict[str, set[str]] = {}
    by_lot: dict[str, set[str]] = {}
    for row in facts.given.iter_rows(named=True):
        by_lot.setdefault(row["LOTID"], set()).add(row["name"])
        for bank in facts.banks_of(row["LOTID"]):
            by_bank.setdefault(bank, set()).add(row["name"])
    adae = facts.datasets.adae_with(("USUBJID", "AESEQ", "ASTDT"))
    starts = {
        (name, seq): day
        for name, seq, day in adae.select(pl.col("USUBJID").cast(pl.String), "AESEQ", "ASTDT").iter_rows()
    }
    for (name, seq), rows in sorted(groups.items(), key=lambda item: (item[0][0], item[0][1] or 0.0)):
        lots = sorted({str(row["LOTID"]) for row in rows})
        banks = frozenset().union(*(facts.banks_of(lot) for lot in lots))
        others = set().union(*(by_bank.get(bank, set()) for bank in banks)) - {name}
        same_lot = set().union(*(by_lot[lot] for lot in lots)) - {name}
        number = f"{seq:g}" if seq is not None else NOT_KNOWN
        cells = (
            f"{rows[0]['AEDECOD']} (AE {number})",
            facts.day(int(str(rows[0]["row"])), starts.get((name, seq))),
            ", ".join(lots),
            ", ".join(sorted(banks)),
            f"{len(same_lot)} / {len(others)}",
        )
        which = f"AESEQ = {seq:g}" if seq is not None else "AESEQ IS NULL"
        where = both("SAFFL = 'Y'", equals("PARAMCD", "AE"), equals("AESER", "Y"), equals("USUBJID", name), which)
        source = Provenance("ADLOT", where, ("USUBJID", "AESEQ", "LOTID"))
        arm = _arm(facts, int(str(rows[0]["row"])))
        yield (
            TableRow(name, cells, 0, name, number),
            Statistic(name, number, arm, "records", len(rows), str(len(rows)), source),
        )


def _arm(facts: _Facts, row: int) -> str:
    place = int(facts.arms.arm_of_subject[row])
    return facts.arms.names[place] if place >= 0 else NOT_AVAILABLE
