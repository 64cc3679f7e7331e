"""Whether coverage is what it claims to be: one-sided exact binomial tests.

Of the trials in which the product gives an interval, how many hold the truth. An interval fails where that number is
too small for a coverage of 95 %: the probability of so few or fewer is below 1 % divided by the number of intervals
judged, so that at most 1 % of campaigns accuse any that is true (Bonferroni). It also fails where the number is too
small for 93 %, at 1 % for each interval by itself. The Monte Carlo error is half the width of the exact 95 % interval
of the coverage.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from longwatch.stats.proportions import compute_clopper_pearson
from tools.simulate.journal import Line

NOMINAL, FLOOR = 0.95, 0.93
FAMILY = 0.01


@dataclass(frozen=True)
class Coverage:
    """Of one claim over all trials: `given`: trials with an interval; `held`: those whose interval holds the truth;
    `too_high`, `too_low`: those whose interval lies wholly above, below the truth."""

    key: str
    output: str
    method: str
    truth: float
    trials: int
    given: int
    held: int
    too_high: int
    too_low: int

    @property
    def share(self) -> float:
        """Coverage; of no interval none."""
        return self.held / self.given if self.given else float("nan")

    @property
    def error(self) -> float:
        """Half the width of the exact 95 % interval of the coverage."""
        lower, upper = compute_clopper_pearson(self.held, self.given)
        return float(upper - lower) / 2

    def probability(self, coverage: float) -> float:
        """Of so few or fewer intervals that hold the truth, were that the coverage."""
        from scipy.stats import binom

        return float(binom.cdf(self.held, self.given, coverage))


def count_coverage(lines: Iterable[Line]) -> list[Coverage]:
    """Coverage by claim, in the order of the claims. The truth of a claim is the same in every trial."""
    found: dict[str, list[int | float]] = {}
    named: dict[str, tuple[str, str]] = {}
    for line in lines:
        for claim in line.claims:
            counts = found.setdefault(claim.key, [claim.truth, 0, 0, 0, 0, 0])
            named[claim.key] = (claim.output, claim.method)
            assert counts[0] == claim.truth, f"{claim.key} has two truths"
            counts[1] += 1
            if claim.lower is None or claim.upper is None:
                continue
            above, below = claim.lower > claim.truth, claim.upper < claim.truth
            for place, counted in enumerate((True, not above and not below, above, below), start=2):
                counts[place] += counted
    return [
        Coverage(key, *named[key], float(counts[0]), *(int(count) for count in counts[1:]))
        for key, counts in found.items()
    ]


def failing(coverages: Sequence[Coverage]) -> list[tuple[Coverage, str]]:
    """The claims whose intervals do not keep their promise, and why."""
    judged = [each for each in coverages if each.given]
    found = []
    for each in judged:
        if each.probability(NOMINAL) < FAMILY / len(judged):
            found.append((each, f"significantly below {100 * NOMINAL:.0f} %"))
        elif each.probability(FLOOR) < FAMILY:
            found.append((each, f"below {100 * FLOOR:.0f} % beyond its error"))
    return found
