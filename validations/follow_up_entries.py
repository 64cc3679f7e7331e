"""Entry frames of follow-up: what each subject was expected at, and whether it is in contact, as of the data's cut."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from longwatch.derive.follow_up_status import derive_contact, find_missing
from validations.facts import Facts

FOLLOW_UP_FRAMES = ("PLANNED", "FOLLOWED")


def lacks_follow_up(frame: str, facts: Facts) -> list[str]:
    """What a frame of follow-up needs and the study does not have."""
    missing = find_missing(facts.data, facts.study)
    if frame == "FOLLOWED":
        contact = facts.data.get("CONTACT")
        columns = contact.columns if contact else ()
        missing += (
            ["CONTACT"] if contact is None else [f"CONTACT.{name}" for name in ("DTC", "RESULT") if name not in columns]
        )
    return missing


def planned_visits(rows: Sequence[str], facts: Facts) -> pl.DataFrame:
    """`PLANNED`: one row for each treated subject and visit of the plan: USUBJID, VISITNUM, VISIT, VISITNAME (of a
    visit without a number), STATUS (`longwatch.derive.adltf`), CLOSES. Visits whose window closed after the subject was
    declared lost are left out, rightly or not: rules FU04 and FU06 say that, once. A finding on it stands on SV."""
    followed = facts.followed
    adltf = followed.adltf.filter(pl.col("PARAMCD") == "VISIT")
    adltf = adltf.with_columns(subject=pl.col("USUBJID").to_physical().cast(pl.UInt32))
    adltf = adltf.join(followed.declared.select("subject", "LOSTDT"), on="subject", how="left", maintain_order="left")
    adltf = adltf.filter((pl.col("CLOSEDT") < pl.col("LOSTDT")).fill_null(True))
    number = pl.col("AVISITN").cast(pl.String).str.strip_suffix(".0")
    return adltf.select(
        pl.col("USUBJID").cast(pl.String),
        VISITNUM=number,
        VISIT="AVISIT",
        VISITNAME=pl.when(pl.col("AVISITN").is_null()).then("AVISIT"),
        STATUS="AVALC",
        CLOSES="CLOSEDT",
        DATASET=pl.lit("SV"),
        PRESENT=pl.lit("Y"),
        ENTRY=pl.concat_str("USUBJID", pl.lit(" "), pl.coalesce(number, "AVISIT")),
    )


def followed_subjects(rows: Sequence[str], facts: Facts) -> pl.DataFrame:
    """`FOLLOWED`: one row for each subject in follow-up: USUBJID, LAST (contact), DUE (until when the next was to
    come), DAY (as of). A finding on it stands on CONTACT."""
    followed = facts.followed
    return derive_contact(facts.data, followed).select(
        "USUBJID",
        LAST="LASTDT",
        DUE="LIMITDT",
        DAY=pl.lit(followed.day),
        DATASET=pl.lit("CONTACT"),
        PRESENT=pl.lit("Y"),
        ENTRY="USUBJID",
    )
