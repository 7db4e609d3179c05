"""`flask org init`: a real unit's first day, without the demonstration."""

from __future__ import annotations

import tomllib
from pathlib import Path

import click
from flask import current_app
from flask.cli import AppGroup

from services import organisation, people
from services.actor import SYSTEM
from services.errors import Refusal
from services.uow import UnitOfWork
from views.kit import planroom

org_group = AppGroup("org", help="The organisation.")


@org_group.command("init")
@click.option("--name", required=True, help="The unit's name.")
@click.option("--name-en", default="", help="Its English name.")
@click.option(
    "--kind", type=click.Choice(["school", "company", "government"]), default="government"
)
@click.option("--zone", default="Asia/Shanghai", help="IANA time zone.")
@click.option("--admin", default="admin", help="User name of the first administrator.")
@click.password_option(help="The administrator's password.")
def init(name: str, name_en: str, kind: str, zone: str, admin: str, password: str) -> None:
    """Set up the organisation with the standard roles and one administrator."""
    parts = planroom()
    rows = tomllib.loads((Path(current_app.root_path) / "bpmn" / "roles.toml").read_text("utf-8"))
    moment = parts.clock()

    def work(uow: UnitOfWork) -> None:
        organisation.found(
            uow,
            name=name,
            name_en=name_en,
            kind=kind,
            zone=zone,
            roles=rows["role"],
            actor=SYSTEM,
            now=moment,
        )
        people.create_person(uow, admin, admin, password, ["admin"], SYSTEM, moment)

    try:
        parts.database.run(work)
    except Refusal as refused:
        raise click.ClickException(f"{refused.code} {refused.args_}") from None
    click.echo("The organisation is set up. Next: `flask plans deploy`, then `flask serve`.")
