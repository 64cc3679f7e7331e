"""ADHG: hypoglycaemia, one row per event of CE, with the level that its findings give it (spec D.4). Graft function
(ADGF) and recurrent events (ADEV) take their level 3 from here.

Level, the first case that holds, of the findings of the event (FA with FALNKID = CELNKID):

1. ASSIST is Y → LEVEL 3: help was needed, whatever the glucose.
2. ASSIST is N, and GLUC below 54 mg/dL → LEVEL 2; below 70 mg/dL → LEVEL 1; 70 or more → NONE. In mmol/L: below 3.0,
   below 3.9; another or no unit is not guessed.
3. The findings do not decide: as the site states it (CESCAT: one of the three, or what the parameter of rule GF03
   calls level 3), BASIS STATED. Without ASSIST a low glucose does not decide: the event could have been level 3.
4. else NE.

BASIS: FINDINGS, STATED, or missing with NE. STATED: the level that the site states; DIFFERS = Y where both are known
and are not the same. ADY: study day from TRTSDT. SAFEFL = Y: on or after the day of the first infusion (safety counts
all days). ENDPFL = Y: on study days 90 to 365, the window of the endpoint, which is another question. Source: spec D.4.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from longwatch.derive.cgm import TO_MG
from longwatch.derive.coded import Subjects, by_value, read_coded
from longwatch.derive.cutoff import keep_started
from longwatch.derive.of_subject import carry_subject
from longwatch.derive.populations import flag
from longwatch.standards.dataset import SourceData
from longwatch.standards.dates import complete_day, earliest_day, latest_day, study_day
from longwatch.study import Study

LEVELS = ("LEVEL 1", "LEVEL 2", "LEVEL 3")
NONE, NOT_EVALUABLE = "NONE", "NE"
LEVEL_3 = LEVELS[2]
BOUNDS = {"mg/dl": (54.0, 70.0), "mmol/l": (3.0, 3.9)}
"""By unit in small letters: below the first is level 2, below the second level 1."""
ENDPOINT = (90, 365)
_CE = ("CECAT", "CEDECOD", "CETERM", "CESCAT", "CEOCCUR", "CELNKID", "CESTDTC")
_FA = ("FATESTCD", "FALNKID", "FASTRESC", "FASTRESU")
_WORD = "(?i)hypogly"


def derive_adhg(data: SourceData, study: Study, cutoff: date, subjects: Subjects, adsl: pl.DataFrame) -> pl.DataFrame:
    """USUBJID, TRT01P, TRT01A, SAFFL, CESEQ, ADT, ADY, ASSIST, GLUC, GLUCU, AVALC (the level), BASIS, STATED, DIFFERS,
    SAFEFL, ENDPFL; in the order of CE."""
    events = read_hypoglycaemia(data, study, cutoff, subjects)
    events = events.with_columns(adsl["TRTSDT"].gather(events["subject"]))
    found = events.with_columns(ADY=study_day(pl.col("ADT"), pl.col("TRTSDT")))
    known = pl.col("ADY").is_not_null()
    found = found.with_columns(
        SAFEFL=pl.when(known).then(flag(pl.col("ADY") >= 1).cast(pl.String)),
        ENDPFL=pl.when(known).then(flag(pl.col("ADY").is_between(*ENDPOINT)).cast(pl.String)),
    )
    return carry_subject(adsl, found.select(
        "subject", "CESEQ", "ADT", "ADY", "ASSIST", "GLUC", "GLUCU", "AVALC", "BASIS", "STATED", "DIFFERS", "SAFEFL",
        "ENDPFL",
    ))  # fmt: skip


def tells_level_3(data: SourceData) -> bool:
    """Whether the data can say when hypoglycaemia was of level 3: days in CE, and levels or findings of its events."""
    columns = {name: set(data.datasets[name].columns) if name in data else set() for name in ("CE", "FA")}
    by_findings = "CELNKID" in columns["CE"] and {"FATESTCD", "FALNKID"} <= columns["FA"]
    return "CESTDTC" in columns["CE"] and ("CESCAT" in columns["CE"] or by_findings)


def read_hypoglycaemia(data: SourceData, study: Study, cutoff: date, subjects: Subjects) -> pl.DataFrame:
    """Events of CE that started by D: subject, CESEQ, ADT (of a complete date), the days that the start can mean, first
    and last (missing: not known), ASSIST, GLUC, GLUCU, AVALC (the level), BASIS, STATED, DIFFERS; in the order of CE.

    Those whose CECAT, CEDECOD or CETERM says hypoglycaemia, or whose CESCAT is what the parameter of rule GF03 calls
    level 3; not those that did not happen (CEOCCUR = N).
    """
    ce = read_coded(data, "CE", subjects, _CE, ("CESEQ",))
    has = set(ce.columns)
    ce = keep_started(ce, "CESTDTC", cutoff) if "CESTDTC" in has else ce
    texts = {name: pl.col(name).cast(pl.String) if name in has else pl.lit(None, pl.String) for name in _CE}
    named = [texts[name].str.contains(_WORD).fill_null(False) for name in ("CECAT", "CEDECOD", "CETERM")]
    said = texts["CESCAT"].str.strip_chars().str.to_uppercase()
    severe = said.is_in(study.names_of_level_3).fill_null(False)
    events = ce.with_columns(
        pl.when(severe).then(pl.lit(LEVEL_3)).when(said.is_in(LEVELS)).then(said).alias("STATED"),
        texts["CELNKID"].alias("link"),
        (pl.col("CESEQ") if "CESEQ" in has else pl.lit(None, pl.Float64)).alias("CESEQ"),
    ).filter(pl.any_horizontal(*named, severe), (texts["CEOCCUR"] != "N").fill_null(True))
    text = pl.col("text")
    days = {"ADT": complete_day(text), "first": earliest_day(text), "last": latest_day(text)}
    started = events["CESTDTC"] if "CESTDTC" in has else pl.Series("CESTDTC", [None] * events.height, pl.Enum([]))
    dated = by_value(started, *(day.alias(name) for name, day in days.items()))
    known = events.select(pl.col("subject").cast(pl.UInt32), "CESEQ", "STATED", "link").with_columns(dated)
    known = known.join(_findings(data, subjects), on=["subject", "link"], how="left", maintain_order="left")
    known = known.with_columns(LEVEL=_level())
    level, stated = pl.col("LEVEL"), pl.col("STATED")
    return known.with_columns(
        AVALC=pl.coalesce(level, stated, pl.lit(NOT_EVALUABLE)),
        BASIS=pl.when(level.is_not_null()).then(pl.lit("FINDINGS")).when(stated.is_not_null()).then(pl.lit("STATED")),
        DIFFERS=pl.when(level.is_not_null() & stated.is_not_null()).then(flag(level != stated).cast(pl.String)),
    ).drop("LEVEL", "link")


def _level() -> pl.Expr:
    """The level by the findings; missing where they do not decide."""
    unit = pl.col("GLUCU").str.strip_chars().str.to_lowercase()
    very, low = (
        unit.replace_strict({name: pair[place] for name, pair in BOUNDS.items()}, default=None, return_dtype=pl.Float64)
        for place in (0, 1)
    )
    glucose, unaided = pl.col("GLUC"), pl.col("ASSIST") == "N"
    return (
        pl.when(pl.col("ASSIST") == "Y").then(pl.lit("LEVEL 3"))
        .when(unaided & (glucose < very)).then(pl.lit("LEVEL 2"))
        .when(unaided & (glucose < low)).then(pl.lit("LEVEL 1"))
        .when(unaided & (glucose >= low)).then(pl.lit(NONE))
    )  # fmt: skip


def _findings(data: SourceData, subjects: Subjects) -> pl.DataFrame:
    """By subject and link: ASSIST (Y if any says so), the lowest GLUC with its unit: of those in a known unit, compared
    in one unit; else of the others."""
    nothing = pl.DataFrame(
        schema={"subject": pl.UInt32, "link": pl.String, "ASSIST": pl.String, "GLUC": pl.Float64, "GLUCU": pl.String}
    )
    fa = read_coded(data, "FA", subjects, _FA, ("FASTRESN",))
    if not {"FATESTCD", "FALNKID"} <= set(fa.columns):
        return nothing
    test = pl.col("FATESTCD").cast(pl.String)
    text = pl.col("FASTRESC").cast(pl.String).str.strip_chars().str.to_uppercase()
    said = text if "FASTRESC" in fa.columns else pl.lit(None, pl.String)
    number = pl.col("FASTRESN") if "FASTRESN" in fa.columns else pl.lit(None, pl.Float64)
    unit = pl.col("FASTRESU").cast(pl.String) if "FASTRESU" in fa.columns else pl.lit(None, pl.String)
    read = fa.select(
        pl.col("subject").cast(pl.UInt32),
        link=pl.col("FALNKID").cast(pl.String),
        helped=pl.when((test == "ASSIST") & said.is_in(["Y", "N"])).then(said),
        glucose=pl.when(test == "GLUC").then(number),
        unit=pl.when(test == "GLUC").then(unit),
    ).drop_nulls("link")
    number_in_mg = pl.col("glucose") * pl.col("unit").str.strip_chars().str.to_lowercase().replace_strict(
        TO_MG, default=None, return_dtype=pl.Float64
    )
    measured = read.with_columns(number_in_mg.alias("mg")).sort("mg", "glucose", nulls_last=True)
    lowest = measured.drop_nulls("glucose").group_by("subject", "link", maintain_order=True).agg(
        GLUC=pl.col("glucose").first(), GLUCU=pl.col("unit").first()
    )  # fmt: skip
    helped = read.group_by("subject", "link").agg(ASSIST=pl.col("helped").max())
    return helped.join(lowest, on=["subject", "link"], how="left")
