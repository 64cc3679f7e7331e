"""FDA's PDF rules (spec E.7), checked on the bytes by an independent reader."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from pypdf import PdfReader
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject

from report_templates import render
from report_templates.page import SIZES


def all_objects(reader: PdfReader) -> Iterator[Any]:
    """Every dictionary of the file, streams included."""
    seen: set[int] = set()
    waiting: list[Any] = [reader.trailer]
    while waiting:
        item = waiting.pop()
        if isinstance(item, IndirectObject):
            if item.idnum in seen:
                continue
            seen.add(item.idnum)
            item = item.get_object()
        if isinstance(item, DictionaryObject):
            yield item
            waiting.extend(item.raw_get(key) for key in item)
        elif isinstance(item, ArrayObject):
            waiting.extend(item)


@pytest.fixture(params=["draft", "stress"])
def report(request: pytest.FixtureRequest) -> PdfReader:
    """Each sample."""
    reader: PdfReader = request.getfixturevalue(request.param)
    return reader


def test_version_1_7_unencrypted(report: PdfReader) -> None:
    assert report.pdf_header == "%PDF-1.7"
    assert not report.is_encrypted


def test_nothing_that_is_forbidden(report: PdfReader) -> None:
    """No JavaScript, attachment, form, action, sound, film, 3D, web address; no annotation but a link."""
    forbidden = {"/JavaScript", "/JS", "/EmbeddedFiles", "/AcroForm", "/AA", "/A", "/URI", "/OpenAction", "/RichMedia",
                 "/Movie", "/Sound", "/Launch", "/XFA", "/F", "/EF"}  # fmt: skip
    for item in all_objects(report):
        if item.get("/Type") == "/Annot":
            assert item["/Subtype"] == "/Link"
            assert "/Dest" in item
            assert item["/F"] == 4, "it prints, and is not hidden"
            assert not forbidden - {"/F"} & set(item)
        else:
            assert not forbidden & set(item)


def test_every_font_is_embedded_whole_and_maps_to_unicode(report: PdfReader) -> None:
    fonts = [item for item in all_objects(report) if item.get("/Type") == "/Font"]
    assert {font["/Subtype"] for font in fonts} == {"/Type0", "/CIDFontType2"}
    for font in fonts:
        assert "+" not in font["/BaseFont"], "a subset"
        if font["/Subtype"] == "/Type0":
            assert font["/Encoding"] == "/Identity-H"
            assert font["/ToUnicode"].get_data().startswith(b"/CIDInit")
        else:
            program = font["/FontDescriptor"]["/FontFile2"]
            assert len(program.get_data()) == program["/Length1"]


def test_every_page_names_only_fonts_that_are_there(report: PdfReader) -> None:
    for page in report.pages:
        names = set(page["/Resources"]["/Font"])
        used = {part.split()[0] for part in page.get_contents().get_data().decode("ascii").split("\n") if " Tf" in part}
        assert used <= names


def test_bookmarks_for_every_section_and_table_and_the_panel_open(report: PdfReader, samples: ModuleType) -> None:
    contents = samples.make_stress() if len(report.pages) > 20 else samples.make_contents()
    blocks = [block for section in contents.sections for block in section.blocks]
    tables = [block for block in blocks if hasattr(block, "title")]
    titles = [item["/Title"] for item in all_objects(report) if "/Title" in item and "/Dest" in item]
    assert len(titles) == len(tables) + len(contents.sections) + 2
    for number, section in enumerate(contents.sections, start=1):
        assert f"{number} {section.title}" in titles
    for table in tables:
        assert any(table.title.strip()[:60] in title for title in titles)
    assert report.trailer["/Root"]["/PageMode"] == "/UseOutlines"


def test_destinations_keep_the_readers_zoom(report: PdfReader) -> None:
    places = [item["/Dest"] for item in all_objects(report) if "/Dest" in item]
    assert places
    assert all(place[1] == "/XYZ" and place[4] == 0 for place in places)


def test_title_author_subject_and_language(draft: PdfReader) -> None:
    properties = draft.metadata
    assert properties is not None
    assert properties.title == "Safety summary: STUDY-1 (DRAFT)"
    assert properties.author == "A sponsor"
    assert properties.subject is not None
    assert properties.subject.endswith("data cut-off 2024-01-31")
    assert draft.trailer["/Root"]["/Lang"] == "en"
    assert draft.trailer["/Root"]["/ViewerPreferences"]["/DisplayDocTitle"].value is True


def test_the_files_identifier_is_the_report_key(draft: PdfReader, samples: ModuleType) -> None:
    first, second = draft.trailer["/ID"]
    assert first == second
    assert bytes(first.original_bytes).hex() == samples.REPORT_KEY[:32]


@pytest.mark.parametrize("page_size", ["letter", "a4"])
def test_pages_have_the_size_asked_for_and_landscape_is_saved_as_landscape(
    samples: ModuleType, open_pdf: Any, page_size: str
) -> None:
    wide = samples.make_table(samples.make_group("EYE", 3, 9), arms=9)
    reader = open_pdf(samples.make_contents((wide,), page_size=page_size))
    narrow, long = SIZES[page_size]
    sizes = [(float(page.mediabox.width), float(page.mediabox.height)) for page in reader.pages]
    assert sizes[:2] == [pytest.approx((narrow, long), abs=0.01)] * 2
    assert sizes[2] == pytest.approx((long, narrow), abs=0.01)
    assert all(page.get("/Rotate", 0) == 0 for page in reader.pages)


def test_two_processes_on_differing_machines_give_equal_bytes(sample_file: Path, samples: ModuleType) -> None:
    """Hash seed, time zone, clock overrides and ReportLab's own settings do not enter the file."""
    root = sample_file.parents[3]
    environments = (
        {"PYTHONHASHSEED": "1", "TZ": "UTC"},
        {"PYTHONHASHSEED": "2", "TZ": "Asia/Tokyo", "SOURCE_DATE_EPOCH": "1700000000", "RL_invariant": "0",
         "RL_pdfComments": "1", "RL_useA85": "0", "RL_pageCompression": "0", "RL_pdfMultiLine": "1"},
    )  # fmt: skip
    hashes = [
        subprocess.run(
            [sys.executable, str(sample_file)],
            env={"PYTHONPATH": str(root), **environment},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for environment in environments
    ]
    assert hashes == [render(samples.make_contents()).sha256] * 2


def test_another_report_key_gives_other_bytes(samples: ModuleType) -> None:
    from dataclasses import replace

    contents = samples.make_contents()
    assert render(contents).sha256 != render(replace(contents, report_key="f" * 64)).sha256
