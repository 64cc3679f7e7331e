"""Queries to sites, and the data-quality report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from longwatch.errors import StudyError
from longwatch.findings.finding import Severity
from longwatch.findings.letters import in_site_words, letter_text, make_letters
from longwatch.findings.quality import Presence, band_of, compute_ageing, compute_trend, open_by_site
from longwatch.findings.selection import FindingFilter
from longwatch.findings.states import FindingState
from longwatch.reports.contents import BarChart, ReportContents, Section
from longwatch.study import Study
from operations.ports import Adapters
from operations.quality_report import make_quality_report
from operations.site_letters import write_letters
from report_templates import render, render_html
from report_templates.chart_layout import lay_out_chart
from tests.spec.workbench.known_findings import SEEN, finding, known

HOSTILE = "<b>&</b> =1+1 \u202eמרחב 漢字"
DAY = date(2026, 3, 1)


def test_a_letter_holds_only_its_own_site() -> None:
    findings = [
        known(finding("SR01", "AE", "S-1", "1", {}), "701"),
        known(finding("SR01", "AE", "S-2", "1", {}), "702"),
        known(finding("SR01", "AE", "S-3", "1", {}), "702", FindingState.WAIVED),
        known(finding("SR01", "AE", "S-4", "1", {}), "702", FindingState.ANSWERED),
        known(finding("ST13", "TS", "S-5", "1", {}), None),
        known(finding("CT02", "VS", "S-6", "1", {}, action="Declare the term in define.xml."), "701"),
    ]
    letters = make_letters(
        findings, study_id="S", study_title="T", sponsor="", sender="ada", day=DAY, due=DAY + timedelta(14)
    )
    assert {letter.site: [each.subject for each in letter.questions] for letter in letters} == {
        "701": ["S-1"],
        "702": ["S-2"],
    }
    text = letter_text(letters[0])
    assert "S-2" not in text
    assert "Please answer by 2026-03-15." in text
    assert "Who asks: ada." in text


@pytest.mark.parametrize(
    ("action", "request_"),
    [
        ("Query the site for Y or N.", "Please give Y or N."),
        ("Query the outcome and the end date.", "Please check the outcome and the end date."),
        (
            "Query the site; AESER becomes Y, or the criterion N.",
            "Please check this record against the source documents.",
        ),
        ("Query the site for the value, or correct the mapping.", "Please give the value."),
        ("Query the site for the severity, or for the grade.", "Please give the severity, or the grade."),
        (
            "Query whether these are two events; remove one record, or confirm both.",
            "Please check whether these are two events.",
        ),
        ("Query the date of consent, and correct DM or DS.", "Please check the date of consent."),
        ("Query the pharmacy for the doses of each lot.", "Please ask the pharmacy for the doses of each lot."),
    ],
)
def test_an_action_is_said_to_the_site(action: str, request_: str) -> None:
    assert in_site_words(action) == request_


def test_letters_are_written_as_pdf_and_text(tmp_path: Path, adapters: Adapters, study: tuple[Study, str]) -> None:
    later = adapters.clock().date() + timedelta(days=14)
    written = write_letters(adapters, study[0], FindingFilter(), str(tmp_path / "letters"), due=later)
    assert len(written.files) == 2 * len(written.letters) > 2
    assert written.without_site == 1
    assert Path(written.files[0]).read_bytes().startswith(b"%PDF-1.7")
    with pytest.raises(StudyError, match="LW-LTR-001"):
        write_letters(adapters, study[0], FindingFilter(), str(tmp_path), due=date(2020, 1, 1))


def test_the_trend_counts_what_is_open_new_and_gone() -> None:
    error, warning = Severity.ERROR, Severity.WARNING
    first = Presence("a", DAY, {"1": (error, "new"), "2": (error, "new"), "3": (warning, "waived")})
    second = Presence("b", DAY, {"2": (error, "open"), "4": (warning, "new")})
    points = compute_trend([first, second])
    assert [(point.open[error], point.open[warning]) for point in points] == [(2, 0), (1, 1)]
    assert [(point.new[error], point.new[warning]) for point in points] == [(2, 1), (0, 1)]
    assert [(point.gone[error], point.gone[warning]) for point in points] == [(0, 0), (1, 1)]


@pytest.mark.parametrize(
    ("days", "band"),
    [(-1, "0 to 7 days"), (7, "0 to 7 days"), (8, "8 to 30 days"), (30, "8 to 30 days"), (90, "31 to 90 days"),
     (91, "over 90 days")],
)  # fmt: skip
def test_ages_fall_in_bands(days: int, band: str) -> None:
    assert band_of(days) == band


def test_only_open_findings_have_an_age_and_a_site() -> None:
    findings = [
        known(finding("SR01", "AE", "S-1", "1", {})),
        known(finding("SR01", "AE", "S-2", "1", {}), "702", FindingState.WAIVED),
        known(finding("SR01", "AE", "S-3", "1", {}), None, first_seen=SEEN - timedelta(days=40)),
    ]
    ages = compute_ageing(findings, DAY)
    assert {band: counts[Severity.ERROR] for band, counts in ages.items() if counts[Severity.ERROR]} == {
        "0 to 7 days": 1,
        "31 to 90 days": 1,
    }
    assert list(open_by_site(findings)) == ["701", "no site"]


def test_the_report_is_made_as_pdf_and_html_and_says_what_it_needs(
    tmp_path: Path, adapters: Adapters, study: tuple[Study, str], quiet: Callable[[str], None]
) -> None:
    made = make_quality_report(adapters, study[0], str(tmp_path / "dq"), as_of=None, progress=quiet)
    page = (tmp_path / "dq" / "data-quality.html").read_text(encoding="utf-8")
    assert [Path(file).name for file in made.files] == ["data-quality.pdf", "data-quality.html"]
    assert "Open findings by snapshot and severity" in page
    assert "http" not in page.replace("http-equiv", "")
    assert "src=" not in page
    again = make_quality_report(adapters, study[0], str(tmp_path / "again"), as_of=None, progress=quiet)
    assert again.contents == made.contents
    assert (tmp_path / "again" / "data-quality.pdf").read_bytes() == (tmp_path / "dq" / "data-quality.pdf").read_bytes()


CHART = BarChart(HOSTILE, (HOSTILE, "b"), (("error", (3, 0)), ("warning", (5, 2))), "findings")
CONTENTS = ReportContents(
    "S", HOSTILE, HOSTILE, HOSTILE, "0" * 64, "1" * 64, DAY, ((HOSTILE, HOSTILE),), (Section(HOSTILE, (CHART,)),),
    date_label="As of",
)  # fmt: skip


def test_hostile_text_is_text_in_html_and_pdf() -> None:
    page = render_html(CONTENTS).decode()
    assert "<b>" not in page
    assert "&lt;b&gt;&amp;&lt;/b&gt; =1+1 [U+202E]" in page
    assert render(CONTENTS).pdf.startswith(b"%PDF")


def test_the_bars_of_a_chart_stand_on_each_other() -> None:
    drawing = lay_out_chart(CHART, 400)
    bars = [bar for bar in drawing.bars if bar.width > 10]
    assert len(bars) == 3
    assert bars[1].y == pytest.approx(bars[0].y + bars[0].height)
    assert bars[1].height / bars[0].height == pytest.approx(5 / 3)
    assert bars[2].height / bars[1].height == pytest.approx(2 / 5)
    assert {label.text for label in drawing.labels} >= {"8", "2"}
    assert lay_out_chart(replace(CHART, categories=(), series=()), 400).bars == ()
