"""How deadlines were kept: by plan, tier and clause, drawn and as a table, down to the events."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, abort, current_app, make_response, request, url_for
from sqlalchemy.orm import Session

from models.plans import PlanVersion
from services import compliance_cases, masking
from services.compliance import FEW, Compliance, Row, compliance
from services.compliance_book import versions_with_cases
from services.compliance_clocks import VERDICTS, Scope
from services.compliance_moments import MOMENTS, Moments, moments
from services.directory import roles
from services.errors import Refusal
from views import compliance_words
from views.compliance_drawing import drawing
from views.forms.base import Mistakes, Reader
from views.gates import auditors_only
from views.i18n import current_zone
from views.kit import Answer, database, me, now, render, row_number, see_other
from views.refusals import field_errors

bp = Blueprint("compliance", __name__, url_prefix="/audit/compliance")
bp.before_request(auditors_only)

#: "" among the tiers asked for would mean every one.
UNGRADED = "none"
#: "" among the roles asked for would mean any.
NO_ROLE = "-"
#: Days before and after these are no days of a case, and too far out for a moment in UTC.
_FIRST, _LAST = date(1970, 1, 1), date(2200, 12, 31)
#: What the page of cases may be asked for, beside where it goes on.
_ASKED = (
    "plan", "tier", "clause", "since", "until", "drills", "deadline", "verdict", "role", "moment",
)  # fmt: skip


@bp.get("")
def show() -> Answer:
    """The figures of what is asked: ``plan``, ``tier``, ``clause``, ``since``, ``until`` (days),
    ``drills``."""
    with database().read() as session:
        versions = versions_with_cases(session)
        found: Compliance | None = None
        times = Moments()
        errors: dict[str, str] = {}
        try:
            scope = _scope()
            found = compliance(session, scope)
            times = moments(session, found.book, scope)
        except Mistakes as mistakes:
            errors = mistakes.errors
        except Refusal as refusal:
            if refusal.status != 422:
                raise
            errors = field_errors(refusal)
        page = render(
            "audit/compliance.html",
            **_common(session, versions),
            found=found,
            times=times,
            moments=MOMENTS,
            errors=errors,
            sections=_sections(versions, found, times) if found is not None else [],
            drawing=drawing,
            clauses=_clauses(versions),
        )
        return make_response(page, 422 if errors else 200)


@bp.get("/cases")
def cases() -> Answer:
    """The cases behind one figure: of a ``deadline`` (by ``verdict`` and ``role``) or a
    ``moment``."""
    before = request.args.get("before", type=row_number)
    with database().read() as session:
        versions = versions_with_cases(session)
        common = _common(session, versions)
        try:
            scope = _scope()
        except Mistakes:
            abort(404)
        if not scope.plan or scope.plan not in common["tiers"]:
            raise Refusal("plan_unknown", 404, plan=scope.plan)
        moment = next((one for one in MOMENTS if one == request.args.get("moment")), None)
        if moment is not None:
            verdict = request.args.get("verdict", "")
            page = compliance_cases.moment_cases(
                session, scope, moment, verdict=verdict, before=before
            )
            shown: dict[str, Any] = {"moment": moment, "deadline": None, "verdict": verdict}
        else:
            book, deadline = compliance_cases.deadline_of(
                session, scope, request.args.get("deadline", "")
            )
            verdict = request.args.get("verdict", "")
            role = request.args.get("role", "").replace("\x00", "")
            page = compliance_cases.clock_cases(
                session,
                book,
                scope,
                deadline,
                verdict=verdict if verdict in VERDICTS else "",
                role="" if role == NO_ROLE else role or None,
                before=before,
            )
            shown = {"moment": None, "deadline": deadline, "verdict": verdict, "role": role}
        masks = masking.masks_for(session, me(), [row.case_id for row in page.rows], now())
        return render(
            "audit/compliance_cases.html",
            **common,
            **shown,
            page=page,
            masks=masks,
            scope=scope,
            first_page=_same_cases() if before is not None else None,
            next_page=_same_cases(page.next) if page.next else None,
        )


@bp.get("/tasks/<task_id>")
def event(task_id: str) -> Answer:
    """On to the event that judged a task's deadline."""
    with database().read() as session:
        case_id, seq = compliance_cases.judgement_of(session, task_id[:36])
    return see_other("replaying.show", case_id=case_id, at=seq)


def _scope() -> Scope:
    """What the address asks for. Raises `Mistakes`."""
    read = Reader(request.args)
    since, until = read.date("since"), read.date("until")
    plan, tier = read.text("plan", limit=60), read.text("tier", limit=60)
    clause = read.text("clause", limit=60)
    read.finish()
    last = min(until, _LAST) + timedelta(days=1) if until is not None else None
    return Scope(
        plan=plan,
        tier=None if not tier else "" if tier == UNGRADED else tier,
        clause=clause,
        since=_midnight(since),
        until=_midnight(last),
        drills=read.flag("drills"),
    )


def _midnight(day: date | None) -> datetime | None:
    if day is None:
        return None
    day = min(max(day, _FIRST), _LAST + timedelta(days=1))
    return datetime.combine(day, time(), ZoneInfo(current_zone()))


def _common(session: Session, versions: list[PlanVersion]) -> dict[str, Any]:
    """What both pages show."""
    names = {role.key: role for role in roles(session)}
    tiers = compliance_words.tier_names(versions)
    return {
        "plans": {one.plan_key: one.manifest for one in versions},  # the newest's stays
        "tiers": tiers,
        "tier_name": lambda plan, key: dict(tiers[plan]).get(key, key),
        "role_name": lambda key: compliance_words.role(names, key),
        "words": compliance_words,
        "few": FEW,
        "asked": {key: value for key, value in request.args.items() if value},
        "verdicts": VERDICTS,
        "cases_link": _cases_link,
        "events_link": _events_link,
        "ungraded": UNGRADED,
        "no_role": NO_ROLE,
    }


def _kept() -> dict[str, str]:
    """The conditions that go along from the figures to their cases."""
    names = ("since", "until", "drills")
    return {name: value for name in names if (value := request.args.get(name))}


def _cases_link(plan: str, tier: str | None, **more: str) -> str:
    chosen: dict[str, Any] = {**more, **_kept()}
    if tier is not None:
        chosen["tier"] = tier or UNGRADED
    return url_for("compliance.cases", plan=plan, **{k: v for k, v in chosen.items() if v})


def _same_cases(before: int | None = None) -> str:
    """The page of cases asked for, from the beginning or further on. Only what it knows is taken
    from the address: any other name may mean something to `url_for`."""
    asked: dict[str, Any] = {name: request.args[name] for name in _ASKED if name in request.args}
    return url_for("compliance.cases", before=before, **asked)


def _events_link(row: Row) -> str:
    """The search for the deadline's events, once there is a search."""
    if "searching.show" not in current_app.view_functions:
        return ""
    asked = {"plan": row.deadline.plan, "category": "deadline"}
    # The clause finds the clock's notes and the judgements on its steps alike.
    if row.deadline.own:
        asked["clause"] = row.deadline.clauses[0]
    else:
        asked["element"] = row.deadline.path
    return url_for("searching.show", **dict[str, Any](asked))


def _sections(
    versions: list[PlanVersion], found: Compliance, times: Moments
) -> list[Mapping[str, Any]]:
    """A part of the page for each plan with cases: its deadlines, its four moments by tier."""
    tiers = compliance_words.tier_names(versions)
    sections: list[Mapping[str, Any]] = []
    for plan, ordered in tiers.items():
        rows = [row for row in found.rows if row.deadline.plan == plan]
        keys = [key for key, _name in ordered if (plan, key) in times.cases]
        if rows or keys:
            sections.append({"plan": plan, "rows": rows, "tiers": keys, "order": ordered})
    return sections


def _clauses(versions: list[PlanVersion]) -> list[str]:
    """The clauses with a time limit of the plan asked for."""
    plan = request.args.get("plan", "")
    found = {
        str(rule["id"]): None
        for one in versions
        if one.plan_key == plan
        for rule in one.manifest.get("clocks", [])
    }
    wanted = request.args.get("clause", "")
    known = {
        str(row.get("id"))
        for one in versions
        if one.plan_key == plan
        for row in one.clauses.get("clause", [])
    }
    if wanted in known:
        found.setdefault(wanted, None)
    return sorted(found)
