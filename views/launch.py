"""`make run`: everything between a fresh checkout and an open page, in one command."""

from __future__ import annotations

import secrets
import time

import click

from migrations.run import upgrade as migrate
from services.demo import seed
from services.demo.seeding import deploy_library
from services.directory import organization, people
from services.plan_choice import used_folders
from views.cli import serve
from views.kit import Planroom, library, planroom

#: Where a made-up password is kept, so that the second start can print it again.
PASSWORD_FILE = "demo-password.txt"


@click.command("run-planroom")
@click.pass_context
def run_planroom(context: click.Context) -> None:
    """Migrate the database, deploy the plans, fill the demonstration (DEMO=1), serve."""
    parts = planroom()
    began = time.monotonic()

    def say(text: str) -> None:
        click.echo(f"[planroom] {time.monotonic() - began:5.1f} s  {text}")

    parts.settings.data_dir.mkdir(parents=True, exist_ok=True)
    say("数据库 / database")
    migrate(parts.settings.url)
    shelf = library()
    if parts.settings.demo:
        seed(parts.database, _password(parts), parts.clock(), shelf, say)
    with parts.database.read() as session:
        unit = organization(session)
        accounts = [p.username for p in people(session)] if unit and unit.is_demo else []
        # A real unit's own choice of plans stands; the demonstration shows them all.
        chosen = None if accounts or unit is None else used_folders(session, shelf)
    if unit is None:
        raise click.ClickException(
            "There is no organisation yet: `flask org init` sets one up, or DEMO=1 shows an "
            "invented one."
        )
    deploy_library(parts.database, shelf, parts.clock(), say, folders=chosen)
    address = f"http://{parts.settings.host}:{parts.settings.port}/"
    click.echo("")
    click.echo(f"  预案室 Planroom  {address}")
    if accounts and parts.settings.demo:
        click.echo(f"  账号 accounts   {', '.join(accounts)}")
        click.echo(f"  口令 password   {_password(parts)}")
    click.echo("  Ctrl+C 停止 / stops")
    click.echo("")
    context.invoke(serve)


def _password(parts: Planroom) -> str:
    """DEMO_PASSWORD, else the one made up at the first start. The demonstration is on loopback
    only; its password may lie beside its database."""
    if parts.settings.demo_password:
        return parts.settings.demo_password
    file = parts.settings.data_dir / PASSWORD_FILE
    if not file.exists():
        file.write_text(secrets.token_urlsafe(9), "utf-8")
        file.chmod(0o600)
    return file.read_text("utf-8").strip()
