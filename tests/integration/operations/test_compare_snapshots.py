"""Two cuts of the bundled study compared: what was planted is what is found, and the numbers that move are those that
two archived reports differ in."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from longwatch.errors import StudyError
from longwatch.evidence.table_diff import diff_results
from longwatch.study import Study
from operations.compare_snapshots import SnapshotComparison, compare_snapshots
from operations.ports import Adapters
from operations.pull import pull_study
from operations.run_study import RunOutcome, run_study
from runtime.settings import Settings
from runtime.study_files import read_study
from runtime.wiring import Wiring
from simulation import write


def silent(_message: str) -> None:
    """No terminal."""


@dataclass(frozen=True)
class Cut:
    """One written cut of ISLET-1."""

    folder: Path

    @property
    def study(self) -> Study:
        return read_study(self.folder / "study.yaml")[0]

    def pull(self, adapters: Adapters) -> str:
        return pull_study(adapters, self.study, str(self.folder), progress=silent).id

    def run(self, adapters: Adapters) -> RunOutcome:
        return run_study(adapters, self.study, str(self.folder), progress=silent)

    def planted(self) -> list[dict[str, str]]:
        return list(csv.DictReader(io.StringIO((self.folder / "truth" / "planted_changes.csv").read_text())))


@pytest.fixture
def adapters(tmp_path: Path) -> Iterator[Adapters]:
    """A home of the test's own."""
    wiring = Wiring(Settings(home=tmp_path / "home", user="ada"))
    yield wiring
    wiring.close()


def written(folder: Path, seed: int, plan: str = "default") -> Cut:
    write(folder, seed, plan=plan)
    return Cut(folder)


def differences(compared: SnapshotComparison) -> Counter[tuple[str, ...]]:
    """What was found, in the words of planted_changes.csv: cells, and records added or removed.

    A record that has another USUBJID is another record: one is removed, one is added.
    """
    found: Counter[tuple[str, ...]] = Counter()
    for line in compared.diff.changes.filter(kind="changed").iter_rows(named=True):
        key = f"USUBJID={line['USUBJID']} {line['record_before']}"
        found["cell", line["dataset"], key, line["variable"], line["old"] or "", line["new"] or ""] += 1
    for kind in ("added", "removed"):
        records = compared.diff.changes.filter(kind=kind).select("dataset", "USUBJID", "record").unique()
        for dataset, subject, record in records.iter_rows():
            found[f"row {kind}", dataset, f"USUBJID={subject} {record}"] += 1
    return found


def expected(cut: Cut) -> tuple[Counter[tuple[str, ...]], Counter[str]]:
    """What was planted: the differences to find, and by dataset how many records got another --SEQ only."""
    found: Counter[tuple[str, ...]] = Counter()
    renumbered: Counter[str] = Counter()
    for row in cut.planted():
        subject, record = row["record_key"].split(" ", 1)
        if row["kind"] != "cell":
            found[row["kind"], row["dataset"], row["record_key"]] += 1
        elif row["variable"] == f"{row['dataset']}SEQ":
            renumbered[row["dataset"]] += 1
        elif row["variable"] == "USUBJID":
            found["row removed", row["dataset"], f"{subject} {record}"] += 1
            found["row added", row["dataset"], f"USUBJID={row['planted']} {record}"] += 1
        else:
            found["cell", row["dataset"], row["record_key"], row["variable"], row["was"], row["planted"]] += 1
    return found, renumbered


@pytest.mark.parametrize("seed", [1, 2, 7])
def test_the_planted_changes_are_exactly_the_differences(adapters: Adapters, tmp_path: Path, seed: int) -> None:
    """The same seed without and with errors: every cell and record planted is found, with old and new value, and
    nothing else. No dataset comes or goes, and no variable."""
    clean, planted = written(tmp_path / "clean", seed, "none"), written(tmp_path / "planted", seed)
    compared = compare_snapshots(adapters, clean.pull(adapters), planted.pull(adapters), progress=silent)
    differing, renumbered = expected(planted)
    assert differing
    assert differences(compared) == differing
    assert {domain.name: domain.renumbered for domain in compared.diff.domains if domain.renumbered} == renumbered
    assert {domain.state.value for domain in compared.diff.domains} == {"kept"}
    assert not any(domain.variables for domain in compared.diff.domains)


def test_the_way_back_finds_the_same_turned_round(adapters: Adapters, tmp_path: Path) -> None:
    clean, planted = written(tmp_path / "clean", 1, "none"), written(tmp_path / "planted", 1)
    ids = clean.pull(adapters), planted.pull(adapters)
    there = compare_snapshots(adapters, *ids, progress=silent)
    back = compare_snapshots(adapters, *reversed(ids), progress=silent)
    assert [(item.added, item.removed, item.changed) for item in there.diff.domains] == [
        (item.removed, item.added, item.changed) for item in back.diff.domains
    ]


def test_another_seed_is_another_trial_and_every_record_is_accounted_for(adapters: Adapters, tmp_path: Path) -> None:
    """Two seeds: other subjects under equal numbers. Each record is matched, added or removed; none is lost."""
    ids = [written(tmp_path / str(seed), seed, "none").pull(adapters) for seed in (1, 2)]
    compared = compare_snapshots(adapters, ids[0], ids[1], progress=silent)
    assert not compared.diff.is_empty
    for snapshot, side in ((compared.older, "before"), (compared.newer, "after")):
        rows = {file.dataset: file.rows for file in snapshot.files if file.dataset}
        assert {domain.name: getattr(domain, side) for domain in compared.diff.domains} == rows
    for domain in compared.diff.domains:
        assert domain.before == domain.removed + domain.changed + domain.unchanged
        assert domain.after == domain.added + domain.changed + domain.unchanged


def test_a_snapshot_does_not_differ_from_itself(adapters: Adapters, tmp_path: Path) -> None:
    """No change, no moved number; a beginning of the id will do."""
    cut = written(tmp_path / "cut", 1)
    snapshot = cut.run(adapters).snapshot.id
    compared = compare_snapshots(adapters, snapshot[:8], snapshot[:12], study=cut.study, progress=silent)
    assert compared.diff.is_empty
    assert compared.diff.changes.is_empty()
    assert compared.moves is not None
    assert compared.moves.numbers == ()


def test_the_numbers_that_move_are_those_in_which_two_archived_reports_differ(
    adapters: Adapters, tmp_path: Path
) -> None:
    """The report of the older cut is archived and the newer one only pulled: the moves are told before the second
    report is made. Then it is made, and the two archived results.csv differ in exactly these numbers."""
    clean, planted = written(tmp_path / "clean", 1, "none"), written(tmp_path / "planted", 1)
    first = clean.run(adapters)
    newer = planted.pull(adapters)
    before = sorted(adapters.archive.keys())
    compared = compare_snapshots(adapters, first.snapshot.id, newer, study=clean.study, progress=silent)
    assert sorted(adapters.archive.keys()) == before
    assert compared.moves is not None
    assert compared.moves.report.key == first.reports[0].row.key
    assert compared.moves.cutoffs == (first.cutoff, first.cutoff)

    second = planted.run(adapters)
    results = [
        adapters.archive.get(run.reports[0].row.pdf_key.replace("report.pdf", "results.csv")) for run in (first, second)
    ]
    assert compared.moves.numbers
    assert list(compared.moves.numbers) == diff_results(*results)


def test_nothing_is_registered_but_the_audit_event_of_having_looked(adapters: Adapters, tmp_path: Path) -> None:
    """No run, no snapshot, no report; the event names both snapshots and counts, and no patient's value."""
    clean, planted = written(tmp_path / "clean", 1, "none"), written(tmp_path / "planted", 1)
    older, newer = clean.run(adapters).snapshot.id, planted.pull(adapters)
    with adapters.registers.transaction() as register:
        before = (register.runs(), register.snapshots(), register.reports(), len(register.events(1000)))
    compared = compare_snapshots(adapters, older, newer, study=clean.study, progress=silent)
    with adapters.registers.transaction() as register:
        assert (register.runs(), register.snapshots(), register.reports()) == before[:3]
        events = register.events(1000)
    assert len(events) == before[3] + 1
    event = events[0].event
    assert (event.action, event.entity, event.entity_id, event.actor) == (
        "snapshots compared",
        "snapshot",
        newer,
        "ada",
    )
    assert compared.moves is not None
    assert event.new == {
        "older": older,
        "datasets_changed": sum(domain.is_changed for domain in compared.diff.domains),
        "files": 0,
        "report": compared.moves.report.key,
        "numbers_moved": len(compared.moves.numbers),
    }


def test_without_an_archived_report_the_numbers_cannot_be_compared(adapters: Adapters, tmp_path: Path) -> None:
    cut = written(tmp_path / "cut", 1)
    snapshot = cut.pull(adapters)
    with pytest.raises(StudyError, match="LW-CMP-001: ISLET-1: no report of this study is archived"):
        compare_snapshots(adapters, snapshot, snapshot, study=cut.study, progress=silent)


# Keys of define.xml


def test_keys_are_those_of_the_newer_define_xml(adapters: Adapters, tmp_path: Path) -> None:
    clean, planted = written(tmp_path / "clean", 1, "none"), written(tmp_path / "planted", 1)
    (clean.folder / "data" / "define.xml").unlink()
    compared = compare_snapshots(adapters, clean.pull(adapters), planted.pull(adapters), progress=silent)
    assert compared.keys_from.startswith("define.xml of the newer snapshot, for ")
    assert differences(compared) == expected(planted)[0]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda path: path.unlink(), "the newer snapshot has no define.xml"),
        (lambda path: path.write_bytes(path.read_bytes()[:500]), "none: LW-XML-"),
    ],
    ids=["absent", "cut off"],
)
def test_without_keys_the_comparison_goes_on_and_says_so(  # type: ignore[no-untyped-def]
    adapters: Adapters, tmp_path: Path, change, said: str
) -> None:
    """The other steps of record identity match. A history term has no sponsor's id: where its start date changes, only
    the declared key (here by term) tells that it is the same record; without it, one is removed and one is added."""
    clean, planted = written(tmp_path / "clean", 1, "none"), written(tmp_path / "planted", 1)
    older = clean.pull(adapters)
    change(planted.folder / "data" / "define.xml")
    compared = compare_snapshots(adapters, older, planted.pull(adapters), progress=silent)
    assert compared.keys_from.startswith(said)
    found, wanted = differences(compared), expected(planted)[0]
    dated = [entry for entry in wanted if entry[:2] == ("cell", "MH") and entry[3] == "MHSTDTC"]
    assert list((wanted - found).elements()) == dated
    assert (found - wanted).keys() == {(f"row {kind}", *dated[0][1:3]) for kind in ("added", "removed")}
