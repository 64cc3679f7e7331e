"""What all tests share: where the public trial data is, and sockets off outside loopback."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.pilot import pilot, pilot_adam, pilot_adam_study, pilot_data, pilot_study, read_xpt  # noqa: F401
from tests.postgres import postgres_url  # noqa: F401
from tests.s3_server import real_s3  # noqa: F401

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the checkout."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The public trial data beside the checkout; tests that need it skip, with this reason, where it is absent."""
    folder = REPOSITORY.parent / "shared" / "data"
    if not (folder / "MANIFEST.csv").is_file():
        if os.environ.get("CI"):
            pytest.fail("in CI nothing is skipped: ../shared/data is missing")
        pytest.skip("the public trial data (../shared/data) is not beside this checkout")
    return folder


@pytest.fixture(autouse=True)
def _loopback_only() -> None:
    """No test talks to anything but this machine."""
    from pytest_socket import socket_allow_hosts

    socket_allow_hosts(["127.0.0.1", "::1", "localhost"], allow_unix_socket=True)
