"""Product lots and their release tests (spec D.6), and which lots each infusion was made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from simulation.days import NO_DAY, Days, Reals, day_of, iso_text, number_within
from simulation.layout import choose, shape
from simulation.parameters import PRODUCT
from simulation.showcase import Showcase
from simulation.streams import stream
from simulation.subjects import Cohort

INTERVAL = 56
"""Days from one manufacturing campaign to the next."""
RELEASE_AFTER = 21
SHELF_LIFE = 200

RELEASED, EXCEPTIONAL, REJECTED, RECALLED = range(4)
_STATUS = ("RELEASED", "EXCEPTIONAL", "REJECTED", "RECALLED")

# Test, method, specification, unit, decimals, mean and SD of results.
_TESTS = (
    ("IDENTITY NKX6.1/C-PEPTIDE", "FLOW CYTOMETRY", ">= 60", "%", 1, 78.0, 4.0),
    ("IDENTITY INS/GCG", "FLOW CYTOMETRY", ">= 50", "%", 1, 68.0, 4.0),
    ("RESIDUAL OCT4/TRA-1-60", "FLOW CYTOMETRY", "<= 0.05", "%", 3, 0.02, 0.005),
    ("VIABILITY", "DYE EXCLUSION", ">= 70", "%", 1, 88.0, 3.0),
    ("POTENCY GSIS INDEX", "ELISA", ">= 1.5", "RATIO", 2, 2.6, 0.25),
    ("ENDOTOXIN", "LAL", "<= 2", "EU/mL", 2, 0.4, 0.1),
    ("STERILITY", "CULTURE", "NO GROWTH", "", 0, 0.0, 0.0),
    ("MYCOPLASMA", "PCR", "NOT DETECTED", "", 0, 0.0, 0.0),
    ("KARYOTYPE", "G-BANDING", "NORMAL", "", 0, 0.0, 0.0),
)
_VIABILITY = 3
_EXCEPTIONAL_VIABILITY = 66.5


@dataclass(frozen=True)
class Infusions:
    """Every infusion, in order of subject and `number` (1 or 2). `lot_a`, `lot_b`: index into the lots; `lot_b` is -1
    where the dose is of one lot."""

    subject: Days
    number: Days
    day: Days
    minute: Days
    lot_a: Days
    lot_b: Days


@dataclass(frozen=True)
class Lots:
    """Every lot: campaign day, place in its campaign, status; and day of recall (NO_DAY where none)."""

    campaign: Days
    made: Days
    place: Days
    status: Days
    recalled: Days


def allocate_lots(cohort: Cohort, showcase: Showcase) -> tuple[Infusions, Lots]:
    """The infusions of a cohort, each from a lot released before it and not expired; some from two lots.

    A campaign makes so many lots that each serves about three infusions. In the showcase the first lot used in two
    subjects is recalled later, and one lot was released exceptionally, with a deviating viability.
    """
    rng = stream(cohort.design.seed, "LOT", cohort.design.part)
    again = np.flatnonzero(cohort.second > NO_DAY)
    subject = np.concatenate([cohort.treated, again])
    number = np.repeat([1, 2], [len(cohort.treated), len(again)])
    order = np.lexsort((number, subject))
    subject, number = subject[order], number[order]
    day = np.where(number == 1, cohort.infusion[subject], cohort.second[subject])
    minute = np.where(number == 1, cohort.infusion_minute[subject], cohort.second_minute[subject])

    origin = day_of(cohort.design.parameters.first_consent) - INTERVAL
    campaign = (day - RELEASE_AFTER - origin) // INTERVAL
    campaigns = int(campaign.max()) + 1
    per_campaign = max(1, round(len(day) / 3 / max(campaigns, 1)))
    two = rng.random(len(day)) < 0.06
    two |= np.isin(subject, showcase.two_lots) & (number == 1)
    lot_a = campaign * per_campaign + rng.integers(0, per_campaign, len(day))
    older = np.maximum(campaign - 1, 0) * per_campaign + rng.integers(0, per_campaign, len(day))
    lot_b = np.where(two & (older != lot_a), older, -1)

    every = np.arange(campaigns * per_campaign)
    made = origin + (every // per_campaign) * INTERVAL
    chance = rng.random(len(every))
    status = np.where(chance < 0.03, EXCEPTIONAL, np.where(chance < 0.05, RECALLED, RELEASED))
    uses = np.bincount(lot_a, minlength=len(every)) + np.bincount(lot_b[lot_b >= 0], minlength=len(every))
    if showcase.events:
        used = np.flatnonzero(uses > 0)
        status[used[np.argmax(uses[used])]] = RECALLED
        status[used[-1] if uses[used].argmax() != len(used) - 1 else used[0]] = EXCEPTIONAL
    last_use = np.full(len(every), NO_DAY)
    np.maximum.at(last_use, lot_a, day)
    np.maximum.at(last_use, lot_b[lot_b >= 0], day[lot_b >= 0])
    status = np.where((uses == 0) & (status == RECALLED), RELEASED, status)
    recalled = np.where(status == RECALLED, np.minimum(last_use + 90, cohort.cut), NO_DAY)
    # One lot that failed and was never used stands beside each study's own.
    lots = Lots(
        campaign=np.r_[every // per_campaign, 0],
        made=np.r_[made, origin],
        place=np.r_[every % per_campaign, per_campaign],
        status=np.r_[status, REJECTED],
        recalled=np.r_[recalled, NO_DAY],
    )
    return Infusions(subject, number, day, minute, lot_a, lot_b), lots


def lot_ids(cohort: Cohort, lots: Lots) -> pl.Series:
    """LOTID of every lot."""
    campaign, place = (pl.Series(values).cast(pl.String) for values in (lots.campaign + 1, lots.place + 1))
    part = f"{cohort.design.part:03}-" if cohort.design.part else ""
    return f"SCI-{part}" + campaign.str.zfill(3) + "-" + place.str.zfill(2)


def lot_frame(cohort: Cohort, lots: Lots) -> pl.DataFrame:
    """LOT: one row per lot."""
    bank = np.asarray(lots.campaign % 2)
    note = choose(
        [
            "",
            "Viability below specification; released exceptionally, quality event QE-07",
            "Failed, not released",
            "Recalled",
        ],
        lots.status,
    )
    return shape(
        "LOT",
        len(lots.made),
        {
            "LOTID": lot_ids(cohort, lots),
            "PRODUCT": PRODUCT,
            "SOURCE": "ALLOGENEIC",
            "CELLBANK": choose(["MCB-01/WCB-01/LINE-7", "MCB-01/WCB-02/LINE-7"], bank),
            "DIFFRUN": "DR-" + pl.Series(lots.campaign + 1).cast(pl.String).str.zfill(3),
            "MFG_DATE": iso_text(lots.made),
            "RELDATE": iso_text(np.where(lots.status == REJECTED, NO_DAY, lots.made + RELEASE_AFTER)),
            "EXPIRY": iso_text(lots.made + SHELF_LIFE),
            "SITE": "CELL WORKS A",
            "PROCVER": choose(["P1.0", "P1.1"], lots.campaign >= 6),
            "STATUS": choose(_STATUS, lots.status),
            "RECALLDT": iso_text(lots.recalled),
            "NOTE": note.replace("", None),
        },
    )


def lottest_frame(cohort: Cohort, lots: Lots) -> pl.DataFrame:
    """LOTTEST: the release tests of every lot. All pass, but for the viability of exceptional and rejected lots."""
    rng = stream(cohort.design.seed, "LOTTEST", cohort.design.part)
    lot = np.repeat(np.arange(len(lots.made)), len(_TESTS))
    test = np.tile(np.arange(len(_TESTS)), len(lots.made))
    means, spreads = (np.array([row[column] for row in _TESTS]) for column in (5, 6))
    value: Reals = means[test] + np.clip(rng.normal(0, 1, len(test)), -2.5, 2.5) * spreads[test]
    deviates = (test == _VIABILITY) & np.isin(lots.status[lot], (EXCEPTIONAL, REJECTED))
    value = np.where(deviates, _EXCEPTIONAL_VIABILITY, value)
    in_words = {"STERILITY": "NO GROWTH", "MYCOPLASMA": "NOT DETECTED", "KARYOTYPE": "NORMAL"}
    result = pl.Series("result", [""], dtype=pl.String).new_from_index(0, len(test))
    for place, (name, *_, decimals, _, _) in enumerate(_TESTS):
        words = in_words.get(name)
        rounded = pl.Series(np.round(value, decimals)).cast(pl.String)
        text = pl.Series([words]).new_from_index(0, len(test)) if words else rounded
        result = result.zip_with(pl.Series(test != place), text)
    ids = lot_ids(cohort, lots).gather(lot)
    return shape(
        "LOTTEST",
        len(lot),
        {
            "LOTID": ids,
            "TEST": choose([row[0] for row in _TESTS], test),
            "METHOD": choose([row[1] for row in _TESTS], test),
            "SPEC": choose([row[2] for row in _TESTS], test),
            "RESULT": result,
            "UNIT": choose([row[3] for row in _TESTS], test).replace("", None),
            "PASS": choose(["Y", "N"], deviates),
            "TESTDATE": iso_text(lots.made[lot] + 7 + number_within(lot)),
            "COA_DOC": "COA-" + ids + ".pdf",
        },
    )
