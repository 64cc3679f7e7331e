"""What a record is about, when it began, what numbers it: by domain (SDTM v2.0; spec A.2, D.2, D.6)."""

from __future__ import annotations

import pytest

from longwatch.standards.sdtm import (
    DOMAINS,
    natural_key,
    sequence_variable,
    start_variable,
    study_day_variables,
    topic_variable,
    variable_prefix,
)


@pytest.mark.parametrize(
    ("dataset", "topic", "start", "sequence"),
    [
        # events, interventions, findings, findings about
        ("AE", "AETERM", "AESTDTC", "AESEQ"),
        ("DS", "DSTERM", "DSSTDTC", "DSSEQ"),
        ("EX", "EXTRT", "EXSTDTC", "EXSEQ"),
        ("LB", "LBTESTCD", "LBDTC", "LBSEQ"),
        ("FA", "FATESTCD", "FADTC", "FASEQ"),
        # a split dataset is as its domain
        ("LBCH", "LBTESTCD", "LBDTC", "LBSEQ"),
        ("FAAE", "FATESTCD", "FADTC", "FASEQ"),
        # special purpose
        ("DM", None, None, "DMSEQ"),
        ("SV", "VISITNUM", "SVSTDTC", "SVSEQ"),
        ("SE", "ETCD", "SESTDTC", "SESEQ"),
        ("CO", "COVAL", "CODTC", "COSEQ"),
        # trial design
        ("TS", "TSPARMCD", None, "TSSEQ"),
        # links and what SDTM has no home for
        ("SUPPAE", "QNAM", None, None),
        ("SQAE", "QNAM", None, None),
        ("RELREC", None, None, None),
        ("LOT", "LOTID", None, None),
        # a sponsor's own domain; an analysis dataset
        ("XX", None, None, "XXSEQ"),
        ("ADSL", None, None, None),
    ],
)
def test_topic_start_and_sequence(dataset: str, topic: str | None, start: str | None, sequence: str | None) -> None:
    assert (topic_variable(dataset), start_variable(dataset), sequence_variable(dataset)) == (topic, start, sequence)


def test_study_days_are_those_of_the_domain() -> None:
    assert study_day_variables("LBCH") == ("LBDY", "LBSTDY", "LBENDY")
    assert study_day_variables("SUPPAE") == ()


def test_natural_keys_name_a_row_without_a_number() -> None:
    assert natural_key("DM") == ("USUBJID",)
    assert natural_key("TS") == ("TSPARMCD", "TSSEQ")
    assert natural_key("AE") == ()
    assert natural_key("ADSL") == ()


@pytest.mark.parametrize("code", sorted(DOMAINS))
def test_every_two_letter_domain_has_its_prefix(code: str) -> None:
    assert variable_prefix(code) == (code if len(code) == 2 else "")
