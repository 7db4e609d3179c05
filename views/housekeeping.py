"""`flask files sweep`: what a timer of the operating system may run every night."""

from __future__ import annotations

import click
from flask.cli import AppGroup

from services.files import sweep
from views.kit import planroom

files_group = AppGroup("files", help="Stored files.")


@files_group.command("sweep")
def sweep_files() -> None:
    """Remove stored content that nothing is attached to, a day old or more."""
    parts = planroom()
    moment = parts.clock()
    gone = parts.database.run(lambda uow: sweep(uow, parts.settings.data_dir, moment))
    click.echo(f"{gone} files removed.")
