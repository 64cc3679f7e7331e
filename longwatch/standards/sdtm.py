"""SDTM's names: the domains with their labels and classes, and which of their variables are numbers.

Source: CDISC SDTM v2.0 and SDTMIG v3.4 for names, classes and types; spec A.1, A.2 for what Longwatch reads; spec D.2,
D.6 for the datasets that SDTM has no home for.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum


class DomainClass(StrEnum):
    """The shape of a dataset (spec A.1)."""

    EVENTS = "events"
    INTERVENTIONS = "interventions"
    FINDINGS = "findings"
    FINDINGS_ABOUT = "findings about"
    SPECIAL_PURPOSE = "special purpose"
    TRIAL_DESIGN = "trial design"
    RELATIONSHIP = "relationship"
    LONG_TERM = "long-term follow-up"


@dataclass(frozen=True)
class Domain:
    """One domain: its code (the prefix of its variables), what it holds, its class."""

    code: str
    label: str
    domain_class: DomainClass


def _domains(domain_class: DomainClass, **labels: str) -> dict[str, Domain]:
    return {code: Domain(code, label, domain_class) for code, label in labels.items()}


DOMAINS: dict[str, Domain] = {
    **_domains(
        DomainClass.SPECIAL_PURPOSE,
        DM="Demographics", CO="Comments", SE="Subject Elements", SM="Subject Disease Milestones", SV="Subject Visits",
    ),
    **_domains(
        DomainClass.INTERVENTIONS,
        AG="Procedure Agents", CM="Concomitant/Prior Medications", EC="Exposure as Collected", EX="Exposure",
        ML="Meal Data", PR="Procedures", SU="Substance Use",
    ),
    **_domains(
        DomainClass.EVENTS,
        AE="Adverse Events", BE="Biospecimen Events", CE="Clinical Events", DS="Disposition", DV="Protocol Deviations",
        HO="Healthcare Encounters", MH="Medical History",
    ),
    **_domains(
        DomainClass.FINDINGS,
        BS="Biospecimen Findings", CP="Cell Phenotype Findings", CV="Cardiovascular System Findings",
        DA="Product Accountability", DD="Death Details", EG="ECG Test Results", FT="Functional Tests",
        GF="Genomics Findings", IE="Inclusion/Exclusion Criteria Not Met", IS="Immunogenicity Specimen Assessments",
        LB="Laboratory Test Results", MB="Microbiology Specimen", MI="Microscopic Findings",
        MK="Musculoskeletal System Findings", MO="Morphology", MS="Microbiology Susceptibility",
        NV="Nervous System Findings", OE="Ophthalmic Examinations", PC="Pharmacokinetics Concentrations",
        PE="Physical Examination", PP="Pharmacokinetics Parameters", QS="Questionnaires",
        RE="Respiratory System Findings", RP="Reproductive System Findings",
        RS="Disease Response and Clin Classification",
        SC="Subject Characteristics", SS="Subject Status", TR="Tumor/Lesion Results",
        TU="Tumor/Lesion Identification", UR="Urinary System Findings", VS="Vital Signs",
    ),
    **_domains(DomainClass.FINDINGS_ABOUT, FA="Findings About Events or Interventions", SR="Skin Response"),
    **_domains(
        DomainClass.TRIAL_DESIGN,
        TA="Trial Arms", TD="Trial Disease Assessments", TE="Trial Elements", TI="Trial Inclusion/Exclusion Criteria",
        TM="Trial Disease Milestones", TS="Trial Summary", TV="Trial Visits",
    ),
    **_domains(
        DomainClass.RELATIONSHIP,
        RELREC="Related Records", RELSPEC="Related Specimens", RELSUB="Related Subjects",
    ),
    **_domains(
        DomainClass.LONG_TERM,
        LOT="Product Lots", LOTTEST="Lot Release Tests", LTFUPLAN="Follow-up Plan", CONTACT="Contact Attempts",
        SAFETYDB="Safety Database Export", CGM="Glucose Sensor Summaries", LTFU="Annual Questionnaires",
        INSFREE="Insulin-free Times as Stated", IGLS="Igls Categories as Stated",
    ),
}  # fmt: skip
"""Every domain known by name. A dataset that is not here is read all the same."""

NUMERIC_VARIABLES = frozenset({"AGE", "VISITNUM", "VISITDY", "TAETORD", "TARGET_DAY", "WIN_LO", "WIN_HI"})
"""Variables that are numbers in whatever domain they stand."""

NUMERIC_ENDINGS = frozenset({
    # identifiers and order
    "SEQ", "ADJSEQ", "TPTNUM", "REPNUM",
    # study days
    "DY", "STDY", "ENDY", "NOMDY",
    # doses
    "DOSE", "DOSTOT", "VAMT", "PSTRG",
    # results and reference ranges in standard units
    "STRESN", "STNRLO", "STNRHI", "LLOQ", "ULOQ",
    # dictionary codes
    "LLTCD", "PTCD", "HLTCD", "HLGTCD", "BDSYCD", "SOCCD",
})  # fmt: skip
"""What follows the two-letter prefix in the name of a variable that is a number: --SEQ, --DY, --STRESN …"""


def domain_of(dataset: str) -> Domain | None:
    """The domain that a dataset belongs to, or None where SDTM and Longwatch know none.

    Cases: the name itself (`AE`, `RELREC`); supplemental qualifiers (`SUPPAE`, `SQAE`) are of class relationship under
    their own name; a split dataset (`LBCH`, `QSCG`) is of the domain that its first two letters name; a findings-about
    dataset (`FAAE`) likewise is FA.
    """
    if dataset in DOMAINS:
        return DOMAINS[dataset]
    if is_supplemental(dataset):
        parent = dataset[4:] if dataset.startswith("SUPP") else dataset[2:]
        return Domain(dataset, f"Supplemental Qualifiers for {parent}", DomainClass.RELATIONSHIP)
    prefix = DOMAINS.get(dataset[:2])
    split = 2 < len(dataset) <= 4 and prefix is not None
    return prefix if split else None


def is_supplemental(dataset: str) -> bool:
    """Whether a dataset holds supplemental qualifiers: `SUPP` or `SQ` and the name of its parent."""
    return (dataset.startswith("SUPP") and len(dataset) > 4) or (dataset.startswith("SQ") and len(dataset) >= 4)


def is_numeric(dataset: str, variable: str) -> bool:
    """Whether a variable of a dataset is a number by the standard, for sources that do not say (CSV).

    Cases: a number everywhere (AGE, VISITNUM …); in a dataset whose name begins with the variable's two-letter prefix,
    one of the numeric endings (AESEQ, LBSTRESN, EXDOSE); anything else is text: result as collected (--ORRES), dates
    (--DTC), identifiers. Codes that a study keeps as text under another name stay text.
    """
    if variable in NUMERIC_VARIABLES:
        return True
    return len(variable) > 2 and variable[:2] == dataset[:2] and variable[2:] in NUMERIC_ENDINGS


_TOPIC_ENDINGS = {
    DomainClass.EVENTS: "TERM",
    DomainClass.INTERVENTIONS: "TRT",
    DomainClass.FINDINGS: "TESTCD",
    DomainClass.FINDINGS_ABOUT: "TESTCD",
}
_OTHER_TOPICS = {
    "CO": "COVAL", "SE": "ETCD", "SM": "MIDS", "SV": "VISITNUM",
    "TA": "ETCD", "TE": "ETCD", "TI": "IETESTCD", "TM": "MIDSTYPE", "TS": "TSPARMCD", "TV": "VISITNUM",
    "LOT": "LOTID", "LOTTEST": "TEST", "LTFUPLAN": "VISITNUM", "CONTACT": "MODE",
    "SAFETYDB": "AEDECOD", "CGM": "VISITNUM", "LTFU": "VISITNUM",
}  # fmt: skip
_START_ENDINGS = {
    DomainClass.EVENTS: "STDTC",
    DomainClass.INTERVENTIONS: "STDTC",
    DomainClass.FINDINGS: "DTC",
    DomainClass.FINDINGS_ABOUT: "DTC",
}
_OTHER_STARTS = {
    "CO": "CODTC",
    "SE": "SESTDTC",
    "SM": "SMSTDTC",
    "SV": "SVSTDTC",
    "CONTACT": "DTC",
    "SAFETYDB": "AESTDTC",
    "CGM": "DTC",
    "LTFU": "DTC",
    "INSFREE": "STDTC",
    "IGLS": "DTC",
}
_NATURAL_KEYS = {
    "DM": ("USUBJID",),
    "SE": ("USUBJID", "ETCD"),
    "SM": ("USUBJID", "MIDS"),
    "SV": ("USUBJID", "VISITNUM"),
    "TA": ("ARMCD", "TAETORD"),
    "TD": ("TDORDER",),
    "TE": ("ETCD",),
    "TI": ("IETESTCD", "TIVERS"),
    "TM": ("MIDSTYPE",),
    "TS": ("TSPARMCD", "TSSEQ"),
    "TV": ("VISITNUM", "ARMCD"),
    "RELSUB": ("USUBJID", "RSUBJID", "SREL"),
    "RELSPEC": ("USUBJID", "REFID"),
    "LOT": ("LOTID",),
    "LOTTEST": ("LOTID", "TEST", "METHOD"),
    "LTFUPLAN": ("PHASE", "VISITNUM"),
    "CONTACT": ("USUBJID", "DTC"),
    "SAFETYDB": ("USUBJID", "AEDECOD", "AESTDTC"),
    "CGM": ("USUBJID", "VISITNUM", "DTC"),
    "LTFU": ("USUBJID", "VISITNUM"),
    "INSFREE": ("USUBJID", "STDTC"),
    "IGLS": ("USUBJID", "DTC"),
}


def variable_prefix(dataset: str) -> str:
    """The two letters that a dataset's own variables begin with: `AE` → AE, `LBCH` → LB, `FAAE` → FA.

    Cases: a domain, whole or split → its code; a code of two letters that nobody knows (a sponsor's own domain) →
    itself; supplemental qualifiers, RELREC, LOT and whatever else is no domain → empty.
    """
    domain = domain_of(dataset)
    code = domain.code if domain else dataset
    return code if len(code) == 2 and code.isalnum() else ""


def topic_variable(dataset: str) -> str | None:
    """The variable that says what a record is about, or None where the dataset has none (DM) or is not known.

    Cases: events --TERM, interventions --TRT, findings --TESTCD; visits VISITNUM, elements ETCD, comments COVAL, trial
    facts TSPARMCD, supplemental qualifiers QNAM; the long-term datasets what names their row. Source: SDTM v2.0, role
    Topic; spec A.2, D.2, D.6.
    """
    if is_supplemental(dataset):
        return "QNAM"
    return _by_class(dataset, _OTHER_TOPICS, _TOPIC_ENDINGS)


def start_variable(dataset: str) -> str | None:
    """The variable that says when what a record tells of began, or None where there is none or it is not known.

    Cases: events, interventions, elements and visits --STDTC; findings and comments --DTC. Source: SDTM v2.0, timing.
    """
    return _by_class(dataset, _OTHER_STARTS, _START_ENDINGS)


def topic_among(dataset: str, columns: Collection[str]) -> str | None:
    """The topic variable that a dataset has. A sponsor's own domain, which the standard does not know, takes --TERM,
    --TRT or --TESTCD, whichever is there first."""
    known = topic_variable(dataset)
    prefix = variable_prefix(dataset)
    endings = _TOPIC_ENDINGS.values() if prefix and domain_of(dataset) is None else ()
    names = (known,) if known else tuple(f"{prefix}{ending}" for ending in endings)
    return next((name for name in names if name in columns), None)


def start_among(dataset: str, columns: Collection[str]) -> str | None:
    """The start variable that a dataset has. A sponsor's own domain takes --STDTC, else --DTC."""
    known = start_variable(dataset)
    prefix = variable_prefix(dataset)
    endings = _START_ENDINGS.values() if prefix and domain_of(dataset) is None else ()
    names = (known,) if known else tuple(f"{prefix}{ending}" for ending in endings)
    return next((name for name in names if name in columns), None)


def natural_key(dataset: str) -> tuple[str, ...]:
    """What names a row where a sequence number does not: DM by subject, SV by subject and visit, TS by parameter and
    TSSEQ, the other trial design and long-term datasets likewise; empty for all others. Source: SDTMIG, spec A.2."""
    domain = domain_of(dataset)
    return _NATURAL_KEYS.get(domain.code, ()) if domain else ()


def sequence_variable(dataset: str) -> str | None:
    """--SEQ, the number of a record within its subject and snapshot; None for what is no domain."""
    prefix = variable_prefix(dataset)
    return f"{prefix}SEQ" if prefix else None


def study_day_variables(dataset: str) -> tuple[str, ...]:
    """--DY, --STDY and --ENDY: derived from a date and the subject's reference start; none for what is no domain."""
    prefix = variable_prefix(dataset)
    return tuple(f"{prefix}{ending}" for ending in ("DY", "STDY", "ENDY")) if prefix else ()


def _by_class(dataset: str, by_code: dict[str, str], endings: dict[DomainClass, str]) -> str | None:
    domain = domain_of(dataset)
    if domain is None:
        return None
    ending = endings.get(domain.domain_class)
    return by_code.get(domain.code, f"{domain.code}{ending}" if ending else None)
