"""Every place through the whole command line; no secret left anywhere; pulls that are killed or meet each other."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Command
from tests.redcap_server import TOKEN, redcap
from tests.web_server import WebServer, serving, status

PASSWORD = "pa55word-of-the-warehouse"
BEARER = "b3arer-of-the-edc"
STUDY = """\
longwatch: 1
study: {id: S, title: Places}
treatment: {arms: [{code: A, name: Cells}]}
sources:
"""
DM = b"STUDYID,USUBJID,ARMCD\nS,S-001,A\n"


@pytest.fixture
def web() -> Iterator[WebServer]:
    with serving() as server:
        yield server


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> tuple[str, ...]:
    """As an operator gives them: two variables and a file, which lies outside the home folder."""
    monkeypatch.setenv("EDC_TOKEN", BEARER)
    monkeypatch.setenv("REDCAP_TOKEN", TOKEN)
    (tmp_path / "password").write_text(PASSWORD)
    for name, value in {"SOURCE_ATTEMPTS": "1", "SOURCE_CONNECT_SECONDS": "2", "SOURCE_READ_SECONDS": "5"}.items():
        monkeypatch.setenv(f"LONGWATCH_{name}", value)
    return BEARER, TOKEN, PASSWORD


def sources(tmp_path: Path, web: WebServer, api: str, database: str, table: str) -> Path:
    """A study file with the web, a database and REDCap."""
    study = tmp_path / "study.yaml"
    study.write_text(
        STUDY
        + f"""\
  - {{path: '{web.url}/dm.csv', token: {{env: EDC_TOKEN}}}}
  - {{path: '{database}', password: {{file: password}}, tables: {{VS: {table}}}}}
  - path: {api}
    token: {{env: REDCAP_TOKEN}}
    forms:
      AE: {{form: adverse_events, columns: {{USUBJID: record_id, AETERM: ae_term}}}}
"""
    )
    return study


@pytest.fixture
def warehouse(postgres_url: str) -> Iterator[tuple[str, str]]:
    """A table in a real PostgreSQL: the server's URL, and its name."""
    import psycopg

    schema = f"edc_{os.urandom(4).hex()}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {schema}")  # type: ignore[call-overload]
        connection.execute(f"CREATE TABLE {schema}.vs AS SELECT 'S-001' AS usubjid, 1 AS vsseq")  # type: ignore[call-overload]
        yield postgres_url, f"{schema}.vs"
        connection.execute(f"DROP SCHEMA {schema} CASCADE")  # type: ignore[call-overload]


def leaks(folder: Path, secrets: tuple[str, ...], *said: str) -> list[str]:
    """Where any of the secrets stands: in what was said, in a file, in a row of the registers."""
    found = [text for text in said if any(secret in text for secret in secrets)]
    for path in folder.rglob("*"):
        if path.is_file() and any(secret.encode() in path.read_bytes() for secret in secrets):
            found.append(str(path))
    with sqlite3.connect(folder / "registers.sqlite3") as registers:
        found += [line for line in registers.iterdump() if any(secret in line for secret in secrets)]
    registers.close()
    return found


def test_every_place_and_no_secret_left(
    longwatch: Command,
    home: Path,
    tmp_path: Path,
    web: WebServer,
    warehouse: tuple[str, str],
    secrets: tuple[str, ...],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Checked and pulled from all of them; what is registered names the places, and nothing that opens them."""
    caplog.set_level("DEBUG")
    web.files["/dm.csv"] = DM
    with redcap() as project:
        study = sources(tmp_path, web, project.url, *warehouse)
        assert longwatch("study", "check", study).code == 0
        pulled = longwatch("pull", study, "--json")
        assert pulled.code == 0, pulled.err
        assert web.asked[0].headers["authorization"] == f"Bearer {BEARER}"
        assert project.asked[0]["token"] == TOKEN
    assert {row["dataset"]: row["records"] for row in json.loads(pulled.out) if row["dataset"]} == {
        "AE": 3, "DM": 1, "VS": 1,
    }  # fmt: skip
    with sqlite3.connect(home / "registers.sqlite3") as registers:
        (registered,) = registers.execute("SELECT sources FROM pulls").fetchone()
    registers.close()
    assert json.loads(registered) == [f"{web.url}/dm.csv", warehouse[0].partition("?")[0], project.url]
    logged = [f"{record.getMessage()} {record.args}" for record in caplog.records]
    assert leaks(home, secrets, pulled.out, pulled.err, *logged) == []


@pytest.mark.parametrize("failing", ["web", "database", "redcap"])
def test_no_secret_left_by_a_pull_that_fails(
    longwatch: Command,
    home: Path,
    tmp_path: Path,
    web: WebServer,
    warehouse: tuple[str, str],
    secrets: tuple[str, ...],
    caplog: pytest.LogCaptureFixture,
    failing: str,
) -> None:
    """Each place refuses in its turn: exit 3, one line, a failed run in the registers, and no file of data."""
    caplog.set_level("DEBUG")
    web.files["/dm.csv"] = DM
    url, table = warehouse
    with redcap() as project:
        if failing == "web":
            web.faults = [status(403)] * 3
        if failing == "redcap":
            project.faults = [status(403)] * 3
        if failing == "database":
            url = url.replace("://postgres:@", "://nobody@").replace("://postgres@", "://nobody@")
        pulled = longwatch("pull", sources(tmp_path, web, project.url, url, table))
    assert pulled.code == 3
    assert len(pulled.err.splitlines()) == 1
    logged = [f"{record.getMessage()} {record.args}" for record in caplog.records]
    assert leaks(home, secrets, pulled.out, pulled.err, *logged) == []
    assert [path for path in (home / "snapshots").rglob("*") if path.is_file()] == []
    assert json.loads(longwatch("runs", "--json").out)[0]["state"] == "failed"


@pytest.mark.prefect
@pytest.mark.xdist_group("prefect")
@pytest.mark.timeout(300)
def test_no_secret_reaches_prefect(
    home: Path, tmp_path: Path, web: WebServer, warehouse: tuple[str, str], secrets: tuple[str, ...]
) -> None:
    """Its own database and logs, of a run that fetches and then fails (the data is no whole study)."""
    web.files["/dm.csv"] = DM
    with redcap() as project:
        study = sources(tmp_path, web, project.url, *warehouse)
        ended = command("validate", study)
        said, err = ended.communicate(timeout=240)
    assert project.asked
    assert (home / "prefect").is_dir()
    assert leaks(home, secrets, said, err) == []


# Killed, and at the same time


def command(*arguments: object) -> subprocess.Popen[str]:
    """`longwatch …` in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", "from cli.main import main; main()", *map(str, arguments)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        cwd=Path.cwd(), env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])},
    )  # fmt: skip


def half_way(content: bytes, go_on: threading.Event) -> Callable[[BaseHTTPRequestHandler], bool]:
    """An answer that stops in the middle until it may go on."""

    def answer(request: BaseHTTPRequestHandler) -> bool:
        request.send_response(200)
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        request.wfile.write(content[:50_000])
        request.wfile.flush()
        go_on.wait(120)
        request.wfile.write(content[50_000:])
        return True

    return answer


def until(condition: Callable[[], Any]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_killed_pull_is_cleared_away_and_a_living_one_is_not_disturbed(
    longwatch: Command, home: Path, tmp_path: Path, web: WebServer
) -> None:
    """Three pulls of the same data: one is killed in the middle of a file, one waits there, one goes through."""
    content = DM + b"S,S-002,A\n" * 20_000
    web.files["/dm.csv"] = content
    study = tmp_path / "study.yaml"
    study.write_text(f"{STUDY}  - path: {web.url}/dm.csv\n")
    staging, go_on = home / "snapshots" / "staging", threading.Event()

    def arriving() -> list[Path]:
        return [path for path in staging.glob("*/raw/arriving") if path.stat().st_size]

    web.faults = [half_way(content, go_on), half_way(content, go_on)]
    try:
        killed = command("pull", study)
        until(lambda: len(arriving()) == 1)
        killed.send_signal(signal.SIGKILL)
        killed.communicate()
        (left,) = arriving()

        living = command("pull", study)
        until(lambda: arriving() and left not in arriving())
        (at_work,) = arriving()

        assert longwatch("pull", study).code == 0
        assert arriving() == [at_work]
    finally:
        go_on.set()
    said, err = living.communicate(timeout=60)
    assert living.returncode == 0, err
    assert said.startswith("Snapshot ")
    assert list(staging.iterdir()) == []
    assert len(json.loads(longwatch("snapshot", "list", "--json").out)) == 1
    assert len([path for path in (home / "snapshots" / "raw").rglob("*") if path.is_file()]) == 1
