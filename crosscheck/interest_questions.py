"""Questions on adverse events of special interest: by term, by laboratory criterion, in a window, and what they are
counted of. What counts is put into one table, `interest`, from events, results and doses."""

from __future__ import annotations

from collections.abc import Mapping

from crosscheck.measured import measure
from crosscheck.questions import Asked, by_row, numbers_by_arm, quote, start
from longwatch.standards.event_groups import AESI
from longwatch.standards.laboratory.reading import read_units
from longwatch.study import AesiSpec, EventKind, LaboratoryCriterion, Parameter
from longwatch.tables.opinion import Answer
from longwatch.tables.result import TableResult

_OF_RESULT = {"x ULN": "times_uln", "x LLN": "CASE WHEN low > 0 THEN round(aval / low, 9) END", "x baseline": "r2base",
              "% of baseline": "pchg"}  # fmt: skip
INTEREST = "AESI"
"""What `Asked.measured` says once the table is there."""


def is_given(asked: Asked) -> str:
    """Which records of EX are doses of study product that were given by the cut-off."""
    products = ", ".join(quote(name) for name in asked.study.treatment.products)
    ex = set(asked.data.datasets["EX"].columns) if "EX" in asked.data else set()
    product = f"EXTRT IN ({products}) IS TRUE" if products and "EXTRT" in ex else "true"
    amounts = (
        "true"
        if not ex & {"EXDOSE", "EXDOSTXT"}
        else (
            "regexp_matches(coalesce(EXTRT, ''), '(?i)\\b(placebo|vehicle|sham)\\b')"
            " OR CASE WHEN EXDOSE IS NOT NULL THEN EXDOSE > 0 ELSE EXDOSTXT IS NOT NULL END"
        )
    )
    return f"by_cutoff(EXSTDTC) AND EXOCCUR IS DISTINCT FROM 'N' AND ({amounts}) AND {product}"


def number_infusions(asked: Asked) -> None:
    """The table `numbered_infusion`: infusions, numbered by day."""
    asked.engine.execute(
        "CREATE TABLE numbered_infusion AS"
        " WITH given AS (SELECT DISTINCT USUBJID, earliest(EXSTDTC) AS day FROM EX JOIN every_subject USING (USUBJID)"
        f" WHERE safety AND {is_given(asked)}), instead AS (SELECT USUBJID, TRTSDT AS day FROM every_subject"
        " WHERE safety AND TRTSDT IS NOT NULL AND (SELECT count(*) FROM given) = 0)"
        " SELECT *, row_number() OVER (PARTITION BY USUBJID ORDER BY day NULLS LAST) AS number"
        " FROM (FROM given UNION ALL FROM instead)"
    )


def add_days(asked: Asked) -> None:
    """Infusions, and of every event the days since the last and the first of them."""
    engine = asked.engine
    number_infusions(asked)
    placed = (
        "SELECT e.*,"
        " (SELECT max(day) FROM numbered_infusion i WHERE i.USUBJID = e.USUBJID AND i.day <= e.start_day) AS given,"
        " (SELECT min(day) FROM numbered_infusion i WHERE i.USUBJID = e.USUBJID) AS first_given FROM {} e"
    )
    for name, kind in (("every_emergent", "TABLE"), ("every_started", "VIEW")):
        engine.execute(
            "CREATE TABLE with_days AS SELECT * EXCLUDE (first_given),"
            " date_diff('day', given, start_day) AS since_last,"
            f" date_diff('day', first_given, start_day) AS since_first FROM ({placed.format(name)})"
        )
        engine.execute(f"DROP {kind} {name}")
        engine.execute(f"ALTER TABLE with_days RENAME TO {name}")


def make_interest(asked: Asked) -> None:
    """The table `interest`: code, USUBJID, kind (EVENT, MET, TESTED), crit, day, given (the day of the infusion before
    it). Once."""
    if INTEREST in asked.measured:
        return
    asked.measured.add(INTEREST)
    engine = asked.engine
    engine.execute(
        "CREATE TABLE interest (code VARCHAR, USUBJID VARCHAR, kind VARCHAR, crit VARCHAR, day DATE, given DATE)"
    )
    for code, spec in _by_code(asked).items():
        of_list = f"FROM listed WHERE kind = 'AESI' AND name = {quote(spec.name)}"
        engine.execute(
            f"INSERT INTO interest SELECT {quote(code)}, USUBJID, 'EVENT', NULL, start_day, given FROM every_emergent"
            f" WHERE (upper(pt) IN (SELECT term {of_list} AND scope = 'narrow')"
            f" OR upper(soc) IN (SELECT term {of_list} AND scope = 'SOC')) AND {_window(spec)}"
        )
        for criterion in spec.laboratory:
            _add_results(asked, code, spec, criterion)


def _window(spec: AesiSpec) -> str:
    if spec.window is None:
        return "true"
    since = "since_last" if spec.window.after == "infusion" else "since_first"
    return f"({since} BETWEEN {spec.window.days[0]} AND {spec.window.days[1]}) IS TRUE"


def _add_results(asked: Asked, code: str, spec: AesiSpec, criterion: LaboratoryCriterion) -> None:
    measure(asked, "ADLB")
    own = criterion.unit.lower()
    factors = {unit.lower(): factor for unit, factor in read_units().get(criterion.analyte, {}).items()}
    cases = "".join(
        f" WHEN {quote(unit)} THEN {factor / factors[own]!r}" for unit, factor in factors.items() if own in factors
    )
    in_unit = f"round(aval * CASE lower(unit) WHEN {quote(own)} THEN 1{cases} END, 9)"
    value = _OF_RESULT.get(criterion.unit, in_unit)
    asked.engine.execute(
        "CREATE OR REPLACE TEMP TABLE told AS SELECT *, date_diff('day', given, day) AS since_last,"
        " date_diff('day', first_given, day) AS since_first FROM (SELECT r.USUBJID, r.day,"
        f" {value} AS value,"
        " (SELECT max(i.day) FROM numbered_infusion i WHERE i.USUBJID = r.USUBJID AND i.day <= r.day) AS given,"
        " (SELECT min(i.day) FROM numbered_infusion i WHERE i.USUBJID = r.USUBJID) AS first_given"
        " FROM measured_LB r JOIN every_subject USING (USUBJID)"
        f" WHERE safety AND r.code = {quote(criterion.analyte)} AND r.spec IS DISTINCT FROM 'URINE'"
        " AND r.ontrtfl = 'Y' AND r.day IS NOT NULL) WHERE value IS NOT NULL"
    )
    for kind, condition in (("TESTED", "true"), ("MET", f"value {criterion.comparison.sign} {criterion.value!r}")):
        asked.engine.execute(
            f"INSERT INTO interest SELECT {quote(code)}, USUBJID, '{kind}', {quote(criterion.words)}, day, given"
            f" FROM told WHERE {condition} AND {_window(spec)}"
        )


def _by_code(asked: Asked) -> Mapping[str, AesiSpec]:
    return {f"{AESI}{place}": spec for place, spec in enumerate(asked.study.aesi, start=1)}


def times_of_interest(asked: Asked) -> dict[str, Parameter]:
    """By code the times to the first event of each AESI."""
    own = {item.code for item in asked.study.time_parameters}
    return {
        code: Parameter(code=code, name=spec.name, event=EventKind.ADVERSE_EVENT)
        for code, spec in _by_code(asked).items()
        if code not in own
    }


def is_told(asked: Asked, code: str) -> bool:
    """Whether an AESI can be told of anybody: by its terms, or by a result."""
    make_interest(asked)
    tested = f"(SELECT count(*) FROM interest WHERE code = {quote(code)} AND kind = 'TESTED') > 0"
    return _by_code(asked)[code].has_terms or asked.has(tested)


def first_of_interest(asked: Asked, code: str) -> str:
    """Per subject the day of the first event or result of an AESI."""
    make_interest(asked)
    day = "greatest(coalesce(date_diff('day', s.REFDT, i.day), 0) + 1, 1)"
    return (
        f"SELECT i.USUBJID, min({day}) AS first FROM interest i JOIN every_subject s USING (USUBJID)"
        f" WHERE i.code = {quote(code)} AND i.kind <> 'TESTED' GROUP BY 1"
    )


def of_special_interest(asked: Asked, table: TableResult) -> Answer:
    """AESI02: subjects with each AESI, by event and by criterion; infusions that it followed; its events of all."""
    counted = start(asked, table, "safety")
    if not sum(counted.sizes.values()):
        return Answer(counted.values)
    make_interest(asked)
    arm = "coalesce(s.counted_arm, 'Not assigned')"
    joined = "FROM interest i JOIN subject s USING (USUBJID)"

    def subjects(condition: str) -> dict[str, int]:
        return numbers_by_arm(asked, f"SELECT {arm}, count(DISTINCT i.USUBJID) {joined} WHERE {condition} GROUP BY 1")

    def put(name: str, row: str, statistic: str, by_arm: dict[str, int]) -> dict[str, int]:
        found = {}
        for column, number, _ in counted.columns(by_arm):
            counted.values[name, row, column, statistic] = found[column] = number
        return found

    def share(name: str, row: str, n: dict[str, int], base: dict[str, int], statistic: str = "share") -> None:
        for column, size in base.items():
            counted.values[name, row, column, statistic] = 100 * n[column] / size if size else None

    for code, spec in _by_code(asked).items():
        name, mine = spec.name, f"i.code = {quote(code)}"
        if not is_told(asked, code):
            continue
        counted.count(name, "", subjects(f"{mine} AND kind <> 'TESTED'"))
        if spec.laboratory and spec.has_terms:
            counted.count(name, "Adverse event", subjects(f"{mine} AND kind = 'EVENT'"))
        for criterion in spec.laboratory:
            row, of_criterion = criterion.words, f"{mine} AND crit = {quote(criterion.words)}"
            if not asked.has(f"(SELECT count(*) FROM interest i WHERE {of_criterion}) > 0"):
                continue
            n = put(name, row, "n", subjects(f"{of_criterion} AND kind = 'MET'"))
            share(name, row, n, put(name, row, "base", subjects(f"{of_criterion} AND kind = 'TESTED'")))
        if spec.denominator == "procedures":
            given = f"SELECT {arm}, count(*) FROM numbered_infusion g JOIN subject s USING (USUBJID)"
            after = f"SELECT USUBJID, given FROM interest i WHERE {mine} AND kind <> 'TESTED'"
            n = put(name, "Infusions", "infusions_followed", numbers_by_arm(
                asked, f"{given} WHERE (g.USUBJID, g.day) IN ({after}) GROUP BY 1"))  # fmt: skip
            base = put(name, "Infusions", "infusions", numbers_by_arm(asked, f"{given} GROUP BY 1"))
            share(name, "Infusions", n, base, "infusion_share")
        if spec.denominator == "events":
            events = f"SELECT {arm}, count(*) {joined} WHERE {mine} AND kind = 'EVENT' GROUP BY 1"
            n = put(name, "Events", "events", numbers_by_arm(asked, events))
            every = by_row(asked.rows("SELECT 1, arm, count(*) FROM emergent GROUP BY arm"), 1)
            total = put(name, "Events", "records", every.get(("1",), [{}])[0])
            share(name, "Events", n, total, "event_share")
    return Answer(counted.values)
