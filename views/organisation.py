"""The unit: what kind it is, which plans it uses, what it calls its roles. The administrator's;
auditors may read it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from models.people import Role
from services import organisation, plan_choice
from services.access import ADMIN
from services.directory import organization, people, roles
from services.errors import Refusal
from services.kinds import kind_named, kinds, role_rows
from services.plan_folder import read_folder
from services.uow import UnitOfWork
from views import finding_words
from views.gates import administrators_only
from views.i18n import loc
from views.kit import Answer, actor, database, library, me, now, render, run, say, seen
from views.refusals import field_errors
from workflows.contract import DeploymentError

bp = Blueprint("organisation", __name__, url_prefix="/organisation")
bp.before_request(administrators_only)


@bp.get("")
def show() -> Answer:
    """Kind, plans and role names."""
    return _page()


@bp.post("/kind")
def choose_kind() -> Answer:
    """Say what kind of unit it is."""
    kind = kind_named(library(), request.form.get("kind", "")[:60])
    run(lambda uow: organisation.choose_kind(uow, kind, actor(ADMIN), now()))
    say(_("单位类型:%(name)s。请看下面适用的预案。", name=loc(kind)))
    return seen(url_for("organisation.show", _anchor="plans"))


@bp.post("/plans")
def take_plans() -> Answer:
    """Start using the ticked plans, all or none, with the roles they need."""
    wanted = list(dict.fromkeys(key[:60] for key in request.form.getlist("plan")[:100]))
    if not wanted:
        return _page(errors={"plan": _("请至少勾选一个预案。")})
    rows = role_rows(library())
    folders = [plan_choice.folder_of(library(), key) for key in wanted]

    def work(uow: UnitOfWork) -> list[Role]:
        before = {role.key for role in roles(uow.session)}
        for bundle in bundles:
            plan_choice.take_plan(uow, bundle, rows, actor(ADMIN), now())
        return [role for role in roles(uow.session) if role.key not in before]

    try:
        bundles = [read_folder(folder) for folder in folders]
        new = run(work)
    except DeploymentError as refused:
        return _page(errors={"plan": " ".join(map(finding_words.line, refused.findings[:5]))})
    names = _("、").join(loc(bundle.manifest, "title") for bundle in bundles)
    say(_("已启用:%(names)s。", names=names))
    if new:
        said = _("、").join(loc(role) for role in new)
        say(_("新增角色:%(names)s。请到“人员与角色”指定由谁担任。", names=said), "info")
    return seen(url_for("organisation.show", _anchor="plans"))


@bp.post("/roles")
def rename_roles() -> Answer:
    """Give the roles the unit's own names, all or none."""
    given = {
        name: text[:1000]
        for name, text in list(request.form.items())[:400]
        if name.startswith(("name_", "en_"))
    }
    errors: dict[str, str] = {}

    def work(uow: UnitOfWork) -> int:
        changed = 0
        for role in roles(uow.session):
            name = given.get(f"name_{role.key}", role.name)
            name_en = given.get(f"en_{role.key}", role.name_en)
            before = (role.name, role.name_en)
            try:
                organisation.rename_role(uow, role.key, name, name_en, actor(ADMIN), now())
            except Refusal as refusal:
                found = field_errors(refusal)
                if not found:
                    raise
                errors.update(
                    {f"{_FIELDS[field]}_{role.key}": text for field, text in found.items()}
                )
            changed += (role.name, role.name_en) != before
        if errors:
            raise Refusal("form_invalid", 422)
        return changed

    try:
        changed = run(work)
    except Refusal:
        if not errors:
            raise
        return _page(given=given, errors=errors)
    said = _("已更名 %(n)s 个角色。", n=changed) if changed else _("名称没有改动。")
    say(said, "success" if changed else "info")
    return seen(url_for("organisation.show", _anchor="roles"))


_FIELDS = {"name": "name", "name_en": "en"}


def _page(
    given: Mapping[str, str] | None = None, errors: Mapping[str, str] | None = None
) -> Answer:
    name = "show" if ADMIN in me().role_keys else "read"
    with database().read() as session:
        page = render(f"organisation/{name}.html", **_shown(session, given or {}, errors or {}))
    return (page, 422) if errors else page


def _shown(session: Session, given: Mapping[str, str], errors: Mapping[str, str]) -> dict[str, Any]:
    unit = organization(session)
    if unit is None:
        raise Refusal("organization_unknown", 404)
    known = kinds(library())
    every = plan_choice.offers(session, library(), unit.kind, role_rows(library()))
    held: dict[str, list[str]] = {}
    for person in people(session):
        for key in person.role_keys:
            held.setdefault(key, []).append(loc(person))
    return {
        "unit": unit,
        "kinds": known,
        "kind_names": {kind.key: kind for kind in known},
        "fitting": [offer for offer in every if offer.fits],
        "others": [offer for offer in every if not offer.fits],
        "roles": roles(session),
        "held": held,
        "labels": {"plan": _("预案")}
        | {f"{f}_{role.key}": loc(role) for role in roles(session) for f in _FIELDS.values()},
        "given": given,
        "errors": errors,
    }
