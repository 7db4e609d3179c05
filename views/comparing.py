"""Two versions of a plan, or a draft and a version, side by side: in words, drawn, cell by cell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, request, url_for
from flask_babel import gettext as _
from flask_login import login_required
from sqlalchemy.orm import Session

from models.plans import PlanVersion
from models.studio import PlanDraft
from services import draft_reading, plans
from services.errors import Refusal
from services.plan_diff import PlanDiff, diff, plan_text
from services.plan_diff_changes import PlanText
from services.plan_diff_store import version_text
from services.plan_reading import versions_of
from views import finding_words, plan_diff_terms, plan_diff_words
from views.diagram import source_url
from views.i18n import loc
from views.kit import Answer, database, render
from views.plan_diff_words import Said
from views.studio_kit import draft_in_hand, draft_page
from workflows.contract import DeploymentError

bp = Blueprint("comparing", __name__)


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two: ``name`` in words, ``source`` gives the address of one of its files.
    ``text`` is None where it could not be read: ``problems`` says why."""

    name: str
    text: PlanText | None
    source: Callable[[str], str]
    problems: tuple[str, ...] = ()


@bp.get("/plans/<key>/compare")
@login_required
def show(key: str) -> Answer:
    """Two versions of a plan by number, ``from`` and ``to``: without them the version in force
    and the one before it."""
    with database().read() as session:
        versions = versions_of(session, key)
        current = plans.current_version(session, key)
        new = chosen(versions, "to") or current
        old = chosen(versions, "from") or before(versions, new) or new
        context = compared(side_of_version(session, old), side_of_version(session, new))
        return render(
            "comparing/show.html",
            **context,
            version=new,
            versions=versions,
            current=current,
            old=old,
            new=new,
        )


@bp.get("/studio/drafts/<int:draft_id>/changes")
@login_required
def draft(draft_id: int) -> Answer:
    """What a draft changes in the version in force; ``from`` takes another."""
    with database().read() as session:
        found = draft_in_hand(session, draft_id)
        versions = versions_of(session, found.plan_key)
        page = draft_page(session, found, "changes", versions=versions)
        old = chosen(versions, "from") or page["in_force"]
        if old is None:
            return render("comparing/draft.html", **page, old=None)
        context = compared(side_of_version(session, old), side_of_draft(session, found))
        return render("comparing/draft.html", **page, **context, old=old)


def chosen(versions: list[PlanVersion], name: str) -> PlanVersion | None:
    """The version the address asks for, None where it asks for none. Raises Refusal
    ``plan_unknown`` 404 for one there is not."""
    number = request.args.get(name, "")
    if not number:
        return None
    found = next((one for one in versions if str(one.number) == number), None)
    if found is None:
        raise Refusal("plan_unknown", 404)
    return found


def before(versions: list[PlanVersion], version: PlanVersion) -> PlanVersion | None:
    """The version that ``version`` replaced; ``versions`` are the newest first."""
    return next((one for one in versions if one.number < version.number), None)


def side_of_version(session: Session, version: PlanVersion) -> Side:
    """A deployed version, to be compared."""
    text = version_text(session, version)
    return Side(_("第 %(n)s 版", n=version.number), text, lambda file: source_url(version, file))


def side_of_draft(session: Session, found: PlanDraft) -> Side:
    """A draft, to be compared; one that cannot be read says why."""

    def source(file: str) -> str:
        return url_for("studio.file", draft_id=found.id, name=file, revision=found.revision)

    name = _("草稿")
    try:
        return Side(name, plan_text(draft_reading.bundle_of_draft(session, found)), source)
    except DeploymentError as wrong:
        problems = tuple(finding_words.line(one) for one in wrong.findings)
        return Side(name, None, source, problems)


def compared(old: Side, new: Side) -> dict[str, Any]:
    """What ``comparing/_page.html`` shows."""
    found: dict[str, Any] = {
        "old_side": old, "new_side": new, "terms": plan_diff_terms, "difference": None,
        "problems": [*old.problems, *new.problems], "groups": [], "shown_tables": [],
    }  # fmt: skip
    if old.text is None or new.text is None:
        return found
    result = diff(old.text, new.text)
    said = plan_diff_words.said(result)
    found["problems"] += [
        finding_words.line(one) for text in (old.text, new.text) for one in text.unread
    ]
    return found | {
        "difference": result,
        "summary": plan_diff_words.summary(result),
        "groups": [(group, [one for one in said if one.change.group == group])
                   for group in result.counts],
        "shown_tables": [table for table in result.tables if table.kind is not None],
        "drawings": {"sheets": sheets(result, said, old, new), "words": _drawing_words()},
    }  # fmt: skip


def sheets(result: PlanDiff, said: list[Said], old: Side, new: Side) -> list[dict[str, Any]]:
    """The drawings of both, a process each; those that differ first after the plan's own."""
    names: dict[str, str] = {}
    for text in (result.after, result.before):
        for part in text.plan.parts:
            names.setdefault(part.key, loc(part))
    found = [
        {
            "key": key,
            "title": title,
            "before": _source(result.before, old, key),
            "after": _source(result.after, new, key),
            "marks": _marks(said, key),
        }
        for key, title in names.items()
    ]
    return sorted(found, key=lambda sheet: not sheet["marks"] and sheet is not found[0])


def _source(text: PlanText, side: Side, process: str) -> str:
    """Where the drawing of a process is fetched, "" where that side has none."""
    known = any(part.key == process for part in text.plan.parts)
    return side.source(text.read.processes[process].file) if known else ""


def _marks(said: list[Said], process: str) -> dict[str, dict[str, str]]:
    """By element id what the list says of it."""
    marks: dict[str, dict[str, str]] = {}
    for one in said:
        if one.process == process and one.element:
            mark = marks.setdefault(one.element, {"kind": _kind(one), "text": one.sentence})
            if mark["text"] != one.sentence:
                mark["text"] += f"\n{one.sentence}"
    return marks


def _kind(one: Said) -> str:
    """How the element itself changed: one whose clock was added is changed."""
    return one.change.kind if one.change.field == "step" else "changed"


def _drawing_words() -> dict[str, str]:
    return {
        "added": _("新增"),
        "removed": _("删去"),
        "changed": _("变更"),
        "layout": _("移位"),
        "missing": _("这一版没有这个流程。"),
        "failed": _("流程图没有读出来,请刷新页面。"),
    }
