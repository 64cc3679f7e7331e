"""A report template: what one kind of report prints, in which order, declared in YAML."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from string import Formatter
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    TypeAdapter,
    field_serializer,
    field_validator,
    model_validator,
)

from longwatch.standards.yaml_lines import DocumentKind, read_document

FIELDS: Mapping[str, str] = {
    "study_id": "STUDYID",
    "study_title": "the study's title",
    "sponsor": "the sponsor",
    "protocol": "the protocol's number",
    "cutoff": "the report's cut-off",
    "data_cutoff": "the data's own cut (TS.DCUTDTC)",
    "snapshot": "the first 12 digits of the snapshot id",
    "timezone": "the IANA zone that defines the study's dates",
    "treatment_basis": "actual or planned",
    "treatment_reference": "from when an AE is treatment-emergent",
    "meddra": "MedDRA's version",
    "ctcae": "CTCAE's version",
    "engine_version": "the version of Longwatch",
    "subject": "the USUBJID of the subject that the report is about",
}
"""The named fields that a text may use, with what each stands for."""


class ListingName(StrEnum):
    """The listings that a template may ask for; they are no outputs of their own."""

    SOURCES = "sources"
    SEVERITY_CHANGES = "severity_changes"
    RULE_RESULTS = "rule_results"
    OPEN_FINDINGS = "open_findings"
    WAIVED_FINDINGS = "waived_findings"
    NOT_EVALUABLE = "not_evaluable"
    REPORT_GATE = "report_gate"
    SECOND_OPINION = "second_opinion"
    QUALITY_TREND_PICTURE = "quality_trend_picture"
    QUALITY_TREND = "quality_trend"
    QUALITY_AGEING_PICTURE = "quality_ageing_picture"
    QUALITY_AGEING = "quality_ageing"
    QUALITY_SITES = "quality_sites"
    QUALITY_RULES = "quality_rules"
    QUALITY_GROUPS = "quality_groups"
    QUALITY_CONTACTS = "quality_contacts"


def check_fields(text: str) -> str:
    """The text, where each `{name}` in it is one of `FIELDS`; a brace itself is written twice.

    Raises ValueError naming the field that is unknown, or a brace that is not closed. Conversions, formats and
    attributes (`{cutoff!r}`, `{cutoff:x}`, `{cutoff.year}`) are no field names.
    """
    for _, name, form, conversion in Formatter().parse(text):
        if name is None:
            continue
        shown = f"{name}{'!' + conversion if conversion else ''}{':' + form if form else ''}"
        if shown not in FIELDS:
            raise ValueError(f"{{{shown}}} is no field; known are {', '.join(sorted(FIELDS))}")
    return text


def fill_fields(text: str, fields: Mapping[str, str]) -> str:
    """The text with each `{name}` replaced once; what a field's value holds is not read again."""
    return "".join(before + (fields[name] if name else "") for before, name, _, _ in Formatter().parse(text))


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


Text = Annotated[str, Field(min_length=1)]


class TextBlock(_Part):
    """Paragraphs of running text with named fields."""

    text: Annotated[tuple[Text, ...], Field(min_length=1)]

    @field_validator("text")
    @classmethod
    def check_text(cls, texts: tuple[str, ...]) -> tuple[str, ...]:
        """Every field is known."""
        return tuple(check_fields(text) for text in texts)


class FactsBlock(_Part):
    """A table of two columns, what and how it is in this report. Both may use named fields.

    Its order is what a reader sees, so it is written as pairs: canonical JSON (report key, manifest) sorts the names of
    a mapping.
    """

    facts: Annotated[dict[Text, Text], Field(min_length=1)]
    title: Text

    @field_validator("facts", mode="before")
    @classmethod
    def read_pairs(cls, facts: Any) -> Any:
        """A mapping, or the pairs that an archived template has."""
        return dict(facts) if isinstance(facts, list) else facts

    @field_serializer("facts", when_used="json")
    def write_pairs(self, facts: dict[str, str]) -> list[tuple[str, str]]:
        """In the order of the template."""
        return list(facts.items())

    @field_validator("facts")
    @classmethod
    def check_facts(cls, facts: dict[str, str]) -> dict[str, str]:
        """Every field is known."""
        return {check_fields(label): check_fields(text) for label, text in facts.items()}


class TableBlock(_Part):
    """An output by its code (AET02), with its parameters. `id`: tells two blocks of one code apart."""

    table: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9]*(_[A-Z0-9]+)*$")]
    parameters: dict[str, str | int | float | bool | tuple[str, ...]] = Field(default_factory=dict)
    id: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")] | None = None

    @property
    def key(self) -> str:
        """The name of this block's output in the report: its id, else its code."""
        return self.id or self.table


class ListingBlock(_Part):
    """A listing by its name."""

    listing: ListingName


SUBJECT = "{subject}"
"""As a parameter of an output: the subject that the report is about."""
KINDS = {"text": TextBlock, "facts": FactsBlock, "table": TableBlock, "listing": ListingBlock}


def _kind_of(block: Any) -> str | None:
    if isinstance(block, dict):
        return next((f"<{kind}>" for kind in KINDS if kind in block), None)
    return next((f"<{kind}>" for kind, model in KINDS.items() if isinstance(block, model)), None)


TemplateBlock = Annotated[
    Annotated[TextBlock, Tag("<text>")]
    | Annotated[FactsBlock, Tag("<facts>")]
    | Annotated[TableBlock, Tag("<table>")]
    | Annotated[ListingBlock, Tag("<listing>")],
    Discriminator(
        _kind_of,
        custom_error_type="block",
        custom_error_message=f"a block is one of {', '.join(f'`{kind}:`' for kind in KINDS)}",
    ),
]


class TemplateSection(_Part):
    """A numbered section."""

    title: Text
    blocks: Annotated[tuple[TemplateBlock, ...], Field(min_length=1)]


class ReportTemplate(_Part):
    """What a report prints. `id` names the template; `version` is raised when its wording or order changes."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    version: Annotated[int, Field(ge=1)]
    title: Text
    page_size: Literal["letter", "a4"] = "letter"
    sections: Annotated[tuple[TemplateSection, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def check_keys(self) -> ReportTemplate:
        """No two outputs under one name."""
        keys = [block.key for block in self.table_blocks()]
        twice = sorted({key for key in keys if keys.count(key) > 1})
        if twice:
            raise ValueError(f"{', '.join(twice)} stands twice; give each block its own `id:`")
        return self

    @property
    def is_about_a_subject(self) -> bool:
        """Whether an output of it is of one subject, which whoever asks for the report names."""
        return any(SUBJECT in block.parameters.values() for block in self.table_blocks())

    def table_blocks(self) -> Iterator[TableBlock]:
        """Every output of the report, in order."""
        for section in self.sections:
            yield from (block for block in section.blocks if isinstance(block, TableBlock))


def parse_template(text: str, where: str) -> ReportTemplate:
    """The template of a YAML text. `where` names the file in messages.

    Raises StudyError: LW-TPL-001 where the text is no YAML mapping, LW-TPL-002 naming every mistake with its line
    (an unknown field, listing or key; a key or an output that stands twice).
    """
    return read_document(text, where, _TEMPLATE, _KIND)


def _without_kind(error: Any) -> dict[str, Any]:
    """The mistake with a path as it stands in the text: the kind that pydantic inserts for a block is taken out."""
    kinds = {f"<{kind}>" for kind in KINDS}
    return {**error, "loc": tuple(part for part in error["loc"] if part not in kinds)}


_TEMPLATE = TypeAdapter(ReportTemplate)
_KIND = DocumentKind(
    name="report template",
    no_document="LW-TPL-001",
    mistakes="LW-TPL-002",
    outline="`id:`, `version:`, `title:`, `sections:`",
    start="start from one of the templates in report_templates/",
    correct="correct each line",
    say=lambda source, error: source.say_mistake(_without_kind(error)),
)
