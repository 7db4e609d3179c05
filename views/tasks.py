"""A task's page and what people do with the task: claim, release, reassign, draft, complete."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from flask import Blueprint, Response, make_response, request, url_for
from flask_babel import gettext as _
from flask_login import login_required
from sqlalchemy.orm import Session

from models.tasks import UserTask
from services import masked_rows, masking, tasks
from services.access import role_for
from services.actor import Actor
from services.errors import Refusal
from services.four_eyes import superior
from services.masking import Mask
from services.task_hand import task_in_hand
from services.task_reading import TaskPage, task_page
from services.tiers import tiers_of
from services.uow import UnitOfWork
from views.forms import FORMS, Mistakes, Reader, form_data
from views.forms.base import FormInput, TaskForm
from views.i18n import format_short, loc
from views.incident_words import incident_sentence
from views.kit import (
    Answer,
    actor,
    database,
    me,
    nothing_new,
    now,
    render,
    run,
    say,
    see_other,
    seen,
    unchanged,
)
from views.refusals import field_errors, sentence
from views.terms import shown_value
from views.unmasking import panel
from workflows.contract import Element

bp = Blueprint("tasks", __name__, url_prefix="/tasks")

#: Fields of the page itself, which belong to no form.
_PAGE_FIELDS = frozenset({"csrf_token", "next"})


# ----------------------------------------------------------------------------- reading


@bp.get("/<task_id>")
@login_required
def show(task_id: str) -> Answer:
    """The task with its form, or what became of it."""
    return _page(task_id)


@bp.get("/<task_id>/state")
@login_required
def state(task_id: str) -> Answer:
    """Its badges and buttons again, or 204 when nothing has changed."""
    with database().read() as session:
        page = task_page(session, task_id, me())
        if unchanged(_stamp(page.task)):
            return nothing_new()
        context = _state_context(session, page)
    return render("tasks/_state_box.html", **context)


def _stamp(task: UserTask) -> str:
    marks = (task.reminded_at, task.overdue_at, task.escalated_at)
    due = int(task.due_at.timestamp()) if task.due_at else 0
    return f"{task.status}.{task.assignee_id or 0}.{due}.{sum(m is not None for m in marks)}"


def _state_context(session: Session, page: TaskPage) -> dict[str, Any]:
    holder = me().id if page.may_work else page.task.assignee_id
    colleagues = [
        person
        for person in (tasks.candidates(session, page.task) if _may_give(session, page) else [])
        if person.id != holder
    ]
    return {
        "page": page,
        "stamp": _stamp(page.task),
        "colleagues": colleagues,
        "case_now": page.case.at(now()),
        "demo_case": page.case,
    }


def _may_give(session: Session, page: TaskPage) -> bool:
    """Whether the reader may reassign it: whoever may work it, or holds the superior role."""
    if page.task.status != "open":
        return False
    return page.may_work or role_for([superior(session, page.task)], me()) is not None


def _page(
    task_id: str,
    *,
    status: int = 200,
    typed: Mapping[str, Any] | None = None,
    errors: Mapping[str, str] | None = None,
    refused: str = "",
) -> Answer:
    """The page, with what was typed kept when a submission was refused."""
    with database().read() as session:
        page = task_page(session, task_id, me())
        mask = masking.mask_for(session, me(), page.case.id, now())
        form = FORMS.get(page.task.form_key)
        context = _state_context(session, page)
        values: dict[str, Any] = {}
        if page.may_work:
            context |= _form_context(session, page, form)
            values = context.pop("defaults", {})
        context.setdefault("labels", {f.id: loc(f, "label") for f in page.element.form_fields})
        if page.task.status == "open" and page.mine and page.task.draft:
            values = {**values, **page.task.draft}
        if typed is not None:
            values = dict(typed)
        context["page"] = replace(page, case=masked_rows.case(mask, page.case))
        text = render(
            "tasks/show.html",
            **context,
            values=values,
            errors=errors or {},
            refused=refused,
            help=_help(page.element),
            result_rows=_result_rows(page, mask),
            unmask=panel(page.case, mask),
        )
    return make_response(text, status)


def _help(element: Element) -> str:
    given = element.properties
    return loc({"help": given.get("help"), "help_en": given.get("help.en")}, "help")


def _form_context(session: Session, page: TaskPage, form: TaskForm | None) -> dict[str, Any]:
    if form is None:
        return {
            "form_template": form_data.TEMPLATE,
            "submit_label": _("办结"),
            "drafts": bool(page.element.form_fields),
            "options": _options,
            "defaults": form_data.defaults(page.element),
            **form_data.context(page.element),
        }
    moment = page.case.at(now())
    return {
        "form_template": form.template,
        "submit_label": form.submit() if form.submit is not None else _("办结"),
        "drafts": form.drafts,
        **form.context(session, page.task, page.case, page.element, me(), moment),
    }


def _options(field: Any) -> list[tuple[str, str]]:
    return [(value, loc({"name": zh, "name_en": en})) for value, zh, en in field.options]


def _result_rows(page: TaskPage, mask: Mask) -> list[tuple[str, str]]:
    """What was entered when the task was completed, as (label, text), through the mask."""
    given = page.task.result or {}
    result = {name: mask.value(page.element, name, value) for name, value in given.items()}
    if page.task.form_key == "planroom:grade":
        tiers = {tier.key: tier for tier in tiers_of(page.version.manifest)}
        tier = tiers.get(str(result.get("tier")))
        rows = [(_("舆情等级"), loc(tier) if tier else "—")]
        if result.get("reason"):
            rows.append((_("理由"), str(result["reason"])))
        return rows
    rows = []
    for field in page.element.form_fields:
        value = result.get(field.id)
        if value is None:
            continue
        names = dict(_options(field))
        rows.append((loc(field, "label"), names.get(str(value), shown_value(value))))
    return rows


# ------------------------------------------------------------------------------- acting


def _kept(form: FormInput) -> dict[str, Any]:
    """What was typed, by field; a field sent several times is a list."""
    return {
        name: values[0] if len(values) == 1 else values
        for name, values in form.to_dict(flat=False).items()
        if name not in _PAGE_FIELDS
    }


def _attempt(task_id: str, work: Callable[[], Answer]) -> Answer:
    """Do it; when a service refuses, show the page again with the reason and what was typed."""
    try:
        return work()
    except Mistakes as mistakes:
        return _page(task_id, status=422, typed=_kept(request.form), errors=mistakes.errors)
    except Refusal as refusal:
        if refusal.status == 404 or refusal.code in {"read_only", "not_your_task", "not_active"}:
            raise
        errors = field_errors(refusal)
        return _page(
            task_id,
            status=refusal.status,
            typed=_kept(request.form),
            errors=errors,
            refused="" if errors else sentence(refusal),
        )


@bp.post("/<task_id>/claim")
@login_required
def claim(task_id: str) -> Answer:
    """Take it from the queue and open it."""

    def work() -> Answer:
        run(lambda uow: tasks.claim_task(uow, task_id, actor(), now()))
        return see_other("tasks.show", task_id=task_id)

    return _attempt(task_id, work)


@bp.post("/<task_id>/unclaim")
@login_required
def unclaim(task_id: str) -> Answer:
    """Give it back to the queue."""

    def work() -> Answer:
        task = run(lambda uow: tasks.unclaim_task(uow, task_id, actor(), now()))
        say(_("“%(task)s”已退回待签收。", task=loc(task)), "info")
        return see_other("inbox.show", tab="queue")

    return _attempt(task_id, work)


@bp.post("/<task_id>/reassign")
@login_required
def reassign(task_id: str) -> Answer:
    """Give it to a colleague."""

    def work() -> Answer:
        read = Reader(request.form)
        to = read.whole("to", required=True)
        reason = read.text("reason", limit=500)
        read.finish()
        assert to is not None
        task = run(lambda uow: tasks.reassign_task(uow, task_id, to, actor(), now(), reason=reason))
        say(_("“%(task)s”已转办。", task=loc(task)))
        return see_other("inbox.show")

    return _attempt(task_id, work)


@bp.post("/<task_id>/draft")
@login_required
def draft(task_id: str) -> Answer:
    """Keep what was typed so far."""

    def work() -> Answer:
        kept = _kept(request.form)
        run(lambda uow: tasks.save_draft(uow, task_id, actor(), kept, now()))
        say(_("草稿已保存。"))
        return see_other("tasks.show", task_id=task_id)

    return _attempt(task_id, work)


@bp.post("/<task_id>/complete")
@login_required
def complete(task_id: str) -> Answer:
    """Complete it and go on: to the person's next task of the case, else to the case."""

    def work() -> Answer:
        moment = now()
        who: Actor = actor(request.form.get("role", ""))

        def act(uow: UnitOfWork) -> tasks.CompletedTask:
            # The form is read in the unit of work: nothing is locked before the first write, and
            # a transaction less is a tenth of the request.
            task, _case, _instance, _definition, element = task_in_hand(uow.session, task_id, me())
            data, occurred_at = _parsed(task.form_key, element)
            return tasks.complete_task(uow, task_id, who, data, moment, occurred_at=occurred_at)

        return _gone_on(run(act))

    return _attempt(task_id, work)


def _parsed(form_key: str, element: Element) -> tuple[Mapping[str, Any], Any]:
    """The form's data and when the work was really done (None: now); every mistake at once."""
    read = Reader(request.form)
    occurred_at = read.moment("occurred_at")
    form = FORMS.get(form_key)
    data: Mapping[str, Any] = {}
    try:
        data = form.parse(request.form) if form else form_data.parse(element, request.form)
    except Mistakes as mistakes:
        read.errors = {**mistakes.errors, **read.errors}
    read.finish()
    return data, occurred_at


def _gone_on(completed: tasks.CompletedTask) -> Response:
    task = completed.task
    if completed.incidents:
        fault = completed.incidents[0]
        say(
            _(
                "流程停在“%(element)s”:%(why)s任务保留在您这里,填写的内容已存为草稿。",
                element=fault.path,
                why=incident_sentence(fault.code),
            ),
            "error",
        )
        return see_other("tasks.show", task_id=task.id)
    if completed.met is False and task.due_at is not None:
        due = format_short(task.due_at, completed.case.at(now()))
        said = _("“%(task)s”已办结,但晚于时限 %(due)s。", task=loc(task), due=due)
    else:
        said = _("“%(task)s”已办结。", task=loc(task))
    if completed.next_task_id is not None:
        said = " ".join((said, _("这是您在本事件中的下一项任务。")))
    say(said, "warning" if completed.met is False else "success")
    if completed.next_task_id is not None:
        return see_other("tasks.show", task_id=completed.next_task_id)
    return seen(url_for("cases.show", case_id=completed.case.id))
