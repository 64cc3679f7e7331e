"""ADSI: what makes the adverse events of special interest of a study (spec D.5), of the safety population.

| AVALC | a row per | ADT |
|---|---|---|
| EVENT | treatment-emergent adverse event of the AESI (AESEQ) | ASTDT |
| MET | criterion (CRIT) and infusion after which a result met it: the first such result (LBSEQ, AVAL) | its day |
| TESTED | criterion of which a result can be compared, and subject | – |
| PROCEDURE | infusion; AFOLFL = Y where an EVENT or MET follows it before the next one | its day |

PARAMCD is AESI1, AESI2 … in the order of the study file, PARAM the AESI's name. Only what lies in the AESI's window is
there. INFNO, ADYINF, ADYINF1: `infusions`. A result without a full day is not placed and counts nowhere; an adverse
event has the day that ADAE gives it. Which results meet a criterion: `laboratory_met`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from longwatch.derive.infusions import VARIABLES, since_infusion
from longwatch.derive.laboratory_met import measured, meets
from longwatch.derive.of_subject import carry_subject, stack
from longwatch.standards.event_groups import AESI, EventGroup
from longwatch.study import AesiSpec

EVENT, MET, TESTED, PROCEDURE = "EVENT", "MET", "TESTED", "PROCEDURE"
_SCHEMA = {
    "subject": pl.UInt32, "PARAMCD": pl.String, "PARAM": pl.String, "AVALC": pl.String, "CRIT": pl.String,
    "ADT": pl.Date, "INFNO": pl.Int64, "ADYINF": pl.Int64, "ADYINF1": pl.Int64, "AFOLFL": pl.String,
    "AVAL": pl.Float64, "AESEQ": pl.Float64, "LBSEQ": pl.Float64,
}  # fmt: skip


def derive_adsi(
    specs: Sequence[AesiSpec],
    groups: Sequence[EventGroup],
    adsl: pl.DataFrame,
    adae: pl.DataFrame,
    adlb: pl.DataFrame | None,
    infusions: pl.DataFrame,
) -> pl.DataFrame:
    """USUBJID, TRT01P, TRT01A, SAFFL, and the columns above; AESI after AESI. `groups`: the lists of kind AESI, in the
    order of `specs`; `infusions`: `number_infusions`; ADLB None where no AESI has a criterion. Expects of ADAE USUBJID,
    SAFFL, TRTEMFL, ASTDT, AESEQ, AEDECOD, AEBODSYS, and row i of ADSL to be `subject` i."""
    events = adae.select(
        "AESEQ",
        pl.col("AEDECOD", "AEBODSYS").cast(pl.String).str.to_uppercase(),
        subject=pl.col("USUBJID").to_physical().cast(pl.UInt32),
        ADT="ASTDT",
        emergent=((pl.col("TRTEMFL") == "Y") & (pl.col("SAFFL") == "Y")).fill_null(False),
    ).filter("emergent")
    events = _place(events, infusions)
    parts: list[pl.DataFrame] = []
    for place, (spec, group) in enumerate(zip(specs, groups, strict=True), start=1):
        chosen = pl.col("AEDECOD").is_in(sorted(group.narrow)) | pl.col("AEBODSYS").is_in(sorted(group.socs))
        happened = [_within(events.filter(chosen.fill_null(False)), spec).with_columns(AVALC=pl.lit(EVENT))]
        if adlb is not None:
            happened += _criteria(spec, adlb, infusions)
        followed = pl.concat(
            [part.filter(pl.col("AVALC") != TESTED).select("subject", "INFNO") for part in happened]
        ).unique()
        procedures = infusions.join(
            followed.with_columns(AFOLFL=pl.lit("Y")), on=["subject", "INFNO"], how="left", maintain_order="left"
        ).select("subject", "INFNO", pl.col("AFOLFL").fill_null("N"), ADT="day", AVALC=pl.lit(PROCEDURE))
        both = stack([*happened, procedures], {name: kind for name, kind in _SCHEMA.items() if name[:5] != "PARAM"})
        parts.append(both.with_columns(PARAMCD=pl.lit(f"{AESI}{place}"), PARAM=pl.lit(spec.name)))
    return carry_subject(adsl, stack(parts, _SCHEMA) if parts else pl.DataFrame(schema=_SCHEMA))


def events_of(adsi: pl.DataFrame, code: str, spec: AesiSpec) -> tuple[pl.DataFrame, str]:
    """What the time to an AESI ends with, as events; and why it can be told of nobody, in words, empty where it can."""
    mine = adsi.filter(pl.col("PARAMCD") == code)
    is_told = spec.has_terms or bool((mine["AVALC"] == TESTED).any())
    happened = mine.filter(pl.col("AVALC").is_in([EVENT, MET])).with_columns(AVALC=pl.lit(EVENT))
    return happened, "" if is_told else "no subject has a result that can be compared with its criteria (LB)"


def _place(records: pl.DataFrame, infusions: pl.DataFrame) -> pl.DataFrame:
    """Records with the infusion that they follow."""
    return pl.concat([records, since_infusion(records.select("subject", day="ADT"), infusions)], how="horizontal")


def _within(records: pl.DataFrame, spec: AesiSpec) -> pl.DataFrame:
    return records if spec.window is None else records.filter(pl.sql_expr(spec.window.condition).fill_null(False))


def _criteria(spec: AesiSpec, adlb: pl.DataFrame, infusions: pl.DataFrame) -> Iterator[pl.DataFrame]:
    for criterion in spec.laboratory:
        usable = adlb.with_columns(measured=measured(criterion)).drop_nulls(["measured", "ADT"])
        told = usable.filter((pl.col("SAFFL") == "Y").fill_null(False)).select(
            "LBSEQ",
            "ADT",
            subject=pl.col("USUBJID").to_physical().cast(pl.UInt32),
            AVAL=pl.sql_expr(criterion.measure),
            met=meets(pl.col("measured"), criterion),
        )
        told = _within(_place(told, infusions), spec).with_columns(CRIT=pl.lit(criterion.words))
        first = told.filter("met").sort("subject", "ADT", "LBSEQ", nulls_last=True, maintain_order=True)
        yield first.unique(["subject", "INFNO"], keep="first", maintain_order=True).with_columns(AVALC=pl.lit(MET))
        yield (
            told.select("subject", "CRIT")
            .unique(maintain_order=True)
            .with_columns(*(pl.lit(None, pl.Int64).alias(name) for name in VARIABLES), AVALC=pl.lit(TESTED))
        )
