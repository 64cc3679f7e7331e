"""Intervals hold the truth of simulated trials (docs/simulation.md): a sample of `make simulate`, and its judge."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from longwatch.stats.methods import Method
from tools.simulate.__main__ import main
from tools.simulate.campaign import run, run_trial
from tools.simulate.journal import Claimed, Line, print_of_code, read_lines, write_line
from tools.simulate.judging import count_coverage, failing
from tools.simulate.report import report

ARMS, SEEDS = 40, (1, 2, 3)


@pytest.fixture(scope="module")
def sample() -> list[Line]:
    """Three whole trials."""
    return [run_trial(ARMS, seed, "code") for seed in SEEDS]


def shifted(line: Line, by: float) -> Line:
    return replace(line, claims=tuple(replace(claim, truth=claim.truth * by) for claim in line.claims))


def test_intervals_of_a_sample_hold_the_truth(sample: list[Line]) -> None:
    """Nine in ten of all that are given, of every method; and of truths that are twice what was generated, few."""
    coverages = count_coverage(sample)
    assert {each.method for each in coverages} == {
        Method.POISSON, Method.RATE_DIFFERENCE, Method.KAPLAN_MEIER_LOG_LOG, Method.AALEN_JOHANSEN,
        Method.MEAN_CUMULATIVE_COUNT, Method.MEAN_T,
    }  # fmt: skip
    given, held = (sum(getattr(each, name) for each in coverages) for name in ("given", "held"))
    assert given > 0.9 * len(SEEDS) * len(coverages)
    assert held > 0.9 * given
    doubled = [each for each in count_coverage(shifted(line, 2.0) for line in sample) if each.truth]
    assert sum(each.held for each in doubled) < 0.5 * sum(each.given for each in doubled)


def line_of(seed: int, lower: float | None, upper: float | None, truth: float = 1.0, arms: int = 200) -> Line:
    return Line(arms, seed, print_of_code(), 0.1, (Claimed("a rate | A", "X", Method.POISSON, truth, lower, upper),))


def lines_with(held: int, of: int, none: int = 0) -> list[Line]:
    """So many trials whose interval holds the truth, of so many with one, and some without."""
    limits: list[tuple[float | None, float | None]] = [(0.5, 1.5)] * held + [(1.1, 2.0)] * (of - held)
    return [line_of(seed, *pair) for seed, pair in enumerate(limits + [(None, None)] * none)]


def test_coverage_counts_intervals_that_are_given() -> None:
    """19 of 20, 5 without; one lies above the truth. The exact interval of 19/20 is 75.1 to 99.9 %."""
    (found,) = count_coverage(lines_with(19, 20, none=5))
    assert (found.trials, found.given, found.held, found.too_high, found.too_low) == (25, 20, 19, 1, 0)
    assert (found.share, round(found.error, 3)) == (0.95, 0.124)


@pytest.mark.parametrize(
    ("held", "why"),
    [
        (475, []),
        # P(X ≤ 463 | 500, 0.95) = 0.0124, of 462 it is 0.0076
        (463, []),
        (462, ["significantly below 95 %"]),
        (430, ["significantly below 95 %"]),
    ],
)
def test_what_fails(held: int, why: list[str]) -> None:
    """One interval: one-sided at 1 %."""
    assert [reason for _, reason in failing(count_coverage(lines_with(held, 500)))] == why


def test_of_many_intervals_one_alone_must_be_further_off() -> None:
    """Sixty intervals judged together, at 1 % divided by 60: P(X ≤ 455 | 500, 0.95) is 0.00013, of 456 0.00025."""
    good = lines_with(475, 500)

    def together(of_one: list[Line]) -> list[Line]:
        return [
            replace(line, claims=(*line.claims, *(replace(good[0].claims[0], key=f"{n} | A") for n in range(59))))
            for line in of_one
        ]

    assert failing(count_coverage(together(lines_with(456, 500)))) == []
    (found,) = failing(count_coverage(together(lines_with(455, 500))))
    assert (found[0].key, found[1]) == ("a rate | A", "significantly below 95 %")


def test_a_run_goes_on_where_it_was(tmp_path: Path) -> None:
    """What the journal has is not done again; lines of other code, and one that was cut off, do not count."""
    journal, said = tmp_path / "journal.jsonl", []
    write_line(journal, line_of(1, 0.5, 1.5, arms=12))
    write_line(journal, replace(line_of(2, 0.5, 1.5, arms=12), code="older"))
    with journal.open("a") as file:
        file.write('{"arms": 12, "seed": 2, "co')
    found = run([(12, 1), (12, 2)], journal, 1, said.append)
    assert said[0] == "1 of 2 trials are in the journal, 2 lines do not count"
    assert len(found[0].claims) == 1
    assert len(found[1].claims) > 50
    again = run([(12, 1), (12, 2)], journal, 1, said.append)
    assert again == found
    assert said[-1] == "2 of 2 trials are in the journal, 2 lines do not count"
    assert read_lines(journal, "older")[0][12, 2].code == "older"


def test_the_page_says_what_was_covered_and_what_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 1 where an interval of the large arms fails; the small ones are told method by method."""
    journal, page = tmp_path / "journal.jsonl", tmp_path / "page.md"
    for line in [*lines_with(30, 40), *(replace(line, arms=12) for line in lines_with(39, 40))]:
        write_line(journal, line)
    given = ["--first", "0", "--seeds", "40", "--journal", str(journal), "--page", str(page), "--processes", "1"]
    assert main(given) == 1
    text = page.read_text()
    assert "40 trials, seeds 0 to 39; 1 intervals in each. 1 fail: a rate, A (significantly below 95 %)." in text
    assert "- **exact Poisson**: 97.5 % over 1 estimates" in text
    assert "200 an arm, a rate | A: 75.0 % of 40, significantly below 95 %" in capsys.readouterr().out


def test_the_printed_page_is_of_a_campaign_that_passed(repository: Path) -> None:
    """docs/simulation.md: both sizes of arms, as the report is written now, and no interval of the large arms fails."""
    text = (repository / "docs" / "simulation.md").read_text()
    assert text.startswith(report([]))
    large, small = text.split("## 200 subjects an arm")[1].split("## 12 subjects an arm")
    assert " trials, seeds 1 to " in large
    assert "No interval fails." in large
    assert " trials, seeds 1 to " in small
