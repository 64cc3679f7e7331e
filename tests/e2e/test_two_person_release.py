"""A team's day at the command line: accounts, a report made by the nightly service, reviewed, released, drilled."""

from __future__ import annotations

import io
import json
import sys

import pytest

from tests.e2e.conftest import Command, Spoken

pytestmark = pytest.mark.xdist_group("e2e")
PASSWORD = "correct horse battery staple"


@pytest.fixture
def typed(longwatch: Command, monkeypatch: pytest.MonkeyPatch) -> Command:
    """A command with what is typed into it: `typed("a", "b", command=(…))`."""

    def command(*arguments: object, lines: tuple[str, ...] = ()) -> Spoken:
        monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{line}\n" for line in lines)))
        return longwatch(*arguments)

    return command


def first_login(typed, name, full_name, role) -> None:  # type: ignore[no-untyped-def]
    """Added by the administrator, with a password of their own afterwards."""
    said = typed("account", "add", name, "--full-name", full_name, "--role", role, "--study", "ISLET-1")
    assert said.code == 0, said.err
    one_time = said.out.rpartition(": ")[2].strip()
    said = typed("login", name, lines=(one_time, PASSWORD))
    assert said.code == 0, said.err


@pytest.mark.timeout(900)
def test_a_day_from_the_first_account_to_the_drill(typed, islet1, tmp_path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    """Open errors are waived by the data manager; the service makes the report; two others sign; the PDF goes out with
    its certificate; whoever is not logged in gets exit 6; the registers can be rebuilt from the archive."""
    study = islet1 / "study.yaml"
    assert typed("account", "init", "ada", "--full-name", "Ada Lovelace", lines=(PASSWORD,)).code == 0
    assert typed("archive", "list").code == 6
    assert typed("run", study, "--direct").code == 6
    assert typed("login", "ada", lines=("wrong",)).code == 6

    assert typed("login", "ada", lines=(PASSWORD,)).code == 0
    roles = ("--role", "statistician", "--study", "ISLET-1")
    assert typed("account", "add", "nightly", "--full-name", "Nightly run", "--service", *roles).code == 0
    token = tmp_path / "nightly.token"
    assert typed("account", "token", "nightly", "--to", token).code == 0
    first_login(typed, "dana", "Dana Scully", "data manager")
    assert typed("validate", study, "--direct").code == 0
    waived = typed(
        "findings", "waive", "ISLET-1", "--severity", "error", "--reason", "confirmed", "--until", "2099-12-31", "--yes"
    )
    assert waived.code == 0, waived.err
    assert "dana" in typed("whoami").out
    assert typed("audit", "list").code == 6

    monkeypatch.setenv("LONGWATCH_SESSION", str(token))
    made = typed("run", study, "--direct", "--json")
    assert made.code == 0, made.err
    (report,) = json.loads(made.out)["reports"]
    assert report["state"] == "archived-candidate"
    key = report["report_key"]
    monkeypatch.delenv("LONGWATCH_SESSION")
    assert typed("report", "review", key, lines=("dana", PASSWORD)).code == 6

    for name, full_name, role, step in (
        ("sten", "Sten Sture", "statistician", "review"),
        ("rita", "Rita Levi", "regulatory", "release"),
    ):
        assert typed("login", "ada", lines=(PASSWORD,)).code == 0
        first_login(typed, name, full_name, role)
        signed = typed("report", step, key, lines=(name, PASSWORD))
        assert signed.code == 0, signed.err
        assert full_name in signed.out
    narrow = ("--status", "final", "--who", "sten", "--cutoff", "..2030-01-01")
    listed = json.loads(typed("archive", "list", *narrow, "--json").out)
    assert [row["report_key"] for row in listed] == [key]
    assert json.loads(typed("archive", "list", "--status", "draft", "--json").out) == []
    assert json.loads(typed("archive", "list", "--text", "SAFETY sum", "--data", report_data(listed), "--json").out)

    copied = typed("archive", "get", key, "--to", tmp_path / "copy.pdf")
    assert copied.code == 0, copied.err
    certificate = (tmp_path / "copy.pdf.certificate.txt").read_text()
    assert "signed: released by Rita Levi (rita)" in certificate
    shown = json.loads(typed("archive", "show", key, "--json").out)[0]
    assert shown["holds"]

    # the signed copy begins with the unsigned one; what is released goes into a submission
    sealed = typed("report", "seal", key, "--json")
    assert sealed.code == 0, sealed.err
    assert json.loads(sealed.out)[0]["level"] == "PAdES B-B"
    assert typed("archive", "get", key, "--signed", "--to", tmp_path / "signed.pdf").code == 0
    assert (tmp_path / "signed.pdf").read_bytes().startswith((tmp_path / "copy.pdf").read_bytes())
    told = typed("report", "check", tmp_path / "signed.pdf")
    assert told.code == 1
    assert "/AcroForm" in told.out
    staged = typed("report", "stage", key, "--to", tmp_path / "0001", "--indication", "Type 1 diabetes", "--json")
    assert staged.code == 0, staged.err
    assert [leaf["state"] for leaf in json.loads(staged.out)] == ["released"]
    assert {"PDF", "report key", "snapshot", "raw file ae.xpt", "signature"} <= {
        each["link"] for each in shown["chain"]
    }

    assert typed("login", "ada", lines=(PASSWORD,)).code == 0
    drilled = typed("archive", "drill", "--json")
    assert drilled.code == 0, drilled.out
    (found,) = json.loads(drilled.out)
    assert (found["passed"], found["same"]["signatures"], found["same"]["reports"]) == (True, 2, 1)
    assert any(line.startswith("findings") for line in found["not_rebuilt"])
    assert typed("logout").code == 0
    assert typed("archive", "list").code == 6


def report_data(listed) -> str:  # type: ignore[no-untyped-def]
    """The first digits of the snapshot."""
    return str(listed[0]["data"])[:12]
