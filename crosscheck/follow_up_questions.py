"""Questions on follow-up: who was expected when, and came; days followed; states at the end of each year."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from crosscheck.death_questions import FATAL_TERM, STATED
from crosscheck.questions import YEAR, Asked, Counted, by_row, numbers_by_arm, start
from crosscheck.subject_questions import NEVER
from longwatch.study import Study
from longwatch.study.follow_up import Anchor
from longwatch.tables.opinion import Answer
from longwatch.tables.result import TableResult

CODES = ("LTF01", "LTF02", "LTF07", "LTF10", "LTF11")
"""Outputs that the tables of `follow_up.sql` answer."""
HELD = {"Visit held": ("DONE_IN", "DONE_OUT"), "In its window": ("DONE_IN",), "Outside its window": ("DONE_OUT",)}
NOT_HELD = {
    "Missed": "MISSED",
    "Overdue, nothing known": "OVERDUE",
    "Lost to follow-up": "ENDED_LOST",
    "Left for another reason": "ENDED_OTHER",
}
EXCUSED = {"Withdrew consent": "ENDED_WITHDRAWN", "Died": "ENDED_DEATH", "Completed": "ENDED_COMPLETED"}
STATES = {
    "In follow-up": "FOLLOWED", "Completed": "COMPLETED", "Died": "DIED", "Withdrew consent": "WITHDRAWN",
    "Lost to follow-up": "LOST", "Left for another reason": "LEFT",
}  # fmt: skip


def follow_up_words(study: Study, plan: pl.DataFrame) -> dict[str, str]:
    """What the study file and the plan say, as SQL."""
    needed = study.rules.parameters.get("FU04", {})
    last = Anchor.INFUSION_LAST in (plan["anchor"].to_list() or [study.follow_up.anchor])
    return {
        "attempts": str(needed.get("attempts", 3)),
        "days": str(needed.get("days", 60)),
        "never": NEVER,
        "anchor": "TRTEDT" if last else "TRTSDT",
    }


def read_plan(asked: Asked) -> pl.DataFrame:
    """The plan: the study file's visits, else the records of LTFUPLAN as they are."""
    schema = {"place": pl.Int64, "number": pl.Float64, "name": pl.String, "year": pl.Int32, "months": pl.Int32,
              "days": pl.Int32, "low": pl.Int32, "high": pl.Int32, "anchor": pl.String}  # fmt: skip
    rows: Sequence[Sequence[object]]
    if asked.study.follow_up.template:
        visits = asked.study.follow_up.plan
        anchor = str(asked.study.follow_up.anchor)
        rows = [
            (place, visit.number, visit.visit, visit.year, visit.month, visit.day, *visit.window, anchor)
            for place, visit in enumerate(visits)
        ]
    else:
        rows = asked.rows(
            "SELECT _row, VISITNUM, VISIT, CASE WHEN TARGMON % 12 = 0 THEN (TARGMON / 12)::INT END, TARGMON::INT,"
            " CASE WHEN TARGMON IS NULL THEN TARGDAY::INT END, coalesce(WIN_LO, 0)::INT, coalesce(WIN_HI, 0)::INT,"
            " coalesce(ANCHOR, 'INFUSION_FIRST') FROM LTFUPLAN"
        )
    return pl.DataFrame(rows, schema=schema, orient="row")


def completeness(asked: Asked, table: TableResult) -> Answer:
    """LTF01: by year, who was expected, of them who came, and who was not expected any more."""
    counted = start(asked, table, "safety")
    years = asked.rows("SELECT DISTINCT year FROM visit_status WHERE is_over AND year IS NOT NULL")
    for (year,) in years if "SV" in asked.data else ():
        group, of_year = f"Year {year}", f"FROM visit_status WHERE year = {year}"
        expected = count_by_arm(asked, f"{of_year} AND expected")
        add_count(counted, group, "Expected", expected)
        for row, words in HELD.items():
            held = ", ".join(f"'{word}'" for word in words)
            add_share(
                counted, group, row, count_by_arm(asked, f"{of_year} AND expected AND status IN ({held})"), expected
            )
        for row, word in NOT_HELD.items():
            add_share(
                counted, group, row, count_by_arm(asked, f"{of_year} AND expected AND status = '{word}'"), expected
            )
        add_count(
            counted, group, "Not expected any more", count_by_arm(asked, f"{of_year} AND is_over AND NOT expected")
        )
        for row, word in EXCUSED.items():
            excused = f"{of_year} AND is_over AND NOT expected AND status = '{word}'"
            add_count(counted, group, row, count_by_arm(asked, excused))
    return Answer(counted.values)


def quotient(asked: Asked, table: TableResult) -> Answer:
    """LTF02: days followed of days possible."""
    counted = start(asked, table, "safety")
    until = "least(getvariable('cutoff'), coalesce(died, DATE '9999-01-01'), coalesce(completed, DATE '9999-01-01'))"
    found = by_row(
        asked.rows(
            f"SELECT 1, arm, count(*), sum(FUPDUR)::BIGINT, sum(greatest({until} - TRTSDT + 1, FUPDUR))::BIGINT"
            " FROM watched_subject WHERE FUPDUR IS NOT NULL GROUP BY arm"
        ),
        1,
    ).get(("1",), [{}, {}, {}])
    columns = [list(counted.columns(by_arm)) for by_arm in found]
    for (column, n, _), (_, followed, _), (_, possible, _) in zip(*columns, strict=True):
        values = {"n": n, "days_followed": followed, "days_possible": possible,
                  "quotient": followed / possible if possible else None}  # fmt: skip
        for name, value in values.items():
            counted.values["", "Follow-up quotient", column, name] = value
    return Answer(counted.values)


def year_ends(asked: Asked, table: TableResult) -> Answer:
    """LTF07: the states on each anniversary."""
    counted = start(asked, table, "safety")
    for (year,) in asked.rows("SELECT DISTINCT year FROM year_end"):
        group, of_year = f"Year {year}", f"FROM year_end WHERE year = {year}"
        reached = count_by_arm(asked, of_year)
        add_count(counted, group, "Anniversary by the cut-off", reached)
        for row, word in STATES.items():
            add_share(counted, group, row, count_by_arm(asked, f"{of_year} AND state = '{word}'"), reached)
    return Answer(counted.values)


def count_by_arm(asked: Asked, source: str) -> dict[str, int]:
    """Rows of a source per arm."""
    return {str(arm): int(str(n)) for arm, n in asked.rows(f"SELECT arm, count(*) {source} GROUP BY arm")}


def add_count(counted: Counted, group: str, row: str, by_arm: Mapping[str, int]) -> None:
    """n of a row, which is a share of nothing."""
    for column, n, _ in counted.columns(by_arm):
        counted.values[group, row, column, "n"] = n


def add_share(counted: Counted, group: str, row: str, by_arm: Mapping[str, int], base: Mapping[str, int]) -> None:
    """n of a row, what it is a share of, and the percent."""
    for (column, n, _), (_, of, _) in zip(counted.columns(by_arm), counted.columns(base), strict=True):
        counted.values[group, row, column, "n"] = n
        counted.values[group, row, column, "base"] = of
        counted.values[group, row, column, "share"] = 100 * n / of if of else None


FOLLOWED = "coalesce(greatest(FUPDUR + date_diff('day', REFDT, TRTSDT), 0), 0)"
"""Days followed on the clock of adverse events."""


def malignancies(asked: Asked, table: TableResult) -> Answer:
    """LTF04: subjects with a first event of each type, over the time to it."""
    counted = start(asked, table, "safety")
    types = [(group.name, group.terms) for group in asked.study.follow_up.malignancies]
    if types:
        types.insert(0, ("Any new malignancy", tuple(term for _, terms in types for term in terms)))
    whole = numbers_by_arm(asked, f"SELECT counted_arm, sum({FOLLOWED})::BIGINT FROM subject WHERE safety GROUP BY 1")
    at = f"least(greatest(coalesce(date_diff('day', REFDT, start_day), 0) + 1, 1), {FOLLOWED})"
    for name, terms in types:
        words = ", ".join("'" + term.replace("'", "''") + "'" for term in terms)
        picked = f"SELECT arm, USUBJID, min({at}) AS day, any_value({FOLLOWED}) AS followed FROM emergent"
        picked += f" WHERE pt IN ({words}) GROUP BY ALL"
        n = numbers_by_arm(asked, f"SELECT arm, count(*) FROM ({picked}) GROUP BY 1")
        after = numbers_by_arm(asked, f"SELECT arm, sum(followed - day)::BIGINT FROM ({picked}) GROUP BY 1")
        _rate(counted, "", name, n, {arm: days - after.get(arm, 0) for arm, days in whole.items()})
        _range(asked, counted, "", f"{name}: Days to the first, median (range)", f"FROM ({picked}) WHERE day > 0")
    return Answer(counted.values)


def deaths_by_time(asked: Asked, table: TableResult) -> Answer:
    """LTF06: deaths by cause over the whole follow-up, and by window over the days followed in it."""
    counted = start(asked, table, "safety")
    within = int(table.parameters["within_days"])
    dead = "FROM subject WHERE safety AND died"
    whole = numbers_by_arm(
        asked, "SELECT counted_arm, coalesce(sum(FUPDUR), 0)::BIGINT FROM subject WHERE safety GROUP BY 1"
    )
    _rate(counted, "Deaths", "", numbers_by_arm(asked, f"SELECT counted_arm, count(*) {dead} GROUP BY 1"), whole)
    since = "Days from first infusion to death, median (range)"
    _range(asked, counted, "Deaths", since, "FROM (SELECT counted_arm AS arm, death_day AS day"
           f" {dead} AND death_day IS NOT NULL)")  # fmt: skip
    causes = by_row(
        asked.rows(
            "SELECT coalesce(s.stated, f.pt, 'Not reported'), counted_arm, count(*) FROM subject"
            f" LEFT JOIN ({STATED[asked.supplied]}) s USING (USUBJID)"
            f" LEFT JOIN ({FATAL_TERM[asked.supplied]}) f USING (USUBJID) WHERE safety AND died GROUP BY ALL"
        ),
        1,
    )
    for (cause,), (n,) in causes.items():
        _rate(counted, "Primary cause of death", cause, n, whole)
    longest = int(str(asked.rows("SELECT coalesce(max(FUPDUR), 1)::BIGINT FROM every_subject")[0][0]))
    bounds = [0, within, 365]
    while bounds[-1] < longest:
        bounds.append(int(float(YEAR) * (len(bounds) - 1)))
    names = [f"Days 1 to {within}", f"Day {within + 1} to end of year 1"]
    names += [f"Year {year}" for year in range(2, len(bounds) - 1)]
    for name, low, high in zip(names, bounds, bounds[1:], strict=False):
        lowest = "true" if low == 0 else f"death_day > {low}"
        n = numbers_by_arm(
            asked, f"SELECT counted_arm, count(*) {dead} AND {lowest} AND death_day <= {high} GROUP BY 1"
        )
        days = numbers_by_arm(
            asked,
            f"SELECT counted_arm, sum(greatest(least(coalesce(FUPDUR, 0), {high}) - {low}, 0))::BIGINT"
            " FROM subject WHERE safety GROUP BY 1",
        )
        _rate(counted, "Time of death", name, n, days)
    for name, condition in (
        ("Later than any follow-up", f"death_day > {bounds[-1]}"), ("Day not known", "death_day IS NULL")
    ):  # fmt: skip
        n = numbers_by_arm(asked, f"SELECT counted_arm, count(*) {dead} AND {condition} GROUP BY 1")
        if n:
            counted.count("Time of death", name, n)
    return Answer(counted.values)


def _rate(counted: Counted, group: str, row: str, n: Mapping[str, int], days: Mapping[str, int]) -> None:
    counted.count(group, row, n)
    for (column, number, _), (_, time, _) in zip(counted.columns(n), counted.columns(days), strict=True):
        years = time / float(YEAR)
        counted.values[group, row, column, "person_years"] = years
        counted.values[group, row, column, "rate"] = 100 * number / years if years >= 0.5 else None


def _range(asked: Asked, counted: Counted, group: str, row: str, source: str) -> None:
    values = "median(day)::DOUBLE, min(day)::DOUBLE, max(day)::DOUBLE"
    found = {str(arm): numbers for arm, *numbers in asked.rows(f"SELECT arm, {values} {source} GROUP BY arm")}
    if not found:
        return
    found["Total"] = list(asked.rows(f"SELECT {values} {source}")[0])
    for column, _, _ in counted.columns({}):
        for name, value in zip(("median", "min", "max"), found.get(column, [None] * 3), strict=True):
            counted.values[group, row, column, name] = value  # type: ignore[assignment]
