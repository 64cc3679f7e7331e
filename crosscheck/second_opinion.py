"""Asking DuckDB: the study's data as views, subjects and events by SQL of our own, one question per output."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from datetime import date
from itertools import pairwise
from pathlib import Path

import duckdb
import polars as pl

from crosscheck.catalogue import FROM_SDTM_ONLY, QUESTIONS
from crosscheck.follow_up_questions import CODES as FOLLOW_UP
from crosscheck.follow_up_questions import follow_up_words, read_plan
from crosscheck.graft_questions import CODES as GRAFT
from crosscheck.graft_questions import graft_words, names_of_level_3
from crosscheck.group_questions import read_lists
from crosscheck.interest_questions import add_days
from crosscheck.periodic_questions import interval_start
from crosscheck.questions import Asked, quote
from crosscheck.restrictions import look_at
from crosscheck.subject_questions import NEVER
from crosscheck.time_questions import is_measured
from crosscheck.window_questions import add_windows, asks_for_windows
from longwatch.standards.dataset import SourceData
from longwatch.standards.dates import ISO8601_PARTIAL
from longwatch.standards.event_groups import NO_GROUPS, EventGroups
from longwatch.study import AnalysisData, Study, TreatmentReference
from longwatch.tables.opinion import Answer, Opinion, compare_all
from longwatch.tables.result import TableResult

SQL = Path(__file__).with_name("sql")

RESULT_TEXTS = ("TESTCD", "TEST", "CAT", "SPEC", "STRESC", "STRESU", "NRIND", "TPT", "FAST", "TOXGR", "LOBXFL", "BLFL",
                "DTC", "STAT")  # fmt: skip
SUPPLIED_TEXTS = (
    "USUBJID", "PARAMCD", "PARAM", "ATPT", "SPEC", "AVALU", "ANRIND", "ATOXGR", "BNRIND", "BTOXGR", "ABLFL", "ONTRTFL",
    "ANL01FL", "AENTMTFL", "AVISIT", "VISIT",
)  # fmt: skip
SUPPLIED_NUMBERS = ("AVAL", "BASE", "CHG", "PCHG", "R2BASE", "R2ANRHI", "ANRLO", "ANRHI", "A1LO", "A1HI", "VISITNUM")
TEXTS = {
    "DM": ("USUBJID", "RFICDTC", "DMDTC", "RFSTDTC", "RFENDTC", "RFXSTDTC", "RFXENDTC", "RFPENDTC", "DTHFL", "DTHDTC",
           "ARMCD", "ACTARMCD", "AGEU"),
    "EX": ("USUBJID", "EXTRT", "EXDOSTXT", "EXDOSU", "EXLOT", "EXOCCUR", "EXSTDTC", "EXENDTC"),
    "CM": ("USUBJID", "CMTRT", "CMDECOD", "CMCLAS", "CMOCCUR", "CMDOSU", "CMDOSFRQ", "CMSTDTC", "CMENDTC"),
    "SE": ("USUBJID", "EPOCH", "ETCD", "SESTDTC"),
    "AE": ("USUBJID", "AETERM", "AEDECOD", "AEBODSYS", "AESTDTC", "AEENDTC", "AESEV", "AETOXGR", "AESER", "AESDTH",
           "AESLIFE", "AESHOSP", "AESDISAB", "AESCONG", "AESMIE", "AESCAN", "AESOD", "AEREL", "AEACN", "AEOUT"),
    "DS": ("USUBJID", "DSDECOD", "DSCAT", "DSSCAT", "DSSTDTC"),
    "SV": ("USUBJID", "VISIT", "SVOCCUR", "SVSTDTC", "SVENDTC"),
    "CONTACT": ("USUBJID", "DTC", "RESULT"),
    "CE": ("USUBJID", "CECAT", "CEDECOD", "CETERM", "CESCAT", "CEOCCUR", "CELNKID", "CESTDTC"),
    "FA": ("USUBJID", "FATESTCD", "FALNKID", "FASTRESC", "FASTRESU"),
    "CGM": ("USUBJID", "DTC", "GLUCU"),
    "MH": ("USUBJID", "MHDECOD", "MHSTDTC"),
    "HO": ("USUBJID", "HODECOD", "HOTERM", "HOOCCUR", "HOSTDTC", "HOENDTC"),
    "LOTTEST": ("LOTID", "PASS"),
    "LTFUPLAN": ("VISIT", "ANCHOR"),
    "DD": ("USUBJID", "DDDTC", "DDTESTCD", "DDSTRESC", "DDORRES"),
    "ADSL": ("USUBJID", "SAFFL", "ITTFL", "RANDFL", "TRT01P", "TRT01A", "DTHFL", "DTHCAUS"),
    "ADAE": ("USUBJID", "AETERM", "AEDECOD", "AEBODSYS", "AESEV", "AETOXGR", "AESER", "AESDTH", "AESLIFE", "AESHOSP",
             "AESDISAB", "AESCONG", "AESMIE", "AESCAN", "AESOD", "AEREL", "AREL", "AEACN", "AEOUT", "TRTEMFL"),
    "ADTTE": ("USUBJID", "PARAMCD", "AVALU", "CNSDTDSC"),
    **{domain: ("USUBJID", "VISIT", *(f"{domain}{name}" for name in RESULT_TEXTS)) for domain in ("LB", "VS")},
    **{f"AD{domain}": (*SUPPLIED_TEXTS, f"{domain}FAST") for domain in ("LB", "VS")},
}  # fmt: skip
NUMBERS = {
    "EX": ("EXDOSE",), "DM": ("AGE",), "AE": ("AESEQ",), "ADAE": ("AESEQ",), "ADSL": ("FUPDUR", "DTHADY"),
    "ADTTE": ("AVAL", "CNSR", "CEVENT"), "SV": ("VISITNUM",), "CM": ("CMDOSE",), "CGM": ("TIR", "BELOW54", "GLUC"),
    "FA": ("FASTRESN",),
    "LTFUPLAN": ("VISITNUM", "TARGDAY", "TARGMON", "WIN_LO", "WIN_HI"),
    **{domain: ("VISITNUM", *(f"{domain}{name}" for name in ("SEQ", "STRESN", "STNRLO", "STNRHI", "TPTNUM")))
       for domain in ("LB", "VS")},
    **{f"AD{domain}": (*SUPPLIED_NUMBERS, f"{domain}SEQ") for domain in ("LB", "VS")},
}  # fmt: skip
DATES = {"ADSL": ("RFICDT", "ENRLDT", "RANDDT", "TRTSDT", "DTHDT", "LSTALVDT"), "ADAE": ("ASTDT",),
         "ADTTE": ("STARTDT", "ADT"), "ADLB": ("ADT",), "ADVS": ("ADT",)}  # fmt: skip


def ask_second_opinion(
    tables: Sequence[TableResult], data: SourceData, study: Study, cutoff: date, groups: EventGroups = NO_GROUPS
) -> tuple[Opinion, ...]:
    """The opinion on each output, in their order. `groups`: the lists of terms of the study. Expects data that passed
    `check_fit`."""
    with open_engine() as engine:
        asked = prepare(engine, data, study, cutoff)
        read_lists(asked, groups)
        _prepare_for(asked, {table.code for table in tables})
        if asks_for_windows(tables):
            add_windows(asked, intervention_of(study, data))
        return compare_all(tables, _answers(tables, asked))


def open_engine() -> duckdb.DuckDBPyConnection:
    """DuckDB in memory, which fetches nothing."""
    engine = duckdb.connect(":memory:")
    for setting in ("autoinstall_known_extensions", "autoload_known_extensions", "preserve_insertion_order"):
        engine.execute(f"SET {setting} = false")
    return engine


def prepare(engine: duckdb.DuckDBPyConnection, data: SourceData, study: Study, cutoff: date) -> Asked:
    """Subjects and emergent events of a study, as `every_subject` and `every_emergent` of the schema in use."""
    supplied = study.analysis_data is AnalysisData.ADAM
    of_analysis = ("ADSL", "ADAE", "ADTTE", "ADLB", "ADVS") if supplied else ("DM", "AE", "DS", "SV", "DD")
    _read_data(engine, data, of_analysis)
    _read_data(
        engine, data, ("EX", "CM", "VS", "SE", "CONTACT", "LB", "LTFUPLAN", "LOTTEST", "CE", "FA", "CGM", "MH", "HO")
    )
    engine.execute("SET VARIABLE cutoff = ?", [cutoff])
    engine.execute(_sql("dates", legal=ISO8601_PARTIAL.replace("'", "''")))
    engine.execute(f"SET VARIABLE interval_start = {interval_start(study)}")
    engine.execute(_sql("hypoglycaemia", names=names_of_level_3(study)))
    asked = Asked(engine, study, data, supplied)
    engine.execute(_sql("adam" if supplied else "subjects", **_words(study, data)))
    engine.execute("ALTER TABLE every_subject ADD COLUMN counted_arm VARCHAR")
    engine.execute(f"UPDATE every_subject SET counted_arm = {asked.basis}_arm")
    wanted = study.graft.engraftment
    if wanted is not None and not supplied:
        engine.execute(_sql("c_peptide"))
        samples = {"any": "'STIMULATED', 'FASTING'"}.get(wanted.sample, quote(wanted.sample.upper()))
        words = {"samples": samples, "least": str(wanted.c_peptide), "days": str(wanted.within_days)}
        engine.execute(_sql("engraftment", **words))
    engine.execute(_sql("adam_events" if supplied else "events", related=_related(study)))
    if study.aesi:
        add_days(asked)
    return asked


def _prepare_for(asked: Asked, codes: AbstractSet[str]) -> None:
    """What some outputs look at beside subjects and events."""
    engine, study, data = asked.engine, asked.study, asked.data
    if codes & {"EXT01", "DTHL01", "DSURDTHL"}:
        engine.execute(_sql("exposure", **_words(study, data)))
    if not asked.supplied and codes & {*FOLLOW_UP}:
        plan = read_plan(asked)
        engine.register("plan", plan.to_arrow())
        engine.execute(_sql("follow_up", **follow_up_words(study, plan)))
        if codes & {*GRAFT}:
            if study.graft.engraftment is None:
                engine.execute(_sql("c_peptide"))
            engine.execute(_sql("graft", **graft_words(study, data)))


def _answers(tables: Iterable[TableResult], asked: Asked) -> Iterator[Answer | None]:
    for table in tables:
        unknown = asked.supplied and table.code in FROM_SDTM_ONLY
        question = None if unknown or is_measured(asked, table) else QUESTIONS.get(table.code)
        answered = question is not None and look_at(asked.engine, table.restrictions)
        yield question(asked, table) if question and answered else None


def _sql(name: str, **words: str) -> str:
    text = (SQL / f"{name}.sql").read_text(encoding="utf-8")
    return text.format(**words) if words else text


def _words(study: Study, data: SourceData) -> dict[str, str]:
    """What the study file says, as SQL."""
    products = ", ".join(quote(name) for name in study.treatment.products)
    ex, dm, ds = (set(data.datasets[name].columns) if name in data else set() for name in ("EX", "DM", "DS"))
    first = study.treatment_emergence.reference is TreatmentReference.FIRST_INFUSION
    planned, actual = (_arm(study, name) for name in _arm_variables(study))
    by_record = "(SELECT count(*) FROM disposition r WHERE r.USUBJID = p.USUBJID AND r.DSDECOD = 'RANDOMIZED') > 0"
    anybody = "(SELECT count(*) FROM disposition WHERE DSDECOD = 'RANDOMIZED') > 0"
    codes = ", ".join(quote(arm.code) for arm in study.treatment.arms)
    ends = "DSCAT = 'DISPOSITION EVENT'" if "DSCAT" in ds else "true"
    scope = f"(SELECT count(DSSCAT) FROM disposition WHERE DSDECOD IS NOT NULL AND {ends}) > 0"
    return {
        "is_product": f"EXTRT IN ({products}) IS TRUE" if products and "EXTRT" in ex else "true",
        "no_amounts": "false" if ex & {"EXDOSE", "EXDOSTXT"} else "true",
        "reference": "f" if first else "i",
        "treated_reference": "coalesce(d.product, false)" if first else "d.USUBJID IS NOT NULL",
        "planned": planned,
        "actual": actual,
        "randomised": f"CASE WHEN {anybody} THEN {by_record} END",
        "on_an_arm": f"coalesce(ARMCD IN ({codes}), false)" if "ARMCD" in dm else "NULL",
        "has_scope": scope,
        "never": NEVER,
        "no_category": "false" if "DSCAT" in ds else "true",
        "tells_participation": "true" if "DSDECOD" in ds else "false",
        "tells_treatment": scope if "DSDECOD" in ds else "false",
        "age_group": _age_group(study),
        "intervention": intervention_of(study, data),
        "end_of_treatment": "treatment_end"
        if study.analysis_data is not AnalysisData.ADAM
        else ("EOTDT" if _has_date(data, "EOTDT") else "NULL::DATE"),
        "died": _died(data),
        "death_day": _death_day(data),
        "followed": _followed(data),
    }


def intervention_of(study: Study, data: SourceData) -> str:
    """The variable of the first study intervention, as SQL; NULL where the sponsor's ADSL has none."""
    return "INTSDT" if study.analysis_data is not AnalysisData.ADAM or _has_date(data, "INTSDT") else "NULL"


def _has_date(data: SourceData, variable: str) -> bool:
    return "ADSL" in data and data.frame("ADSL").collect_schema().get(variable) == pl.Date


def _died(data: SourceData) -> str:
    """Whom the sponsor's ADSL calls dead: by its flag, or by the date where it has none."""
    flagged = "ADSL" in data and "DTHFL" in data.datasets["ADSL"].columns
    return "DTHFL = 'Y'" if flagged else "DTHDT IS NOT NULL"


def _death_day(data: SourceData) -> str:
    """The study day of death as supplied, or from the two dates."""
    supplied = "ADSL" in data and "DTHADY" in data.datasets["ADSL"].columns
    return "DTHADY" if supplied else "date_diff('day', TRTSDT, DTHDT) + (DTHDT >= TRTSDT)::INT"


def _followed(data: SourceData) -> str:
    """Days of follow-up as supplied, or from the last day known alive, death known by the cut-off, and the cut-off."""
    if "ADSL" in data and "FUPDUR" in data.datasets["ADSL"].columns:
        return "FUPDUR"
    died = "CASE WHEN DTHDT <= getvariable('cutoff') THEN DTHDT END"
    days = f"date_diff('day', TRTSDT, least(LSTALVDT, {died}, getvariable('cutoff'))) + 1"
    return f"CASE WHEN coalesce(LSTALVDT, {died}) IS NOT NULL AND {days} > 0 THEN {days} END"


def _age_group(study: Study) -> str:
    """The study file's cut points as a CASE: `<18`, `18-64`, `>=65`."""
    points = study.age_groups
    cases = f"WHEN AGE < {points[0]} THEN '<{points[0]}'"
    for low, high in pairwise(points):
        cases += f" WHEN AGE < {high} THEN '{low}-{high - 1}'"
    return (
        f"CASE WHEN coalesce(AGEU = 'YEARS', true) THEN CASE {cases} WHEN AGE IS NOT NULL THEN '>={points[-1]}' END END"
    )


def _arm_variables(study: Study) -> tuple[str, str]:
    return ("TRT01P", "TRT01A") if study.analysis_data is AnalysisData.ADAM else ("ARMCD", "ACTARMCD")


def _arm(study: Study, variable: str) -> str:
    by_name = study.analysis_data is AnalysisData.ADAM
    cases = {arm.code: arm.name for arm in study.treatment.arms}
    cases |= {arm.name: arm.name for arm in study.treatment.arms} if by_name else {}
    return f"CASE {variable} " + " ".join(f"WHEN {quote(a)} THEN {quote(b)}" for a, b in cases.items()) + " END"


def _related(study: Study) -> str:
    """By the study file's mapping of AEREL: true, false, or not known."""
    mapping = study.relatedness
    if not (mapping.related or mapping.not_related):
        return "NULL::BOOLEAN"
    cases = "".join(
        f" WHEN AEREL IN ({', '.join(map(quote, values))}) THEN {answer}"
        for values, answer in ((mapping.related, "true"), (mapping.not_related, "false"))
        if values
    )
    return f"CASE{cases} ELSE {'true' if mapping.missing_is_related else 'NULL'} END"


def _read_data(engine: duckdb.DuckDBPyConnection, data: SourceData, names: Sequence[str]) -> None:
    """A view per dataset: blank text as NULL, `_row` the place of the record, variables that are not there as NULL."""
    for name in names:
        if name not in data:
            columns = ", ".join(f"NULL::VARCHAR AS {column}" for column in TEXTS[name])
            numbers = "".join(f", NULL::DOUBLE AS {column}" for column in NUMBERS.get(name, ()))
            numbers += "".join(f", NULL::DATE AS {column}" for column in DATES.get(name, ()))
            engine.execute(f"CREATE VIEW {name} AS SELECT {columns}{numbers}, 0 AS _row WHERE false")
            continue
        dataset = data.datasets[name]
        schema = dataset.frame.collect_schema()
        rename = "AESOC" if name in ("AE", "ADAE") and "AEBODSYS" not in schema else ""
        selected = [_column(column, schema, "VARCHAR", rename) for column in TEXTS[name]]
        selected += [_column(column, schema, "DOUBLE", "") for column in NUMBERS.get(name, ())]
        selected += [_column(column, schema, "DATE", "") for column in DATES.get(name, ())]
        known = {*TEXTS[name], *NUMBERS.get(name, ()), *DATES.get(name, ())}
        if name in ("DM", "ADSL"):
            selected += [_column(column, schema, "", "") for column in schema if column not in known]
        if dataset.parquet:
            path = dataset.parquet.replace("'", "''")
            source = f"(SELECT *, file_row_number AS _row FROM read_parquet('{path}', file_row_number = true))"
        else:
            place = f"{name}_in_memory_{id(data)}"
            engine.register(place, dataset.frame.with_row_index("_row").collect().to_arrow())
            source = place
        engine.execute(f"CREATE VIEW {name} AS SELECT {', '.join(selected)}, _row FROM {source}")


def _column(name: str, schema: pl.Schema, kind: str, rename: str) -> str:
    source = rename if rename and name == "AEBODSYS" else name
    if source not in schema:
        return f'NULL::{kind or "VARCHAR"} AS "{name}"'
    dtype = schema[source]
    if dtype == pl.String:
        text = f'CASE WHEN trim("{source}") = \'\' THEN NULL ELSE "{source}" END'
        return f'{text} AS "{name}"' if kind in ("VARCHAR", "") else f'try_cast({text} AS {kind}) AS "{name}"'
    if kind == "VARCHAR" and dtype.is_numeric():
        return f'CAST(CAST("{source}" AS BIGINT) AS VARCHAR) AS "{name}"'
    if kind == "DATE" and dtype != pl.Date:
        return f'NULL::DATE AS "{name}"'
    return f'"{source}" AS "{name}"'
