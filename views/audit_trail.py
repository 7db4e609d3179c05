"""What an auditor opens is itself on record: every page, file and fragment with something to read
in it that their role as an auditor opened for them. `services.audit_trail` writes it.

The tables below are closed: a test asks of every address that is read whether it is in one of them.
An address in neither is recorded all the same.

A page that could not be recorded is not shown (503): nobody reads without a trace. The same page
opened again by the same person within `AGAIN` is not written a second time; what was opened when
is kept in memory, of this process: another process, or this one begun anew, writes once more,
never less.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from threading import Lock
from typing import Any, Final

from flask import Flask, Response, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user

from models.people import Person
from services import access, audit_trail
from services.audit_trail import Opened
from services.draft_reading import AUTHORS
from views.errors import error_page
from views.kit import AUDIT_ROOM, actor, database, me, now, run

log = logging.getLogger(__name__)

AGAIN: Final = timedelta(minutes=10)

#: Recorded: what it is called in the log.
RECORDED: Final[dict[str, Any]] = {
    # cases
    "cases.index": _l("事件列表"),
    "cases.show": _l("事件页"),
    "cases.live": _l("事件页"),
    "cases.full_record": _l("全部记录"),
    "cases.diagram": _l("事件流程图"),
    "tasks.show": _l("任务"),
    "reports.show": _l("信息报送"),
    "statements.show": _l("文稿"),
    "statements.printable": _l("文稿全文"),
    "statement_new.show": _l("新文稿"),
    "files.download": _l("附件"),
    "intake.signals_list": _l("线索列表"),
    "intake.signal": _l("线索"),
    "migrating.show": _l("运行中的事件与版本"),
    # the unit
    "people.index": _l("人员与角色"),
    "organisation.show": _l("单位与预案"),
    # drafts of plans
    "studio.index": _l("预案编制"),
    "studio.files": _l("草稿文件"),
    "studio.file": _l("草稿文件"),
    "studio_table.show": _l("预案草稿"),
    "studio_diagram.show": _l("草稿流程图"),
    "studio_diagram.sheets": _l("草稿流程图"),
    "studio_decisions.show": _l("草稿判定表"),
    "studio_decisions.box": _l("草稿判定表"),
    "studio_forms.show": _l("草稿表单"),
    "studio_findings.show": _l("草稿检查"),
    "studio_findings.as_json": _l("草稿检查"),
    "studio_past.show": _l("以往事件试算"),
    "studio_past.rows": _l("以往事件试算"),
    "studio_whatif.show": _l("草稿推演"),
    "studio_whatif.walk": _l("草稿推演"),
    "studio_whatif.diagram": _l("草稿推演"),
    "comparing.draft": _l("草稿改动"),
    "papers.draft_changes": _l("草稿改动(Word)"),
    "papers.draft_written": _l("草稿文本(Word)"),
    "proposing.propose": _l("提请启用"),
    "proposing.proposal": _l("启用申请"),
    "proposing.rollback_page": _l("恢复较早版本"),
    # the audit room
    "audit.index": _l("可回放的事件列表"),
    "audit_log.show": _l("查阅记录"),
    "exceptions.show": _l("例外清单"),
    "searching.show": _l("检索"),
    "replaying.show": _l("回放"),
    "replaying.frames": _l("回放"),
    "replaying.events": _l("回放"),
    "replaying.compare": _l("并排回放"),
    "compliance.show": _l("时限情况"),
    "compliance.cases": _l("时限情况"),
    "clauses.index": _l("条款"),
    "clauses.show": _l("条款"),
    "proof.heads": _l("校验与存证"),
    "proof.show": _l("校验与材料包"),
    "exporting.index": _l("导出"),
    "exporting.download": _l("导出文件"),
    "exporting.conformance": _l("记录与流程图对照"),
    "archive_room.index": _l("保管与销毁"),
    "archive_room.show_list": _l("销毁清册"),
    "archive_files.index": _l("案卷目录"),
    "archive_files.show": _l("案卷"),
    "archive_files.holds": _l("暂缓销毁"),
    "archive_signals.index": _l("未立案线索目录"),
    "archive_signals.show": _l("未立案线索的保管"),
    "archive_files.package": _l("归档包"),
}

#: Not recorded: nothing of a case or a draft in it, what everybody in the house may read, one's
#: own, or an address that only leads on.
NOT_RECORDED: Final = frozenset(
    {
        "static",
        "auth.home",
        "auth.sign_in",
        "archive_terms.show",
        "audit.room",
        "audit.choose",
        "exporting.job",
        "proof.verifier",
        "compliance.event",
        # one's own tasks and notices; a task's badges
        "inbox.show",
        "inbox.fragment",
        "notifications.badge",
        "notifications.panel",
        "tasks.state",
        "intake.report",
        # plans in force and their versions
        "library.index",
        "plans.show",
        "plans.cards",
        "plans.written",
        "plans.diagram",
        "plans.file",
        "comparing.show",
        "papers.changes",
        "papers.written",
        # the administrator's and the authors'
        "plan_settings.edit",
    }
)

#: What an open page asks for counts as that page, whatever portion of it.
_SAME_AS: Final = {
    "cases.live": "cases.show",
    "replaying.frames": "replaying.show",
    "replaying.events": "replaying.show",
}
#: Forms that stand on another page than their room's ``show``.
_SENT_FROM: Final = dict.fromkeys(
    ("proof.check_all", "proof.compare", "proof.lodge"), "proof.heads"
)
#: Blueprints whose pages other roles open as well.
_DRAFTS: Final = ("studio", "proposing", "comparing", "papers", "migrating")
#: Arguments of an address that say nothing about what was asked.
_EMPTY: Final = frozenset({"stamp", "csrf_token", "at", "from"})
_MOST_ARGUMENTS: Final = 20


class Lately:
    """What was recorded within `AGAIN`, in this process."""

    def __init__(self) -> None:
        self._at: dict[tuple[int, Opened], datetime] = {}
        self._lock = Lock()

    def has(self, person_id: int, opened: Opened, moment: datetime) -> bool:
        with self._lock:
            at = self._at.get((person_id, opened))
        return at is not None and at <= moment < at + AGAIN

    def add(self, person_id: int, opened: Opened, moment: datetime) -> None:
        with self._lock:
            if len(self._at) > 1_000:
                self._at = {k: at for k, at in self._at.items() if moment < at + AGAIN}
            self._at[person_id, opened] = moment


def what_words(key: object) -> str:
    """What the log calls a page. One that was sent back from a form of a page is called as that;
    what nobody knows any more by its key."""
    name = str(key)
    room = f"{name.partition('.')[0]}."
    sent = _SENT_FROM.get(name, f"{room}show")
    near = (name, sent, *(one for one in RECORDED if one.startswith(room)))
    return str(next((RECORDED[one] for one in near if one in RECORDED), name))


def _has_content(response: Response) -> bool:
    """Whether there is something to read: a page, a file, a part of one; a refused form comes back
    with the page around it."""
    if request.method == "GET":
        return response.status_code in (200, 206, 304)
    return (
        request.method in {"POST", "PUT", "PATCH", "DELETE"}
        and response.mimetype == "text/html"
        and response.status_code in (200, 409, 422)
    )


def _opened(case_id: int | None) -> Opened:
    endpoint = request.endpoint or ""
    given = {k: v for k, v in (request.view_args or {}).items() if k != "case_id"}
    ids = [value for value in given.values() if value not in (None, "")]
    args = tuple(
        (name[:60], ",".join(request.args.getlist(name)))
        for name in sorted(request.args)
        if name not in _EMPTY
    )
    return Opened(
        what=_SAME_AS.get(endpoint, endpoint),
        case=case_id,
        id=ids[0] if len(ids) == 1 else "/".join(map(str, ids)) or None,
        args=args[:_MOST_ARGUMENTS],
    )


def _as_auditor(person: Person, case_id: int | None) -> bool:
    """Whether it was the auditor's role that opened it."""
    roles = set(person.role_keys) - {access.AUDITOR}
    if (request.blueprint or "").startswith(_DRAFTS):
        return roles.isdisjoint({*AUTHORS, "leader"})
    if request.blueprint in {"people", "organisation"}:
        return access.ADMIN not in roles
    if request.endpoint == "intake.signals_list" or (
        request.endpoint == "intake.signal" and case_id is None
    ):
        return roles <= {access.ADMIN, access.AUTHOR}
    if case_id is None or (request.blueprint or "") in AUDIT_ROOM:
        return True
    with database().read() as session:
        return not audit_trail.sees_anyway(session, person, case_id)


def _keep(lately: Lately) -> None:
    person = me()
    with database().read() as session:
        case_id = audit_trail.case_behind(session, request.view_args or {})
    if not _as_auditor(person, case_id):
        return
    opened, moment = _opened(case_id), now()
    if lately.has(person.id, opened, moment):
        return
    run(lambda uow: audit_trail.record_opened(uow, opened, actor(access.AUDITOR), moment))
    lately.add(person.id, opened, moment)


def init_app(app: Flask) -> None:
    """Attach the hook. Nothing else writes ``audit.opened``."""
    lately = Lately()

    @app.after_request
    def keep(response: Response) -> Response:
        if request.endpoint is None or request.endpoint in NOT_RECORDED:
            return response
        if not _has_content(response) or not current_user.is_authenticated:
            return response
        if not access.is_auditor(me()):
            return response
        try:
            _keep(lately)
        except Exception:
            log.exception("%s was not put on record and is not shown", request.path)
            response.close()
            return error_page(503, _("查阅没有记录下来,所以不能显示。请稍后再试。"), "not_recorded")
        return response
