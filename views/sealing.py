"""`flask history seal`, `heads` and `new-key`: the daily seal and the signing key, for whoever runs
the installation."""

from __future__ import annotations

from pathlib import Path

import click
from flask.cli import with_appcontext
from sqlalchemy.orm import Session

from models.audit import HeadSeal
from services import heads, heads_check, signing
from services.actor import SYSTEM
from services.errors import Refusal
from services.uow import UnitOfWork
from views.kit import planroom


@click.command("seal")
@with_appcontext
def seal() -> None:
    """Seal the heads of all chains, once a day; the server does it by itself."""
    parts = planroom()
    moment = parts.clock()
    made = parts.database.run(lambda uow: heads.seal(uow, moment, SYSTEM))
    click.echo(heads.line(made))


@click.command("heads")
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="Write all heads here."
)
@click.option(
    "--against",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A list or line lodged earlier, to be compared with the chains of today.",
)
@with_appcontext
def show(out: Path | None, against: Path | None) -> None:
    """Say the latest seal in one line; keep it, or the file, outside this machine."""
    parts = planroom()
    if against is not None:
        _compare(against.read_bytes())
        return
    with parts.database.read() as session:
        found = heads.latest(session)
        if found is None:
            raise click.ClickException("There is no seal yet: `flask history seal` makes one.")
        content = _content(session, found) if out is not None else b""
    click.echo(heads.line(found))
    if out is not None:
        out.write_bytes(content)
        moment, day = parts.clock(), found.day

        def work(uow: UnitOfWork) -> None:
            heads.note_lodged(uow, heads.get(uow.session, day), "file", SYSTEM, moment)

        parts.database.run(work)
        click.echo(f"{found.chains} chains: {out}")


def _content(session: Session, seal: HeadSeal) -> bytes:
    try:
        return heads.lodged_file(session, seal, signing.on_record(session) or "")
    except Refusal:
        raise click.ClickException(
            f"The list of {seal.day} was changed: `flask history verify` says where."
        ) from None


def _compare(content: bytes) -> None:
    with planroom().database.read() as session:
        try:
            outcome = heads_check.check_lodged(session, content)
        except Refusal:
            raise click.ClickException(
                "This is neither a list of heads nor a seal's line, or it was changed."
            ) from None
    for found in outcome.breaks:
        click.echo(f"{found.day}: {found.chain or 'seal'} at {found.seq}: {found.reason}")
    if outcome.breaks:
        raise click.ClickException(f"{len(outcome.breaks)} do not hold")
    click.echo(f"{outcome.heads} heads hold")


@click.command("new-key")
@click.confirmation_option(
    prompt="Make a new signing key? Tell everybody who checks bundles its fingerprint."
)
@with_appcontext
def new_key() -> None:
    """Make a new signing key in the place of the one on record; both stand in the record."""
    parts = planroom()
    moment = parts.clock()
    try:
        key = parts.database.run(lambda uow: signing.renew(uow, parts.settings.data_dir, moment))
    except Refusal as refused:
        raise click.ClickException(f"{refused.code} {refused.args_}") from None
    click.echo(key.fingerprint)


COMMANDS = (seal, show, new_key)
