"""Text as it is set: broken into lines, never shortened in a table, no character dropped."""

from __future__ import annotations

import pytest

from longwatch.standards.legible import legible
from report_templates.text import (
    Style,
    encode,
    longest_word,
    measure,
    shorten,
    width_of,
    wrap,
    wrap_at_most,
)

STYLE = Style("regular", 10.0)


def broken(text: str, *, like: str) -> list[str]:
    """The lines of a text in a column as wide as `like`."""
    return list(wrap(text, "regular", 10.0, width_of(like, STYLE) + 0.01))


@pytest.mark.parametrize(
    ("text", "like", "lines"),
    [
        ("", "wide", [""]),
        ("fits", "fits well", ["fits"]),
        ("one two three", "one two", ["one two", "three"]),
        # blanks inside a line stay, blanks at a break are not drawn
        ("a  b   c", "a  b", ["a  b", "c"]),
        # the text's own lines
        ("one\ntwo\r\nthree", "three four", ["one", "two", "three"]),
        ("one\n\ntwo", "three", ["one", "", "two"]),
        # a word wider than the line: after a mark in its second half, else where it ends
        ("abcdef/ghi", "abcdef/g", ["abcdef/", "ghi"]),
        ("a/bcdefghijk", "a/bcdefg", ["a/bcdefg", "hijk"]),
        ("XXXXXXXXXX", "XXXX", ["XXXX", "XXXX", "XX"]),
        # between ideographs, but not before a closing mark
        ("有害事象。有害", "有害事象", ["有害事", "象。有害"]),
        ("有害事象", "有害", ["有害", "事象"]),
    ],
)
def test_lines(text: str, like: str, lines: list[str]) -> None:
    assert broken(text, like=like) == lines


@pytest.mark.parametrize("width", [1.0, 15.0, 40.0, 200.0])
def test_no_character_but_a_blank_is_lost(width: float) -> None:
    text = "Üblichkeit 日本語 <b>x</b> " + "y" * 300 + " \u202eabc\u0000 א " + "/".join("path" * 20)
    assert "".join("".join(wrap(text, "bold", 9.0, width)).split()) == "".join(text.split())


def test_a_long_word_is_broken_in_time_that_grows_with_its_length() -> None:
    assert len(wrap("x" * 200_000, "regular", 9.0, 100.0)) > 5_000


@pytest.mark.parametrize(
    ("text", "fonts"),
    [
        ("Nausea", ["NotoR"]),
        ("α Ω Привет é", ["NotoR"]),
        ("a ≥ b", ["NotoR", "FiraR", "NotoR"]),
        ("日本", ["IPAex"]),
        ("", []),
    ],
)
def test_each_character_is_set_in_the_first_font_that_has_it(text: str, fonts: list[str]) -> None:
    assert [tag for tag, _ in encode(text, "regular")] == fonts


@pytest.mark.parametrize(
    ("text", "as_drawn"),
    [
        # nothing has it
        ("\U0001f600", "[U+1F600]"),
        # it would need to be joined or turned
        ("א", "[U+05D0]"),
        ("ก", "[U+0E01]"),
        # it would hide or turn what follows
        ("\u202e", "[U+202E]"),
        ("\u200b", "[U+200B]"),
        ("\u0000", "[U+0000]"),
        # half a character, as a broken source may hold
        ("\ud800", "[U+D800]"),
        # white space that is no blank
        ("a\tb", "a b"),
    ],
)
def test_a_character_that_cannot_be_set_is_shown_by_its_number(text: str, as_drawn: str) -> None:
    for weight in ("regular", "bold", "italic"):
        assert encode(text, weight) == encode(as_drawn, weight)
        assert measure(text, weight) == pytest.approx(measure(as_drawn, weight))


def test_longest_word() -> None:
    assert longest_word("a longer word", "regular") == measure("longer", "regular")
    assert longest_word("", "regular") == 0.0


def test_a_heading_that_is_cut_shows_it() -> None:
    assert shorten("a heading", STYLE, 200) == "a heading"
    assert shorten("a heading\nof two lines", STYLE, 200) == "a heading of two lines"
    cut = shorten("a heading that is too long", STYLE, 60)
    assert cut.endswith("…")
    assert width_of(cut, STYLE) <= 60
    assert wrap_at_most("one two three four", STYLE, width_of("three", STYLE) + 0.1, 2)[-1].endswith("…")


def test_bookmarks_and_properties_hide_nothing() -> None:
    assert legible("a\u202eb\u0007 é 日本") == "a[U+202E]b[U+0007] é 日本"
