"""People and the roles they hold. The administrator changes roles, auditors may look."""

from __future__ import annotations

from flask import Blueprint, request
from flask_babel import gettext as _

from services import people
from services.access import ADMIN
from services.directory import people as everybody
from services.directory import roles
from views.gates import administrators_only
from views.i18n import loc
from views.kit import Answer, actor, database, me, now, render, run, say, see_other

bp = Blueprint("people", __name__, url_prefix="/people")
bp.before_request(administrators_only)


@bp.get("")
def index() -> Answer:
    """Who holds which role."""
    with database().read() as session:
        return render(
            "people/index.html",
            people=everybody(session, active=False),
            roles=roles(session),
            may_change=ADMIN in me().role_keys,
        )


@bp.post("/<int:person_id>/roles")
def set_roles(person_id: int) -> Answer:
    """Make the ticked roles, and no others, the person's."""
    wanted = [key[:60] for key in request.form.getlist("role")[:100]]
    person = run(lambda uow: people.set_roles(uow, person_id, wanted, actor(ADMIN), now()))
    say(_("%(name)s的角色已更新。", name=loc(person)))
    return see_other("people.index")
