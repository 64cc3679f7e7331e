"""Which outputs are computed again, by their code."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from crosscheck import periodic_questions as periodic
from crosscheck.algorithm_questions import algorithm
from crosscheck.death_questions import deaths
from crosscheck.exposure_questions import exposure
from crosscheck.follow_up_questions import completeness, deaths_by_time, malignancies, quotient, year_ends
from crosscheck.graft_questions import graft_function, insulin_independence
from crosscheck.group_questions import by_list, by_subgroup, of_interest, without_terms
from crosscheck.interest_questions import of_special_interest
from crosscheck.laboratory_questions import (
    abnormal,
    blood_pressure,
    cases_of_liver,
    levels,
    listed_levels,
    listed_results,
    peaks_of_liver,
    screening_of_liver,
    shifts,
)
from crosscheck.listed_deaths import death_listing
from crosscheck.listing_questions import LISTED, event_listing
from crosscheck.long_term_questions import first_events, immunosuppressants, recurrent_events
from crosscheck.lot_questions import events_by_lot
from crosscheck.part_questions import events_by_part, rate_over_time
from crosscheck.questions import GRADES, SEVERITIES, Asked, common, overview, rates, terms, worst_of_terms
from crosscheck.recurrent_questions import mean_count
from crosscheck.result_questions import boxes, by_visit, mean_change, shares
from crosscheck.subject_questions import demographics, disposition, populations, screening, trials
from crosscheck.time_questions import curve, times
from longwatch.tables.opinion import Answer
from longwatch.tables.result import TableResult

SCOPES = ("narrow", "broad")

QUESTIONS: Mapping[str, Callable[[Asked, TableResult], Answer]] = {
    "TRLT01": trials,
    "DMT01": demographics,
    "ENT01": screening,
    "POPT01": populations,
    "DST01": disposition,
    "EXT01": exposure,
    "DTHT01": deaths,
    "DTHL01": death_listing,
    "AET01": overview,
    "AET02": terms(""),
    "AET02_SER": terms("serious"),
    "AET02_WD": terms("withdrawn"),
    "AET07": terms("fatal"),
    "AET09": terms("related"),
    "AET03": worst_of_terms("AESEV", SEVERITIES, str.capitalize),
    "AET03_WORST": worst_of_terms("AESEV", SEVERITIES, str.capitalize, "'SEVERE'"),
    "AET04": worst_of_terms("AETOXGR", GRADES, "Grade {}".format),
    "AET05": rates(every=False),
    "AET05_ALL": rates(every=True),
    "AET05_INT": events_by_part("interval", every=False),
    "AET05_INT_ALL": events_by_part("interval", every=True),
    "AET05_PER": events_by_part("period", every=False),
    "AET05_PER_ALL": events_by_part("period", every=True),
    **{code: event_listing(code) for code in LISTED},
    "DSUR61": periodic.exposure,
    "DSUR72": periodic.reactions,
    "DSUR73": periodic.serious_events,
    "DSURDTHL": periodic.deaths,
    "DSURWDL": periodic.dropouts,
    "IRG01": rate_over_time,
    "AET10": common,
    "VST01": by_visit,
    "LBT01": by_visit,
    "KIDT01": by_visit,
    "LBT04": abnormal,
    "LBT07": abnormal,
    "LBT14": shifts,
    "LBT_SHIFT": shifts,
    "LBT_LEVELS": levels,
    "LBT_LAST": levels,
    "LBL01": listed_results,
    "LBL02": listed_levels,
    "LBT_HEP": screening_of_liver("transaminase", 3),
    "LBT_CHOL": screening_of_liver("phosphatase", 2),
    "LBL_HYSLAW": cases_of_liver,
    "LBG_HEP": peaks_of_liver("transaminase", "tranmax"),
    "LBG_CHOL": peaks_of_liver("phosphatase", "alpmax"),
    "LBG01": mean_change,
    "LBG02": boxes,
    "LBG03": boxes,
    "LBG_SHARE": shares,
    "VSG01": mean_change,
    "VSG02": boxes,
    "VSG03": boxes,
    "VST_SBP": blood_pressure,
    "VST_DBP": blood_pressure,
    "VST_HYPO": blood_pressure,
    "TTET01": times,
    "KMG01": curve("survival_pct"),
    "CIFG01": curve("incidence_pct"),
    "MCCG01": mean_count,
    "LTF01": completeness,
    "LTF02": quotient,
    "LTF04": malignancies,
    "LTF05": first_events,
    "LTF06": deaths_by_time,
    "LTF07": year_ends,
    "LTF08": first_events,
    "LTF09": recurrent_events,
    "LTF10": graft_function,
    "LTF11": insulin_independence,
    "LTF12": first_events,
    "LTF13": immunosuppressants,
    "LTF14": events_by_lot,
    "AET02_OCMQ": by_list("OCMQ", "", SCOPES),
    "AET02_OCMQ_SER": by_list("OCMQ", "serious", SCOPES[:1]),
    "AET02_OCMQ_WD": by_list("OCMQ", "withdrawn", SCOPES[:1]),
    "AET02_SMQ": by_list("SMQ", "", SCOPES),
    "AET02_CQ": by_list("CQ", "", SCOPES),
    "AEFG01": without_terms(terms("")),
    "AEFG_OCMQ": without_terms(by_list("OCMQ", "", SCOPES[:1])),
    "AET_HYPOGLY": algorithm,
    "AET_HYPERGLY": algorithm,
    "AESI01": of_interest,
    "AESI02": of_special_interest,
    "AET01_SG": by_subgroup("", "serious", "fatal", "withdrawn"),
    "AET01_SG_SER": by_subgroup("serious"),
    "AESI01_SG": by_subgroup(""),
}

NOT_ASKED = ("LOTL01", "LOTL02", "LOTL03", "NARR01", "SUBG01", "SUBL01", "SWMG01")
"""Outputs that show records of lots or of single subjects and count nothing: a report says that they are not computed
again. What they show is read where the tables read it."""

FROM_SDTM_ONLY = ("ENT01", "DST01", "DSURWDL", "LTF01", "LTF02", "LTF07", "LTF09", "LTF10", "LTF11", "LTF13")
"""Outputs that are not computed again where the sponsor's own ADaM is counted: ADSL says how participation ended, and
there is no second source for it."""
