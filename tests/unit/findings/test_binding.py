"""A check bound to one dataset, variable and study: names, values, and what stays as it is."""

from __future__ import annotations

from typing import Any

import pytest

from longwatch.findings.binding import InputMissing, Place, bind, rename_columns
from longwatch.findings.rule import Check
from longwatch.findings.rule_parts import ValueSource

VALUES = dict.fromkeys(ValueSource, ()) | {
    ValueSource.DOMAIN: ("AE",),
    ValueSource.STUDY_ID: ("STUDY-1",),
    ValueSource.TREATED_ARMS: ("A", "B"),
}


def bound(stem: str = "", columns: tuple[str, ...] = (), **check: Any) -> dict[str, Any]:
    """What a check becomes in AE."""
    place = Place("AE", "AE", stem, frozenset(columns), VALUES)
    content = bind(Check.model_validate({"message": "-", **check}), place).model_dump(
        by_alias=True, exclude_defaults=True
    )
    return {name: value for name, value in content.items() if name in check}


def test_domain_letters() -> None:
    """`--` becomes the domain's letters in names and in the message, not in patterns or values."""
    assert bound(
        frame="--",
        derive={"WHAT": {"type": "contains", "of": ["--TERM"], "pattern": "a--b*"}},
        when=[{"column": "--OUT", "equals": "--"}],
        expect={"type": "matches", "column": "--STDTC", "pattern": "[0-9]*--"},
        message="--STDTC is {--STDTC}",
    ) == {
        "frame": "--",
        "derive": {"WHAT": {"type": "contains", "of": ("AETERM",), "pattern": "a--b*"}},
        "when": ({"column": "AEOUT", "equals": "--"},),
        "expect": {"type": "matches", "column": "AESTDTC", "pattern": "[0-9]*--"},
        "message": "AESTDTC is {AESTDTC}",
    }


def test_each_variable() -> None:
    """`*` becomes what the star stood for."""
    assert bound(
        stem="AEST",
        frame="--",
        derive={"RIGHT": {"type": "study_day", "of": "*DTC", "reference": "DM_RFSTDTC"}},
        expect={"type": "equal_columns", "column": "*DY", "other": "RIGHT"},
        message="*DY is {*DY}",
    ) == {
        "frame": "--",
        "derive": {"RIGHT": {"type": "study_day", "of": "AESTDTC", "reference": "DM_RFSTDTC"}},
        "expect": {"type": "equal_columns", "column": "AESTDY", "other": "RIGHT"},
        "message": "AESTDY is {AESTDY}",
    }


def test_values_from_the_study() -> None:
    """A reference becomes its values, among those that are written."""
    expect = {"type": "in_set", "column": "ARMCD", "values": ["X", {"from": "study.treated_arms"}]}
    assert bound(frame="DM", expect=expect)["expect"]["values"] == ("X", "A", "B")
    some = {"column": "ARMCD", "not_in": ["NOTASSGN", {"from": "study.untreated_arms"}]}
    assert bound(frame="DM", when=[some], expect={"type": "not_null", "column": "ARM"})["when"] == (
        {"column": "ARMCD", "not_in": ("NOTASSGN",)},
    )


def test_a_constant() -> None:
    """One value, written or given by the domain."""
    check: dict[str, Any] = {"frame": "--", "expect": {"type": "equal_columns", "column": "DOMAIN", "other": "NAME"}}
    given = {"NAME": {"type": "constant", "value": {"from": "domain"}}}
    assert bound(derive=given, **check)["derive"] == {"NAME": {"type": "constant", "value": "AE"}}
    written = {"NAME": {"type": "constant", "value": "--"}}
    assert bound(derive=written, **check)["derive"] == written


def test_values_that_the_study_does_not_have() -> None:
    """Nothing but references, and they stand for nothing: the check cannot be judged."""
    with pytest.raises(InputMissing, match=r"study\.relatedness, which the study file leaves empty"):
        bound(frame="AE", expect={"type": "in_set", "column": "AEREL", "values": [{"from": "study.relatedness"}]})


def test_first_present() -> None:
    """Another name for the first variable that is there, in the message too."""
    check: dict[str, Any] = {
        "frame": "--",
        "derive": {
            "DATED": {"type": "first_present", "of": ["--STDTC", "--DTC"]},
            "START": {"type": "first_day", "of": "DATED"},
        },
        "expect": {"type": "not_null", "column": "START"},
        "message": "{DATED}",
    }
    assert bound(columns=("AEDTC",), **check) == {
        **check,
        "derive": {"START": {"type": "first_day", "of": "AEDTC"}},
        "message": "{AEDTC}",
    }
    assert "DATED" in bound(**check)["derive"]


def test_renaming() -> None:
    """Columns under other names; texts that only look like names stay."""
    check = Check.model_validate(
        {
            "frame": "AE",
            "derive": {"N": {"type": "count_rows", "dataset": "N", "by": ["USUBJID"]}},
            "when": [{"column": "N", "at_least": 1}],
            "expect": {"type": "in_set", "column": "A", "values": ["N"]},
            "message": "{N} N",
        }
    )
    assert rename_columns(check, {"N": "N_1"}).model_dump(by_alias=True, exclude_defaults=True) == {
        "frame": "AE",
        "derive": {"N_1": {"type": "count_rows", "dataset": "N", "by": ("USUBJID",)}},
        "when": ({"column": "N_1", "at_least": 1.0},),
        "expect": {"type": "in_set", "column": "A", "values": ("N",)},
        "message": "{N_1} N",
    }


def test_what_a_check_needs() -> None:
    """Essential: what it judges, conditions and derivations read. Optional: what it shows. Alternatives: any one."""
    check = Check.model_validate(
        {
            "frame": "AE",
            "derive": {
                "HITS": {"type": "count_met", "of": [{"columns": ["AESDTH", "AESLIFE"], "equals": "Y"}]},
                "START": {"type": "first_day", "of": "AESTDTC"},
                "CUT": {"type": "last_day", "of": "TS_DCUTDTC"},
            },
            "when": [{"column": "HITS", "at_least": 1}],
            "expect": {"type": "column_le", "column": "START", "other": "CUT"},
            "show": ["AETERM"],
            "message": "{AESTDTC} {HITS}",
        }
    )
    assert check.essential == {"AESTDTC", "TS_DCUTDTC"}
    assert check.alternatives == (("AESDTH", "AESLIFE"),)
    assert check.optional == {"AESDTH", "AESLIFE", "AETERM", "AESTDTC"}
    assert check.shown == ("AESTDTC", "HITS", "AETERM")
    assert check.kinds == dict.fromkeys(["AESDTH", "AESLIFE", "AESTDTC", "TS_DCUTDTC"], "text")
