"""Replaying a case: the page, its frames, its details; two cases side by side, a case beside its
plan."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request
from flask_babel import gettext as _
from flask_login import login_required
from sqlalchemy.orm import Session

from models.cases import Case
from services import access, masking, replay, replay_details, replay_median
from services.auditing import require_auditor
from services.errors import Refusal
from services.masking import Mask
from services.replay import Frames
from views.event_names import event_name
from views.kit import Answer, database, me, now, render
from views.replay_frames import as_json
from views.replay_gantt import gantt
from views.replay_words import told

bp = Blueprint("replaying", __name__, url_prefix="/audit")


@bp.get("/cases/<int:case_id>/replay")
@login_required
def show(case_id: int) -> Answer:
    """The page; ``at`` is the seq of the event to begin with. What is no event of the case
    becomes the nearest one."""
    with database().read() as session:
        case = access.case_seen_by(session, me(), case_id)
        return render(
            "audit/replay.html",
            case=case,
            title=_mask(session, case).text(case.title),
            at=_number("at"),
            words=client_words(),
            marks=mark_names(),
        )


@bp.get("/cases/<int:case_id>/replay.json")
@login_required
def frames(case_id: int) -> Response:
    """All events of the case, small."""
    with database().read() as session:
        case = access.case_seen_by(session, me(), case_id)
        body = as_json(replay.frames(session, case), _mask(session, case))
    return Response(body, mimetype="application/json")


@bp.get("/cases/<int:case_id>/replay/events")
@login_required
def events(case_id: int) -> Answer:
    """A hundred events in words, from the index ``from`` on (0 is the first)."""
    with database().read() as session:
        case = access.case_seen_by(session, me(), case_id)
        first = _number("from")
        chunk = replay_details.chunk(session, case, me(), first, now())
        return render(
            "audit/_replay_events.html",
            case=case,
            events=told(session, case, chunk, first, case.at(now())),
            event_name=event_name,
        )


@bp.get("/compare")
@login_required
def compare() -> Answer:
    """Case ``a`` beside case ``b``; without ``b``, beside the median of its plan."""
    require_auditor(me())
    with database().read() as session:
        case = _of_argument(session, "a")
        other = _of_argument(session, "b") if request.args.get("b") else None
        context: dict[str, Any] = {
            "case": case,
            "title": _mask(session, case).text(case.title),
            "words": client_words(),
            "marks": mark_names(),
        }
        if other is not None:
            context |= {"other": other, "other_title": _mask(session, other).text(other.title)}
            return render("audit/compare.html", **context)
        own = replay.frames(session, case)
        beside = replay_median.beside_median(session, own)
        plan = own.stretches[-1].version
        return render(
            "audit/compare_median.html",
            **context,
            beside=beside,
            plan=plan,
            chart=gantt(beside, _names(own)),
        )


def _of_argument(session: Session, name: str) -> Case:
    """Raises Refusal ``case_unknown`` 404 for anything that is no case's number."""
    given = request.args.get(name, "")
    if not (given.isascii() and given.isdigit() and 0 < len(given) < 10):
        raise Refusal("case_unknown", 404)
    return access.case_seen_by(session, me(), int(given))


def _number(name: str) -> int:
    """A number of the address; 0 for anything else."""
    given = request.args.get(name, "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 10 else 0


def _mask(session: Session, case: Case) -> Mask:
    return masking.mask_for(session, me(), case.id, now())


def _names(frames: Frames) -> dict[str, Any]:
    """Elements by path, of all versions the case ran on, the last one's first."""
    found: dict[str, Any] = {}
    for stretch in frames.stretches:
        found |= stretch.read.elements
    return found


def mark_names() -> dict[str, str]:
    """What each kind of mark is called, in the legend's order."""
    return {
        "decision": _("判定、定级"),
        "met": _("按时"),
        "missed": _("时限已过"),
        "late": _("超时办理"),
        "escalation": _("督办"),
        "statement": _("文稿"),
        "approval": _("审签"),
        "release": _("发布"),
        "migration": _("换了预案版本"),
        "entered_later": _("补录"),
    }


def client_words() -> dict[str, str]:
    """What the player writes itself; words in braces are filled in."""
    return {
        "play": _("播放"),
        "pause": _("暂停"),
        "position": _("第 {n} 步,共 {all} 步"),
        "start": _("开始之前"),
        "none": _("这件事件还没有记录。"),
        "since": _("启动后 {span}"),
        "at_once": _("启动时"),
        "days": _("{d} 天 {h} 小时"),
        "hours": _("{h} 小时 {m} 分"),
        "minutes": _("{m} 分钟"),
        "seconds": _("{s} 秒"),
        "no_more": _("后面没有了:{what}"),
        "passes": _("经过 {n} 次"),
        "here": _("现在在这里"),
        "round": _("第 {n} 轮"),
        "failed": _("没有读出来,请刷新页面。"),
        "version": _("预案第 {n} 版"),
        "speed": _("速度 {n} 倍"),
        "mark": _("{kind},第 {n} 步"),
    }
