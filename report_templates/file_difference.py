"""Where two PDF files differ, in words for a person: pages first, then what the files say of themselves."""

from __future__ import annotations

import io
from itertools import zip_longest
from typing import Any

from report_templates.page_rules import read_page

MOST_PAGES = 10
_AROUND = 30


def compare_pdfs(then: bytes, now: bytes) -> tuple[str, ...]:
    """The lines, none for equal bytes. Of pages whose drawing differs the first ten are told, each with the first words
    that differ."""
    import pikepdf

    if then == now:
        return ()
    with pikepdf.open(io.BytesIO(then)) as old, pikepdf.open(io.BytesIO(now)) as new:
        lines = []
        if len(old.pages) != len(new.pages):
            lines.append(f"{len(old.pages):,} pages then, {len(new.pages):,} now")
        fonts: dict[Any, Any] = {}
        other_fonts: dict[Any, Any] = {}
        told = 0
        for number, (before, after) in enumerate(zip(old.pages, new.pages, strict=False), start=1):
            one, other = read_page(before, fonts), read_page(after, other_fonts)
            if one == other:
                continue
            told += 1
            if told <= MOST_PAGES:
                lines.append(f"page {number}: {_first_difference(one.text, other.text)}")
        if told > MOST_PAGES:
            lines.append(f"and {told - MOST_PAGES:,} more pages")
        left, right = ({str(name): str(said) for name, said in file.docinfo.items()} for file in (old, new))
        lines += [
            f"{name[1:]}: `{left[name]}` then, `{right.get(name)}` now"
            for name in left
            if left[name] != right.get(name)
        ]
    return tuple(lines) or ("the same pages and texts, written as other bytes",)


def _first_difference(old: str, new: str) -> str:
    if old == new:
        return "the same text, set elsewhere"
    at = next(place for place, (a, b) in enumerate(zip_longest(old, new)) if a != b)
    start = max(at - _AROUND, 0)
    return f"`{old[start : at + _AROUND]}` then, `{new[start : at + _AROUND]}` now"
