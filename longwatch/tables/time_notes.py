"""The footnotes of tables and figures of times to an event."""

from __future__ import annotations

from collections.abc import Sequence

from longwatch.derive import AnalysisDatasets
from longwatch.derive.follow_up import start_variable
from longwatch.stats.methods import Method
from longwatch.study import AesiSpec, EventKind, Parameter, Study
from longwatch.tables import footnotes
from longwatch.tables.times import Timed

_EVENTS = {
    EventKind.DEATH: "death from any cause; censored at the end of follow-up",
    EventKind.DISCONTINUATION: "leaving the study before its end for any reason (EOSSTT = DISCONTINUED), or death; "
    "censored where the study was completed, or at the end of follow-up",
    EventKind.LAST_FOLLOW_UP: "the last day of follow-up of subjects whose participation has ended, or death; censored "
    "where it goes on at the cut-off",
}

_CENSORED = "censored at the end of follow-up (last day known alive, death or cut-off)"


def say_time(datasets: AnalysisDatasets, study: Study, timed: Timed) -> tuple[str, ...]:
    """What the time is: who supplied it, from when to what, the unit; who has none."""
    times = timed.times
    notes = [f"{times.code}: {_say_source(datasets, study, timed)} {_say_unit(times.unit)}"]
    if times.unknown and not times.reason:
        notes.append(
            f"{times.unknown} subjects of the safety population without a known time are not analysed; they count in N."
        )
    return tuple(notes)


def _say_source(datasets: AnalysisDatasets, study: Study, timed: Timed) -> str:
    if timed.times.supplied:
        return "as supplied in the sponsor's ADTTE; the event: CNSR = 0, censored: CNSR of 1 or more."
    declared = timed.declared
    interest = datasets.measured_interest(timed.times.code)
    first = start_variable(study, datasets.adsl.columns) == "INTSDT"
    start = "the first study intervention" if first else "the first dose of study product"
    if interest is not None:
        return f"from {start} to the first {say_interest(interest)}; {_CENSORED}."
    if declared is None:
        return f"from {start} to the first of: {say_measured(timed.times.code, study)}; {_CENSORED}."
    assert declared.event is not None, "a derived time has an event"
    return f"from {start} to {_say_event(timed)}."


def say_measured(code: str, study: Study) -> str:
    """What an event of ADEV is, in words."""
    graft = study.graft
    falls = {"EGFR25": 25, "EGFR50": 50, "EGFR75": 75}
    if code in falls:
        return f"an eGFR lower than at baseline by at least {falls[code]}% (levels are cumulative)"
    return {
        "CPEPFALL": f"a C-peptide after a meal lower by more than {graft.c_peptide_fall:g}% than the highest earlier "
        "one after the infusion",
        "DSA": f"a donor-specific antibody of at least {graft.antibodies.positive:g} MFI on two days after the "
        "infusion, and below it at baseline; the first of the two counts",
        "AUTOAB": f"an autoantibody of at least {graft.antibodies.rise:g} times its baseline",
        "ISCHANGE": "a maintenance immunosuppressant (CM) ended, or one begun after day 28; for whatever reason",
        "HYPO3": "hypoglycaemia that needed another person's help (level 3, CE), whatever the glucose",
    }[code]


def say_interest(spec: AesiSpec) -> str:
    """What makes an AESI: `TEAE of PT SEPSIS; a result with NEUT < 1 10^9/L; in days 0 to 14 after …`."""
    parts = []
    if spec.has_terms:
        lists = [f"list {name} ({spec.scope})" for name in spec.groups]
        named = [name_terms(spec.terms, spec.socs)] * bool(spec.terms or spec.socs) + lists
        parts.append(f"TEAE of {' or of '.join(named)}")
    parts += [f"result with {criterion.words}" for criterion in spec.laboratory]
    window = f", within {spec.window.words}" if spec.window else ""
    return " or ".join(parts) + window


def _say_event(timed: Timed) -> str:
    declared = timed.declared
    assert declared is not None
    if declared.event is EventKind.CLINICAL_EVENT:
        named = ", ".join(declared.terms)
        return f"the first clinical event (CE) {named}; {_CENSORED}"
    if declared.event is not EventKind.ADVERSE_EVENT:
        assert declared.event is not None
        return _EVENTS[declared.event]
    return f"the first {name_kind(declared)}; {_CENSORED}"


def name_kind(declared: Parameter) -> str:
    """Which adverse events a parameter looks at: `serious TEAE of PT Sepsis`."""
    kind = "serious TEAE" if declared.serious else "TEAE"
    return " of ".join([kind, *filter(None, [name_terms(declared.terms, declared.socs)])])


def name_terms(terms: Sequence[str], socs: Sequence[str]) -> str:
    """By which terms events are chosen: `PT Sepsis or of SOC Infections`; empty where by none."""
    named = [f"PT {', '.join(terms)}"] * bool(terms) + [f"SOC {', '.join(socs)}"] * bool(socs)
    return " or of ".join(named)


def _say_unit(unit: str) -> str:
    month = "; a month is 30.4375 days" if unit == "months" else ""
    return f"In {unit}, first and last day counted{month}."


def say_events(study: Study, timed: Timed) -> tuple[str, ...]:
    """What a TEAE is, and by which dictionary terms are chosen; no note for other events."""
    declared = timed.declared
    if timed.times.supplied or declared is None or declared.event is not EventKind.ADVERSE_EVENT:
        return ()
    return say_chosen(study, declared)


def say_chosen(study: Study, declared: Parameter) -> tuple[str, ...]:
    """What a TEAE is, and by which dictionary the terms of a parameter are."""
    chosen = (footnotes.say_dictionary(study),) if declared.terms or declared.socs else ()
    return (footnotes.say_treatment_emergence(study), *chosen)


def say_death(timed: Timed, incidence: bool) -> tuple[str, ...]:
    """What death is to the event; no note where nobody died before it."""
    if not bool((timed.times.records["CEVENT"] == 2).any()):
        return ()
    if incidence:
        return ("Death before the event is a competing event, not a censored time.",)
    return (
        "Death before the event ends the time (CEVENT = 2); Kaplan–Meier takes it for censored, which overstates the "
        "share with the event: see the cumulative incidence (CIFG01).",
    )


def say_at_risk(method: Method) -> str:
    """The curve's method, and who is at risk."""
    name = method.value[:1].upper() + method.value[1:]
    return f"{name}, 95% CI. At risk: subjects whose time is at least that long."
