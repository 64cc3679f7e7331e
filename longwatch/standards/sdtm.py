"""SDTM's names: the domains with their labels and classes, and which of their variables are numbers.

Source: CDISC SDTM v2.0 and SDTMIG v3.4 for names, classes and types; spec A.1, A.2 for what Longwatch reads; spec D.2,
D.6 for the datasets that SDTM has no home for.
"""

from __future__ import annotations

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
