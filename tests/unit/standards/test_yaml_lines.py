"""Mistakes in a YAML text are named by their lines."""

from __future__ import annotations

import pytest
import yaml

from longwatch.standards.yaml_lines import read_yaml, say_yaml_error

TEXT = """\
id: safety
sections:
  - title: Basis
    blocks:
      - table: AET01
  - title: Events
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ((), 1),
        (("id",), 1),
        (("sections",), 2),
        (("sections", 1, "title"), 6),
        (("sections", 0, "blocks", 0, "table"), 5),
        # a key that is missing: the line of what it is missing from
        (("sections", 1, "blocks"), 6),
        (("cutoff",), 1),
        # an item beyond the end: the line of the list
        (("sections", 7), 2),
    ],
)
def test_line_of_a_path(path: tuple[int | str, ...], line: int) -> None:
    assert read_yaml(TEXT).line_of(path) == line


def test_a_key_that_stands_twice_is_named_though_yaml_would_keep_the_last() -> None:
    text = "arms:\n  - code: A\n    name: one\n    name: two\narms: []\n"
    assert read_yaml(text).keys_twice() == [
        "line 4, arms.0.name: the key stands twice",
        "line 5, arms: the key stands twice",
    ]


def test_an_alias_to_itself_does_not_hang() -> None:
    assert read_yaml("a: &a\n  b: *a\n").keys_twice() == []


def test_an_empty_text_has_no_value() -> None:
    assert read_yaml("").value is None
    assert read_yaml("").keys_twice() == []


def test_text_that_is_no_yaml_is_said_with_its_line() -> None:
    text = "id: x\n\tversion: 1\n"
    with pytest.raises(yaml.YAMLError) as broken:
        read_yaml(text)
    assert say_yaml_error(broken.value, text).startswith("line 2 is not YAML: ")
