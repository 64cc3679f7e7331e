"""The trial as planned: TS, TA, TE, TV, TI."""

from __future__ import annotations

import polars as pl

from simulation import mockdra
from simulation.layout import shape
from simulation.parameters import PRODUCT, TITLE, Parameters
from simulation.schedule import BASELINE, INFUSION, SCREENING, SECOND_INFUSION, follow_up_of

SDTMIG, SDTM, CTCAE = "3.4", "2.0", "5.0"
PROTOCOL = "ISLET-1-P01"

_ELEMENTS = (
    ("SCRN", "Screening", "Informed consent", "First dose of induction, or end of participation", "P10W", "SCREENING"),
    ("TRT", "Induction and infusion", "First dose of induction", "28 days after the infusion", "P30D", "TREATMENT"),
    ("FUP", "Follow-up", "Day 29", "Month 60, or end of participation", "P5Y", "FOLLOW-UP"),
)

_CRITERIA = (
    ("INCL01", "INCLUSION", "Age 18 to 65 years at consent"),
    ("INCL02", "INCLUSION", "Type 1 diabetes for at least 5 years with undetectable stimulated C-peptide"),
    ("INCL03", "INCLUSION", "At least two severe hypoglycaemic events in the year before consent"),
    ("EXCL01", "EXCLUSION", "eGFR below 60 mL/min/1.73 m2"),
    ("EXCL02", "EXCLUSION", "Active infection or malignancy"),
    ("EXCL03", "EXCLUSION", "Earlier organ or islet transplant"),
)


def trial_design(p: Parameters) -> dict[str, pl.DataFrame]:
    """TS, TA, TE, TV and TI of the trial."""
    return {"TS": _ts(p), "TA": _ta(p), "TE": _te(), "TV": _tv(p.years), "TI": _ti()}


def _ts(p: Parameters) -> pl.DataFrame:
    rows = (
        ("TITLE", "Trial Title", TITLE),
        ("SSTDTC", "Study Start Date", p.first_consent.isoformat()),
        ("DCUTDTC", "Data Cutoff Date", p.cut.isoformat()),
        ("DCUTDESC", "Data Cutoff Description", "ANNUAL SAFETY CUT"),
        ("SDTIGVER", "SDTM IG Version", SDTMIG),
        ("SDTMVER", "SDTM Version", SDTM),
        ("AEDICT", "Adverse Event Dictionary", f"{mockdra.NAME} {mockdra.VERSION}"),
        ("AETOXSC", "Toxicity Scale", f"CTCAE {CTCAE}"),
        ("TPHASE", "Trial Phase Classification", "PHASE I/II TRIAL"),
        ("STYPE", "Study Type", "INTERVENTIONAL"),
        ("TRT", "Investigational Therapy or Treatment", PRODUCT),
        ("INDIC", "Trial Disease/Condition Indication", "TYPE 1 DIABETES WITH SEVERE HYPOGLYCAEMIA"),
        ("OBJPRIM", "Trial Primary Objective", "Safety of one infusion of stem-cell-derived islets over five years"),
        ("SPONSOR", "Clinical Study Sponsor", "EXAMPLE CELL WORKS (FICTITIOUS)"),
        ("NARMS", "Planned Number of Arms", str(len(p.arms))),
        ("RANDOM", "Trial is Randomized", "Y"),
        ("TBLIND", "Trial Blinding Schema", "OPEN LABEL"),
        ("ADAPT", "Adaptive Design", "N"),
        ("AGEMIN", "Planned Minimum Age of Subjects", "P18Y"),
        ("AGEMAX", "Planned Maximum Age of Subjects", "P65Y"),
        ("SEXPOP", "Sex of Participants", "BOTH"),
        ("LENGTH", "Trial Length", "P5Y"),
    )
    return shape(
        "TS",
        len(rows),
        {
            "TSSEQ": 1.0,
            "TSPARMCD": pl.Series([row[0] for row in rows]),
            "TSPARM": pl.Series([row[1] for row in rows]),
            "TSVAL": pl.Series([row[2] for row in rows]),
        },
    )


def _ta(p: Parameters) -> pl.DataFrame:
    rows = [(arm, place, element) for arm in p.arms for place, element in enumerate(_ELEMENTS, start=1)]
    branches = [f"Randomised to {arm.name}" if place == 1 else None for arm, place, _ in rows]
    again = "A second infusion may be given within 2 years, after induction"
    return shape(
        "TA",
        len(rows),
        {
            "ARMCD": pl.Series([arm.code for arm, _, _ in rows]),
            "ARM": pl.Series([arm.name for arm, _, _ in rows]),
            "TAETORD": pl.Series([place for _, place, _ in rows]),
            "ETCD": pl.Series([element[0] for _, _, element in rows]),
            "ELEMENT": pl.Series([element[1] for _, _, element in rows]),
            "TABRANCH": pl.Series(branches, dtype=pl.String),
            "TATRANS": pl.Series([again if place == 3 else None for _, place, _ in rows], dtype=pl.String),
            "EPOCH": pl.Series([element[5] for _, _, element in rows]),
        },
    )


def _te() -> pl.DataFrame:
    names = ("ETCD", "ELEMENT", "TESTRL", "TEENRL", "TEDUR")
    columns = {name: pl.Series([element[place] for element in _ELEMENTS]) for place, name in enumerate(names)}
    return shape("TE", len(_ELEMENTS), columns)


def _tv(years: int) -> pl.DataFrame:
    follow_up = follow_up_of(years)
    visits = (SCREENING, BASELINE, INFUSION, *follow_up, SECOND_INFUSION)
    starts = {
        1: "Informed consent",
        2: "Within 5 days before the infusion",
        SECOND_INFUSION.number: "Second infusion, if any",
    }
    starts[INFUSION.number] = "Infusion"
    after = {visit.number: f"{visit.name.lower()} after the first infusion" for visit in follow_up}
    days = [None if v is SECOND_INFUSION else v.nominal_day + (v.nominal_day >= 0) for v in visits]
    return shape(
        "TV",
        len(visits),
        {
            "VISITNUM": pl.Series([visit.number for visit in visits]),
            "VISIT": pl.Series([visit.name for visit in visits]),
            "VISITDY": pl.Series(days, dtype=pl.Int64),
            "TVSTRL": pl.Series([starts.get(visit.number) or after[visit.number] for visit in visits]),
            "TVENRL": "End of the last activity of the visit",
        },
    )


def _ti() -> pl.DataFrame:
    return shape(
        "TI",
        len(_CRITERIA),
        {
            "IETESTCD": pl.Series([row[0] for row in _CRITERIA]),
            "IECAT": pl.Series([row[1] for row in _CRITERIA]),
            "IETEST": pl.Series([row[2] for row in _CRITERIA]),
            "TIVERS": "1",
        },
    )
