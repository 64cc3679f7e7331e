"""The command `longwatch`. Commands load what they need when they run, so that reading commands answer at once."""

from __future__ import annotations

import os
import signal
import sys
from typing import Annotated, cast

import typer

from cli import (
    account_commands,
    archive_commands,
    audit_commands,
    data_commands,
    finding_commands,
    job_commands,
    keeping_commands,
    lot_commands,
    operation_commands,
    pool_commands,
    report_commands,
    rule_commands,
    snapshot_commands,
    table_commands,
    workbench_commands,
)
from cli.exit_codes import DONE, FAULT, INTERRUPTED, exit_code_of
from longwatch.errors import LongwatchError, StudyError
from longwatch.version import __version__


def _make_app() -> typer.Typer:
    return typer.Typer(
        name="longwatch",
        help="Regulatory evidence and long-term safety reporting: from a trial's data to an archived, verifiable PDF.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )


app = _make_app()


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"longwatch {__version__}")
        raise typer.Exit


@app.callback()
def longwatch(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Regulatory evidence and long-term safety reporting: from a trial's data to an archived, verifiable PDF."""


for _commands in (
    job_commands,
    data_commands,
    rule_commands,
    finding_commands,
    table_commands,
    lot_commands,
    pool_commands,
    archive_commands,
    audit_commands,
    report_commands,
    account_commands,
    operation_commands,
):
    _commands.register(app)
snapshot_commands.register(data_commands.snapshot)
keeping_commands.register(archive_commands.archive)
workbench_commands.register(finding_commands.findings)


MISTAKE = " | line "
INTERRUPTION = "LW-CLI-003: interrupted; a run that had begun is registered as failed. Next: run the command again"


def main() -> None:
    """Run the command line. A known error is one line on standard error and an exit code, without traceback; of several
    mistakes in a file each has a line.

    A polite end (SIGTERM) is an interrupt: a run that has begun is registered as failed.
    """
    # Pydantic otherwise looks through every installed package for plugins, which nothing here uses.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """The exit code of a command line.

    A fault of ours (any exception that is no LongwatchError) is one line and exit 70; LONGWATCH_DEBUG=1 shows its
    traceback.
    """
    try:
        code = _app_of(arguments)(args=arguments, standalone_mode=False)
    except LongwatchError as error:
        typer.echo(error.one_line().replace(MISTAKE, "\n  line "), err=True)
        return exit_code_of(error)
    except (typer.Abort, KeyboardInterrupt):
        typer.echo(INTERRUPTION, err=True)
        return INTERRUPTED
    except Exception as fault:  # noqa: BLE001 - the edge: every fault becomes one line and exit 70
        return _report_fault(fault)
    finally:
        _close()
    if code == INTERRUPTED:
        typer.echo(INTERRUPTION, err=True)
    return code if isinstance(code, int) else DONE


def _app_of(arguments: list[str]) -> typer.Typer:
    """The command line with no other group than the one that is called: Typer takes a third of a reading command's
    time to prepare all of them."""
    called = [group for group in app.registered_groups if group.name == next(iter(arguments), None)]
    if not called:
        return app
    narrow = _make_app()
    narrow.callback()(longwatch)
    narrow.registered_groups = called
    return narrow


def _close() -> None:
    """Give back what a command held open; a command that held nothing has not loaded the wiring."""
    if "runtime.wiring" in sys.modules:
        from runtime.wiring import close_adapters

        close_adapters()


# Typer carries its own copy of click and exports its exceptions only in part; this is the base of all wrong use.
WrongUse = cast(
    type[typer.BadParameter], next(base for base in typer.BadParameter.__mro__ if base.__name__ == "ClickException")
)


def _report_fault(fault: Exception) -> int:
    if type(fault).__name__ == "NoArgsIsHelpError":
        typer.echo(str(fault))
        return exit_code_of(StudyError("LW-CLI-001", "no command"))
    if isinstance(fault, WrongUse):
        said = " ".join(fault.format_message().split()).rstrip(".")
        typer.echo(f"LW-CLI-001: {said}. Next: `longwatch --help` shows every command", err=True)
        return exit_code_of(StudyError("LW-CLI-001", said))
    if os.environ.get("LONGWATCH_DEBUG"):
        raise fault
    typer.echo(
        f"LW-CLI-070: a fault of ours: {type(fault).__name__}: {' '.join(str(fault).split())[:300]}. "
        "Next: run again with LONGWATCH_DEBUG=1 and send the traceback to the developers",
        err=True,
    )
    return FAULT
