"""The outputs there are, by their code."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from longwatch.derive import AnalysisDatasets
from longwatch.errors import StudyError
from longwatch.study import Study
from longwatch.tables import (
    abnormal,
    ael02,
    aet01,
    aet02,
    aet04,
    aet05,
    aet05_int,
    aet10,
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
    lbt_levels,
    liver,
    liver_figure,
    ltf01,
    ltf02,
    ltf04,
    ltf06,
    ltf07,
    ltf10,
    ltf11,
    ltf14,
    popt01,
    share_figure,
    shifts,
    ttet01,
)
from longwatch.tables.result import TableResult

Build = Callable[[AnalysisDatasets, Study, Mapping[str, object]], TableResult]


@dataclass(frozen=True)
class Output:
    """One output: its code, title, number in the FDA guide v2.0, the function that makes it, the parameters it takes
    with their types, and those it fixes."""

    code: str
    title: str
    number: str
    build: Build
    parameters: Mapping[str, type] = field(default_factory=dict)
    fixed: Mapping[str, object] = field(default_factory=dict)


CURVE: Mapping[str, type] = {"parameter": str, "every": float}

OUTPUTS: Mapping[str, Output] = {
    output.code: output
    for output in (
        Output(
            "DMT01",
            dmt01.TITLE,
            dmt01.NUMBER,
            dmt01.make_dmt01,
            {"population": str, "p_values": bool, "variables": tuple},
        ),
        Output("ENT01", ent01.TITLE, ent01.NUMBER, ent01.make_ent01),
        Output("POPT01", popt01.TITLE, popt01.NUMBER, popt01.make_popt01),
        Output("DST01", dst01.TITLE, dst01.NUMBER, dst01.make_dst01, {"population": str}),
        Output("EXT01", ext01.TITLE, ext01.NUMBER, ext01.make_ext01),
        Output("DTHT01", dtht01.TITLE, dtht01.NUMBER, dtht01.make_dtht01, {"within_days": int}),
        *(
            Output(
                code,
                dthl01.TITLES[of_interval],
                dthl01.NUMBERS[of_interval],
                dthl01.make_dthl01,
                {},
                {"interval": of_interval},
            )
            for of_interval, code in dthl01.CODES.items()
        ),
        Output("AET01", aet01.TITLE, aet01.NUMBER, aet01.make_aet01),
        Output("AET02", aet02.TITLES[""], aet02.NUMBERS[""], aet02.make_aet02, {"events": bool}),
        *(
            Output(code, aet02.TITLES[name], aet02.NUMBERS[name], aet02.make_aet02, {"events": bool}, {"only": name})
            for name, code in aet02.CODES.items()
            if name
        ),
        *(
            Output(scale.code, scale.title, "", aet04.make_aet04, {}, {"scale": name})
            for name, scale in aet04.SCALES.items()
        ),
        Output("AET05", aet05.TITLES[False], aet05.NUMBER, aet05.make_aet05),
        Output("AET05_ALL", aet05.TITLES[True], aet05.NUMBER, aet05.make_aet05, {}, {"all_occurrences": True}),
        *(
            Output(code, kind.title, aet05_int.NUMBER, aet05_int.make_aet05_int, {"at_least": float}, {"kind": code})
            for code, kind in aet05_int.KINDS.items()
        ),
        *(
            Output(code, kind.title, kind.number, ael02.make_ael02, {}, {"kind": code})
            for code, kind in ael02.KINDS.items()
        ),
        Output("DSUR61", dsur61.TITLE, "", dsur61.make_dsur61),
        Output("DSUR72", dsur72.TITLE, "", dsur72.make_dsur72),
        Output("DSUR73", dsur73.TITLE, "", dsur73.make_dsur73),
        Output("DSURWDL", dsurwdl.TITLE, "", dsurwdl.make_dsurwdl),
        Output("IRG01", irg01.TITLE, irg01.NUMBER, irg01.make_irg01, {"serious": bool}),
        Output("TTET01", ttet01.TITLE, "", ttet01.make_ttet01, {"parameter": str}),
        Output("KMG01", kmg01.TITLE, kmg01.NUMBER, kmg01.make_kmg01, CURVE),
        Output("CIFG01", cifg01.TITLE, cifg01.NUMBER, cifg01.make_cifg01, CURVE),
        Output("AET10", aet10.TITLE, aet10.NUMBER, aet10.make_aet10, {"at_least": float, "events": bool}),
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
        Output("LBG_SHARE", share_figure.TITLE, share_figure.NUMBER, share_figure.make_share_figure, {"tests": tuple}),
        Output("LBL01", lbl01.TITLE, "", lbl01.make_lbl01, {"level": int}),
        Output("LTF01", ltf01.TITLE, "", ltf01.make_ltf01),
        Output("LTF02", ltf02.TITLE, "", ltf02.make_ltf02),
        Output("LTF04", ltf04.TITLE, "", ltf04.make_ltf04),
        Output("LTF06", ltf06.TITLE, "", ltf06.make_ltf06, {"within_days": int}),
        Output("LTF07", ltf07.TITLE, "", ltf07.make_ltf07),
        Output("LTF10", ltf10.TITLE, "", ltf10.make_ltf10),
        Output("LTF11", ltf11.TITLE, "", ltf11.make_ltf11),
        Output("LTF14", ltf14.TITLE, "", ltf14.make_ltf14),
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


def make_table(
    code: str, datasets: AnalysisDatasets, study: Study, parameters: Mapping[str, object] | None = None
) -> TableResult:
    """One output of a study.

    Raises StudyError: LW-TAB-001 where there is no such output; LW-TAB-002 where a parameter is unknown to it, or not
    of its type.
    """
    output = find_output(code)
    given = dict(parameters or {})
    for name, value in given.items():
        if type(value) is not output.parameters.get(name):
            raise _cannot_take(output, name, repr(value))
    return output.build(datasets, study, {**given, **output.fixed})


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
        kind = output.parameters.get(name)
        if kind is None:
            raise _cannot_take(output, name, text)
        try:
            found[name] = _READ[kind](value)
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
    takes = ", ".join(f"{key} ({kind.__name__})" for key, kind in output.parameters.items())
    return StudyError(
        "LW-TAB-002",
        f"{output.code} cannot take the parameter {name}",
        where="report template, or --with",
        expected=takes or "no parameter",
        found=found,
        next_step="correct the parameters of this output",
    )
