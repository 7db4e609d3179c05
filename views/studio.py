"""The studio's own pages: plans to work on, drafts, their files, import and export."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response, jsonify, request, url_for
from flask_babel import gettext as _
from flask_login import login_required

from services import draft_reading, drafts, plan_import
from services.directory import people_by_id, roles
from services.errors import Refusal
from services.plans import deployed_plans
from services.proposal_reading import may_decide, proposals_waiting
from services.second_person import needs_second_person
from services.uow import UnitOfWork
from views import finding_words
from views.i18n import loc
from views.kit import (
    Answer,
    actor,
    database,
    me,
    now,
    render,
    row_number,
    run,
    safe_next,
    say,
    see_other,
    seen,
)
from views.refusals import sentence
from views.studio_kit import draft_in_hand, draft_page, may_author, told
from workflows.contract import DeploymentError, Finding

bp = Blueprint("studio", __name__, url_prefix="/studio")


@bp.get("")
@login_required
def index() -> Answer:
    """Plans to work on, drafts under way, proposals that wait."""
    return _index()


def _index(
    status: int = 200, problems: tuple[Finding, ...] = (), refusal: Refusal | None = None
) -> Answer:
    person = me()
    if not draft_reading.may_read(person):
        raise Refusal("not_your_role", 403)
    with database().read() as session:
        under_way = draft_reading.drafts_under_way(session)
        waiting = proposals_waiting(session)
        people = people_by_id(
            session, [*(d.author_id for d in under_way), *(p.submitted_by for p in waiting)]
        )
        page = render(
            "studio/index.html",
            plans=deployed_plans(session),
            titles={plan.key: plan for plan in deployed_plans(session)},
            drafts=under_way,
            mine={draft.plan_key: draft for draft in under_way if draft.author_id == person.id},
            waiting=waiting,
            people=people,
            may_author=may_author(person),
            may_decide={one.id for one in waiting if may_decide(one, person)},
            second_person=needs_second_person(session),
            problems=[told(finding) for finding in problems],
            refused=sentence(refusal) if refusal is not None else "",
        )
    return (page, status)


@bp.post("/plans/<key>/draft")
@login_required
def begin(key: str) -> Answer:
    """A draft of one's own of the plan, or the one there is."""
    version_id = request.form.get("version", type=row_number)
    draft_id = run(
        lambda uow: drafts.open_draft(uow, key, actor(), now(), version_id=version_id).id
    )
    return see_other("studio_table.show", draft_id=draft_id)


@bp.post("/import")
@login_required
def import_plan() -> Answer:
    """Files of a new plan, or of one there is, as a draft with its findings."""
    if not may_author(me()):  # before anything of theirs is read
        raise Refusal("not_your_role", 403)
    uploads = _uploads()

    def work(uow: UnitOfWork) -> int:
        known = {role.key: loc(role) for role in roles(uow.session)}
        taken = [plan.key for plan in deployed_plans(uow.session)]
        files = plan_import.import_files(uploads, roles=known, taken=taken)
        return drafts.import_draft(uow, files, actor(), now()).id

    try:
        draft_id = run(work)
    except DeploymentError as error:
        return _index(422, error.findings)
    except Refusal as refusal:
        if refusal.status not in (409, 422):
            raise
        return _index(refusal.status, refusal=refusal)
    say(_("已导入为草稿。下面是检查出的问题。"))
    return see_other("studio_findings.show", draft_id=draft_id)


@bp.post("/drafts/<int:draft_id>/import")
@login_required
def import_into(draft_id: int) -> Answer:
    """Files that take the place of the draft's, by the processes and decisions they hold."""
    uploads = _uploads()

    def work(uow: UnitOfWork) -> int:
        there = draft_reading.files_of(uow.session, draft_in_hand(uow.session, draft_id))
        files = plan_import.placed(uploads, there)
        what = _("导入 %(files)s", files=", ".join(sorted(files)))
        drafts.save_files(uow, draft_id, files, actor(), now(), what=what)
        return len(files)

    try:
        count = run(work)
    except DeploymentError as error:
        return _files_page(draft_id, 422, error.findings)
    except Refusal as refusal:
        if refusal.code not in ("no_upload", "draft_locked", "draft_moved"):
            raise
        return _files_page(draft_id, refusal.status, refusal=refusal)
    say(_("已导入 %(n)s 个文件。", n=count))
    return see_other("studio_findings.show", draft_id=draft_id)


@bp.get("/drafts/<int:draft_id>/files")
@login_required
def files(draft_id: int) -> Answer:
    """The draft's files: each can be taken away, others brought in their place."""
    return _files_page(draft_id)


def _files_page(
    draft_id: int,
    status: int = 200,
    problems: tuple[Finding, ...] = (),
    refusal: Refusal | None = None,
) -> Answer:
    with database().read() as session:
        draft = draft_in_hand(session, draft_id)
        page = render(
            "studio/files.html",
            **draft_page(session, draft, "files"),
            files=[(file.name, len(file.content), file.changed_at) for file in draft.files],
            problems=[told(finding) for finding in problems],
            refused=sentence(refusal) if refusal is not None else "",
        )
    return (page, status)


@bp.get("/drafts/<int:draft_id>/files/<path:name>")
@login_required
def file(draft_id: int, name: str) -> Response:
    """A file of the draft as last saved; its revision in the header ``X-Revision``."""
    with database().read() as session:
        draft = draft_in_hand(session, draft_id)
        body = draft_reading.file_of(session, draft, name)
        revision = draft.revision
    plain = name.endswith(".toml")
    answer = Response(body, mimetype="text/plain" if plain else "application/xml")
    shown = quote(name.rpartition("/")[2])
    answer.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{shown}"
    answer.headers["X-Revision"] = str(revision)
    return answer


@bp.put("/drafts/<int:draft_id>/files/<path:name>")
@login_required
def save(draft_id: int, name: str) -> Answer:
    """Save one file: JSON ``{content, revision}`` to ``{revision, others}``. 409 when the draft
    has moved, 422 when the file cannot be read; both with ``{code, message}``."""
    try:
        given = request.get_json(silent=True)
    except RecursionError:  # nested without end
        given = None
    content = given.get("content") if isinstance(given, dict) else None
    revision = given.get("revision") if isinstance(given, dict) else None
    if not isinstance(content, str) or not isinstance(revision, int) or isinstance(revision, bool):
        return _json_refusal(Refusal("form_invalid", 422))
    try:
        body = content.encode()
    except UnicodeEncodeError:  # half of a letter, as JSON can write it
        return _json_refusal(Refusal("form_invalid", 422))
    what = _("编辑 %(file)s", file=name)

    def work(uow: UnitOfWork) -> dict[str, Any]:
        draft = drafts.save_files(
            uow, draft_id, {name: body}, actor(), now(), revision=revision, what=what
        )
        others = draft_reading.others_editing(uow.session, draft)
        people = people_by_id(uow.session, [one.author_id for one in others])
        return {"revision": draft.revision, "others": [loc(one) for one in people.values()]}

    try:
        return jsonify(run(work))
    except Refusal as refusal:
        return _json_refusal(refusal)
    except DeploymentError as error:
        message = " ".join(finding_words.sentence(finding) for finding in error.findings[:3])
        answer = jsonify(code="unreadable", message=message)
        answer.status_code = 422
        return answer


@bp.post("/drafts/<int:draft_id>/undo")
@login_required
def undo(draft_id: int) -> Answer:
    """Take the newest save back."""
    what = run(lambda uow: drafts.undo(uow, draft_id, actor(), now())[1])
    say(_("已撤销:%(what)s", what=what) if what else _("已撤销上一步。"))
    table = url_for("studio_table.show", draft_id=draft_id)
    return seen(safe_next(request.form.get("next"), table))


@bp.post("/drafts/<int:draft_id>/discard")
@login_required
def discard(draft_id: int) -> Answer:
    """Give the draft up."""
    run(lambda uow: drafts.discard_draft(uow, draft_id, actor(), now()))
    say(_("已放弃草稿。"))
    return see_other("studio.index")


# ------------------------------------------------------------------------------ small parts


def _uploads() -> dict[str, bytes]:
    """Files chosen, by the names they came with."""
    found = request.files.getlist("files")
    return {one.filename: one.read() for one in found if one.filename}


def _json_refusal(refusal: Refusal) -> Response:
    answer = jsonify(code=refusal.code, message=sentence(refusal))
    answer.status_code = refusal.status
    return answer
