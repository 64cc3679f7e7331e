"""Whether study file and data fit together, asked before anything is derived."""

from __future__ import annotations

from datetime import date

import polars as pl

from longwatch.derive.bds import DOMAINS
from longwatch.derive.coded import read_pieces, read_values, read_words
from longwatch.derive.cutoff import stated_data_cut
from longwatch.derive.exposure import is_product
from longwatch.derive.supplied import NEEDED as SUPPLIED
from longwatch.derive.supplied_adtte import check_supplied_times, supplied_codes
from longwatch.derive.supplied_bds import NEEDED as SUPPLIED_RESULTS
from longwatch.errors import SourceError, StudyError
from longwatch.standards.dataset import Dataset, SourceData
from longwatch.standards.dates import earliest_day
from longwatch.study import AnalysisData, Study, TreatmentBasis

SUBJECT_LEVEL = ("DM", "AE", "EX", "DS", "DD", "SV", "CONTACT", "LB", "VS")
"""Datasets that derivations read by subject."""


def arm_variable(study: Study) -> str:
    """The variable of DM that says under which arm a subject is analysed."""
    return "ACTARMCD" if study.treatment.basis is TreatmentBasis.ACTUAL else "ARMCD"


def check_fit(data: SourceData, study: Study, cutoff: date) -> None:
    """Raise where the tables could not be made from this data under this study file.

    In order, SourceError: LW-FIT-001 a dataset needed (DM, AE, EX) is not there; LW-FIT-002 a dataset that is read by
    subject has no USUBJID; LW-FIT-003 a variable needed is not there. StudyError: LW-FIT-004 an arm of DM (by the
    study's basis, among all subjects) is not in the study file; LW-FIT-005 none of the products named is in EX;
    LW-FIT-008 the cut-off is before the first dose of the study; LW-FIT-009 DM is of another study; LW-FIT-010 the
    cut-off is after the data's own (TS.DCUTDTC): the data knows nothing of the days between. Where the study counts
    from the sponsor's ADaM: LW-FIT-011 (no ADSL or ADAE), LW-FIT-003, LW-FIT-004 of ADSL, LW-FIT-009, LW-FIT-010,
    LW-FIT-012 (an ADTTE that cannot be counted), LW-FIT-013 (a parameter without an event that ADTTE lacks).
    """
    if study.analysis_data is AnalysisData.ADAM:
        check_adam(data, study)
        check_study_id(data, study, "ADSL")
    else:
        check_datasets(data, study)
        check_study_id(data, study, "DM")
        check_arms(data, study)
        check_products(data, study)
    check_cutoff(data, study, cutoff)


def check_cutoff(data: SourceData, study: Study, cutoff: date) -> None:
    """Not before the first dose, not after the data's own cut. Raises StudyError LW-FIT-008, LW-FIT-010."""
    if study.analysis_data is not AnalysisData.ADAM:
        _check_first_dose(data, study, cutoff)
    _check_data_cut(data, cutoff)


def check_adam(data: SourceData, study: Study) -> None:
    """The sponsor's ADaM can be counted. Raises SourceError LW-FIT-011, LW-FIT-003, LW-FIT-012; StudyError
    LW-FIT-004, LW-FIT-013."""
    treatment = "TRT01A" if study.treatment.basis is TreatmentBasis.ACTUAL else "TRT01P"
    needed = {"ADSL": (*SUPPLIED["ADSL"], treatment), "ADAE": SUPPLIED["ADAE"]}
    missing = [name for name in needed if name not in data]
    needed |= {name: SUPPLIED_RESULTS for name in DOMAINS if name in data}
    if missing:
        raise SourceError(
            "LW-FIT-011",
            f"the study file counts from the sponsor's ADaM, and the data has no dataset {', '.join(missing)}",
            where="sources, analysis_data",
            expected="ADSL and ADAE",
            found=", ".join(sorted(data.datasets)) or "no dataset",
            next_step="add the ADaM files to the sources, or write `analysis_data: derived`",
        )
    if "ADTTE" in data:
        needed["ADTTE"] = SUPPLIED["ADTTE"]
    for name, variables in needed.items():
        dataset = data.datasets[name]
        absent = [variable for variable in variables if variable not in dataset.columns]
        if name == "ADAE" and not {"AEBODSYS", "AESOC"} & set(dataset.columns):
            absent.append("AEBODSYS")
        if absent:
            raise _lacks(dataset, absent, variables)
    check_supplied_times(data)
    _check_time_parameters(data, study)
    arm_texts = {text for arm in study.treatment.arms for text in (arm.code, arm.name)}
    found = data.frame("ADSL").filter(pl.col("SAFFL") == "Y").select(pl.col(treatment).drop_nulls().unique().sort())
    unknown = [text for text in found.collect()[treatment].to_list() if text not in arm_texts]
    if unknown:
        raise StudyError(
            "LW-FIT-004",
            f"arms of the data that the study file does not know: {', '.join(unknown)}",
            where=f"ADSL.{treatment}",
            expected=", ".join(arm.name for arm in study.treatment.arms),
            found=", ".join(unknown),
            next_step="give the arm's `name` or `code` in `treatment.arms` as it stands in ADSL",
        )


def _check_time_parameters(data: SourceData, study: Study) -> None:
    supplied = supplied_codes(data)
    absent = [item.code for item in study.time_to_event.parameters if item.event is None and item.code not in supplied]
    if absent:
        raise StudyError(
            "LW-FIT-013",
            f"the study file names {', '.join(absent)} without an event, and the sponsor's ADTTE has no such parameter",
            where="time_to_event.parameters, ADTTE.PARAMCD",
            expected=", ".join(supplied) or "an ADTTE among the sources",
            found=", ".join(absent),
            next_step="correct the code, or say which `event` ends the time",
        )


def check_datasets(data: SourceData, study: Study) -> None:
    """The datasets and variables that derivations need. Raises SourceError LW-FIT-001, LW-FIT-002, LW-FIT-003."""
    needed = {
        "DM": (arm_variable(study),),
        "AE": ("AEDECOD", "AESTDTC"),
        "EX": ("EXSTDTC", "EXTRT") if study.treatment.products else ("EXSTDTC",),
    }
    missing = [name for name in needed if name not in data]
    if missing:
        raise SourceError(
            "LW-FIT-001",
            f"the data has no dataset {', '.join(missing)}",
            where="sources of the study file",
            expected="at least DM, AE and EX",
            found=", ".join(sorted(data.datasets)) or "no dataset",
            next_step="add the missing file to the source; where a file has another name, give it `dataset:` in the "
            "study file",
        )
    for name in SUBJECT_LEVEL:
        dataset = data.get(name)
        if dataset is not None and "USUBJID" not in dataset.columns:
            raise SourceError(
                "LW-FIT-002",
                f"{name} has no variable USUBJID: its records belong to nobody",
                where=dataset.file or name,
                expected="USUBJID in every dataset with records of subjects",
                found=", ".join(dataset.columns[:8]) or "no variable",
                next_step="ask the data provider for the dataset with USUBJID",
            )
    for name, variables in needed.items():
        dataset = data.datasets[name]
        absent = [variable for variable in variables if variable not in dataset.columns]
        if name == "AE" and not {"AEBODSYS", "AESOC"} & set(dataset.columns):
            absent.append("AEBODSYS")
        if absent:
            raise _lacks(dataset, absent, ("USUBJID", *variables))


def _lacks(dataset: Dataset, absent: list[str], expected: tuple[str, ...]) -> SourceError:
    return SourceError(
        "LW-FIT-003",
        f"{dataset.name} lacks {', '.join(absent)}",
        where=dataset.file or dataset.name,
        expected=", ".join(expected),
        found=", ".join(dataset.columns[:12]),
        next_step="ask the data provider for the dataset with these variables",
    )


def check_study_id(data: SourceData, study: Study, name: str) -> None:
    """The dataset of that name is of this study. Raises StudyError LW-FIT-009."""
    if "STUDYID" not in data.datasets[name].columns:
        return
    found = read_words(data.datasets[name], "STUDYID")
    if found and study.id not in found:
        raise StudyError(
            "LW-FIT-009",
            "the data is of another study than the study file",
            where=f"{name}.STUDYID",
            expected=study.id,
            found=", ".join(found[:5]),
            next_step="correct `study.id`, or the source",
        )


def check_arms(data: SourceData, study: Study) -> None:
    """Every arm of DM is in the study file. Raises StudyError LW-FIT-004."""
    variable = arm_variable(study)
    known = [*(arm.code for arm in study.treatment.arms), *study.treatment.not_treated]
    arms = read_values(data.datasets["DM"], (variable,))[variable].drop_nulls().value_counts()
    codes = arms.with_columns(pl.col(variable).cast(pl.String))
    unknown = codes.filter(~pl.col(variable).is_in(known)).sort(variable)
    if unknown.height:
        listed = ", ".join(f"{code} ({count} subject{'s' * (count != 1)})" for code, count in unknown.iter_rows())
        raise StudyError(
            "LW-FIT-004",
            f"arms of the data that the study file does not know: {listed}",
            where=f"DM.{variable}",
            expected=", ".join(known),
            found=", ".join(unknown[variable]),
            next_step="add the code to `treatment.arms` (code and name), or to `treatment.not_treated` where such "
            "subjects get no study treatment",
        )


def check_products(data: SourceData, study: Study) -> None:
    """One of the products named is in EX. Raises StudyError LW-FIT-005."""
    products = study.treatment.products
    if not products:
        return
    found = read_words(data.datasets["EX"], "EXTRT")
    if found and not set(found) & set(products):
        raise StudyError(
            "LW-FIT-005",
            "no record of EX is of a product that the study file names",
            where="EX.EXTRT, treatment.products",
            expected=", ".join(products),
            found=", ".join(found[:10]),
            next_step="write the values of EXTRT that are the study product into `treatment.products`",
        )


def _check_first_dose(data: SourceData, study: Study, cutoff: date) -> None:
    first: date | None = None
    for ex in read_pieces(data.datasets["EX"], ("EXSTDTC", "EXTRT")):
        doses = ex.filter(is_product(ex, study.treatment.products)) if study.treatment.products else ex
        starts = doses["EXSTDTC"].unique().cast(pl.String).to_frame()
        day: date | None = starts.select(earliest_day(pl.col("EXSTDTC")).min()).item()
        if day is not None and day <= cutoff:
            return
        first = day if first is None else first if day is None else min(first, day)
    if first is not None:
        raise StudyError(
            "LW-FIT-008",
            "the cut-off is before the first dose of the study: nobody had been treated",
            where="cut-off",
            expected=f"{first.isoformat()} (first EX.EXSTDTC) or later",
            found=cutoff.isoformat(),
            next_step="give a later cut-off",
        )


def _check_data_cut(data: SourceData, cutoff: date) -> None:
    stated = stated_data_cut(data)
    if stated is not None and cutoff > stated:
        raise StudyError(
            "LW-FIT-010",
            "the cut-off is after the data's own cut: the data knows nothing of the days between",
            where="cut-off",
            expected=f"{stated.isoformat()} (TS.DCUTDTC) or before",
            found=cutoff.isoformat(),
            next_step="give an earlier cut-off, or pull newer data",
        )
