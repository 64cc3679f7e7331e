"""docs/sources.md shows source entries that can be copied."""

from __future__ import annotations

import re
from pathlib import Path

from longwatch.study import PlaceKind, parse_study

STUDY = """\
longwatch: 1
study: {id: S, title: Sources}
treatment: {arms: [{code: A, name: Cells}]}
sources:
"""


def test_every_documented_source_is_one(repository: Path) -> None:
    """Each example as it stands, and one of each kind of place is among them."""
    blocks = re.findall(r"```yaml\n(.*?)```", (repository / "docs" / "sources.md").read_text(), re.DOTALL)
    texts = [block.removeprefix("sources:\n") for block in blocks]
    kinds = {source.kind for text in texts for source in parse_study(STUDY + text, "docs/sources.md").sources}
    assert kinds == set(PlaceKind)
