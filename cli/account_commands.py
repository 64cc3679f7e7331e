"""`longwatch login`, `logout`, `whoami`, and `longwatch account …`: who acts, and who may do what."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from cli.output import AsJson, print_rows
from cli.secrets import ask_account, ask_password
from cli.wired import wired
from longwatch.evidence.accounts import ALL_STUDIES, AccountKind, Role

account = typer.Typer(help="Accounts: who there is, with which roles for which studies.", no_args_is_help=True)

SomeName = Annotated[str | None, typer.Argument(metavar="[ACCOUNT]", help="Default: it is asked for.")]
Name = Annotated[str, typer.Argument(metavar="ACCOUNT", help="The account's name.")]
FullName = Annotated[str, typer.Option("--full-name", help="The printed name, as it stands under signatures.")]
OfRole = Annotated[Role, typer.Option("--role", help="Which role.")]
Studies = Annotated[list[str] | None, typer.Option("--study", help="For this study; may be given again.")]
EveryStudy = Annotated[bool, typer.Option("--all-studies", help="For every study, those to come included.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; it is kept in the audit trail.")]


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command("login")(login)
    app.command("logout")(logout)
    app.command("whoami")(whoami)
    app.add_typer(account, name="account")


def login(name: SomeName = None) -> None:
    """Log in: commands act as this account until the session ends, or `logout`."""
    from operations.sessions import change_password
    from operations.sessions import login as log_in
    from runtime.settings import read_settings

    adapters, settings = wired(), read_settings()
    name = name or ask_account("Account")
    password = ask_password(f"Password of {name}")
    life = timedelta(hours=settings.session_hours), timedelta(days=settings.password_days)
    done = log_in(adapters, name, password, *life)
    if done.token is None:
        typer.echo("This password must be changed now: 12 characters or more, without the account's name.", err=True)
        chosen = ask_password("New password", twice=True)
        change_password(adapters, name, password, chosen)
        done = log_in(adapters, name, chosen, *life)
    assert done.token is not None, "a password that was changed a moment ago need not be changed"
    adapters.session_file.write(done.token)
    typer.echo(
        f"{done.account.full_name} ({name}) for {settings.session_hours:g} hours, "
        f"or until {settings.session_idle_minutes:g} minutes without a command."
    )


def logout() -> None:
    """End the session."""
    from operations.sessions import logout as log_out

    adapters = wired()
    token = adapters.session_file.read()
    ended = token is not None and log_out(adapters, token)
    adapters.session_file.remove()
    typer.echo("Logged out." if ended else "Nobody was logged in.")


def whoami(as_json: AsJson = False) -> None:
    """Say who acts, and with which roles."""
    adapters = wired()
    access = adapters.access
    acting = access.account
    roles = [grant.in_words() for grant in access.grants] if access.is_closed else []
    rows = [
        {
            "account": acting.name,
            "name": acting.full_name,
            "authenticated": acting.authenticated,
            "roles": roles if as_json else ", ".join(roles),
        }
    ]
    if as_json:
        print_rows(rows, True, "")
        return
    if not access.is_closed:
        typer.echo(f"{acting.name}, unauthenticated: there are no accounts yet (`longwatch account init`).")
        return
    typer.echo(f"{acting.full_name} ({acting.name}): {', '.join(roles) or 'no role'}")


@account.command("init")
def init_accounts(name: Name, full_name: FullName) -> None:
    """Make the first administrator. From then on every command needs a login, and every right a role."""
    from operations.accounts import close_registers

    made = close_registers(wired(), name, full_name, ask_password("New password", twice=True))
    typer.echo(
        f"{made.full_name} ({made.name}) is administrator. From now on `longwatch login` comes first.\n"
        "Next: log in, and add accounts: `longwatch account add NAME --full-name … --role … --study …`"
    )


@account.command("add")
def add_account(
    name: Name,
    full_name: FullName,
    role: Annotated[list[Role], typer.Option("--role", help="Which role; may be given again.")],
    study: Studies = None,
    all_studies: EveryStudy = False,
    service: Annotated[bool, typer.Option("--service", help="No person: it acts by a token, and cannot sign.")] = False,
) -> None:
    """Add an account; a person's one-time password is printed once."""
    from operations.accounts import add_account as add

    kind = AccountKind.SERVICE if service else AccountKind.PERSON
    made, password = add(wired(), name, full_name, kind, role, _studies(study, all_studies))
    typer.echo(f"{made.full_name} ({made.name}) is added.")
    _tell(password, made.name)


@account.command("list")
def list_accounts(
    on: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="As it was at the end of this day (UTC).")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List accounts and their roles, as they are or were on a day."""
    from operations.accounts import list_accounts as listed

    adapters = wired()
    moment = on.replace(tzinfo=UTC) + timedelta(days=1) if on else None
    now = moment or adapters.clock()
    rows = []
    for shown in listed(adapters, moment):
        roles = [grant.in_words() for grant in shown.roles]
        rows.append(
            {
                "account": shown.account.name,
                "name": shown.account.full_name,
                "kind": shown.account.kind.value,
                "state": shown.account.state(now),
                "roles": roles if as_json else ", ".join(roles),
                "since": shown.account.created_at,
                "disabled": shown.account.disabled_at,
            }
        )
    print_rows(rows, as_json, "There are no accounts.")


@account.command("grant")
def grant_role(
    name: Name, role: OfRole, reason: Reason, study: Studies = None, all_studies: EveryStudy = False
) -> None:
    """Give an account a role."""
    from operations.accounts import grant_role as grant

    grant(wired(), name, role, _studies(study, all_studies), reason)
    typer.echo(f"{name}: {role.value} granted.")


@account.command("revoke")
def end_role(name: Name, role: OfRole, reason: Reason, study: Studies = None, all_studies: EveryStudy = False) -> None:
    """Take a role from an account."""
    from operations.accounts import end_role as end

    studies = [ALL_STUDIES] if role is Role.ADMINISTRATOR else _studies(study, all_studies)
    end(wired(), name, role, studies, reason)
    typer.echo(f"{name}: {role.value} ended.")


@account.command("disable")
def disable_account(name: Name, reason: Reason) -> None:
    """Disable an account: its sessions and roles end at once, its history stays."""
    from operations.accounts import disable_account as disable

    disable(wired(), name, reason)
    typer.echo(f"{name} is disabled.")


@account.command("enable")
def enable_account(name: Name, reason: Reason) -> None:
    """Enable a disabled account again, without roles and with a new one-time password."""
    from operations.accounts import enable_account as enable

    password = enable(wired(), name, reason)
    typer.echo(f"{name} is enabled; it has no role yet (`longwatch account grant`).")
    _tell(password, name)


@account.command("unlock")
def unlock_account(name: Name, reason: Reason) -> None:
    """Unlock an account that is locked after wrong passwords."""
    from operations.accounts import unlock_account as unlock

    unlock(wired(), name, reason)
    typer.echo(f"{name} is unlocked.")


@account.command("reset")
def reset_password(name: Name, reason: Reason) -> None:
    """Give a person who lost the password a new one-time password; sessions end."""
    from operations.accounts import reset_password as reset

    _tell(reset(wired(), name, reason), name)


@account.command("password")
def change_password() -> None:
    """Change your own password; your sessions end."""
    from operations.sessions import change_password as change

    adapters = wired()
    name = adapters.actor.name
    old = ask_password(f"Password of {name}")
    change(adapters, name, old, ask_password("New password", twice=True))
    adapters.session_file.remove()
    typer.echo("The password is changed; log in again.")


@account.command("token")
def make_token(
    name: Name,
    to: Annotated[Path, typer.Option("--to", help="The file that the token is written into; never over another.")],
    days: Annotated[int, typer.Option(min=1, max=366, help="How long it lasts.")] = 90,
) -> None:
    """Make a token for a service; LONGWATCH_SESSION names its file where the service runs."""
    from longwatch.errors import StudyError
    from operations.accounts import make_token as make

    if to.exists():
        raise StudyError(
            "LW-CLI-015",
            "a file of that name is there already, and is not written over",
            where=str(to),
            next_step="name another file with --to",
        )
    adapters = wired()
    adapters.token_file(str(to)).write(make(adapters, name, timedelta(days=days)))
    typer.echo(f"{to}: {name} acts by it for {days} days. Set LONGWATCH_SESSION to its path where the service runs.")


def _studies(studies: list[str] | None, all_studies: bool) -> list[str]:
    return [ALL_STUDIES] if all_studies else studies or []


def _tell(password: str | None, name: str) -> None:
    """It is shown here and nowhere else."""
    if password is not None:
        typer.echo(f"One-time password of {name}, good for 7 days, to be changed at the first login: {password}")
