"""SUBL01: all that is recorded of one subject, in the order of time (for the death package; ICH E3 12.3.2).

One row per record of the source that can have started by the cut-off: infusions, adverse events, concomitant drugs,
procedures, clinical events, visits, contacts, disposition, details of death, and results outside their range. Records
whose day is not known stand at the end. Dates and texts stand as they were collected.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

import polars as pl

from longwatch.derive import AnalysisDatasets
from longwatch.standards.dates import complete_day, earliest_day
from longwatch.study import Study
from longwatch.tables import footnotes
from longwatch.tables.arms import make_arms
from longwatch.tables.filters import both, equals
from longwatch.tables.result import Provenance, Statistic, TableColumn, TableResult, TableRow
from longwatch.tables.subjects import subject_layout
from longwatch.tables.the_subject import find_subject, study_day_of

TITLE = "Records of one subject, in the order of time"
NOT_KNOWN = "–"


@dataclass(frozen=True)
class _Domain:
    """A dataset: its date, its number, what names the record (the first that is filled), and its details."""

    name: str
    day: str
    seq: str
    what: tuple[str, ...]
    details: tuple[str, ...]


DOMAINS = (
    _Domain("EX", "EXSTDTC", "EXSEQ", ("EXTRT",), ("EXDOSE", "EXDOSU", "EXLOT")),
    _Domain("PR", "PRSTDTC", "PRSEQ", ("PRDECOD", "PRTRT"), ("PRLOC",)),
    _Domain("AE", "AESTDTC", "AESEQ", ("AEDECOD", "AETERM"),
            ("AEENDTC", "AESEV", "AETOXGR", "AESER", "AEREL", "AEACN", "AEOUT")),
    _Domain("CE", "CESTDTC", "CESEQ", ("CEDECOD", "CETERM"), ("CESCAT", "CEOCCUR")),
    _Domain("CM", "CMSTDTC", "CMSEQ", ("CMDECOD", "CMTRT"), ("CMDOSE", "CMDOSU", "CMDOSFRQ", "CMENDTC", "CMINDC")),
    _Domain("MH", "MHSTDTC", "MHSEQ", ("MHDECOD", "MHTERM"), ("MHENRTPT",)),
    _Domain("LB", "LBDTC", "LBSEQ", ("LBTEST", "LBTESTCD"), ("LBSTRESC", "LBSTRESU", "LBNRIND")),
    _Domain("SV", "SVSTDTC", "VISITNUM", ("VISIT",), ("SVOCCUR", "SVCNTMOD")),
    _Domain("CONTACT", "DTC", "CONTSEQ", ("MODE",), ("RESULT", "NOTE")),
    _Domain("DS", "DSSTDTC", "DSSEQ", ("DSDECOD", "DSTERM"), ("DSCAT", "DSSCAT")),
    _Domain("DD", "DDDTC", "DDSEQ", ("DDTEST", "DDTESTCD"), ("DDSTRESC", "DDORRES")),
)  # fmt: skip
WORDS = {
    "AEENDTC": "until", "CMENDTC": "until", "AESER": "serious", "AEREL": "related", "AETOXGR": "grade", "EXLOT": "lot",
    "CMINDC": "for", "AEACN": "action", "AEOUT": "outcome", "CEOCCUR": "occurred", "SVOCCUR": "held",
}  # fmt: skip


def make_subl01(datasets: AnalysisDatasets, study: Study, parameters: Mapping[str, object]) -> TableResult:
    """The listing. Parameter: `subject`, a USUBJID; by default the first treated one. Raises StudyError LW-SUB-001
    where there is no such subject. Nobody → no rows, and a note."""
    place, name = find_subject(datasets, str(parameters.get("subject", "")))
    arms = make_arms(datasets, study)
    start = datasets.adsl["TRTSDT"][place] if place is not None else None
    found = sorted(
        (item for domain in DOMAINS for item in _records(datasets, domain, name, start)),
        key=lambda item: (item[0] is None, item[0] or date.max, item[1]),
    )
    columns = tuple(TableColumn(heading, heading) for heading in ("Study day", "Dataset", "What", "Details"))
    rows = tuple(row for _, _, row, _ in found)
    return TableResult(
        code="SUBL01",
        title=f"{TITLE}: {name}" if name else TITLE,
        population=arms.population.name,
        stub="Date",
        columns=columns,
        rows=rows,
        statistics=(*subject_layout(arms).sizes(), *(statistic for _, _, _, statistic in found)),
        footnotes=(
            f"Subject {name or 'none'}: records that can have started by the cut-off of {datasets.cutoff.isoformat()}, "
            f"as collected, of {', '.join(domain.name for domain in DOMAINS)}; of LB results outside their range "
            "(LBNRIND). An end after the cut-off, and its outcome, are not shown. Study day: of complete dates, "
            "day 1 is the day of the "
            "first infusion.",
            *footnotes.say_abbreviations(columns, rows),
        ),
        empty_note="No record of such a subject",
        parameters={"subject": name},
    )


_Found = tuple[date | None, str, TableRow, Statistic]


def _records(datasets: AnalysisDatasets, domain: _Domain, name: str, start: date | None) -> Iterator[_Found]:
    if domain.name not in datasets.data:
        return
    frame = datasets.data.frame(domain.name)
    has = set(frame.collect_schema())
    if "USUBJID" not in has or not set(domain.what) & has:
        return
    mine = frame.with_row_index("LINENO", offset=1).filter(pl.col("USUBJID") == name)
    text = pl.col(domain.day).cast(pl.String) if domain.day in has else pl.lit(None, pl.String)
    everything = mine.with_columns(_day=earliest_day(text), _whole=complete_day(text), _text=text).collect()
    dated = everything
    if domain.name == "LB":
        beyond = ~pl.col("LBNRIND").is_in(["NORMAL", ""]) if "LBNRIND" in has else pl.lit(False)
        dated = everything.filter(beyond.fill_null(False))
    for row in dated.iter_rows(named=True):
        if row["_day"] is not None and row["_day"] > datasets.cutoff:
            continue
        seq = row.get(domain.seq)
        label = f"{domain.name} {seq:g}" if isinstance(seq, float) else domain.name
        what = next((str(row[key]) for key in domain.what if row.get(key)), NOT_KNOWN)
        details = ", ".join(_details(row, domain, datasets.cutoff)) or NOT_KNOWN
        day = str(study_day_of(row["_whole"], start)) if row["_whole"] and start else NOT_KNOWN
        printed = TableRow(row["_text"] or "Not known", (day, label, what, details), 0, domain.name, str(row["LINENO"]))
        numbered = isinstance(seq, float)
        which = f"{domain.seq} = {seq:g}" if numbered else equals(domain.day, row["_text"]) if row["_text"] else ""
        column, value = (domain.seq, seq) if numbered else ("_text", row["_text"])
        same = int((everything[column] == value).sum()) if which else everything.height
        source = Provenance(domain.name, both(equals("USUBJID", name), which), ("USUBJID", domain.day))
        key = (domain.name, str(row["LINENO"]), "Subject")
        yield row["_day"], label, printed, Statistic(*key, "records", same, str(same), source)


def _details(row: Mapping[str, object], domain: _Domain, cutoff: date) -> Iterator[str]:
    ends = next((str(row[key]) for key in domain.details if key.endswith("ENDTC") and row.get(key)), "")
    later = ends[:10] > cutoff.isoformat()
    for key in domain.details:
        value = row.get(key)
        if value is None or value == "":
            continue
        if later and (key.endswith("ENDTC") or key == "AEOUT"):
            continue
        written = f"{value:g}" if isinstance(value, float) else str(value)
        yield f"{WORDS[key]} {written}" if key in WORDS else written
