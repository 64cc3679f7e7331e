"""ADTTE: one row per subject and parameter, the time to an event or to the end of what is known (spec A.8).

Who has a time: subjects of the safety population whose first day and end of follow-up are known. Day 1 is the day from
which events are treatment-emergent (TRTSDT or INTSDT); the end of follow-up is the last day of FUPDUR: the earliest of
LSTALVDT, DTHDT and D. AVAL counts both ends: an event on day 1 has the time 1, as EAIR and FUPDUR count.

What ends the time, the first case that holds (CNSR 0 is the event, CEVENT 1; CNSR 2 death before it, CEVENT 2; CNSR 1
neither, CEVENT 0):

- adverse_event: the first TEAE of the kind, by ASTDT → 0; death → 2; end of follow-up → 1.
- clinical_event: the first record of CE of the terms that can have started on or after day 1, by its earliest day → 0;
  death → 2; end of follow-up → 1.
- death: death → 0; end of follow-up → 1.
- discontinuation: EOSSTT is DISCONTINUED, on EOSDT → 0; EOSSTT is COMPLETED, on EOSDT → 1; death → 0; end of follow-up
  → 1. Leaving the study by death is leaving it.
- a measured event of ADEV, by its code, or of an AESI with a window or laboratory criteria (ADSI): its first day → 0;
  death → 2; end of follow-up → 1.
- last_follow_up: death → 0; EOSSTT is COMPLETED or DISCONTINUED, at the end of follow-up → 0; end of follow-up → 1.

Missing dates: an event without ASTDT is on day 1, one outside the follow-up on its first or last day (as in EAIR); a
death without a day, or an end of study without one, is on the last day of follow-up: the earliest day on which it can
have been, so that no event is lost. EVNTDESC says so. Nothing is known after D.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl

from longwatch.derive.follow_up import start_variable
from longwatch.study import EventKind, Parameter, Study

DAYS_PER_UNIT = {"days": 1.0, "weeks": 7.0, "months": 30.4375, "years": 365.25}
"""A month is a twelfth of 365.25 days."""

DEATH, NO_DAY = "DEATH", ", DAY NOT KNOWN: LAST DAY OF FOLLOW-UP"
CUT, ALIVE, COMPLETED = "DATA CUT-OFF", "LAST DAY KNOWN ALIVE", "STUDY COMPLETED"

VARIABLES = (
    "USUBJID", "TRT01P", "TRT01A", "SAFFL", "PARAMCD", "PARAM", "STARTDT", "ADT", "AVAL", "AVALU", "CNSR", "CEVENT",
    "EVNTDESC", "CNSDTDSC", "SRCDOM", "SRCVAR", "SRCSEQ",
)  # fmt: skip


@dataclass(frozen=True)
class Times:
    """One parameter: its records, one per subject who has a time, in the order of ADSL. `name`, `unit` as printed.
    `supplied`: whether the sponsor's ADTTE has it. `reason`: why nobody has a time; else empty. `unknown`: subjects of
    the safety population without a time."""

    code: str
    name: str
    unit: str
    records: pl.DataFrame
    supplied: bool = False
    reason: str = ""
    unknown: int = 0


def variables_of(parameter: Parameter) -> tuple[str, ...]:
    """The variables of ADAE that the times of a parameter come from; none where no adverse event ends them."""
    if parameter.event is not EventKind.ADVERSE_EVENT:
        return ()
    chosen = ("AEBODSYS",) * bool(parameter.socs) + ("AESER",) * parameter.serious
    return ("USUBJID", "TRTEMFL", "ASTDT", "AESEQ", "AEDECOD", *chosen)


def derive_times(
    parameter: Parameter,
    adsl: pl.DataFrame,
    adae: pl.DataFrame,
    study: Study,
    cutoff: date,
    clinical: pl.DataFrame | None = None,
) -> Times:
    """The times of one parameter that has an event, by the rules above.

    Expects ADSL (row i the subject with USUBJID code i), of ADAE `variables_of` the parameter, and of CE the records of
    its terms (`clinical_events`), None where there is no CE. A parameter whose variable is not collected (no EOSSTT of
    anybody treated; no AESER; no CE) has no record, and the reason.
    """
    treated = adsl.filter(pl.col("SAFFL") == "Y")
    reason = _why_not(parameter, treated, adae, clinical)
    base = _base(adsl, study)
    rule = {
        EventKind.ADVERSE_EVENT: lambda: _adverse_event(base, adae, parameter),
        EventKind.CLINICAL_EVENT: lambda: _clinical_event(base, clinical),
        EventKind.DEATH: lambda: _cases(base, _death(1)),
        EventKind.DISCONTINUATION: lambda: _cases(base, _discontinuation()),
        EventKind.LAST_FOLLOW_UP: lambda: _cases(base, _last_follow_up()),
    }
    assert parameter.event is not None, "a parameter without an event is supplied"
    found = rule[parameter.event]() if not reason else _cases(base.clear(), [])
    return _times(found, parameter.code, parameter.name, parameter.unit, treated.height, cutoff, reason)


def derive_times_to_measured(
    code: str,
    name: str,
    adev: pl.DataFrame,
    adsl: pl.DataFrame,
    study: Study,
    cutoff: date,
    reason: str,
    dataset: str = "ADEV",
) -> Times:
    """The times, in days, to the first event of a code of ADEV (or of another `dataset` with EVENT in AVALC), death
    before it competing. `reason`: why it cannot be told of anybody; then there is no record."""
    base = _base(adsl, study)
    first = (
        adev.filter(pl.col("PARAMCD") == code, pl.col("AVALC") == "EVENT")
        .group_by(row=pl.col("USUBJID").to_physical())
        .agg(day=pl.col("ADT").min())
    )
    joined = base.join(first, on="row", how="left", maintain_order="left")
    joined = joined.with_columns(day=pl.min_horizontal(pl.max_horizontal("day", "STARTDT"), "end"))
    joined = joined.with_columns(day=pl.when(pl.col("row").is_in(first["row"].implode())).then("day"))
    happened = _Case(pl.col("day").is_not_null(), pl.col("day"), 1, pl.lit(name), (dataset, "ADT"))
    found = _cases(joined if not reason else joined.clear(), [happened, *_death(2)])
    treated = adsl.filter(pl.col("SAFFL") == "Y").height
    return _times(found, code, name, "days", treated, cutoff, reason)


def _base(adsl: pl.DataFrame, study: Study) -> pl.DataFrame:
    """Who has a time, from when to when, and what is known of its end."""
    absent = [name for name in ("EOSSTT", "DCSREAS") if name not in adsl.columns]
    absent += ["EOSDT"] * (adsl.schema.get("EOSDT") != pl.Date)  # a sponsor's ADSL may have it as text
    base = adsl.with_columns(pl.lit(None).alias(name) for name in absent).select(
        "USUBJID",
        "TRT01P",
        "TRT01A",
        "SAFFL",
        row=pl.int_range(pl.len(), dtype=pl.UInt32),
        STARTDT=pl.col(start_variable(study, adsl.columns)),
        end=pl.col("TRTSDT") + pl.duration(days=pl.col("FUPDUR").cast(pl.Int64) - 1),
        died=(pl.col("DTHFL") == "Y").fill_null(False),
        DTHDT=pl.col("DTHDT"),
        status=pl.col("EOSSTT").cast(pl.String),
        why=pl.col("DCSREAS").cast(pl.String),
        left=pl.col("EOSDT").cast(pl.Date),
    )
    return base.filter((pl.col("SAFFL") == "Y") & (pl.col("end") >= pl.col("STARTDT")))


def _times(found: pl.DataFrame, code: str, name: str, unit: str, treated: int, cutoff: date, reason: str) -> Times:
    """The records of a parameter from what ends the time of each subject."""
    found = found.with_columns(pl.max_horizontal("ADT", "STARTDT").alias("ADT"))
    censored = pl.col("CNSR") == 1
    found = found.with_columns(
        pl.when(censored & pl.col("CNSDTDSC").is_null())
        .then(pl.when(pl.col("ADT") == cutoff).then(pl.lit(CUT)).otherwise(pl.lit(ALIVE)))
        .otherwise("CNSDTDSC")
        .alias("CNSDTDSC"),
        PARAMCD=pl.lit(code),
        PARAM=pl.lit(name),
        AVAL=in_unit(found["ADT"], found["STARTDT"], unit),
        AVALU=pl.lit(unit.upper()),
    ).select(VARIABLES)
    return Times(code, name, unit, found, reason=reason, unknown=treated - found.height)


def in_unit(day: pl.Series, start: pl.Series, unit: str) -> pl.Series:
    """The time from a day to another, both counted, in a unit; missing where one of them is.

    Divided by NumPy: Polars multiplies by the reciprocal of a constant, which is not always the same number.
    """
    days = pl.select((pl.lit(day) - pl.lit(start)).dt.total_days() + 1).to_series().cast(pl.Float64)
    return pl.Series("AVAL", days.to_numpy() / DAYS_PER_UNIT[unit], nan_to_null=True)


def _why_not(parameter: Parameter, treated: pl.DataFrame, adae: pl.DataFrame, clinical: pl.DataFrame | None) -> str:
    if parameter.event is EventKind.CLINICAL_EVENT:
        return "" if clinical is not None else "clinical events are not collected (CE)"
    if parameter.event in (EventKind.DISCONTINUATION, EventKind.LAST_FOLLOW_UP):
        told = "EOSSTT" in treated.columns and treated["EOSSTT"].null_count() < max(treated.height, 1)
        return "" if told else "the data does not say how participation ended (EOSSTT)"
    if parameter.serious and "AESER" not in adae.columns:
        return "seriousness is not collected (AESER)"
    return ""


@dataclass(frozen=True)
class _Case:
    """`when`: who it holds for. `day`: what ADT is. `event`: CEVENT. `words`: EVNTDESC, of a censored one CNSDTDSC.
    `source`: dataset and variable of the day."""

    when: pl.Expr
    day: pl.Expr
    event: int
    words: pl.Expr | None
    source: tuple[str, str]


_HAS_DAY = pl.col("DTHDT").is_not_null()
_END = _Case(pl.lit(True), pl.col("end"), 0, None, ("ADSL", "LSTALVDT"))


def _death(event: int) -> list[_Case]:
    died = pl.col("died")
    return [
        _Case(died & _HAS_DAY, pl.col("DTHDT"), event, pl.lit(DEATH), ("ADSL", "DTHDT")),
        _Case(died, pl.col("end"), event, pl.lit(DEATH + NO_DAY), ("ADSL", "LSTALVDT")),
    ]


def _discontinuation() -> list[_Case]:
    gone = (pl.col("status") == "DISCONTINUED").fill_null(False)
    completed = (pl.col("status") == "COMPLETED").fill_null(False)
    dated = pl.col("left").is_not_null()
    why = pl.col("why").fill_null("DISCONTINUED")
    return [
        _Case(gone & dated, pl.col("left"), 1, why, ("ADSL", "EOSDT")),
        _Case(gone, pl.col("end"), 1, why + NO_DAY, ("ADSL", "LSTALVDT")),
        _Case(completed & dated, pl.col("left"), 0, pl.lit(COMPLETED), ("ADSL", "EOSDT")),
        _Case(completed, pl.col("end"), 0, pl.lit(COMPLETED + NO_DAY), ("ADSL", "LSTALVDT")),
        *_death(1),
    ]


def _last_follow_up() -> list[_Case]:
    over = pl.col("status").is_in(["COMPLETED", "DISCONTINUED"]).fill_null(False)
    return [*_death(1), _Case(over, pl.col("end"), 1, pl.col("status"), ("ADSL", "LSTALVDT"))]


def _adverse_event(base: pl.DataFrame, adae: pl.DataFrame, parameter: Parameter) -> pl.DataFrame:
    """The first treatment-emergent event of the kind; of several on one day the one with the lowest AESEQ."""
    events = adae.select(
        place=pl.int_range(pl.len(), dtype=pl.UInt32),
        row=pl.col("USUBJID").to_physical(),
        day="ASTDT",
        seq="AESEQ",
        chosen=(pl.col("TRTEMFL") == "Y") & _of_kind(parameter),
    ).filter("chosen")
    placed = events.join(base.select("row", "STARTDT", "end"), on="row", how="inner", maintain_order="left")
    placed = placed.with_columns(
        day=pl.min_horizontal(pl.max_horizontal(pl.col("day").fill_null(pl.col("STARTDT")), "STARTDT"), "end")
    )
    first = _first_of(placed)
    first = first.with_columns(term=adae["AEDECOD"].gather(first["place"]).cast(pl.String))
    return _with_event(base, first, ("ADAE", "ASTDT"))


def _clinical_event(base: pl.DataFrame, clinical: pl.DataFrame | None) -> pl.DataFrame:
    """The first clinical event of the terms, of those that can have started on or after day 1."""
    assert clinical is not None, "without CE there is a reason"
    placed = clinical.with_row_index("place").join(
        base.select("row", "STARTDT", "end"), on="row", how="inner", maintain_order="left"
    )
    placed = placed.filter((pl.col("last") >= pl.col("STARTDT")).fill_null(True)).with_columns(
        day=pl.min_horizontal(pl.max_horizontal(pl.col("first").fill_null(pl.col("STARTDT")), "STARTDT"), "end")
    )
    return _with_event(base, _first_of(placed), ("CE", "CESTDTC"))


def _first_of(placed: pl.DataFrame) -> pl.DataFrame:
    """By row the record with the earliest day; of several on one day the one with the lowest seq."""
    earliest = placed.group_by("row").agg(earliest=pl.col("day").min())
    on_first = placed.join(earliest, on="row", how="inner").filter(pl.col("day") == pl.col("earliest"))
    return on_first.sort("row", "seq", "place", nulls_last=True).unique("row", keep="first")


def _with_event(base: pl.DataFrame, first: pl.DataFrame, source: tuple[str, str]) -> pl.DataFrame:
    """The event where there is one, else death, else the end of follow-up. Expects of `first` row, day, seq, term."""
    joined = base.join(first.select("row", "day", "seq", "term"), on="row", how="left", maintain_order="left")
    happened = _Case(pl.col("day").is_not_null(), pl.col("day"), 1, pl.col("term"), source)
    return _cases(joined, [happened, *_death(2)])


def _of_kind(parameter: Parameter) -> pl.Expr:
    named = pl.lit(True)
    if parameter.terms or parameter.socs:
        named = pl.col("AEDECOD").cast(pl.String).is_in(list(parameter.terms))
        if parameter.socs:
            named = named | pl.col("AEBODSYS").cast(pl.String).is_in(list(parameter.socs))
    return named & (pl.col("AESER") == "Y").fill_null(False) if parameter.serious else named


def _cases(base: pl.DataFrame, cases: list[_Case]) -> pl.DataFrame:
    """ADT, CNSR, CEVENT and their words: the first case that holds, at last the end of follow-up."""
    chain = [*cases, _END]
    values: dict[str, list[pl.Expr]] = {
        "ADT": [case.day for case in chain],
        "CEVENT": [pl.lit(case.event, pl.Int64) for case in chain],
        "words": [pl.lit(None, pl.String) if case.words is None else case.words for case in chain],
        "SRCDOM": [pl.lit(case.source[0]) for case in chain],
        "SRCVAR": [pl.lit(case.source[1]) for case in chain],
    }
    columns: dict[str, pl.Expr] = {}
    for name, expressions in values.items():
        chosen = expressions[-1]
        for case, expression in zip(reversed(chain[:-1]), reversed(expressions[:-1]), strict=True):
            chosen = pl.when(case.when).then(expression).otherwise(chosen)
        columns[name] = chosen
    frame = base.with_columns(**columns)
    happened = pl.col("CEVENT") == 1
    from_record = happened & pl.col("SRCDOM").is_in(["ADAE", "CE"])
    seq = pl.when(from_record).then("seq") if "seq" in base.columns else pl.lit(None)
    return frame.with_columns(
        CNSR=pl.col("CEVENT").replace_strict({1: 0, 0: 1, 2: 2}, return_dtype=pl.Int64),
        EVNTDESC=pl.when(happened).then("words"),
        CNSDTDSC=pl.when(~happened).then("words"),
        SRCSEQ=seq.cast(pl.Float64),
    )
