"""AESI02: adverse events of special interest, and what each is counted of (spec D.5, J.11).

Of each AESI of the study file: subjects with it (n, % of N); where it has laboratory criteria, those with an adverse
event, and by criterion those with a result that meets it, of those with a result that can be compared. Then what its
denominator asks for: infusions that it follows, of the infusions given, with the exact interval; or its adverse events,
of all treatment-emergent ones. The unit stands in the line.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np
import polars as pl

from longwatch.derive import AnalysisDatasets
from longwatch.derive.adsi import EVENT, MET, PROCEDURE, TESTED
from longwatch.standards.event_groups import AESI
from longwatch.stats.proportions import compute_clopper_pearson
from longwatch.stats.rounding import count_percent_text, percent_text, points_text
from longwatch.study import AesiSpec, Study
from longwatch.tables import footnotes
from longwatch.tables.arms import make_arms
from longwatch.tables.filters import EMERGENT, both, equals, is_one_of, select_rows
from longwatch.tables.layout import NOT_AVAILABLE, Column, Counted, CountLine, Layout
from longwatch.tables.result import Provenance, Statistic, TableResult, TableRow
from longwatch.tables.shares import ShareLine, share_rows
from longwatch.tables.time_notes import say_interest

TITLE = "Adverse events of special interest, by subjects, infusions or events"
NO_AESI = "The study file names no adverse event of special interest (aesi)"
BY_EVENT = "Adverse event"
PROCEDURES, EVENTS = "Infusions", "Events"
OF_INFUSIONS = "Infusions it followed, of those given"
INTERVAL = ("infusion_share", "infusion_share_lower", "infusion_share_upper")


def make_aesi02(datasets: AnalysisDatasets, study: Study, parameters: Mapping[str, object]) -> TableResult:
    """The table; it has no parameters. No subject, or no AESI in the study file → no rows, and a note."""
    arms = make_arms(datasets, study)
    layout = Layout(arms, None, counted=Counted("ADSI", arms.population.condition, ("USUBJID",)), with_intervals=False)
    rows: list[TableRow] = []
    statistics: list[Statistic] = []
    for place, spec in enumerate(study.aesi if arms.total else (), start=1):
        made = _Interest(datasets, layout, f"{AESI}{place}", spec)
        rows += made.rows
        statistics += made.statistics
    columns = layout.columns()
    units: set[str] = {spec.denominator for spec in study.aesi}
    return TableResult(
        code="AESI02",
        title=TITLE,
        population="Safety population",
        stub="Adverse event of special interest",
        columns=columns,
        rows=tuple(rows),
        statistics=(*layout.sizes(), *statistics),
        footnotes=(
            footnotes.say_population(datasets, study, arms),
            *(f"{spec.name}: {say_interest(spec)}." for spec in study.aesi),
            *_say_counts(study, units),
            footnotes.say_treatment_emergence(study),
            footnotes.say_dictionary(study),
            *footnotes.say_abbreviations(columns, rows, "AESI", "PT", "SOC", "TEAE", *_words(study, units)),
        ),
        empty_note="No subject is in this population" if study.aesi else NO_AESI,
    )


class _Interest:
    """The lines of one AESI."""

    def __init__(self, datasets: AnalysisDatasets, layout: Layout, code: str, spec: AesiSpec) -> None:
        self._datasets, self._layout, self._spec = datasets, layout, spec
        self._mine = equals("PARAMCD", code)
        self.rows: list[TableRow] = []
        self.statistics: list[Statistic] = []
        whole = (datasets.whole or datasets).adsi
        tested = whole.filter(pl.col("PARAMCD") == code, pl.col("AVALC") == TESTED)["CRIT"]
        self._tested = set(tested.unique())
        self._is_told = spec.has_terms or bool(self._tested)
        self._count(spec.name, "", is_one_of("AVALC", (EVENT, MET)), 0)
        if spec.laboratory and spec.has_terms:
            self._count(BY_EVENT, BY_EVENT, equals("AVALC", EVENT), 1)
        for criterion in spec.laboratory:
            self._criterion(criterion.words)
        if spec.denominator == "procedures":
            self._procedures()
        if spec.denominator == "events":
            self._events()

    def _subjects(self, condition: str) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        adsi = self._datasets.adsi
        rows = select_rows(adsi, both(self._layout.arms.population.condition, condition))
        return self._layout.arms.compute_subjects(adsi["USUBJID"].to_physical().to_numpy()[rows])

    def _count(self, label: str, row: str, kind: str, level: int) -> None:
        condition = both(self._mine, kind)
        counted = self._subjects(condition) if self._is_told else None
        line = CountLine(label, self._spec.name, row, condition, counted, level=level)
        rows, statistics = self._layout.lines([line])
        self.rows += rows
        self.statistics += statistics

    def _not_available(self, label: str, row: str, condition: str, statistic: str = "n") -> None:
        columns = self._layout.counted_columns()
        for column in columns:
            source = Provenance("ADSI", self._where(column, condition), ("USUBJID",))
            self.statistics.append(Statistic(self._spec.name, row, column.name, statistic, None, NOT_AVAILABLE, source))
        self.rows.append(TableRow(label, (NOT_AVAILABLE,) * len(columns), 1, self._spec.name, row))

    def _criterion(self, words: str) -> None:
        of_criterion = both(self._mine, equals("CRIT", words))
        if words not in self._tested:
            self._not_available(f"{words}, of subjects tested", words, both(of_criterion, equals("AVALC", MET)))
            return
        line = ShareLine(
            f"{words}, of subjects tested", self._spec.name, words, both(of_criterion, equals("AVALC", MET)),
            both(of_criterion, equals("AVALC", TESTED)), level=1,
        )  # fmt: skip
        rows, statistics = share_rows(self._datasets.adsi, "ADSI", self._layout, [line])
        for item in rows:
            texts = {
                part.column: part.text
                for part in statistics
                if (part.row_group, part.row, part.statistic) == (item.row_group, item.row, "base")
            }
            names = [column.name for column in self._layout.counted_columns()]
            cells = tuple(_of(cell, texts[name]) for cell, name in zip(item.cells, names, strict=True))
            self.rows.append(TableRow(item.label, cells, item.level, item.row_group, item.row))
        self.statistics += statistics

    def _procedures(self) -> None:
        """Infusions that it follows, of all."""
        given = both(self._mine, equals("AVALC", PROCEDURE))
        followed = both(given, equals("AFOLFL", "Y"))
        if not self._is_told:
            self._not_available(OF_INFUSIONS, PROCEDURES, followed, "infusions_followed")
            return
        counts = {condition: self._by_arm("ADSI", condition) for condition in (given, followed)}
        cells = []
        for column in self._layout.counted_columns():
            n, total = (column.count(counts[condition]) for condition in (followed, given))
            sources = [
                Provenance("ADSI", self._where(column, condition), ("USUBJID", "INFNO"))
                for condition in (followed, given)
            ]
            over = replace(sources[0], denominator=f"{total} infusions of ADSI with {sources[1].filter}")
            key = (self._spec.name, PROCEDURES, column.name)
            self.statistics.append(Statistic(*key, "infusions_followed", n, str(n), sources[0]))
            self.statistics.append(Statistic(*key, "infusions", total, str(total), sources[1]))
            low, high = (100 * float(limit) for limit in compute_clopper_pearson(n, total))
            values = (100 * n / total, low, high) if total else (None, None, None)
            texts = [percent_text(n, total), *(points_text(value) for value in values[1:])]
            for name, value, text in zip(INTERVAL, values, texts, strict=True):
                self.statistics.append(Statistic(*key, name, value, text, over))
            interval = f" [{texts[1]}, {texts[2]}]" if total else ""
            cells.append(_of(count_percent_text(n, total), str(total)) + interval)
        self.rows.append(TableRow(OF_INFUSIONS, tuple(cells), 1, self._spec.name, PROCEDURES))

    def _events(self) -> None:
        """Adverse events of it, of all that are treatment-emergent."""
        happened = both(self._mine, equals("AVALC", EVENT))
        counts, every = self._by_arm("ADSI", happened), self._by_arm("ADAE", "TRTEMFL = 'Y'")
        cells = []
        for column in self._layout.counted_columns():
            n, total = column.count(counts), column.count(every)
            all_of_them = both(EMERGENT, column.condition)
            mine = Provenance("ADSI", self._where(column, happened), ("USUBJID", "AESEQ"))
            over = replace(mine, denominator=f"{total} events of ADAE with {all_of_them}")
            key = (self._spec.name, EVENTS, column.name)
            self.statistics.append(Statistic(*key, "events", n, str(n), mine))
            self.statistics.append(
                Statistic(*key, "records", total, str(total), Provenance("ADAE", all_of_them, ("USUBJID", "AESEQ")))
            )
            share = 100 * n / total if total else None
            self.statistics.append(Statistic(*key, "event_share", share, percent_text(n, total), over))
            cells.append(_of(count_percent_text(n, total), str(total)))
        self.rows.append(TableRow("Events of it, of all TEAEs", tuple(cells), 1, self._spec.name, EVENTS))

    def _where(self, column: Column, condition: str) -> str:
        return both(self._layout.arms.population.condition, column.condition, condition)

    def _by_arm(self, dataset: str, condition: str) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """Records of a dataset by arm of the population."""
        frame = self._datasets.adsi if dataset == "ADSI" else self._datasets.adae_with(("USUBJID", "TRTEMFL"))
        chosen = frame.filter(pl.Series(select_rows(frame, condition)))
        arm = self._layout.arms.arm_of_subject[chosen["USUBJID"].to_physical().to_numpy()]
        return np.bincount(arm[arm >= 0], minlength=len(self._layout.arms.names)).astype(np.int64)


def _of(counted: str, total: str) -> str:
    """`3 (2.3)` of 128 → `3/128 (2.3)`."""
    n, *share = counted.split(" ", 1)
    return " ".join([f"{n}/{total}", *share])


def _say_counts(study: Study, units: set[str]) -> Iterator[str]:
    yield (
        "First line of each: subjects with at least one such event or result, each once; %: of N. A subject may be in "
        "several lines."
    )
    if any(spec.laboratory for spec in study.aesi):
        yield (
            "Of subjects tested: subjects with a result that meets the criterion, of those with a result after the "
            "first dose that can be compared with it; who has none counts in N. NA: no subject has such a result."
        )
    if "procedures" in units:
        yield (
            "Infusions: those given to the subjects of the column, several records of one day being one. An infusion "
            "is followed by what happened from its day to the day before the next one; it counts once. %: of the "
            "infusions, not of the subjects, with exact (Clopper–Pearson) 95% CI."
        )
    if "events" in units:
        yield "Events: adverse events, several of a subject counted each; %: of all TEAEs, not of the subjects."


def _words(study: Study, units: set[str]) -> Iterator[str]:
    units_of_criteria = " ".join(item.unit for spec in study.aesi for item in spec.laboratory)
    yield from (word for word in ("ULN", "LLN") if word in units_of_criteria)
    if "procedures" in units:
        yield "CI"
    if any(spec.laboratory for spec in study.aesi):
        yield "NA"
