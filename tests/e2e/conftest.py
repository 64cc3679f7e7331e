"""The bundled study on disk, and the command line with a home folder of its own."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any
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


def settle_in(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Path:
    """The home folder there, named by the environment."""
    for name in ("LONGWATCH_ARCHIVE", "LONGWATCH_DATABASE_URL", "LONGWATCH_S3_ENDPOINT", "PREFECT_API_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LONGWATCH_HOME", str(folder / "home"))
    monkeypatch.setenv("LONGWATCH_USER", "ada")
    monkeypatch.chdir(folder)
    return folder / "home"


@contextmanager
def living_in(folder: Path) -> Iterator[Command]:
    """`longwatch …` in this process with the home folder there, for fixtures that several tests share."""

    def command(*arguments: object) -> Spoken:
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            code = run([str(argument) for argument in arguments])
        assert code == 0, err.getvalue()
        return Spoken(code, out.getvalue(), err.getvalue())

    with pytest.MonkeyPatch.context() as monkeypatch:
        settle_in(monkeypatch, folder)
        yield command


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder of its own, empty but where `reported` fills it, named by the environment."""
    return settle_in(monkeypatch, tmp_path)


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


@dataclass(frozen=True)
class Reported:
    """What a run of ISLET-1 said as JSON, and the folder with its `home` and its study, `islet-1`."""

    folder: Path
    said: dict[str, Any]

    def copied_to(self, folder: Path) -> dict[str, Any]:
        """Home and study stand there, too; what the run would have said there."""
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        return dict(json.loads(json.dumps(self.said).replace(str(self.folder), str(folder))))


def report_islet1(longwatch: Command, folder: Path) -> Reported:
    """Runs the study there."""
    return Reported(folder, json.loads(longwatch("run", folder / "islet-1" / "study.yaml", "--direct", "--json").out))


@pytest.fixture(scope="session")
def reported_once(bundled_study: Path, tmp_path_factory: pytest.TempPathFactory) -> Reported:
    """ISLET-1, reported. Do not write into it: take `reported`."""
    folder = tmp_path_factory.mktemp("reported")
    shutil.copytree(bundled_study, folder / "islet-1")
    with living_in(folder) as longwatch:
        return report_islet1(longwatch, folder)


@pytest.fixture
def reported(home: Path, reported_once: Reported, tmp_path: Path) -> dict[str, Any]:
    """What a first run of ISLET-1 said; its home and its study, `tmp_path / "islet-1"`, are the test's own."""
    return reported_once.copied_to(tmp_path)


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
