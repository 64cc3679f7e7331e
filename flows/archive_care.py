"""The weekly care of the archive: retention moved forward, everything hashed again, and the store tried."""

from __future__ import annotations

from prefect import flow

from flows.stages import check_place, run_as_task, tell_progress
from operations.keep_reports import retain_reports
from operations.probe_archive import probe_archive
from operations.scrub_archive import Scrubbed, scrub_archive
from runtime.settings import read_settings
from runtime.wiring import make_adapters


@flow(name="archive-care", persist_result=False)
def archive_care(snapshots: bool = False) -> Scrubbed:
    """Keep released reports as long as their rules say today, scrub the archive, probe its store; each is a task. A
    problem fails the flow run, so that Prefect shows it.

    That a store is not WORM fails nothing: it is recorded, and `doctor` and `archive list` say so.
    """
    settings = read_settings()
    check_place("LONGWATCH_HOME", settings.home.expanduser())
    adapters = make_adapters(settings)
    run_as_task("retain", lambda: retain_reports(adapters, tell_progress))
    found = run_as_task("scrub", lambda: scrub_archive(adapters, tell_progress, snapshots=snapshots))
    run_as_task("probe", lambda: probe_archive(adapters, tell_progress))
    if found.problems:
        raise found.problems[0]
    return found
