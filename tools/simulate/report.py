"""docs/simulation.md: what a campaign came to, for a reader who wants to know what an interval is worth."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from longwatch.stats.methods import Method
from tools.simulate.journal import Line
from tools.simulate.judging import FAMILY, NOMINAL, Coverage, count_coverage, failing

LARGE, SMALL = 200, 12
HEAD = """# What an interval is worth

By `make simulate`. A 95 % interval promises to hold the truth in 95 of 100 trials. Here trials are simulated whose
truth is known, because the generator of ISLET-1 made them: hazards of death, graft loss and adverse events, rates of
infections, each subject's true kidney function. Every trial goes the way of a real one: SDTM, derivation, tables,
statistics; then it is counted how often each interval held the truth. The truth comes from the generator's parameters
alone (`tools/simulate/claims.py`), never from results.

Coverage is counted over the trials in which an interval is given; `without` is the share of trials in which the product
prints NE instead, as where nobody has had the event yet. ± is the error of the simulation itself (half the exact 95 %
interval). An interval fails where its coverage is significantly below 95 % (one-sided exact binomial test, 1 % for all
together), or below 93 % beyond its error (1 %). `misses above` are intervals that lie wholly above the truth, `misses
below` those wholly below it: a method that misses on one side only is worth less than its coverage says.
"""
SHAPE = (
    "| estimate | arm | truth | interval | coverage | misses above | misses below | without |\n"
    "|---|---|---|---|---|---|---|---|\n"
)


def report(lines: Iterable[Line]) -> str:
    """The page. Sizes of arms in falling order; the small ones also method by method, in words."""
    by_size: dict[int, list[Line]] = {}
    for line in lines:
        by_size.setdefault(line.arms, []).append(line)
    parts = [HEAD]
    for size in sorted(by_size, reverse=True):
        parts += _of_size(size, by_size[size])
    return "\n".join(parts)


def _of_size(size: int, lines: Sequence[Line]) -> Iterator[str]:
    coverages = count_coverage(lines)
    seeds = sorted(line.seed for line in lines)
    yield f"## {size} subjects an arm\n"
    yield (
        f"{len(lines)} trials, seeds {seeds[0]} to {seeds[-1]}; {len(coverages)} intervals in each. "
        f"{_verdict(size, coverages)}\n"
    )
    if size < LARGE:
        yield "\n".join(_in_words(coverages)) + "\n"
    yield SHAPE + "".join(map(_row, coverages))


def _verdict(size: int, coverages: Sequence[Coverage]) -> str:
    found = failing(coverages)
    least = min((each for each in coverages if each.given), key=lambda each: each.share)
    said = (
        f"The least coverage is {_percent(least.share)} % (±{_percent(least.error)}): {least.key.replace(' | ', ', ')}."
    )
    if not found:
        return f"No interval fails. {said}"
    named = "; ".join(f"{each.key.replace(' | ', ', ')} ({why})" for each, why in found)
    allowed = (
        "" if size >= LARGE else " In arms so small this is what the methods are worth, not an error of a program."
    )
    return f"{len(found)} fail: {named}.{allowed} {said}"


def _named(each: Coverage) -> str:
    return each.key.replace(" | ", ", ")


def _row(each: Coverage) -> str:
    name, arm = each.key.split(" | ")
    coverage = f"{_percent(each.share)} % ±{_percent(each.error)}" if each.given else "–"
    return (
        f"| {name} | {arm} | {each.truth:.4g} | {each.method} | {coverage} | {_of(each.too_high, each.given)} "
        f"| {_of(each.too_low, each.given)} | {_of(each.trials - each.given, each.trials)} |\n"
    )


WORDS: Mapping[str, str] = {
    Method.POISSON: "The exact interval of a rate keeps its promise at every truth, and mostly gives more, since a "
    "count is a whole number. Its width is large, and its limits can be trusted.",
    Method.RATE_DIFFERENCE: "A normal approximation: without an event in either arm there is none, and with one or "
    "two events it is symmetric around an estimate that cannot be. An orientation, not a limit.",
    Method.KAPLAN_MEIER_LOG_LOG: "There is an interval only from the first event on. Of a rare event most trials have "
    "none; those that have one had it because it came early, and where survival is that high one event among 12 "
    "already puts the whole interval below the truth. So coverage among trials with an interval can be far below 95 %, "
    "even 0. "
    "Where nothing is printed, the exact one-sided bound of no event among 12 (22.1 %) is what can be said.",
    Method.AALEN_JOHANSEN: "As Kaplan–Meier: no interval before the first event, and of rare events only the trials "
    "that had one are counted.",
    Method.MEAN_CUMULATIVE_COUNT: "Its variance is robust, and estimated from few subjects it is mostly too small: the "
    "interval holds the truth somewhat less often than it says.",
    Method.MEAN_T: "Student's interval is made for small samples; it supposes that slopes are about normal.",
}


def _in_words(coverages: Sequence[Coverage]) -> Iterator[str]:
    """Method by method: how often intervals held the truth, over all claims that use it."""
    for method in dict.fromkeys(each.method for each in coverages):
        mine = [each for each in coverages if each.method == method]
        given = [each for each in mine if each.given]
        trials = sum(each.trials for each in mine)
        none = sum(each.trials - each.given for each in mine)
        held = sum(each.held for each in given) / max(sum(each.given for each in given), 1)
        least = min(each.share for each in given)
        yield (
            f"- **{method}**: {_percent(held)} % over {len(mine)} estimates, the least {_percent(least)} %; in "
            f"{_of(none, trials)} of cases no interval. {WORDS[method]}"
        )
    yield ""
    yield "What a proportion, a rate and a risk difference of 12 subjects are worth at every possible truth is not"
    yield "simulated but enumerated: [statistics.md](statistics.md)."


def _of(part: int, whole: int) -> str:
    return f"{_percent(part / whole)} %" if whole else "–"


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"


def passes(lines: Sequence[Line]) -> bool:
    """Whether no interval of the large arms fails."""
    return not failing(count_coverage(line for line in lines if line.arms >= LARGE))


def promise() -> str:
    """What is judged, in a line."""
    return f"coverage of {100 * NOMINAL:.0f} %, one-sided, family-wise {100 * FAMILY:.0f} %"
