"""An error is one line that says what, where, expected against found, and what to do next."""

from __future__ import annotations

import pickle

import pytest

from cli.exit_codes import EXIT_CODES, exit_code_of
from longwatch.errors import GateStopped, IntegrityError, LongwatchError, SourceError, StoreError, StudyError


def test_one_line_has_every_part_in_order() -> None:
    error = SourceError(
        "LW-XXX-001",
        "the file is empty",
        where="ae.xpt",
        expected="80 bytes or more",
        found="0",
        next_step="send it again",
    )
    assert error.one_line() == (
        "LW-XXX-001: ae.xpt: the file is empty (expected 80 bytes or more; found 0). Next: send it again"
    )


def test_one_line_stays_one_line() -> None:
    """Whatever a part holds, the message never breaks the line it is logged on."""
    assert "\n" not in StoreError("LW-XXX-002", "first\nsecond", found="a\r\nb").one_line()


def test_error_crosses_a_process_border_whole() -> None:
    error = IntegrityError("LW-XXX-003", "differs", where="here", expected="a", found="b", next_step="stop")
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is IntegrityError
    assert again.one_line() == error.one_line()
    assert again.next_step == "stop"


@pytest.mark.parametrize(
    ("kind", "code"),
    [(GateStopped, 1), (StudyError, 2), (SourceError, 3), (StoreError, 4), (IntegrityError, 5)],
)
def test_each_class_has_its_exit_code(kind: type[LongwatchError], code: int) -> None:
    assert exit_code_of(kind("LW-XXX-004", "x")) == code


def test_every_class_of_the_family_is_mapped() -> None:
    assert set(EXIT_CODES) == set(LongwatchError.__subclasses__())
