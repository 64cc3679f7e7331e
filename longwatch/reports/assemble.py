"""A template and what fills it → the contents of one report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date

from longwatch.errors import StudyError
from longwatch.reports.contents import Block, Listing, Paragraphs, PlainTable, ReportContents, Section
from longwatch.reports.template import FactsBlock, ReportTemplate, TableBlock, TemplateBlock, TextBlock, fill_fields
from longwatch.tables.result import TableResult


def assemble(
    template: ReportTemplate,
    *,
    study_id: str,
    study_title: str,
    sponsor: str,
    report_key: str,
    snapshot_id: str,
    cutoff: date,
    fields: Mapping[str, str],
    tables: Mapping[str, Sequence[TableResult]],
    listings: Mapping[str, Listing],
    facts: tuple[tuple[str, str], ...],
    draft_reasons: tuple[str, ...] = (),
    date_label: str = "Data cut-off",
) -> ReportContents:
    """The contents of a report, block by block in the template's order.

    `fields`: the value of each named field. `tables`: the outputs of each table block, by the block's key.
    `listings`: by listing name. `facts`: the lines of the title page. Each output's footnotes begin with its source
    (spec C.2 rule 8). Nothing is left out: an output without rows is
    printed with its empty note, and a field, output or listing that the template names and the caller does not give
    raises StudyError LW-TPL-003.
    """
    given: dict[str, Mapping[str, object]] = {"field": fields, "output": tables, "listing": listings}

    def look_up(kind: str, name: str) -> None:
        if name not in given[kind]:
            raise StudyError(
                "LW-TPL-003",
                f"the template needs the {kind} {name}, which this run does not make",
                where=f"template {template.id}",
                expected=name,
                found=", ".join(sorted(given[kind])) or "none",
                next_step="take it out of the template, or use a template that fits the study",
            )

    def fill(text: str) -> str:
        try:
            return fill_fields(text, fields)
        except KeyError as missing:
            look_up("field", missing.args[0])
            raise

    def make_blocks(block: TemplateBlock) -> Iterator[Block]:
        if isinstance(block, TextBlock):
            yield Paragraphs(tuple(fill(text) for text in block.text))
        elif isinstance(block, FactsBlock):
            rows = tuple((fill(label), fill(text)) for label, text in block.facts.items())
            yield PlainTable(block.title, ("Item", "In this report"), rows, (1.0, 2.6))
        elif isinstance(block, TableBlock):
            look_up("output", block.key)
            yield from (_name_source(table, snapshot_id, cutoff) for table in tables[block.key])
        else:
            look_up("listing", block.listing.value)
            yield listings[block.listing.value]

    return ReportContents(
        study_id=study_id,
        study_title=study_title,
        sponsor=sponsor,
        title=template.title,
        report_key=report_key,
        snapshot_id=snapshot_id,
        cutoff=cutoff,
        facts=facts,
        sections=tuple(
            Section(section.title, tuple(made for block in section.blocks for made in make_blocks(block)))
            for section in template.sections
        ),
        draft_reasons=draft_reasons,
        page_size=template.page_size,
        date_label=date_label,
    )


def _name_source(table: TableResult, snapshot_id: str, cutoff: date) -> TableResult:
    """The output with a first footnote that names analysis datasets, snapshot and cut-off."""
    datasets = sorted({item.provenance.dataset for item in table.statistics})
    derived = f"{' and '.join(datasets)}, derived from " if datasets else ""
    source = f"Source: {derived}snapshot {snapshot_id[:12]}; data cut-off {cutoff.isoformat()}."
    return replace(table, footnotes=(source, *table.footnotes))
