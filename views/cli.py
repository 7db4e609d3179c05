"""The command line: set up, load plans, fill the demonstration, serve."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterable
from pathlib import Path

import click
from flask import Flask, current_app
from flask.cli import AppGroup
from flask_babel import force_locale
from waitress import serve as run_server

from migrations.run import upgrade as migrate
from services import plan_choice
from services.actor import SYSTEM
from services.demo import seed
from services.directory import organization
from services.kinds import role_rows
from services.plan_folder import plan_folders, read_folder
from services.scheduler import Scheduler
from views import finding_words
from views.housekeeping import files_group
from views.i18n import LOCALES
from views.kit import library, planroom
from workflows.contract import DeploymentError

db_group = AppGroup("db", help="The database's tables.")
plans_group = AppGroup("plans", help="The plan library.")
demo_group = AppGroup("demo", help="The demonstration organisation.")


@db_group.command("upgrade")
def upgrade() -> None:
    """Create or update the tables."""
    parts = planroom()
    parts.settings.data_dir.mkdir(parents=True, exist_ok=True)
    migrate(parts.settings.url)
    click.echo("The database is up to date.")


def _explain(refused: DeploymentError) -> None:
    """Each finding in Chinese and, below it, in English."""
    for finding in refused.findings:
        for locale in LOCALES:
            with force_locale(locale):
                click.echo(f"  {finding_words.line(finding)}", err=True)


@plans_group.command("deploy")
@click.argument("folders", nargs=-1, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--all", "everything", is_flag=True, help="Every plan of the library.")
def deploy(folders: tuple[Path, ...], everything: bool) -> None:
    """Deploy plans: the folders named, else those in use (after an upgrade: their new versions)
    and, where none is in use yet, those that fit the unit's kind."""
    with planroom().database.read() as session:
        unit = organization(session)
        used = plan_choice.used_folders(session, library())
    named = bool(folders) and not everything
    if everything:
        folders = tuple(plan_folders(library()))
    elif not folders:
        kind = unit.kind if unit is not None else ""
        folders = tuple(used or plan_choice.fitting_folders(library(), kind))
    if not folders:
        click.echo("No plan was named, is in use or fits the unit: name a folder, or use --all.")
    deploy_folders(folders, named=named)


def deploy_folders(folders: Iterable[Path], *, named: bool = False) -> None:
    """Deploy plans with the roles they need, each in its own transaction, and say so. Plans the
    unit has changed in the studio stay, unless they were ``named``."""
    parts, rows = planroom(), role_rows(library())
    for folder in folders:
        try:
            bundle = read_folder(folder)
            version = parts.database.run(
                lambda uow, b=bundle: plan_choice.take_plan(  # type: ignore[misc]
                    uow, b, rows, SYSTEM, parts.clock(), named=named
                )
            )
        except DeploymentError as refused:
            _explain(refused)
            raise click.ClickException(
                f"预案“{folder.name}”没有启用 / {folder.name} was not deployed"
            ) from None
        click.echo(f"  {version.plan_key}: version {version.number}")


@demo_group.command("seed")
@click.option("--password", default="", help="Password of all accounts; else DEMO_PASSWORD.")
def demo_seed(password: str) -> None:
    """Fill the demonstration organisation, once; says the accounts' password."""
    parts = planroom()
    chosen = password or parts.settings.demo_password or secrets.token_urlsafe(9)
    if seed(parts.database, chosen, parts.clock(), library(), lambda text: click.echo(f"  {text}")):
        click.echo(f"Demonstration accounts have the password: {chosen}")
    else:
        click.echo("There is an organisation already; nothing was changed.")


@click.command("serve")
def serve() -> None:
    """Serve with waitress; deadlines fire in the same process."""
    parts = planroom()
    with parts.database.read() as session:
        unit = organization(session)
    if unit is not None and unit.is_demo and not parts.settings.on_loopback:
        raise click.ClickException(
            "This database holds the demonstration accounts, which work on loopback only. "
            "Set HOST=127.0.0.1 and TRUSTED_PROXIES=0, or use another DATABASE_URL."
        )
    settings = parts.settings
    scheduler = (
        Scheduler(parts.database, parts.clock, data_dir=settings.data_dir)
        if settings.scheduler
        else None
    )
    with contextlib.ExitStack() as stack:
        if scheduler is not None:
            scheduler.start()
            stack.callback(scheduler.stop)
        host, port = parts.settings.host, parts.settings.port
        click.echo(f"http://{host}:{port}/")
        run_server(
            current_app._get_current_object(),  # type: ignore[attr-defined]
            host=host,
            port=port,
            threads=parts.settings.threads,
            ident="planroom",
            max_request_body_size=parts.settings.max_upload_mb * 1_000_000 + 100_000,
            # waitress drops X-Forwarded-* unless told that a proxy of ours writes them.
            clear_untrusted_proxy_headers=not parts.settings.trusted_proxies,
        )


def init_app(app: Flask) -> None:
    """Attach the commands."""
    for group in (db_group, plans_group, demo_group, files_group):
        app.cli.add_command(group)
    app.cli.add_command(serve)
