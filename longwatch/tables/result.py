"""A table as numbers: each statistic once, with the records behind it, and the layout that prints them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from longwatch.tables.chart import Chart


@dataclass(frozen=True)
class Restriction:
    """What an output is made of instead of the whole trial. `asked`: in the words of `restriction`; `words`: for a
    title. `subjects`: which subjects, as SQL over ADSL; `events`: which events, as SQL over ADAE; one of them is empty.
    `notes`: further footnotes."""

    asked: str
    words: str
    subjects: str = ""
    events: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Provenance:
    """Where a number comes from: the analysis dataset, the filter that picks its records (SQL in the field's names),
    the variables counted, and what the denominator is. `having`: where each subject counts by all of its records that
    the filter picks, the condition on them together (`MAX(AETOXGR) = '3'`). `subjects`: a condition on their subjects,
    over ADSL, beside the filter (a subgroup)."""

    dataset: str
    filter: str
    variables: tuple[str, ...]
    denominator: str = ""
    having: str = ""
    subjects: str = ""


@dataclass(frozen=True)
class Statistic:
    """One number, one line of the tidy CSV (CONTRACTS.md, Numbers as data).

    `row_group`, `row`: the SOC and PT (a SOC line has an empty row; the line over all terms has both empty).
    `column`: arm, `Total`, or `<arm> vs <control>`. `value`: full precision, percentages in points, None where it
    cannot be estimated. `text`: as printed. `provenance`: what is behind it.
    """

    row_group: str
    row: str
    column: str
    statistic: str
    value: float | int | None
    text: str
    provenance: Provenance


@dataclass(frozen=True)
class TableColumn:
    """A printed column: its heading, the unit line below it (`N=86`), and under which group heading it stands."""

    key: str
    heading: str
    subheading: str = ""
    group: str = ""


@dataclass(frozen=True)
class TableRow:
    """A printed row: its stub and one text per column. `level` indents."""

    label: str
    cells: tuple[str, ...]
    level: int = 0
    row_group: str = ""
    row: str = ""


@dataclass(frozen=True)
class TableResult:
    """One output: numbers, layout, footnotes.

    `code`: output code (AET02). `number`: the FDA guide's number of the table, or of the figure (`Fig 4`); empty where
    it has none. `stub`: heading of the first column. An output without rows still prints its title, header, N and the
    line in `empty_note`. `chart`: of a figure, what is drawn; its rows are then the table of its numbers.
    `restrictions`: to which subjects and events of the trial it is restricted. `each`: which one it is of several that
    were asked for together (`parameter=AESI1`).
    """

    code: str
    title: str
    population: str
    stub: str
    columns: tuple[TableColumn, ...]
    rows: tuple[TableRow, ...]
    statistics: tuple[Statistic, ...]
    footnotes: tuple[str, ...] = ()
    number: str = ""
    subtitle: str = ""
    empty_note: str = "No events met the criteria"
    parameters: dict[str, str] = field(default_factory=dict)
    restrictions: tuple[Restriction, ...] = ()
    chart: Chart | None = None
    each: str = ""

    @property
    def name(self) -> str:
        """The code, and in brackets what the output is restricted to: `AET02[SEX=F, related]`."""
        asked = ", ".join(filter(None, (self.each, *(item.asked for item in self.restrictions))))
        return f"{self.code}[{asked}]" if asked else self.code

    @property
    def subjects(self) -> str:
        """The condition that its subjects meet beside its population, as SQL over ADSL; empty: none."""
        return " AND ".join(item.subjects for item in self.restrictions if item.subjects)

    @property
    def guide(self) -> str:
        """Where the FDA guide has it: `table 14`, `figure 4`, `figures 1, 4`, or empty."""
        number = self.number.removeprefix("Fig ")
        kind = "table" if number == self.number else "figure"
        return f"{kind}{'s' * (',' in number)} {number}" if number else ""

    def tidy(self) -> Iterator[tuple[str, str, str, str, str, str, str]]:
        """The output as CSV rows: output, row_group, row, column, statistic, value, text."""
        for item in self.statistics:
            value = "" if item.value is None else repr(item.value)
            yield (self.name, item.row_group, item.row, item.column, item.statistic, value, item.text)


TIDY_HEADER = ("output", "row_group", "row", "column", "statistic", "value", "text")
