"""The doctor says what is configured, what is reachable and what is not, and what to do about it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

pytestmark = pytest.mark.xdist_group("e2e")


def health(longwatch, code: int) -> dict[str, dict[str, str]]:  # type: ignore[no-untyped-def]
    """Each check by its name; the command's exit code is the one expected."""
    said = longwatch("doctor", "--json")
    assert said.code == code, said.out + said.err
    return {row["check"]: row for row in json.loads(said.out)}


def test_all_is_well_and_a_local_folder_says_that_it_is_not_worm(longwatch, home) -> None:  # type: ignore[no-untyped-def]
    found = health(longwatch, 0)
    assert {name for name, row in found.items() if row["health"] == "FAIL"} == set()
    assert str(home) in found["home"]["found"]
    assert "LONGWATCH_HOME" in found["settings"]["found"]
    assert found["write-once"]["health"] == "warn"
    assert "not WORM" in found["write-once"]["found"]


@pytest.mark.parametrize(
    ("variable", "value", "check"),
    [
        ("LONGWATCH_DATABASE_URL", "postgresql+psycopg://nobody@127.0.0.1:1/absent", "registers"),
        ("LONGWATCH_ARCHIVE", "file/archive", "archive"),
        ("LONGWATCH_HOME", "file/home", "home"),
        ("PREFECT_API_URL", "http://127.0.0.1:1/api", "prefect"),
    ],
)
def test_what_is_not_reachable_is_named_with_the_next_step(  # type: ignore[no-untyped-def]
    longwatch, home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable, value, check
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(variable, value)
    found = health(longwatch, 4)
    assert found[check]["health"] == "FAIL"
    assert found[check]["next"]


def test_a_bucket_that_is_not_there_is_named(longwatch, bucket, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("LONGWATCH_ARCHIVE", "s3://absent")
    assert "absent" in health(longwatch, 4)["archive"]["found"]
    monkeypatch.setenv("LONGWATCH_ARCHIVE", "s3://trial")
    assert "s3://trial" in health(longwatch, 0)["archive"]["found"]
