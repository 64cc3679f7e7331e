"""A report is held to the rules for submission by our own check, and by programs that know nothing of it.

Source: spec E.7; ISO 19005-2 (PDF/A-2b). The PDF/A validator is pikepdf's, with veraPDF's rules: no wheel, Debian or
npm package brings veraPDF itself.
"""

from __future__ import annotations

import io
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pikepdf
import pytest
from PIL import Image, ImageCms

from longwatch.errors import IntegrityError, StudyError
from longwatch.reports.conformance import RULES
from report_templates import render
from report_templates.colour_profile import make_srgb
from report_templates.conformance import check_conformance, hold_to_rules, spread
from report_templates.file_parts import FileParts

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:pikepdf")


@pytest.fixture(scope="module")
def rendered(samples: ModuleType) -> bytes:
    """The sample."""
    return render(samples.make_contents()).pdf


@pytest.fixture(scope="module")
def stressed(samples: ModuleType) -> bytes:
    """The report of everything that can go wrong."""
    return render(samples.make_stress()).pdf


@pytest.fixture(params=["rendered", "stressed"])
def pdf(request: pytest.FixtureRequest) -> bytes:
    """Each of them."""
    content: bytes = request.getfixturevalue(request.param)
    return content


def changed(pdf: bytes, change: Callable[[pikepdf.Pdf], None]) -> bytes:
    """The file after somebody changed it."""
    written = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf)) as file:
        change(file)
        file.save(written, static_id=True)
    return written.getvalue()


def run(*command: str | Path) -> str:
    """What a program says; the test is skipped where the machine has it not."""
    if shutil.which(str(command[0])) is None:
        pytest.skip(f"{command[0]} is not installed (Debian: qpdf, poppler-utils)")
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, check=True).stdout


def test_every_rule_is_told_and_holds(pdf: bytes) -> None:
    found = check_conformance(pdf, "sample")
    assert [each.rule for each in found.verdicts] == list(RULES)
    assert found.holds, found.broken


def _attach(file: pikepdf.Pdf) -> None:
    file.attachments["notes.txt"] = b"notes"


def _annotate(file: pikepdf.Pdf) -> None:
    note = pikepdf.Dictionary(Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Text, Rect=[72, 72, 90, 90], F=4)
    file.pages[2].Annots = pikepdf.Array([file.make_indirect(note)])


def _lead_away(file: pikepdf.Pdf) -> None:
    link = file.pages[1].Annots[0]
    del link.Dest
    link.A = pikepdf.Dictionary(S=pikepdf.Name.URI, URI=pikepdf.String("http://example.invalid/"))


def _run_script(file: pikepdf.Pdf) -> None:
    file.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS=pikepdf.String("app.alert(1)"))


def _unembed(file: pikepdf.Pdf) -> None:
    fonts = [item for item in file.objects if isinstance(item, pikepdf.Dictionary) and "/FontFile2" in item]
    del fonts[0].FontFile2


def _lose_characters(file: pikepdf.Pdf) -> None:
    fonts = [item for item in file.objects if isinstance(item, pikepdf.Dictionary) and "/ToUnicode" in item]
    for font in fonts:
        del font.ToUnicode


def _say_nothing_of_itself(file: pikepdf.Pdf) -> None:
    del file.Root.Lang
    file.Root.ViewerPreferences.DisplayDocTitle = False


def _lose_bookmarks(file: pikepdf.Pdf) -> None:
    with file.open_outline() as outline:
        del outline.root[-1]


def _close_panel(file: pikepdf.Pdf) -> None:
    file.Root.PageMode = pikepdf.Name.UseNone


def _fix_zoom(file: pikepdf.Pdf) -> None:
    file.pages[1].Annots[0].Dest[4] = 1.5


def _turn(file: pikepdf.Pdf) -> None:
    file.pages[0].Rotate = 90


def _cut_small(file: pikepdf.Pdf) -> None:
    file.pages[0].MediaBox = [0, 0, 400, 400]


def _add_page(file: pikepdf.Pdf) -> None:
    file.add_blank_page(page_size=(612, 792))


def _write_at_edge(file: pikepdf.Pdf) -> None:
    page = file.pages[2]
    page.Contents = file.make_stream(page.Contents.read_bytes() + b"BT /NotoR 9 Tf 1 0 0 1 9 400 Tm <0024>Tj ET\n")


def _lose_intent(file: pikepdf.Pdf) -> None:
    del file.Root.OutputIntents


@pytest.mark.parametrize(
    ("change", "rules"),
    [
        # what FDA forbids
        (_attach, {"pdfa", "content"}),
        (_run_script, {"pdfa", "content"}),
        (_lead_away, {"content", "annotations"}),
        (_annotate, {"pdfa", "annotations"}),
        # what PDF/A-2b asks for
        (_lose_intent, {"pdfa"}),
        (_unembed, {"pdfa", "fonts"}),
        # what a reviewer needs
        (_lose_characters, {"fonts", "text", "numbers"}),
        (_lose_bookmarks, {"bookmarks"}),
        (_close_panel, {"bookmarks"}),
        (_fix_zoom, {"zoom"}),
        (_say_nothing_of_itself, {"title"}),
        # pages
        (_turn, {"pages"}),
        (_cut_small, {"pages", "margins"}),
        (_add_page, {"text", "numbers"}),
        (_write_at_edge, {"margins"}),
    ],
)
def test_a_file_that_breaks_a_rule_is_told_which(
    rendered: bytes, change: Callable[[pikepdf.Pdf], None], rules: set[str]
) -> None:
    found = check_conformance(changed(rendered, change), "changed")
    assert {each.rule for each in found.broken} == rules
    assert check_conformance(changed(rendered, change), "changed", 1000) == found  # read a part at a time


def test_an_old_version_and_a_password_are_told(rendered: bytes) -> None:
    old, locked = io.BytesIO(), io.BytesIO()
    with pikepdf.open(io.BytesIO(rendered)) as file:
        file.save(old, min_version="2.0")
        file.save(locked, encryption=pikepdf.Encryption(owner="o", user="", R=4))
    assert "version" in {each.rule for each in check_conformance(old.getvalue(), "old").broken}
    assert "security" in {each.rule for each in check_conformance(locked.getvalue(), "locked").broken}


def test_what_is_no_pdf_is_refused() -> None:
    with pytest.raises(StudyError, match=r"LW-PDF-001: notes\.txt"):
        check_conformance(b"no PDF", "notes.txt")


def test_a_renderer_gives_no_file_that_breaks_a_rule(rendered: bytes) -> None:
    assert hold_to_rules(rendered, "sample") is rendered
    with pytest.raises(IntegrityError, match=r"LW-PDF-002: sample: .*breaks 1 of the rules"):
        hold_to_rules(changed(rendered, _turn), "sample")


def test_a_file_read_in_parts_has_the_same_pages_and_objects(pdf: bytes) -> None:
    whole, parts = FileParts(pdf, in_parts=False), FileParts(pdf, in_parts=True, part=7)
    assert parts.in_parts
    assert parts.count == whole.count
    assert list(parts.page_ids()) == list(whole.page_ids())
    for pages in zip(whole.pages(), parts.pages(), strict=True):
        assert len({(number, page.obj.objgen, page.obj.unparse(resolved=True)) for _, number, page in pages}) == 1
    texts = [{(each.objgen, each.unparse(resolved=True)) for each in file.objects()} for file in (whole, parts)]
    assert texts[0] == texts[1]


def test_a_file_whose_pages_are_in_several_lists_is_read_as_a_whole(rendered: bytes) -> None:
    def nest(file: pikepdf.Pdf) -> None:
        tree = file.Root.Pages
        inner = file.make_indirect(pikepdf.Dictionary(Type=pikepdf.Name.Pages, Kids=tree.Kids, Count=tree.Count))
        for kid in tree.Kids:
            kid.Parent = inner
        inner.Parent = tree
        tree.Kids = pikepdf.Array([inner])

    nested = changed(rendered, nest)
    assert not FileParts(nested, in_parts=True).in_parts
    assert check_conformance(nested, "nested", 3) == check_conformance(nested, "nested")


def test_the_colour_profile_is_srgb_to_another_program() -> None:
    """LittleCMS reads it, and colours stay what they are on the way to its own sRGB (within a rounding step)."""
    profile = ImageCms.ImageCmsProfile(io.BytesIO(make_srgb()))
    assert ImageCms.getProfileDescription(profile).strip() == "sRGB IEC61966-2.1"
    picture = Image.frombytes("RGB", (16, 16), bytes(number * 37 % 256 for number in range(16 * 16 * 3)))
    through = ImageCms.profileToProfile(picture, profile, ImageCms.createProfile("sRGB"))
    assert through is not None
    assert max(abs(a - b) for a, b in zip(picture.tobytes(), through.tobytes(), strict=True)) <= 1


def test_qpdf_finds_no_error(pdf: bytes, tmp_path: Path) -> None:
    file = tmp_path / "report.pdf"
    file.write_bytes(pdf)
    said = run("qpdf", "--check", file)
    assert "PDF Version: 1.7" in said
    assert "File is not encrypted" in said
    assert "No syntax or stream encoding errors found" in said


def test_pdffonts_finds_every_font_embedded_whole_with_unicode(pdf: bytes, tmp_path: Path) -> None:
    file = tmp_path / "report.pdf"
    file.write_bytes(pdf)
    lines = run("pdffonts", file).splitlines()[2:]
    assert lines
    for line in lines:
        assert re.search(r"CID TrueType\s+Identity-H\s+yes no\s+yes", line), line


def test_pdftotext_reads_the_pages_in_order(pdf: bytes, tmp_path: Path, samples: ModuleType) -> None:
    """Page by page, cell after cell, as a reader does."""
    file = tmp_path / "report.pdf"
    file.write_bytes(pdf)
    *pages, end = run("pdftotext", "-raw", file, "-").split("\f")
    assert end == ""
    for number, text in enumerate(pages, start=1):
        assert text.split("\n")[-2].endswith(f"Page {number} of {len(pages)}")
    told = " ".join(" ".join(pages).split())
    if len(pages) < 20:
        for row in samples.make_group("EYE DISORDERS", 12):
            assert " ".join((row.label, *row.cells)) in told


def test_metadata_and_information_dictionary_say_the_same(rendered: bytes, samples: ModuleType) -> None:
    with pikepdf.open(io.BytesIO(rendered)) as file, file.open_metadata() as words:
        said: dict[str, Any] = {name: words[name] for name in ("dc:title", "dc:creator", "dc:description")}
        assert said["dc:title"] == str(file.docinfo["/Title"]) == "Safety summary: STUDY-1 (DRAFT)"
        assert said["dc:creator"] == [str(file.docinfo["/Author"])]
        assert said["dc:description"] == str(file.docinfo["/Subject"])
        assert (words["pdfaid:part"], words["pdfaid:conformance"]) == ("2", "B")


def test_text_of_data_is_no_markup_of_the_metadata(samples: ModuleType) -> None:
    from dataclasses import replace

    contents = replace(samples.make_contents(draft=False), sponsor=samples.HOSTILE[3], study_id=samples.HOSTILE[0])
    pdf = render(contents).pdf
    assert check_conformance(pdf, "hostile").holds
    with pikepdf.open(io.BytesIO(pdf)) as file, file.open_metadata() as words:
        assert words["dc:creator"] == [samples.HOSTILE[3]]


def test_pages_word_for_word_the_same_are_validated_once_and_others_each(samples: ModuleType) -> None:
    """Of a long file the PDF/A validator sees one of the pages that are alike; a page that differs is still seen."""
    pdf = render(samples.make_contents((samples.make_listing(3000),))).pdf
    with pikepdf.open(io.BytesIO(pdf)) as file:
        pages = len(file.pages)
        assert pages > 110
        last = file.pages[pages - 2].obj
        last.Group = pikepdf.Dictionary(S=pikepdf.Name.Transparency, CS=pikepdf.Name.DeviceCMYK)
        changed = io.BytesIO()
        file.save(changed, static_id=True)
    assert not check_conformance(pdf, "a listing", 100).broken
    spread_pages = spread(pages, 3)
    assert pages - 1 not in spread_pages
    broken = {verdict.rule for verdict in check_conformance(changed.getvalue(), "changed", 3).broken}
    assert "pdfa" in broken
