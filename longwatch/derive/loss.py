"""Loss to follow-up: who was declared lost, whether that was documented, and who was found again (spec D.2, FU04)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import polars as pl

from longwatch.derive.coded import Subjects, by_value, read_coded
from longwatch.standards.dataset import SourceData
from longwatch.standards.dates import complete_day, earliest_day
from longwatch.study import Study

LOST = "LOST TO FOLLOW-UP"
REACHED = "REACHED"
UNANSWERED = ("NO_ANSWER", "LETTER_SENT", "RELATIVE")
"""Results of CONTACT that are an attempt without the subject."""
ATTEMPTS, OVER_DAYS = 3, 60
_SIGNS = (("SV", "SVSTDTC"), ("AE", "AESTDTC"), ("LB", "LBDTC"))
"""Dates that show that a lost subject was there; besides, a contact that reached it."""


def evidence_needed(study: Study) -> tuple[int, int]:
    """How many attempts, over how many days, a loss needs: the parameters of rule FU04, as the study file sets them."""
    given = study.rules.parameters.get("FU04", {})
    attempts, days = given.get("attempts", ATTEMPTS), given.get("days", OVER_DAYS)
    assert isinstance(attempts, int | float)
    assert isinstance(days, int | float)
    return int(attempts), int(days)


def derive_loss(data: SourceData, study: Study, cutoff: date, subjects: Subjects, adsl: pl.DataFrame) -> pl.DataFrame:
    """Those whose participation ended lost to follow-up by D: subject, LOSTDT, DOCFL and FOUNDDT, one row each.

    - LOSTDT: the day of the declaration (EOSDT); where it is not complete, the last day known alive.
    - DOCFL: whether the loss has its evidence: so many attempts without the subject (CONTACT), over so many days, from
      the last contact that reached it to the declaration (`evidence_needed`). Without CONTACT there is none.
    - FOUNDDT: the first day after LOSTDT, by D, of a sign of the subject: a visit held, an adverse event, a laboratory
      result, a contact that reached it. Partial dates count by their earliest possible day. Missing where there is
      none. What relatives or a register tell is no sign.
    Expects row i of ADSL to be `subject` i. Source: spec D.2 (reversible), rules FU04, FU06.
    """
    reason = pl.col("DCSREAS").cast(pl.String) if "DCSREAS" in adsl.columns else pl.lit(None, pl.String)
    ended = pl.col("EOSDT") if adsl.schema.get("EOSDT") == pl.Date else pl.lit(None, pl.Date)
    lost = (
        adsl.select(LOSTDT=pl.coalesce(ended, "LSTALVDT"), lost=(reason == LOST).fill_null(False))
        .with_row_index("subject")
        .filter("lost")
        .drop("lost")
    )
    if lost.is_empty():
        return lost.with_columns(DOCFL=pl.lit(False), FOUNDDT=pl.lit(None, pl.Date))
    contact = _contacts(data, subjects, lost)
    attempts, days = evidence_needed(study)
    until = contact.filter(pl.col("day") <= pl.col("LOSTDT"))
    reached = until.filter(pl.col("RESULT") == REACHED).group_by("subject").agg(reached=pl.col("day").max())
    tried = (
        until.filter(pl.col("RESULT").is_in(UNANSWERED))
        .join(reached, on="subject", how="left")
        .filter((pl.col("day") >= pl.col("reached")).fill_null(True))
        .group_by("subject")
        .agg(attempts=pl.len(), span=(pl.col("day").max() - pl.col("day").min()).dt.total_days())
    )
    documented = tried.filter(pl.col("attempts") >= attempts, pl.col("span") >= days)["subject"]
    found = (
        pl.concat(_signs(data, subjects, contact))
        .join(lost, on="subject")
        .filter(pl.col("day") > pl.col("LOSTDT"), pl.col("day") <= cutoff)
        .group_by("subject")
        .agg(FOUNDDT=pl.col("day").min())
    )
    return lost.with_columns(DOCFL=pl.col("subject").is_in(documented.implode())).join(
        found, on="subject", how="left", maintain_order="left"
    )


def _contacts(data: SourceData, subjects: Subjects, lost: pl.DataFrame) -> pl.DataFrame:
    """Dated contacts of lost subjects: subject, LOSTDT, RESULT, day."""
    contact = read_coded(data, "CONTACT", subjects, ("DTC", "RESULT"), days=("DTC",))
    if not {"DTC", "RESULT"} <= set(contact.columns):
        return lost.clear().with_columns(RESULT=pl.lit(None, pl.String), day=pl.lit(None, pl.Date))
    day = by_value(contact["DTC"], complete_day(pl.col("text")).alias("day"))["day"]
    dated = contact.select("subject", pl.col("RESULT").cast(pl.String), day).drop_nulls("day")
    return lost.join(dated, on="subject")


def _signs(data: SourceData, subjects: Subjects, contact: pl.DataFrame) -> Iterator[pl.DataFrame]:
    yield contact.filter(pl.col("RESULT") == REACHED).select("subject", "day")
    for name, variable in _SIGNS:
        frame = read_coded(data, name, subjects, (variable, f"{name}OCCUR"), days=(variable,))
        if f"{name}OCCUR" in frame.columns:
            frame = frame.filter((pl.col(f"{name}OCCUR") != "N").fill_null(True))
        if variable in frame.columns:
            day = by_value(frame[variable], earliest_day(pl.col("text")).alias("day"))["day"]
            yield frame.select("subject", day).drop_nulls("day")
