"""The report as text, in reading order: what it says on which page."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest
from pypdf import PdfReader

from longwatch.tables.result import TableRow
from report_templates import render
from report_templates.document_plan import plan_document


def test_every_page_says_its_number_snapshot_and_report(stress_texts: list[str], samples: ModuleType) -> None:
    pages = stress_texts
    for number, text in enumerate(pages, start=1):
        assert text.endswith(f"Page {number} of {len(pages)}")
        assert f"Snapshot {samples.SNAPSHOT[:12]} Report {samples.REPORT_KEY[:12]}" in text
        assert number == 1 or "Data cut-off 2024-01-31" in text


def test_pages_are_counted(samples: ModuleType, draft: PdfReader) -> None:
    assert render(samples.make_contents()).pages == len(draft.pages)


def test_draft_stands_on_every_page_of_a_draft_and_why_on_the_first(draft_texts: list[str]) -> None:
    pages = draft_texts
    assert all(re.search(r"\bDRAFT\b", text) for text in pages)
    assert "– ST02: 1 open error. Trial summary states the start of the study." in pages[0]


def test_draft_stands_nowhere_in_a_candidate(samples: ModuleType, open_pdf: Any, texts_of: Any) -> None:
    reader = open_pdf(samples.make_contents(draft=False))
    assert not any("DRAFT" in text.upper() for text in texts_of(reader))
    assert "DRAFT" not in reader.metadata.title
    mark = b"0.94 G"
    assert not any(mark in page.get_contents().get_data() for page in reader.pages)


def test_the_draft_mark_is_no_text(draft_texts: list[str]) -> None:
    """A mark drawn as letters would run into the words that are extracted."""
    assert all(text.count("DRAFT") == 1 for text in draft_texts[1:])


def test_title_page(draft_texts: list[str], samples: ModuleType) -> None:
    text = draft_texts[0]
    contents = samples.make_contents()
    in_order = ["A sponsor", "Safety summary", "STUDY-1", contents.study_title, "Data cut-off 2024-01-31",
                "Safety population 254 subjects", samples.REPORT_KEY, samples.SNAPSHOT]  # fmt: skip
    places = [text.index(words) for words in in_order]
    assert places == sorted(places)


def test_contents_name_the_page_that_each_thing_starts_on(stress_texts: list[str], samples: ModuleType) -> None:
    pages = stress_texts
    front = " ".join(pages[: next(n for n, text in enumerate(pages) if "1 Section 1 words" in text)])
    for label in ("Table 1.1", "Table 1.8", "Table 2.1", "Table 2.4"):
        page = next(n for n, text in enumerate(pages, start=1) if f"{label} " in text and f"Page {n} of" in text
                    and not re.search(r"Contents|Number Title", text))  # fmt: skip
        entry = front[front.index(label) : front.index(label) + 400]
        following = re.search(rf"^{label} .*? (\d+) (?:Table|STUDY-1|Snapshot)", entry)
        assert following is not None, entry
        assert int(following[1]) == page


def test_links_of_the_contents_lead_where_they_say(draft: PdfReader) -> None:
    links = [link.get_object() for link in draft.pages[1]["/Annots"]]
    targets = [draft.get_page_number(link["/Dest"][0].get_object()) for link in links]
    assert targets == [2, 3, 2, 3]


def test_rows_are_extracted_cell_by_cell(draft_texts: list[str], samples: ModuleType) -> None:
    text = " ".join(draft_texts)
    table = samples.make_group("EYE DISORDERS", 12)
    for row in table:
        assert " ".join((row.label, *row.cells)) in text
    assert "Preferred term N=80 N=81 N=82" in text


def test_a_continued_table_repeats_title_headings_and_the_label_of_its_group(stress_texts: list[str]) -> None:
    pages = [text for text in stress_texts if "500 terms" in text and "Contents" not in text]
    assert len(pages) > 8
    assert "(continued)" not in pages[0]
    for text in pages[1:]:
        assert "A system organ class of 500 terms (continued)" in text
        assert "Placebo Xanomeline Low Dose Xanomeline High Dose" in text
        assert "INFECTIONS (continued) INFECTIONS TERM" in text
    assert all(text.count("Continued on the next page") == 1 for text in pages[:-1])
    assert "Continued on the next page" not in pages[-1]
    rows = re.findall(r"INFECTIONS TERM (\d+) ", " ".join(pages))
    assert rows == [str(number) for number in range(1, 501)]


def test_footnotes_stand_on_a_page_with_rows(stress_texts: list[str], samples: ModuleType) -> None:
    pages = [text for text in stress_texts if "500 terms" in text and "Contents" not in text]
    assert [samples.FOOTNOTES[0] in text for text in pages] == [False] * (len(pages) - 1) + [True]
    assert "INFECTIONS TERM 500" in pages[-1]


@pytest.mark.parametrize("page_size", ["letter", "a4"])
@pytest.mark.parametrize("terms", range(28, 44, 3))
def test_footnotes_stay_with_rows_wherever_the_page_ends(
    samples: ModuleType, open_pdf: Any, terms: int, page_size: str, texts_of: Any
) -> None:
    contents = samples.make_contents((samples.make_table(samples.make_group("EYE", terms)),), page_size=page_size)
    for text in texts_of(open_pdf(contents))[2:]:
        if samples.FOOTNOTES[0] in text:
            assert f"EYE TERM {terms} " in text


def test_an_empty_output_prints_title_headings_n_and_says_so(samples: ModuleType, open_pdf: Any, texts_of: Any) -> None:
    text = texts_of(open_pdf(samples.make_contents((samples.make_table((), title="Serious adverse events"),))))[-1]
    assert (
        "Table 1.1 Serious adverse events Safety population · AET02 · FDA guide table 14 "
        "Placebo Xanomeline Low Dose Xanomeline High Dose Preferred term N=80 N=81 N=82 "
        "No events met the criteria Source: AE" in text
    )


def test_an_empty_listing_says_so(stress_texts: list[str]) -> None:
    assert any("Table 2.2 Nothing found Rule Records Subject What was found None." in text for text in stress_texts)


def test_what_comes_from_data_is_printed_literally(samples: ModuleType, open_pdf: Any, texts_of: Any) -> None:
    rows = tuple(TableRow(text, ("0", "0", "0"), 0) for text in samples.HOSTILE)
    contents = samples.make_contents((samples.make_table(rows, title=samples.HOSTILE[0]), samples.make_listing(1)))
    hostile = replace(
        contents, study_title=samples.HOSTILE[3], sponsor=samples.HOSTILE[4], draft_reasons=samples.HOSTILE
    )
    pages = texts_of(open_pdf(hostile))
    for text in samples.HOSTILE:
        assert text in pages[0]
        assert text in pages[-2] + pages[-1]


def test_nothing_is_fetched_or_opened_for_what_the_data_says(samples: ModuleType) -> None:
    """Python's own audit events (PEP 578), while paths, addresses and tags are rendered as terms, titles and labels."""
    rows = tuple(TableRow(text, ("0", "0", "0"), 0) for text in samples.HOSTILE)
    contents = samples.make_contents((samples.make_table(rows, title=samples.HOSTILE[0]), samples.make_figure()))
    render(contents)  # fonts are loaded
    seen: list[str] = []
    watching = [True]

    def watch(event: str, given: tuple[object, ...]) -> None:
        if watching[0] and event.startswith(("socket.", "urllib.", "http.", "subprocess.", "os.", "open")):
            seen.append(f"{event} {given[:1]}")

    sys.addaudithook(watch)
    try:
        render(contents)
    finally:
        watching[0] = False
    assert not [said for said in seen if "passwd" in said or "example" in said or not said.startswith(("open", "os."))]


def test_a_long_verbatim_term_is_printed_whole(stress_texts: list[str]) -> None:
    text = " ".join(stress_texts)
    assert text.count("infusion,") == 60


def test_facts_stay_on_the_title_page_where_closer_lines_make_room(samples: ModuleType) -> None:
    """The last fact, the snapshot id, is on the first page, not alone on a second one."""
    few = samples.make_contents((samples.make_listing(1),))
    for reasons in range(4, 11):
        many = replace(few, draft_reasons=tuple(f"XX{number}: an error is open." for number in range(reasons)))
        plan = plan_document(many)
        assert any("Contents" in getattr(item, "lines", ()) for item in plan.pages[1].items)


def test_greek_cyrillic_japanese_and_signs_are_extracted_as_they_were(
    samples: ModuleType, open_pdf: Any, texts_of: Any
) -> None:
    for text in ("α-fetoprotein ≥ 3× ULN", "≤ −1.5 µg/L ½ Ångström", "Привет", "発熱および長い頭痛", "ｶﾀｶﾅ カタカナ"):
        rows = (TableRow(text, ("0", "0", "0"), 0),)
        assert text in texts_of(open_pdf(samples.make_contents((samples.make_table(rows),))))[-1]


def test_what_no_font_has_is_shown_by_its_number(
    stress_texts: list[str], samples: ModuleType, open_pdf: Any, texts_of: Any
) -> None:
    """So are scripts that run from right to left: Hebrew, Arabic."""
    text = "".join("".join(stress_texts).split())
    assert "[U+05D0][U+05D1][U+05D2][U+202E]abc[U+0000][U+1F600]" in text
    rows = (TableRow("صداع 头痛", ("0", "0", "0"), 0),)
    page = "".join(texts_of(open_pdf(samples.make_contents((samples.make_table(rows),))))[-1].split())
    assert "[U+0635][U+062F][U+0627][U+0639]" in page
    assert "痛" in page


def test_a_report_without_sections_still_has_its_title_page(samples: ModuleType, open_pdf: Any, texts_of: Any) -> None:
    reader = open_pdf(replace(samples.make_contents(), sections=()))
    assert len(reader.pages) == 2
    assert "Contents" in texts_of(reader)[1]
