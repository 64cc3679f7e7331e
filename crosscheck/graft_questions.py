"""Questions on graft function: Igls categories by year, and insulin independence."""

from __future__ import annotations

from crosscheck.follow_up_questions import add_count, add_range, add_share, count_by_arm
from crosscheck.questions import Asked, quote, start
from longwatch.standards.dataset import SourceData
from longwatch.study import Study
from longwatch.tables.opinion import Answer
from longwatch.tables.result import TableResult

CODES = ("LTF10", "LTF11")
"""Outputs that the tables of `graft.sql` answer."""
DEFINITIONS = {"g17": "Igls 2017", "t20": "Igls 2.0, treatment outcome", "g20": "Igls 2.0, graft function"}
RANKS = ("Optimal", "Good", "Marginal", "Failure")


def graft_words(study: Study, data: SourceData) -> dict[str, str]:
    """What the study file says, as SQL."""
    names = ", ".join(quote(name.upper()) for name in study.graft.insulins)
    drug = "upper(coalesce(CMDECOD, CMTRT))"
    cm = set(data.datasets["CM"].columns) if "CM" in data else set()
    tolerances = study.graft.as_baseline
    return {
        "is_insulin": f"{drug} IN ({names})" if names else f"contains({drug}, 'INSULIN')",
        "has_cm": str(bool(cm & {"CMTRT", "CMDECOD"})).lower(),
        "has_ce": str(tells_level_3(data)).lower(),
        "free_days": str(study.graft.free_days),
        "stay_days": str(study.graft.peri_hospital_insulin_days or 0),
        "red_cells": ", ".join(quote(term.upper()) for term in study.graft.red_cell_terms) or "NULL",
        "t_hba1c": str(tolerances.hba1c),
        "t_severe": str(tolerances.severe),
        "t_tir": str(tolerances.time_in_range),
        "t_below": str(tolerances.below_54),
    }


def names_of_level_3(study: Study) -> str:
    """What CESCAT calls hypoglycaemia of level 3, as SQL."""
    return ", ".join(map(quote, study.names_of_level_3))


def tells_level_3(data: SourceData) -> bool:
    """Whether the data has days of clinical events, and a level of them or findings about them."""
    ce, fa = (set(data.datasets[name].columns) if name in data else set() for name in ("CE", "FA"))
    found = {"CELNKID", "FALNKID", "FATESTCD"} <= ce | fa and "CELNKID" in ce
    return "CESTDTC" in ce and ("CESCAT" in ce or found)


def graft_function(asked: Asked, table: TableResult) -> Answer:
    """LTF10: by year and definition, categories among those who have one."""
    counted = start(asked, table, "safety")
    years = asked.rows("SELECT DISTINCT year FROM graft_visit WHERE year IS NOT NULL")
    for (year,) in years if "SV" in asked.data else ():
        absent = count_by_arm(asked, f"FROM graft_visit WHERE year = {year} AND day IS NULL")
        for column, name in DEFINITIONS.items():
            group, of_year = f"Year {year}, {name}", f"FROM graft_category WHERE year = {year}"
            known = count_by_arm(asked, f"{of_year} AND {column} IS NOT NULL")
            add_count(counted, group, "Evaluable", known)
            for rank, word in enumerate(RANKS):
                add_share(counted, group, word, count_by_arm(asked, f"{of_year} AND {column} = {rank}"), known)
            add_count(counted, group, "Not evaluable", count_by_arm(asked, f"{of_year} AND {column} IS NULL"))
            add_count(counted, group, "Visit not held", absent)
    return Answer(counted.values)


def insulin_independence(asked: Asked, table: TableResult) -> Answer:
    """LTF11: ever, at the end of follow-up, and on each anniversary."""
    counted = start(asked, table, "safety")
    known = "FROM watched_subject w WHERE FUPDUR IS NOT NULL"
    runs = "EXISTS (FROM free_run f WHERE f.USUBJID = w.USUBJID"
    told = "CM" in asked.data and {"CMTRT", "CMDECOD"} & set(asked.data.datasets["CM"].columns)
    everybody = count_by_arm(asked, known)
    if not told or not everybody:
        return Answer(counted.values)
    add_share(counted, "Ever", "", count_by_arm(asked, f"{known} AND {runs})"), everybody)
    add_share(
        counted, "At the end of follow-up", "", count_by_arm(asked, f"{known} AND {runs} AND goes_on)"), everybody
    )
    anniversary = "date_diff('day', TRTSDT, (TRTSDT + to_years({}))::DATE)"
    for year in range(1, 200):
        on = anniversary.format(year)
        base = count_by_arm(asked, f"{known} AND {on} <= FUPDUR - 1")
        if not base:
            break
        add_count(counted, f"Year {year}", "Followed on the anniversary", base)
        free = count_by_arm(asked, f"{known} AND {on} <= FUPDUR - 1 AND {runs} AND {on} BETWEEN a AND b)")
        add_share(counted, f"Year {year}", "Free of insulin", free, base)
    add_range(
        asked, counted, "Days free of insulin", "",
        "FROM (SELECT w.arm, sum(b - a + 1) AS day FROM watched_subject w JOIN free_run f USING (USUBJID)"
        " WHERE FUPDUR IS NOT NULL GROUP BY w.USUBJID, w.arm)",
    )  # fmt: skip
    return Answer(counted.values, frozenset({"First independence lost"}))
