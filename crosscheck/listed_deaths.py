"""Questions on each subject who died: fatal events, days with immunosuppressants, drugs of the last regimen."""

from __future__ import annotations

from crosscheck.death_questions import count_deaths
from crosscheck.long_term_questions import courses_of_drugs
from crosscheck.questions import SUBSETS, Asked, Counted, quote, start
from longwatch.tables.opinion import Answer
from longwatch.tables.result import TableResult


def death_listing(asked: Asked, table: TableResult) -> Answer:
    """DTHL01: the deaths of each arm, and what is counted of each subject."""
    counted = start(asked, table, "safety")
    count_deaths(asked, counted)
    count_facts(asked, counted, "died")
    return Answer(counted.values)


def count_facts(asked: Asked, counted: Counted, condition: str) -> None:
    """Of each subject who meets the condition: fatal events, days with each class of drugs, drugs of the last regimen.
    Without a known follow-up, no days are known."""
    dead = f"(SELECT USUBJID, counted_arm, FUPDUR FROM subject WHERE safety AND ({condition}) IS TRUE)"
    fatal = f"{SUBSETS['fatal'][0]} IS TRUE"
    asked.engine.execute(courses_of_drugs(asked))
    taken = (
        "(SELECT USUBJID, drug, max(least(coalesce(b, high), high)) AS last FROM drug_course"
        " WHERE greatest(coalesce(a, TRTSDT), TRTSDT) <= least(coalesce(b, high), high) GROUP BY ALL)"
    )
    latest = f"(SELECT * FROM {taken} QUALIFY last = max(last) OVER (PARTITION BY USUBJID))"
    classes = [
        (item.name, ", ".join(quote(drug.upper()) for drug in item.drugs)) for item in asked.study.exposure.classes
    ]
    for row, statistic, query in (
        ("Fatal events", "events", f"SELECT USUBJID, count(*) AS v FROM every_started WHERE {fatal} GROUP BY 1"),
        ("Last regimen", "records", f"SELECT USUBJID, count(*) AS v FROM {latest} GROUP BY 1"),
        *(
            (f"{name} (days)", "days_taken", f"SELECT USUBJID, days AS v FROM days_of([{drugs}])")
            for name, drugs in classes
        ),
    ):
        nothing = "CASE WHEN FUPDUR IS NOT NULL THEN 0 END" if statistic == "days_taken" else "0"
        for subject, arm, value in asked.rows(
            f"SELECT USUBJID, counted_arm, coalesce(v, {nothing})::INT FROM {dead} LEFT JOIN ({query}) USING (USUBJID)"
        ):
            counted.values[str(subject), row, str(arm), statistic] = None if value is None else int(str(value))
