"""The outputs there are, by their code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import product
from typing import Literal

from longwatch.derive import AnalysisDatasets
from longwatch.errors import StudyError
from longwatch.standards.event_groups import AESI
from longwatch.study import Study
from longwatch.tables import (
    aefg01,
    aesi01,
    aet01,
    aet01_subgroups,
    aet02,
    aet02_lists,
    aet04,
    aet05,
    aet10,
    dmt01,
    dst01,
    dthl01,
    dtht01,
    ent01,
    popt01,
)
from longwatch.tables.restriction import read_restriction, read_subgroups, restrict, say_restricted
from longwatch.tables.result import Restriction, TableResult

Build = Callable[[AnalysisDatasets, Study, Mapping[str, object]], TableResult]


@dataclass(frozen=True)
class Output:
    """One output: its code, title, number in the FDA guide v2.0, the function that makes it, the parameters it takes
    with their types, and those it fixes. `counts_events`: whether it may be restricted to events of a kind. `per_aesi`:
    whether it is made of each AESI of the study file alone, or of the one that the parameter `aesi` names. `pooled`:
    whether several studies can be counted together, and whether each can stand beside (`pooled`)."""

    code: str
    title: str
    number: str
    build: Build
    parameters: Mapping[str, type] = field(default_factory=dict)
    fixed: Mapping[str, object] = field(default_factory=dict)
    counts_events: bool = False
    per_aesi: bool = False
    pooled: Literal["", "alone", "by study"] = ""

    @property
    def takes(self) -> Mapping[str, type]:
        """All parameters it takes, with their types: its own, and those of every output."""
        return {**self.parameters, **({"aesi": str} if self.per_aesi else {}), **GENERAL}


GENERAL: Mapping[str, type] = {"where": tuple, "by": str}
"""Parameters of every output: `where`, restrictions that all hold (see `restriction`); `by`, a variable of ADSL: one
table per value of it."""


OUTPUTS: Mapping[str, Output] = {
    output.code: output
    for output in (
        Output(
            "DMT01",
            dmt01.TITLE,
            dmt01.NUMBER,
            dmt01.make_dmt01,
            {"population": str, "p_values": bool, "variables": tuple},
            pooled="by study",
        ),
        Output("ENT01", ent01.TITLE, ent01.NUMBER, ent01.make_ent01),
        Output("POPT01", popt01.TITLE, popt01.NUMBER, popt01.make_popt01, pooled="by study"),
        Output("DST01", dst01.TITLE, dst01.NUMBER, dst01.make_dst01, {"population": str}, pooled="by study"),
        Output("DTHT01", dtht01.TITLE, dtht01.NUMBER, dtht01.make_dtht01, {"within_days": int}),
        Output("DTHL01", dthl01.TITLE, dthl01.NUMBER, dthl01.make_dthl01),
        Output("AET01", aet01.TITLE, aet01.NUMBER, aet01.make_aet01, counts_events=True, pooled="by study"),
        *(
            Output(
                code,
                aet02.TITLES[name],
                aet02.NUMBERS[name],
                aet02.make_aet02,
                {"events": bool, "at_least": float},
                {"only": name} if name else {},
                counts_events=True,
                pooled="by study",
            )
            for name, code in aet02.CODES.items()
        ),
        *(
            Output(
                scale.code,
                scale.title,
                "",
                aet04.make_aet04,
                {"at_least": float},
                {"scale": name},
                True,
                pooled="by study",
            )
            for name, scale in aet04.SCALES.items()
        ),
        *(
            Output(
                code,
                aet05.TITLES[every],
                aet05.NUMBER,
                aet05.make_aet05,
                {"at_least": float},
                {"all_occurrences": every},
                counts_events=True,
                pooled="alone",
            )
            for every, code in aet05.CODES.items()
        ),
        Output(
            "AET10",
            aet10.TITLE,
            aet10.NUMBER,
            aet10.make_aet10,
            {"at_least": float, "events": bool},
            counts_events=True,
            pooled="by study",
        ),
        *(
            Output(
                code,
                shell.title,
                shell.number,
                aet02_lists.make_aet02_lists,
                {"events": bool},
                {"shell": code},
                counts_events=True,
                pooled="by study",
            )
            for code, shell in aet02_lists.SHELLS.items()
        ),
        *(
            Output(code, shell.title, shell.number, aefg01.make_aefg01, {}, {"shell": code}, counts_events=True)
            for code, shell in aefg01.SHELLS.items()
        ),
        Output(
            "AESI01",
            aesi01.TITLE,
            aesi01.NUMBER,
            aesi01.make_aesi01,
            counts_events=True,
            per_aesi=True,
            pooled="by study",
        ),
        *(
            Output(
                code,
                shell.title,
                shell.number,
                aet01_subgroups.make_aet01_subgroups,
                {},
                {"shell": code},
                counts_events=True,
                pooled="by study",
                per_aesi=code.startswith("AESI"),
            )
            for code, shell in aet01_subgroups.SHELLS.items()
        ),
    )
}


def find_output(code: str) -> Output:
    """The output of a code. Raises StudyError LW-TAB-001 where there is none."""
    output = OUTPUTS.get(code)
    if output is None:
        raise StudyError(
            "LW-TAB-001",
            f"there is no output {code}",
            where="output code",
            expected=", ".join(OUTPUTS),
            found=code,
            next_step="`longwatch table list` shows the outputs",
        )
    return output


def check_parameters(code: str, parameters: Mapping[str, object]) -> dict[str, object]:
    """The parameters of an output, each of its type.

    Raises StudyError LW-TAB-001 where there is no such output; LW-TAB-002 where a parameter is unknown to it, or not of
    its type.
    """
    output = find_output(code)
    return {name: _typed(output, name, value) for name, value in parameters.items()}


def make_tables(
    code: str, datasets: AnalysisDatasets, study: Study, parameters: Mapping[str, object] | None = None
) -> tuple[TableResult, ...]:
    """One output of a study; with the parameter `by`, one per subgroup.

    Raises StudyError: LW-TAB-001 where there is no such output; LW-TAB-002 where a parameter is unknown to it, or not
    of its type; LW-TAB-007, LW-TAB-008 where it cannot be restricted so (`restriction`); LW-TAB-009 where it counts no
    events and is to be restricted to some.
    """
    output = find_output(code)
    given = check_parameters(code, parameters or {})
    asked = given.pop("where", ())
    assert isinstance(asked, tuple)
    where = tuple(read_restriction(str(each), datasets, study) for each in asked)
    by = str(given.pop("by", ""))
    if any(item.events for item in where) and not output.counts_events:
        raise StudyError(
            "LW-TAB-009",
            f"{code} cannot be restricted to some events, for it counts none",
            where="where",
            expected="a condition on a variable of ADSL",
            found=", ".join(item.asked for item in where if item.events),
            next_step="restrict an output of adverse events, or name a subgroup",
        )
    subgroups = [(item,) for item in read_subgroups(by, datasets, study)] if by else [()]
    interests = _of_interest(output, given, datasets, study)
    made = []
    for interest, group in product(interests, subgroups):
        restrictions = (*interest, *group, *where)
        table = output.build(restrict(datasets, restrictions), study, {**given, **output.fixed})
        made.append(say_restricted(table, restrictions))
    return tuple(made)


def _of_interest(
    output: Output, given: dict[str, object], datasets: AnalysisDatasets, study: Study
) -> list[tuple[Restriction, ...]]:
    """The AESIs that the output is made of, one after the other; none where it is made of none, or there is none."""
    if not output.per_aesi:
        return [()]
    asked = given.pop("aesi", "")
    names = [str(asked)] if asked else [item.name for item in study.aesi]
    return [(read_restriction(f"{AESI}={name}", datasets, study),) for name in names] or [()]


def make_table(
    code: str, datasets: AnalysisDatasets, study: Study, parameters: Mapping[str, object] | None = None
) -> TableResult:
    """One output of a study, where the parameters ask for one. Raises as `make_tables`, and ValueError where they ask
    for several."""
    (table,) = make_tables(code, datasets, study, parameters)
    return table


READ: Mapping[type, Callable[[str], object]] = {
    float: float,
    int: int,
    tuple: lambda text: (text,),
    bool: lambda text: {"true": True, "false": False}[text],
}
"""How a parameter of a type is read from text."""


def _typed(output: Output, name: str, value: object) -> object:
    """A parameter of its type; a whole number will do for a number, and text that says one, as on the command line."""
    kind = output.takes.get(name)
    if kind is float and type(value) is int:
        return float(value)
    if isinstance(value, str) and kind is not None and kind in READ:
        with suppress(ValueError, KeyError):
            return READ[kind](value)
    if kind is None or type(value) is not kind:
        takes = ", ".join(f"{key} ({kind.__name__})" for key, kind in output.takes.items())
        raise StudyError(
            "LW-TAB-002",
            f"{output.code} cannot take the parameter {name}",
            where="parameters of an output",
            expected=takes,
            found=f"{name}: {value!r}",
            next_step="correct the parameters of this output",
        )
    return value
