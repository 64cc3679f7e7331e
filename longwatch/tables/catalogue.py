"""The outputs there are, by their code."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Literal

from longwatch.derive import AnalysisDatasets
from longwatch.errors import StudyError
from longwatch.standards.event_groups import AESI
from longwatch.study import Study
from longwatch.tables import (
    abnormal,
    aefg01,
    ael02,
    aesi01,
    aesi02,
    aet01,
    aet01_subgroups,
    aet02,
    aet02_lists,
    aet04,
    aet05,
    aet05_int,
    aet10,
    aet_query,
    box_figure,
    by_visit,
    change_figure,
    cifg01,
    dmt01,
    dst01,
    dsur61,
    dsur72,
    dsur73,
    dsurwdl,
    dthl01,
    dtht01,
    ent01,
    ext01,
    irg01,
    kmg01,
    lbl01,
    lbl02,
    lbt_levels,
    liver,
    liver_figure,
    lot_listings,
    ltf01,
    ltf02,
    ltf04,
    ltf05,
    ltf06,
    ltf07,
    ltf08,
    ltf09,
    ltf10,
    ltf11,
    ltf12,
    ltf13,
    ltf14,
    mccg01,
    narr01,
    popt01,
    share_figure,
    shifts,
    subg01,
    subl01,
    swmg01,
    trlt01,
    ttet01,
    vst_bp,
)
from longwatch.tables.restriction import read_restriction, read_subgroups, restrict, say_restricted
from longwatch.tables.result import Restriction, TableResult

Build = Callable[[AnalysisDatasets, Study, Mapping[str, object]], TableResult]


@dataclass(frozen=True)
class Output:
    """One output: its code, title, number in the FDA guide v2.0, the function that makes it, the parameters it takes
    with their types, and those it fixes. `counts_events`: whether it may be restricted to events of a kind; if not,
    `of_all_events` says why. `per_aesi`: whether it is made of each AESI of the study file alone, or of the one that
    the parameter `aesi` names. `pooled`: whether several studies can be counted together, and whether each can stand
    beside (`pooled`)."""

    code: str
    title: str
    number: str
    build: Build
    parameters: Mapping[str, type] = field(default_factory=dict)
    fixed: Mapping[str, object] = field(default_factory=dict)
    counts_events: bool = False
    of_all_events: str = "it counts no adverse events"
    per_aesi: bool = False
    pooled: Literal["", "alone", "by study"] = ""

    @property
    def takes(self) -> Mapping[str, type]:
        """All parameters it takes, with their types: its own, and those of every output."""
        return {**self.parameters, **({"aesi": str} if self.per_aesi else {}), **GENERAL}


WHERE, BY = "where", "by"
GENERAL: Mapping[str, type] = {WHERE: tuple, BY: str}
"""Parameters of every output: `where`, restrictions that all hold (see `restriction`); `by`, a variable of ADSL: one
table per value of it."""


CURVE: Mapping[str, type] = {"parameter": str, "every": float}
OF_DEATHS = "deaths and their causes are of the subject, whatever its events"
OF_TIMES = "its parameter says which event ends the time; the study file (time_to_event) names others"
OF_LOTS = "an event is counted there by the lot that it followed"
OF_GROUPS = "the study file says which events its lines are of (follow_up, time_to_event, aesi)"
OF_QUERIES = "its criteria join adverse events with laboratory results and drugs (algorithmic_queries)"
OF_SUBJECTS = "it shows all that happened to a subject"

OUTPUTS: Mapping[str, Output] = {
    output.code: output
    for output in (
        Output("TRLT01", trlt01.TITLE, trlt01.NUMBER, trlt01.make_trlt01, pooled="alone"),
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
        Output("EXT01", ext01.TITLE, ext01.NUMBER, ext01.make_ext01),
        Output(
            "DTHT01",
            dtht01.TITLE,
            dtht01.NUMBER,
            dtht01.make_dtht01,
            {"within_days": int},
            of_all_events=OF_DEATHS,
        ),
        *(
            Output(
                code,
                dthl01.TITLES[of_interval],
                dthl01.NUMBERS[of_interval],
                dthl01.make_dthl01,
                {},
                {"interval": of_interval},
                of_all_events=OF_DEATHS,
            )
            for of_interval, code in dthl01.CODES.items()
        ),
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
        *(
            Output(
                code,
                kind.title,
                aet05_int.NUMBER,
                aet05_int.make_aet05_int,
                {"at_least": float},
                {"kind": code},
                counts_events=True,
            )
            for code, kind in aet05_int.KINDS.items()
        ),
        *(
            Output(code, kind.title, kind.number, ael02.make_ael02, {}, {"kind": code}, counts_events=True)
            for code, kind in ael02.KINDS.items()
        ),
        Output("DSUR61", dsur61.TITLE, "", dsur61.make_dsur61),
        Output("DSUR72", dsur72.TITLE, "", dsur72.make_dsur72, counts_events=True),
        Output("DSUR73", dsur73.TITLE, "", dsur73.make_dsur73, counts_events=True),
        Output(
            "DSURWDL",
            dsurwdl.TITLE,
            "",
            dsurwdl.make_dsurwdl,
            of_all_events="dropouts are subjects, whatever their events",
        ),
        Output("IRG01", irg01.TITLE, irg01.NUMBER, irg01.make_irg01, {"serious": bool}, counts_events=True),
        Output("TTET01", ttet01.TITLE, "", ttet01.make_ttet01, {"parameter": str}, of_all_events=OF_TIMES),
        Output("KMG01", kmg01.TITLE, kmg01.NUMBER, kmg01.make_kmg01, CURVE, of_all_events=OF_TIMES),
        Output("CIFG01", cifg01.TITLE, cifg01.NUMBER, cifg01.make_cifg01, CURVE, of_all_events=OF_TIMES),
        Output("MCCG01", mccg01.TITLE, "", mccg01.make_mccg01, CURVE, of_all_events=OF_TIMES),
        *(
            Output(
                item.code,
                item.title,
                item.number,
                by_visit.make_by_visit,
                {"tests": tuple, "together": bool, "last_value": bool},
                {"output": item.code},
            )
            for item in by_visit.OUTPUTS.values()
        ),
        *(
            Output(code, item.title, "", abnormal.make_abnormal, {"tests": tuple}, {"output": code})
            for code, item in abnormal.OUTPUTS.items()
        ),
        *(
            Output(code, item.title, "", shifts.make_shift, {"tests": tuple}, {"output": code})
            for code, item in shifts.OUTPUTS.items()
        ),
        *(
            Output(code, item.title, item.number, liver.make_screening, {}, {"output": code})
            for code, item in liver.OUTPUTS.items()
        ),
        Output("LBL_HYSLAW", liver.TITLE, "", liver.make_cases),
        *(
            Output(
                code, title, lbt_levels.NUMBERS[code], lbt_levels.make_lbt_levels, {"blocks": tuple}, {"output": code}
            )
            for code, title in lbt_levels.TITLES.items()
        ),
        *(
            Output(code, title, liver_figure.NUMBERS[code], liver_figure.make_liver_figure, {}, {"output": code})
            for code, title in liver_figure.TITLES.items()
        ),
        *(
            Output(code, title, change_figure.NUMBER, change_figure.make_change_figure, {"test": str}, {"output": code})
            for code, title in change_figure.TITLES.items()
        ),
        *(
            Output(code, item.title, item.number, box_figure.make_box_figure, {"test": str}, {"output": code})
            for code, item in box_figure.OUTPUTS.items()
        ),
        Output("LBG_SHARE", share_figure.TITLE, share_figure.NUMBER, share_figure.make_share_figure, {"tests": tuple}),
        *(
            Output(code, title, vst_bp.NUMBERS[code], vst_bp.make_vst_bp, {}, {"output": code})
            for code, title in vst_bp.TITLES.items()
        ),
        Output("LBL01", lbl01.TITLE, "", lbl01.make_lbl01, {"tests": tuple}),
        Output("LBL02", lbl02.TITLE, "", lbl02.make_lbl02, {"level": int}),
        Output("LTF01", ltf01.TITLE, "", ltf01.make_ltf01),
        Output("LTF02", ltf02.TITLE, "", ltf02.make_ltf02),
        Output("LTF04", ltf04.TITLE, "", ltf04.make_ltf04, counts_events=True),
        Output("LTF05", ltf05.TITLE, "", ltf05.make_ltf05, of_all_events=OF_GROUPS),
        Output("LTF06", ltf06.TITLE, "", ltf06.make_ltf06, {"within_days": int}, of_all_events=OF_DEATHS),
        Output("LTF07", ltf07.TITLE, "", ltf07.make_ltf07),
        Output("LTF08", ltf08.TITLE, "", ltf08.make_ltf08, {"times": tuple}, of_all_events=OF_GROUPS),
        Output("LTF09", ltf09.TITLE, "", ltf09.make_ltf09, of_all_events=OF_GROUPS),
        Output("LTF10", ltf10.TITLE, "", ltf10.make_ltf10),
        Output("LTF11", ltf11.TITLE, "", ltf11.make_ltf11),
        Output("LTF12", ltf12.TITLE, "", ltf12.make_ltf12, of_all_events=OF_GROUPS),
        Output("LTF13", ltf13.TITLE, "", ltf13.make_ltf13),
        Output("LTF14", ltf14.TITLE, "", ltf14.make_ltf14, of_all_events=OF_LOTS),
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
        *(
            Output(
                code,
                aet_query.TITLES[code],
                aet_query.NUMBERS[code],
                aet_query.make_aet_query,
                {},
                {"output": code},
                of_all_events=OF_QUERIES,
            )
            for code in aet_query.OUTPUTS
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
        Output("AESI02", aesi02.TITLE, "", aesi02.make_aesi02, of_all_events=OF_GROUPS),
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
        Output("SWMG01", swmg01.TITLE, "", swmg01.make_swmg01, {"arm": str}, of_all_events=OF_SUBJECTS),
        Output("SUBG01", subg01.TITLE, "", subg01.make_subg01, {"subject": str}, of_all_events=OF_SUBJECTS),
        Output("SUBL01", subl01.TITLE, "", subl01.make_subl01, {"subject": str}, of_all_events=OF_SUBJECTS),
        Output("NARR01", narr01.TITLE, "", narr01.make_narr01, {"subject": str}, of_all_events=OF_SUBJECTS),
        *(
            Output(code, kind.title, "", lot_listings.make_lot_listing, {}, {"kind": code}, of_all_events=OF_LOTS)
            for code, kind in lot_listings.KINDS.items()
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
    """The parameters of an output, each of its type; a whole number will do for a number, and one text for `where`.

    Raises StudyError LW-TAB-001 where there is no such output; LW-TAB-002 where a parameter is unknown to it, or not of
    its type.
    """
    output = find_output(code)
    found: dict[str, object] = {}
    for name, value in parameters.items():
        kind = output.takes.get(name)
        if kind is float and type(value) is int:
            found[name] = float(value)
        elif name == WHERE and isinstance(value, str):
            found[name] = (value,)
        elif type(value) is kind:
            found[name] = value
        else:
            raise _cannot_take(output, name, f"{name}: {value!r}")
    return found


def read_parameters(code: str, texts: Iterable[str]) -> dict[str, object]:
    """Parameters of an output as they are written on a command line, `name=value`: `true` and `false`, numbers, text,
    and texts with commas between them.

    Raises StudyError: LW-TAB-001 where there is no such output; LW-TAB-002 where a parameter is unknown to it, or not
    of its type.
    """
    output = find_output(code)
    found: dict[str, object] = {}
    for text in texts:
        name, _, value = text.partition("=")
        kind = output.takes.get(name)
        if kind is None:
            raise _cannot_take(output, name, text)
        try:
            found[name] = (value,) if name == WHERE else _READ[kind](value)
        except (KeyError, ValueError):
            raise _cannot_take(output, name, text) from None
    return found


_READ: Mapping[type, Callable[[str], object]] = {
    bool: {"true": True, "false": False}.__getitem__,
    int: int,
    float: float,
    str: str,
    tuple: lambda text: tuple(part.strip() for part in text.split(",")),
}


def _cannot_take(output: Output, name: str, found: str) -> StudyError:
    return StudyError(
        "LW-TAB-002",
        f"{output.code} cannot take the parameter {name}",
        where="report template, or --with",
        expected=", ".join(f"{key} ({kind.__name__})" for key, kind in output.takes.items()),
        found=found,
        next_step="correct the parameters of this output",
    )


def make_tables(
    code: str, datasets: AnalysisDatasets, study: Study, parameters: Mapping[str, object] | None = None
) -> tuple[TableResult, ...]:
    """One output of a study; with the parameter `by`, one per subgroup.

    Raises StudyError: LW-TAB-001 where there is no such output; LW-TAB-002 where a parameter is unknown to it, or not
    of its type; LW-TAB-010, LW-TAB-011 where it cannot be restricted so (`restriction`); LW-TAB-009 where it is of
    all events and is to be restricted to some.
    """
    output = find_output(code)
    given = check_parameters(code, parameters or {})
    asked = given.pop(WHERE, ())
    assert isinstance(asked, tuple)
    where = tuple(read_restriction(str(each), datasets, study) for each in asked)
    by = str(given.pop(BY, ""))
    if any(item.events for item in where) and not output.counts_events:
        raise StudyError(
            "LW-TAB-009",
            f"{code} cannot be restricted to some events: {output.of_all_events}",
            where="where",
            expected="a condition on a variable of ADSL",
            found=", ".join(item.asked for item in where if item.events),
            next_step="restrict an output of adverse events, or name a subgroup",
        )
    subgroups = [(item,) for item in read_subgroups(by, datasets, study)] if by else [()]
    interests = _of_interest(output, given, datasets, study)
    made = []
    for interest, group, own in product(interests, subgroups, _of_times(output, given, study)):
        restrictions = (*interest, *group, *where)
        table = output.build(restrict(datasets, restrictions), study, {**own, **output.fixed})
        table = table if own is given else replace(table, each=f"parameter={own['parameter']}")
        made.append(say_restricted(table, restrictions))
    return tuple(made)


def _of_times(output: Output, given: dict[str, object], study: Study) -> list[dict[str, object]]:
    """The parameters of each output where `parameter=AESI` asks for the time to each AESI; none where there is none."""
    if "parameter" not in output.takes or given.get("parameter") != AESI:
        return [given]
    return [{**given, "parameter": f"{AESI}{place}"} for place in range(1, len(study.aesi) + 1)]


def _of_interest(
    output: Output, given: dict[str, object], datasets: AnalysisDatasets, study: Study
) -> list[tuple[Restriction, ...]]:
    """The AESIs that the output is made of, one after the other; none where it is made of none, or there is none."""
    if not output.per_aesi:
        return [()]
    asked = given.pop("aesi", "")
    names = [str(asked)] if asked else [item.name for item in study.aesi_of_events]
    return [(read_restriction(f"{AESI}={name}", datasets, study),) for name in names] or [()]


def make_table(
    code: str, datasets: AnalysisDatasets, study: Study, parameters: Mapping[str, object] | None = None
) -> TableResult:
    """One output of a study, where the parameters ask for one. Raises as `make_tables`, and ValueError where they ask
    for several."""
    (table,) = make_tables(code, datasets, study, parameters)
    return table
