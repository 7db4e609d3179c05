"""`flask org ...`: a real unit's first day, without the demonstration: the unit itself, its
accounts, and the official channels it may speak from."""

from __future__ import annotations

from collections.abc import Callable

import click
from flask.cli import AppGroup

from services import channels, heads_check, organisation, people, seal_walk, verify
from services.actor import SYSTEM
from services.errors import Refusal
from services.kinds import kinds, role_rows, standing, with_superiors
from services.plan_choice import fitting_folders
from services.uow import UnitOfWork
from views.cli import deploy_folders
from views.kit import library, planroom

org_group = AppGroup("org", help="The organisation.")


@org_group.command("init")
@click.option("--name", required=True, help="The unit's name.")
@click.option("--name-en", default="", help="Its English name.")
@click.option("--kind", default="government", help="One of the kinds of bpmn/kinds.toml.")
@click.option("--zone", default="Asia/Shanghai", help="IANA time zone.")
@click.option("--admin", default="admin", help="User name of the first administrator.")
@click.option("--plans/--no-plans", default=True, help="Start using the plans that fit the kind.")
@click.password_option(help="The administrator's password.")
def init(
    name: str, name_en: str, kind: str, zone: str, admin: str, plans: bool, password: str
) -> None:
    """Set up the organisation with the plans that fit it, their roles, and one administrator."""
    parts = planroom()
    known = [one.key for one in kinds(library())]
    if kind not in known:
        raise click.BadParameter(f"one of {', '.join(known)}", param_hint="--kind")
    rows = role_rows(library())
    moment = parts.clock()

    def work(uow: UnitOfWork) -> None:
        organisation.found(
            uow,
            name=name,
            name_en=name_en,
            kind=kind,
            zone=zone,
            roles=with_superiors(standing(rows), rows),
            actor=SYSTEM,
            now=moment,
        )
        people.create_person(uow, admin, admin, password, ["admin"], SYSTEM, moment)

    _do(work)
    if plans:
        deploy_folders(fitting_folders(library(), kind))
    click.echo("The organisation is set up. Next: `flask org add-person`, then `flask serve`.")


@org_group.command("add-person")
@click.argument("username")
@click.option("--name", required=True, help="The person's name as shown.")
@click.option("--role", "roles", multiple=True, help="A role's key; may be given several times.")
@click.password_option(help="Their first password.")
def add_person(username: str, name: str, roles: tuple[str, ...], password: str) -> None:
    """Create an account with its roles."""
    parts = planroom()
    moment = parts.clock()
    _do(lambda uow: people.create_person(uow, username, name, password, roles, SYSTEM, moment))
    click.echo(f"{username}: {', '.join(roles) or '-'}")


@org_group.command("set-password")
@click.argument("username")
@click.password_option(help="The new password.")
def set_password(username: str, password: str) -> None:
    """Give an account a new password; its sessions end."""
    parts = planroom()
    moment = parts.clock()

    def work(uow: UnitOfWork) -> None:
        person = people.person_by_username(uow.session, username)
        if person is None:
            raise Refusal("person_unknown", 404, username=username)
        people.set_password(uow, person.id, password, SYSTEM, moment)

    _do(work)
    click.echo(f"{username}: the password was changed.")


@org_group.command("add-channel")
@click.option("--name", required=True, help="What it is, e.g. 政务微博.")
@click.option("--name-en", default="", help="The same in English.")
@click.option("--account", required=True, help="The verified account's public name.")
@click.option("--url", default="", help="Where it stands.")
def add_channel(name: str, name_en: str, account: str, url: str) -> None:
    """Name an official, disclosed channel: statements go out through these only."""
    parts = planroom()
    moment = parts.clock()
    row = {"name": name, "name_en": name_en, "account": account, "url": url}
    _do(lambda uow: channels.add_channel(uow, row, SYSTEM, moment))
    click.echo(f"{name}: {account}")


history_group = AppGroup("history", help="The record.")


@history_group.command("verify")
@click.argument("chain", default="")
def verify_history(chain: str) -> None:
    """Recompute every chain (or one: `org`, `case:12`) and say where the first break is. All
    chains are also held against the daily seals."""
    broken = 0
    with planroom().database.read() as session:
        seals = seal_walk.check_seals(session) if not chain else heads_check.Outcome()
        for found in seals.breaks:
            broken += 1
            place = f" {found.chain} at {found.seq}" if found.chain else ""
            upto = f" to {found.until}" if found.until else ""
            click.echo(f"seal of {found.day}{upto}: BROKEN{place} ({found.reason})")
        if not chain and seals.ok:
            click.echo(f"seals: {seals.seals} hold, {seals.heads} different heads")
        reports = [verify.verify_chain(session, chain)] if chain else verify.verify_all(session)
        for report in reports:
            if report.ok:
                click.echo(
                    f"{report.chain}: unbroken, {report.length} events, head {report.head}, "
                    f"{report.erased} personal values erased"
                )
            else:
                broken += 1
                click.echo(f"{report.chain}: BROKEN at {report.first_break} ({report.reason})")
    if broken:
        raise click.ClickException(f"{broken} broken")


def _do(work: Callable[[UnitOfWork], object]) -> None:
    try:
        planroom().database.run(work)
    except Refusal as refused:
        raise click.ClickException(f"{refused.code} {refused.args_}") from None
