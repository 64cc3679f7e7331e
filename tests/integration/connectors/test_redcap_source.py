"""A REDCap project as a source, over exchanges that follow its published API (`tests/redcap_server.py`)."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from connectors.places.fetching import FetchLimits
from connectors.places.visit import Access
from connectors.snapshot_store import FolderSnapshotStore
from longwatch.errors import SourceError
from longwatch.evidence.snapshot import SourceSnapshot
from longwatch.study import SourceSpec
from tests import redcap_server
from tests.redcap_server import TOKEN, RedcapServer, redcap
from tests.web_server import status

QUICK = FetchLimits(attempts=3, wait_seconds=0, connect_seconds=2, read_seconds=2)
AE = {
    "form": "adverse_events",
    "constants": {"STUDYID": "ISLET-1", "DOMAIN": "AE"},
    "columns": {
        "USUBJID": "record_id", "AESEQ": "redcap_repeat_instance", "AETERM": "ae_term", "AESTDTC": "ae_start",
        "AESER": "ae_serious", "VISIT": "redcap_event_name",
    },
}  # fmt: skip
DM = {"form": "demographics", "columns": {"USUBJID": "record_id", "SEX": "sex", "AGE": "age"}}


@pytest.fixture
def project(monkeypatch: pytest.MonkeyPatch) -> Iterator[RedcapServer]:
    monkeypatch.setenv("REDCAP_TOKEN", TOKEN)
    with redcap() as server:
        yield server


@pytest.fixture
def store(tmp_path: Path) -> FolderSnapshotStore:
    return FolderSnapshotStore(tmp_path / "store", Access(limits=QUICK))


def frozen(store: FolderSnapshotStore, project: RedcapServer, **forms: Any) -> SourceSnapshot:
    source = {"path": project.url, "token": {"env": "REDCAP_TOKEN"}, "forms": forms}
    return store.freeze([SourceSpec.model_validate(source)], "/", lambda _message: None)


def refusal(store: FolderSnapshotStore, project: RedcapServer, **forms: Any) -> SourceError:
    with pytest.raises(SourceError) as refused:
        frozen(store, project, **(forms or {"AE": AE}))
    assert TOKEN not in str(refused.value)
    assert refused.value.next_step
    assert not [path for path in store.root.rglob("*") if path.is_file()]
    return refused.value


def test_a_form_is_a_dataset(store: FolderSnapshotStore, project: RedcapServer) -> None:
    """Repeats and events are carried; rows that hold nothing of the form, or another form, are no records."""
    data = store.open(frozen(store, project, AE=AE, DM=DM).id)
    assert data.datasets["AE"].frame.collect().rows() == [
        ("ISLET-1", "AE", "1", 1.0, "Fièvre, légère", "2026-01-31T09:30", "0", "baseline_arm_1"),
        ("ISLET-1", "AE", "1", 2.0, "Hypo\ntwo lines", "2026-02-01", "1", "baseline_arm_1"),
        ("ISLET-1", "AE", "2", 1.0, "Nausea", None, "0", "baseline_arm_1"),
    ]
    assert data.datasets["DM"].frame.collect().rows() == [("1", "1", 34.0), ("2", "2", 51.0)]


def test_what_the_api_said_is_frozen_as_it_was(store: FolderSnapshotStore, project: RedcapServer) -> None:
    """The forms, and the project's own description beside them: dictionary, instruments, events, repeats."""
    snapshot = frozen(store, project, AE=AE)
    assert {file.name: file.dataset for file in snapshot.files} == {
        "ae.redcap.csv": "AE", "redcap-form-events.csv": None, "redcap-instruments.csv": None,
        "redcap-metadata.csv": None, "redcap-project.json": None, "redcap-repeating.csv": None,
    }  # fmt: skip
    assert store.read_file(snapshot.id, "ae.redcap.csv").decode() == project.records["adverse_events", "raw"]
    assert store.read_file(snapshot.id, "redcap-metadata.csv").decode() == redcap_server.METADATA
    assert frozen(store, project, AE=AE).id == snapshot.id


def test_another_column_map_is_another_reading_of_the_same_snapshot(
    store: FolderSnapshotStore, project: RedcapServer
) -> None:
    first = frozen(store, project, AE=AE)
    second = frozen(store, project, AE={**AE, "columns": {"USUBJID": "record_id", "AELLT": "ae_term"}})
    assert second.id == first.id
    assert store.open(first.id).datasets["AE"].frame.collect_schema().names() == [
        "STUDYID", "DOMAIN", "USUBJID", "AELLT",
    ]  # fmt: skip


def test_labels_instead_of_codes(store: FolderSnapshotStore, project: RedcapServer) -> None:
    frame = store.open(frozen(store, project, DM={**DM, "values": "label"}).id).datasets["DM"].frame.collect()
    assert frame["SEX"].to_list() == ["Female", "Male"]


def test_a_form_without_records_is_an_empty_dataset(store: FolderSnapshotStore, project: RedcapServer) -> None:
    death = {"form": "death", "columns": {"USUBJID": "record_id", "DDTERM": "cause"}}
    assert store.open(frozen(store, project, DD=death).id).datasets["DD"].rows == 0


# What is refused


def test_a_token_that_is_none(
    store: FolderSnapshotStore, project: RedcapServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PyCap itself would repeat it."""
    monkeypatch.setenv("REDCAP_TOKEN", "not-a-token-but-secret")
    error = refusal(store, project)
    assert error.error_id == "LW-SRC-140"
    assert "not-a-token-but-secret" not in str(error)
    assert project.asked == []


def test_a_token_of_another_project(
    store: FolderSnapshotStore, project: RedcapServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDCAP_TOKEN", "F" * 32)
    error = refusal(store, project)
    assert error.error_id == "LW-SRC-142"
    assert "You do not have permissions to use the API" in str(error)


def test_a_form_or_field_that_is_not_there(store: FolderSnapshotStore, project: RedcapServer) -> None:
    assert refusal(store, project, AE={**AE, "form": "adverse_event"}).error_id == "LW-SRC-146"
    missing = {**AE, "columns": {"USUBJID": "record_id", "AEOUT": "ae_outcome"}}
    error = refusal(store, project, AE=missing)
    assert error.error_id == "LW-SRC-147"
    assert "ae_outcome" in str(error)


@pytest.mark.parametrize(
    ("text", "error_id"),
    [
        ("record_id,ae_term,ae_start,ae_serious\n1,x\n", "LW-SRC-148"),
        ('record_id,ae_term,ae_start,ae_serious\n1,"x,,\n', "LW-SRC-148"),
    ],
)
def test_an_export_that_is_not_whole(
    store: FolderSnapshotStore, project: RedcapServer, text: str, error_id: str
) -> None:
    project.records["adverse_events", "raw"] = text
    columns = {"USUBJID": "record_id", "AETERM": "ae_term"}
    assert refusal(store, project, AE={**AE, "columns": columns}).error_id == error_id


def test_text_in_a_number(store: FolderSnapshotStore, project: RedcapServer) -> None:
    wrong = {**AE, "columns": {"USUBJID": "record_id", "AESEQ": "ae_term"}}
    error = refusal(store, project, AE=wrong)
    assert error.error_id == "LW-SRC-149"
    assert "Nausea" not in str(error)


def says(code: int, media: str, text: str) -> Any:
    def answer(request: BaseHTTPRequestHandler) -> bool:
        request.send_response(code)
        request.send_header("Content-Type", media)
        request.end_headers()
        request.wfile.write(text.encode())
        return True

    return answer


def test_words_of_a_refusal_come_through_but_not_the_token(store: FolderSnapshotStore, project: RedcapServer) -> None:
    project.faults = [says(400, "text/xml", f"<hash><error>The token {TOKEN} is in use</error></hash>")]
    error = refusal(store, project)
    assert error.error_id == "LW-SRC-144"
    assert "The token … is in use" in str(error)


@pytest.mark.parametrize(
    "answer", [says(200, "text/html", "<!DOCTYPE html><title>Log in"), says(200, "application/json", "no json")]
)
def test_an_address_that_is_no_api(store: FolderSnapshotStore, project: RedcapServer, answer: Any) -> None:
    project.faults = [answer]
    assert refusal(store, project).error_id == "LW-SRC-145"


def test_a_redirect_is_not_followed(store: FolderSnapshotStore, project: RedcapServer) -> None:
    """It would send the token on, which is in the body."""
    with redcap() as other:
        project.faults = [status(307, Location=other.url)]
        assert refusal(store, project).error_id == "LW-SRC-144"
        assert other.asked == []


@pytest.mark.parametrize("code", [429, 500, 503])
def test_a_passing_fault_is_tried_again_and_a_lasting_one_given_up(
    store: FolderSnapshotStore, project: RedcapServer, code: int
) -> None:
    project.faults = [status(code) for _ in range(9)]
    assert refusal(store, project).error_id == "LW-SRC-143"
    assert len(project.asked) == QUICK.attempts
    project.faults = [status(code, Retry_After="0"), status(code)]
    frozen(store, project, AE=AE)


def test_nobody_answers(store: FolderSnapshotStore, project: RedcapServer) -> None:
    """Port 9 of this machine: nothing listens there."""
    project.url = "http://127.0.0.1:9/api/"
    assert refusal(store, project).error_id == "LW-SRC-141"


def test_a_size_limit_stops_it(store: FolderSnapshotStore, project: RedcapServer) -> None:
    store.access = Access(limits=FetchLimits(total_bytes=600))
    assert refusal(store, project).error_id == "LW-SRC-100"
