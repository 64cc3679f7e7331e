"""The doctor: what is configured, what is reachable, what is not, and what to do about it."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, version

from longwatch.errors import LongwatchError
from longwatch.evidence.archived import ArchiveDescription
from longwatch.version import __version__
from operations.probe_archive import last_probe
from operations.stale_runs import find_stale_runs
from runtime.engine import LOCK_FILE, read_engine
from runtime.prefect_server import find_trouble
from runtime.settings import SETTINGS_FILE, Settings
from runtime.wiring import make_adapters

LEAST_FREE_GIB = 2.0


class Health(StrEnum):
    """What a check came to."""

    OK = "ok"
    WARN = "warn"
    FAIL = "FAIL"


@dataclass(frozen=True)
class Check:
    """One check: its name, health, what was found, and the next step where there is one."""

    name: str
    health: Health
    found: str
    next_step: str = ""


def examine(settings: Settings) -> list[Check]:
    """Every check, in the order of a job. Nothing is changed but the home folder and the registers being made."""
    return [
        Check("longwatch", Health.OK, f"{__version__}, Python {platform.python_version()}"),
        _lock_file(),
        Check("settings", Health.OK, ", ".join(_configured(settings))),
        _home(settings),
        _registers(settings),
        *_stale_runs(settings),
        *_archive(settings),
        _prefect(),
        _account(settings),
    ]


def _account(settings: Settings) -> Check:
    """Who acts: an account, or whoever uses this machine."""
    try:
        adapters = make_adapters(settings)
        if "not made yet" in adapters.registers.check() or not adapters.access.is_closed:
            said = f"{settings.account} (unauthenticated): there are no accounts, whoever uses this machine acts"
            return Check("account", Health.OK, said)
        acting = adapters.access.account
    except LongwatchError as error:
        return Check("account", Health.WARN, error.fact(), error.next_step)
    roles = ", ".join(grant.in_words() for grant in adapters.access.grants)
    return Check("account", Health.OK, f"{acting.full_name} ({acting.name}): {roles or 'no role'}")


def _configured(settings: Settings) -> Iterator[str]:
    named = sorted(name for name in os.environ if name.startswith("LONGWATCH_"))
    yield f"from {', '.join(named)}" if named else "no LONGWATCH_ variable is set"
    yield f"{SETTINGS_FILE} is read" if os.path.exists(SETTINGS_FILE) else f"no {SETTINGS_FILE} here"


def _lock_file() -> Check:
    """The installed packages are those of the lock file: else a report key would promise other bytes than are made."""
    wrong = [f"{name} {found or 'missing'} (locked {locked})" for name, locked, found in _drift()]
    if wrong:
        return Check(
            "packages",
            Health.WARN,
            f"{len(wrong)} differ from the lock file: {', '.join(wrong[:4])}",
            "install from runtime/requirements.lock again; reports made now may not be reproducible",
        )
    return Check("packages", Health.OK, f"as in the lock file {read_engine().lock_sha256[:12]}")


def _drift() -> Iterator[tuple[str, str, str | None]]:
    """Packages that are locked for this Python without a marker, and installed in another version or not at all."""
    for line in LOCK_FILE.read_text(encoding="utf-8").splitlines():
        pinned = line.split(" ")[0]
        if "==" not in pinned or line.startswith((" ", "#")) or ";" in line:
            continue
        name, _, locked = pinned.partition("==")
        try:
            found: str | None = version(name.partition("[")[0])
        except PackageNotFoundError:
            found = None
        if found != locked:
            yield name, locked, found


def _home(settings: Settings) -> Check:
    folder = settings.folder
    step = "make it writable, or set LONGWATCH_HOME to a folder that is"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as refused:
        return Check("home", Health.FAIL, f"{folder}: {refused.strerror}", step)
    if not os.access(folder, os.W_OK):
        return Check("home", Health.FAIL, f"{folder} is not writable", step)
    free = shutil.disk_usage(folder).free / 2**30
    if free < LEAST_FREE_GIB:
        return Check("home", Health.WARN, f"{folder}, {free:.1f} GiB free", "free some space before a long job")
    return Check("home", Health.OK, f"{folder}, {free:.1f} GiB free")


def _registers(settings: Settings) -> Check:
    try:
        return Check("registers", Health.OK, make_adapters(settings).registers.check())
    except LongwatchError as error:
        return Check("registers", Health.FAIL, error.fact(), error.next_step)


def _stale_runs(settings: Settings) -> list[Check]:
    """Runs that a killed process left behind; said only where there are some, and the next run closes them."""
    try:
        adapters = make_adapters(settings)
        if "not made yet" in adapters.registers.check():
            return []
        left = find_stale_runs(adapters)
    except LongwatchError:
        return []
    if not left:
        return []
    found = f"{len(left)} left as started by a process that is gone: {', '.join(run.id[:12] for run in left)}"
    return [Check("runs", Health.WARN, found, "run any study: that closes them as failed, with the reason")]


def _archive(settings: Settings) -> list[Check]:
    try:
        archive = make_adapters(settings).archive
        archive.check()
        described = archive.describe()
    except LongwatchError as error:
        return [Check("archive", Health.FAIL, error.fact(), error.next_step)]
    lock = "Object Lock is on" if described.object_lock else "no Object Lock"
    checks = [Check("archive", Health.OK, f"{described.kind} {described.place}, {lock}")]
    checks.append(_write_once(settings, described))
    return checks


def _write_once(settings: Settings, described: ArchiveDescription) -> Check:
    """Whether the store refuses what must not happen: as it was tried, not as it says."""
    lock = "for evidence that must not depend on trust, use an S3 bucket with Object Lock"
    try:
        adapters = make_adapters(settings)
        probe = None if "not made yet" in adapters.registers.check() else last_probe(adapters)
    except LongwatchError:
        probe = None
    if probe is not None:
        said = f"{probe.in_words()}{f'; {described.note}' if described.note else ''}"
        return Check("write-once", Health.OK if probe.is_worm else Health.WARN, said, "" if probe.is_worm else lock)
    if described.object_lock:
        return Check("write-once", Health.WARN, "never probed", "try it: `longwatch archive probe`")
    said = described.note or "the store itself does not enforce write-once"
    return Check("write-once", Health.WARN, said, lock)


def _prefect() -> Check:
    address = os.environ.get("PREFECT_API_URL", "")
    if not address:
        return Check("prefect", Health.OK, "no server configured: a run starts its own for as long as it takes")
    trouble = find_trouble(address)
    if trouble:
        return Check("prefect", Health.FAIL, f"{address}: {trouble}", "start the server, or unset PREFECT_API_URL")
    return Check("prefect", Health.OK, f"{address} is healthy")
