"""What was given as study treatment: EX (cells and induction) and PR (infusion and imaging of the portal vein)."""

from __future__ import annotations

import numpy as np
import polars as pl

from simulation.days import NO_DAY, NO_TIME, Days, iso_text, number_within, study_days
from simulation.layout import choose, shape
from simulation.lots import Infusions, Lots, lot_ids
from simulation.parameters import INDUCTION, PRODUCT
from simulation.schedule import FOLLOW_UP, INFUSION, SECOND_INFUSION
from simulation.subjects import Cohort

FIRST_LOT_MINUTES, NEXT_LOT_AFTER, INDUCTION_HOUR, INDUCTION_MINUTES = 30, 40, 9 * 60, 240

_INDUCTION, _ONE_LOT, _LOT_A, _LOT_B = range(4)


def first_treatment(cohort: Cohort) -> tuple[Days, Days]:
    """Day and minute of the first record of EX (RFXSTDTC): induction; missing where not treated."""
    return cohort.induction, np.where(cohort.is_treated, INDUCTION_HOUR, NO_TIME)


def last_treatment(cohort: Cohort, infusions: Infusions) -> tuple[Days, Days]:
    """Day and minute of the end of the last record of EX (RFXENDTC); missing where not treated."""
    day = np.full(cohort.count, NO_DAY)
    minute = np.full(cohort.count, NO_TIME)
    day[infusions.subject] = infusions.day
    minute[infusions.subject] = _end_of_infusion(infusions)
    return day, minute


def _end_of_infusion(infusions: Infusions) -> Days:
    extra = np.where(infusions.lot_b >= 0, NEXT_LOT_AFTER, 0)
    return np.asarray(infusions.minute + extra + FIRST_LOT_MINUTES)


def ex_frame(cohort: Cohort, infusions: Infusions, lots: Lots) -> pl.DataFrame:
    """EX: induction on the two days before each infusion, and one row for each lot of each infusion.

    The doses of two lots follow each other and add up to EXDOSTOT, the dose of the arm.
    """
    one, two = np.flatnonzero(infusions.lot_b < 0), np.flatnonzero(infusions.lot_b >= 0)
    every = np.arange(len(infusions.day))
    infusion = np.concatenate([every, every, one, two, two])
    kind = np.repeat(
        [_INDUCTION, _INDUCTION, _ONE_LOT, _LOT_A, _LOT_B], [len(every), len(every), len(one), len(two), len(two)]
    )
    before = np.concatenate(
        [np.full(len(every), 2), np.full(len(every), 1), np.zeros(len(one) + 2 * len(two), np.int64)]
    )
    subject, number = infusions.subject[infusion], infusions.number[infusion]
    day = infusions.day[infusion] - before
    start = infusions.minute[infusion] + np.where(kind == _LOT_B, NEXT_LOT_AFTER, 0)
    start = np.where(kind == _INDUCTION, INDUCTION_HOUR, start)
    order = np.lexsort((start, day, subject))
    infusion, kind, subject, number, day, start = (a[order] for a in (infusion, kind, subject, number, day, start))

    is_cells = kind != _INDUCTION
    cells = np.array([arm.cells for arm in cohort.design.parameters.arms] + [0])[cohort.arm[subject]]
    share = np.where(kind == _LOT_A, 0.625, np.where(kind == _LOT_B, 0.375, 1.0))
    induction = np.round(1.5 * cohort.weight[subject])
    end = start + np.where(is_cells, FIRST_LOT_MINUTES, INDUCTION_MINUTES)
    lot = np.where(kind == _LOT_B, infusions.lot_b[infusion], infusions.lot_a[infusion])
    reference = cohort.reference[subject]
    first = number == 1
    return shape(
        "EX",
        len(infusion),
        {
            "USUBJID": cohort.usubjid(subject),
            "EXSEQ": number_within(subject),
            "EXGRPID": choose(["INDUCTION ", "INFUSION "], is_cells) + pl.Series(number).cast(pl.String),
            "EXTRT": choose([INDUCTION, PRODUCT], is_cells),
            "EXCAT": choose(["INDUCTION IMMUNOSUPPRESSION", "CELL PRODUCT"], is_cells),
            "EXDOSE": np.where(is_cells, cells * share, induction),
            "EXDOSU": choose(["mg", "10^6 CELLS"], is_cells),
            "EXDOSFRM": choose(["INJECTION, SOLUTION", "SUSPENSION"], is_cells),
            "EXDOSFRQ": "ONCE",
            "EXDOSTOT": np.where(is_cells, cells, induction),
            "EXROUTE": choose(["INTRAVENOUS", "INTRAPORTAL"], is_cells),
            "EXLOT": lot_ids(cohort, lots).gather(lot).set(pl.Series(~is_cells), None),
            "EXLOC": choose(["PORTAL VEIN"], np.where(is_cells, 0, -1)),
            "EPOCH": cohort.epochs(subject, day),
            "VISITNUM": pl.Series(np.where(first, INFUSION.number, SECOND_INFUSION.number)).set(
                pl.Series(~is_cells), None
            ),
            "VISIT": choose([INFUSION.name, SECOND_INFUSION.name], np.where(is_cells, np.where(first, 0, 1), -1)),
            "EXSTDTC": iso_text(day, start),
            "EXENDTC": iso_text(day, end),
            "EXSTDY": study_days(day, reference),
            "EXENDY": study_days(day, reference),
        },
    )


def pr_frame(cohort: Cohort, infusions: Infusions) -> pl.DataFrame:
    """PR: each infusion into the portal vein, at the time of EX; ultrasound of the vein at hour 24 and week 1."""
    names = ("HOUR 24", "WEEK 1")
    places = [next(i for i, visit in enumerate(FOLLOW_UP) if visit.name == name) for name in names]
    imaged = [cohort.treated[cohort.planned.held[:, place] <= cohort.end[cohort.treated]] for place in places]
    days = [
        cohort.planned.held[np.searchsorted(cohort.treated, who), place]
        for who, place in zip(imaged, places, strict=True)
    ]
    count = len(infusions.day)
    subject = np.concatenate([infusions.subject, *imaged])
    day = np.concatenate([infusions.day, *days])
    kind = np.concatenate([np.minimum(infusions.number, 2) - 1, np.repeat([2, 3], [len(who) for who in imaged])])
    missing = np.full(len(subject) - count, NO_TIME)
    start = np.concatenate([infusions.minute, missing])
    end = np.concatenate([_end_of_infusion(infusions), missing])
    order = np.lexsort((start, day, subject))
    subject, day, kind, start, end = (a[order] for a in (subject, day, kind, start, end))
    is_infusion = kind < 2
    visits = [INFUSION, SECOND_INFUSION, *(FOLLOW_UP[place] for place in places)]
    trt = choose(["ULTRASOUND OF PORTAL VEIN", "INFUSION INTO PORTAL VEIN"], is_infusion)
    reference = cohort.reference[subject]
    return shape(
        "PR",
        len(subject),
        {
            "USUBJID": cohort.usubjid(subject),
            "PRSEQ": number_within(subject),
            "PRGRPID": choose(["INFUSION 1", "INFUSION 2"], np.where(is_infusion, kind, -1)),
            "PRTRT": trt,
            "PRDECOD": trt,
            "PRCAT": choose(["IMAGING", "STUDY TREATMENT ADMINISTRATION"], is_infusion),
            "PRLOC": "PORTAL VEIN",
            "EPOCH": cohort.epochs(subject, day),
            "VISITNUM": np.array([visit.number for visit in visits])[kind],
            "VISIT": choose([visit.name for visit in visits], kind),
            "PRSTDTC": iso_text(day, start),
            "PRENDTC": iso_text(day, end),
            "PRSTDY": study_days(day, reference),
            "PRENDY": study_days(day, reference),
        },
    )
