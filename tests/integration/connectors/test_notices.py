"""Notices of a validation: counts only; each target tries again, and what it refuses is an error with its id."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from connectors.notices import FileTarget, MailTarget, WebhookTarget, make_targets
from longwatch.errors import StoreError, StudyError
from longwatch.findings.finding import Finding, RuleResult, RuleStatus, Severity, ValidationOutcome
from longwatch.findings.notice import GateState, Notice, make_notice


def at_once(_: float) -> None:
    """No pause between attempts."""


def notice() -> Notice:
    """Two findings of one rule, one of them new."""
    found = tuple(
        Finding(letter * 64, "SR02", 1, Severity.ERROR, "AE", "AESER of ISLET-1-001 is N", "query", "ISLET-1-001")
        for letter in "ab"
    )
    result = RuleResult("SR02", 1, "A serious event | is serious", Severity.ERROR, RuleStatus.FAIL, 2, 9)
    return make_notice("ISLET-1", "run-1", "c" * 64, ValidationOutcome((result,), found, ""), {"a" * 64})


def test_a_notice_has_counts_and_no_patient() -> None:
    told = notice()
    assert (told.gate, told.new, told.rules[0].open) == (GateState.DRAFT, 1, 2)
    assert told.subject == "ISLET-1: 1 new findings, the data gate makes reports a DRAFT"
    assert "| SR02 | error | 1 | 2 | 0 | A serious event / is serious |" in told.as_markdown()
    assert "ISLET-1-001" not in json.dumps(told.as_value()) + told.as_markdown()


def test_a_file_gets_one_line_each_time(tmp_path: Path) -> None:
    target = FileTarget(tmp_path / "deep" / "notices.jsonl", at_once)
    target.send(notice())
    target.send(notice())
    lines = [json.loads(line) for line in target.path.read_text().splitlines()]
    assert lines == [json.loads(json.dumps(notice().as_value()))] * 2


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="LW-NTC-001"):
        FileTarget(tmp_path / "file" / "below", at_once).send(notice())


@contextmanager
def serving(server: socketserver.BaseServer) -> Iterator[int]:
    """A server on a port of its own while the block runs."""
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield int(server.server_address[1])  # type: ignore[index]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.parametrize(("answers", "arrives"), [([204], True), ([500, 503, 200], True), ([500, 500, 500], False)])
def test_a_webhook_is_tried_three_times(answers: list[int], arrives: bool) -> None:
    left, got = list(answers), []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(left.pop(0))
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    with serving(HTTPServer(("127.0.0.1", 0), Hook)) as port:
        target = WebhookTarget(f"http://127.0.0.1:{port}/services/SECRET", at_once)
        if arrives:
            target.send(notice())
        else:
            with pytest.raises(StoreError, match="LW-NTC-002") as refused:
                target.send(notice())
            assert "SECRET" not in str(refused.value)
    assert left == []
    assert got[-1]["new"] == 1
    assert "SR02" in got[-1]["text"]


class PostOffice(socketserver.StreamRequestHandler):
    """As much of SMTP (RFC 5321) as one mail needs; what came is kept in the server."""

    def handle(self) -> None:
        self.wfile.write(b"220 here\r\n")
        body = False
        for line in self.rfile:
            self.server.lines.append(line.decode())  # type: ignore[attr-defined]
            if body:
                if line == b".\r\n":
                    body = False
                    self.wfile.write(b"250 kept\r\n")
            elif line.upper().startswith(b"DATA"):
                body = True
                self.wfile.write(b"354 go on\r\n")
            elif line.upper().startswith(b"QUIT"):
                self.wfile.write(b"221 bye\r\n")
                return
            else:
                self.wfile.write(b"250 yes\r\n")


def test_a_mail_arrives() -> None:
    server = socketserver.TCPServer(("127.0.0.1", 0), PostOffice)
    server.lines = []  # type: ignore[attr-defined]
    with serving(server) as port:
        MailTarget(f"smtp://127.0.0.1:{port}", "watch@example.org", ("dm@example.org", "ra@example.org"), at_once).send(
            notice()
        )
    said = "".join(server.lines)  # type: ignore[attr-defined]
    assert "Subject: ISLET-1: 1 new findings, the data gate makes reports a DRAFT" in said
    assert said.upper().count("RCPT TO:") == 2
    assert "SR02" in said


def test_a_mail_server_that_is_not_there() -> None:
    with pytest.raises(StoreError, match="LW-NTC-003") as refused:
        MailTarget("smtp://ada:SECRET@127.0.0.1:9", "a@example.org", ("b@example.org",), at_once).send(notice())
    assert "SECRET" not in str(refused.value)


def test_targets_are_those_that_are_set(tmp_path: Path) -> None:
    assert make_targets("", "", "", "", "") == ()
    made = make_targets(str(tmp_path / "n"), "https://example.org/x", "smtps://mail:465", "a@b", "c@d, e@f")
    assert [target.name for target in made] == ["file", "webhook example.org", "mail by mail"]
    for wrong in (("", "example.org", "", "", ""), ("", "", "mail", "a", "b"), ("", "", "smtp://mail", "", "b")):
        with pytest.raises(StudyError, match="LW-NTC-004"):
            make_targets(*wrong)
