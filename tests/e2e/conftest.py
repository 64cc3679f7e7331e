"""The bundled study on disk, and the command line with a home folder of its own."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib import request

import pytest

from cli.main import run


@dataclass(frozen=True)
class Spoken:
    """What a command said: exit code, standard output, standard error."""

    code: int
    out: str
    err: str


Command = Callable[..., Spoken]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home folder, named by the environment."""
    for name in ("LONGWATCH_ARCHIVE", "LONGWATCH_DATABASE_URL", "LONGWATCH_S3_ENDPOINT", "PREFECT_API_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LONGWATCH_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("LONGWATCH_USER", "ada")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


@pytest.fixture
def longwatch(home: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    """Run `longwatch …` in this process."""

    def command(*arguments: object) -> Spoken:
        capsys.readouterr()
        code = run([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return Spoken(code, said.out, said.err)

    return command


@pytest.fixture(scope="session")
def bundled_study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """ISLET-1 as `longwatch demo` makes it. Do not write into it: take `islet1`."""
    from simulation import write

    folder = tmp_path_factory.mktemp("islet-1")
    write(folder, seed=1)
    return folder


@pytest.fixture
def islet1(bundled_study: Path, tmp_path: Path) -> Path:
    """A copy of ISLET-1 that a test may damage."""
    return Path(shutil.copytree(bundled_study, tmp_path / "islet-1"))


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An S3 server from a Python package on loopback, with one bucket; the environment points at it."""
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        _, port = server.get_host_and_port()
        endpoint = f"http://127.0.0.1:{port}"
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        monkeypatch.setenv("LONGWATCH_S3_ENDPOINT", endpoint)
        boto3.client("s3", endpoint_url=endpoint).create_bucket(Bucket="trial")
        yield endpoint
    finally:
        # The package keeps its buckets per process, not per server.
        request.urlopen(request.Request(f"{endpoint}/moto-api/reset", method="POST"), timeout=10).close()
        server.stop()
