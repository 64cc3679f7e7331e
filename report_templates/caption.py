"""What stands over a table or a figure, and the footnotes under it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from longwatch.tables.result import TableResult
from report_templates.flow import Flow, Lines
from report_templates.text import GREY, Style, width_of, wrap_at_most

TITLE = Style("bold", 11.0, leading=15.0)
BELOW_TITLE = Style("regular", 9.5, GREY, 14.0)
FOOTNOTE = Style("regular", 9.0, leading=11.5)

BLOCK_SPACE = 22.0
CAPTION_SPACE = 6.0
FOOTNOTE_SPACE = 1.5
CAPTION_LINES = 6
SEPARATOR = "  ·  "

CaptionLines = list[tuple[tuple[str, ...], Style, float]]
"""Lines, their style and their indent."""


@dataclass(frozen=True)
class Caption:
    """What stands over a table. `label`: `Table 2.1`. `key`: its anchor. `below`: the line under the title: subtitle,
    population, output code, guide number."""

    label: str
    key: str
    title: str
    below: str = ""


def caption_of(output: TableResult, kind: str, number: str) -> Caption:
    """The caption of an output: `Table` or `Figure`, and its number in the report."""
    guide = f"FDA guide {output.guide}" if output.guide else ""
    below = SEPARATOR.join(part for part in (output.subtitle, output.population, output.code, guide) if part)
    return Caption(f"{kind} {number}", f"{kind.lower()}-{number}", output.title, below)


def caption_lines(caption: Caption, width: float, *, continued: bool = False, part: str = "") -> CaptionLines:
    """Its lines at a width. `continued`: on a further page. `part`: which columns stand below."""
    indent = width_of(f"{caption.label}  ", TITLE)
    title = caption.title + " (continued)" * continued
    below = SEPARATOR.join(words for words in (caption.below, part) if words)
    texts = ((title, TITLE), (below, BELOW_TITLE))
    return [(wrap_at_most(text, style, width - indent, CAPTION_LINES), style, indent) for text, style in texts if text]


def height_of(lines: CaptionLines) -> float:
    """What a caption takes, with the space below it."""
    return sum(len(texts) * style.leading for texts, style, _ in lines) + CAPTION_SPACE


def put_caption(caption: Caption, lines: CaptionLines, flow: Flow) -> None:
    """Put it on the page."""
    left = flow.geometry.left
    flow.add(Lines(left, flow.y, (f"{caption.label}  ",), TITLE))
    for texts, style, indent in lines:
        flow.add(Lines(left + indent, flow.y, texts, style))
        flow.y -= len(texts) * style.leading
    flow.y -= CAPTION_SPACE


def put_footnotes(footnotes: Sequence[str], flow: Flow) -> None:
    """Put them on the page, and leave the space between blocks."""
    for footnote in footnotes:
        flow.put_text(footnote, FOOTNOTE)
        flow.skip(FOOTNOTE_SPACE)
    flow.skip(BLOCK_SPACE)
