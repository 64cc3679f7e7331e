"""SDTM's names: which domain a dataset is of, and which variables are numbers (spec A.1, A.2)."""

from __future__ import annotations

import pytest

from longwatch.standards.sdtm import DOMAINS, DomainClass, domain_of, is_numeric, is_supplemental


@pytest.mark.parametrize(
    ("dataset", "code", "domain_class"),
    [
        ("AE", "AE", DomainClass.EVENTS),
        ("EX", "EX", DomainClass.INTERVENTIONS),
        ("LB", "LB", DomainClass.FINDINGS),
        ("DM", "DM", DomainClass.SPECIAL_PURPOSE),
        ("TS", "TS", DomainClass.TRIAL_DESIGN),
        ("RELREC", "RELREC", DomainClass.RELATIONSHIP),
        # supplemental qualifiers keep their own name
        ("SUPPAE", "SUPPAE", DomainClass.RELATIONSHIP),
        ("SQLBCH", "SQLBCH", DomainClass.RELATIONSHIP),
        # a split dataset is of its domain
        ("LBCH", "LB", DomainClass.FINDINGS),
        ("FAAE", "FA", DomainClass.FINDINGS_ABOUT),
        # what SDTM has no home for
        ("LOT", "LOT", DomainClass.LONG_TERM),
    ],
)
def test_a_dataset_belongs_to_a_domain(dataset: str, code: str, domain_class: DomainClass) -> None:
    domain = domain_of(dataset)
    assert domain is not None
    assert (domain.code, domain.domain_class) == (code, domain_class)


@pytest.mark.parametrize("dataset", ["XY", "ADSL", "VSTORIES", ""])
def test_a_dataset_nobody_knows_has_no_domain(dataset: str) -> None:
    assert domain_of(dataset) is None


def test_every_domain_has_a_label_and_answers_to_its_code() -> None:
    for code, domain in DOMAINS.items():
        assert domain.code == code
        assert domain.label
        assert domain_of(code) == domain


@pytest.mark.parametrize("dataset", ["SUPPAE", "SUPPLBCH", "SQAE"])
def test_supplemental_qualifiers_are_known_by_their_name(dataset: str) -> None:
    assert is_supplemental(dataset)


@pytest.mark.parametrize("dataset", ["SUPP", "SQ", "AE", "SU"])
def test_other_datasets_hold_no_supplemental_qualifiers(dataset: str) -> None:
    assert not is_supplemental(dataset)


@pytest.mark.parametrize(
    ("dataset", "variable"),
    [
        ("DM", "AGE"), ("DM", "DMDY"), ("AE", "AESEQ"), ("AE", "AESTDY"), ("AE", "AEPTCD"), ("AE", "AEBDSYCD"),
        ("EX", "EXDOSE"), ("LB", "LBSTRESN"), ("LB", "LBSTNRLO"), ("LB", "LBSTNRHI"), ("LBCH", "LBSEQ"),
        ("SV", "VISITNUM"), ("TA", "TAETORD"), ("VS", "VSTPTNUM"), ("LTFUPLAN", "WIN_LO"),
    ],
)  # fmt: skip
def test_a_number_by_the_standard(dataset: str, variable: str) -> None:
    assert is_numeric(dataset, variable)


@pytest.mark.parametrize(
    ("dataset", "variable"),
    [
        ("DM", "USUBJID"), ("DM", "SUBJID"), ("DM", "SITEID"), ("AE", "AESTDTC"), ("LB", "LBORRES"),
        ("LB", "LBORNRLO"), ("LB", "LBSTRESC"), ("AE", "AETOXGR"), ("VS", "VISIT"),
        # the ending alone is no proof: the prefix must be the dataset's
        ("PE", "BODY"), ("AE", "CMDOSE"), ("DM", "DY"),
    ],
)  # fmt: skip
def test_anything_else_is_text(dataset: str, variable: str) -> None:
    assert not is_numeric(dataset, variable)
