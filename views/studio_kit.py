"""What every page of the studio needs: the draft in hand, and what stands around its parts."""

from __future__ import annotations

from typing import Any

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from models.people import Person
from models.studio import PlanDraft
from services import draft_reading
from services.directory import people_by_id
from services.plan_reading import plan_by_key, version_if_any, version_in_force
from services.second_person import needs_second_person
from views import finding_words
from views.kit import me
from workflows.contract import Finding


def draft_in_hand(session: Session, draft_id: int) -> PlanDraft:
    """The draft, if the person signed in may read it. Raises Refusal ``draft_unknown`` 404."""
    return draft_reading.read_draft(session, draft_id, me())


def tabs(draft: PlanDraft) -> list[tuple[str, str, str]]:
    """The parts of a draft's page as (key, words, address), in their order."""
    parts = (
        ("table", _("表格"), "studio_table.show"),
        ("diagram", _("流程图"), "studio_diagram.show"),
        ("tables", _("判定表"), "studio_decisions.show"),
        ("forms", _("表单"), "studio_forms.show"),
        ("findings", _("检查"), "studio_findings.show"),
        ("whatif", _("推演"), "studio_whatif.show"),
        ("past", _("旧案验证"), "studio_past.show"),
        ("changes", _("改动"), "comparing.draft"),
        ("propose", _("提请启用"), "proposing.propose"),
    )
    return [(key, words, url_for(place, draft_id=draft.id)) for key, words, place in parts]


def draft_page(session: Session, draft: PlanDraft, part: str, **context: Any) -> dict[str, Any]:
    """What every page of a draft shows, with what its own part adds. ``may_edit`` says whether
    the reader may change it now; ``others`` are other drafts of the plan and their authors."""
    others = draft_reading.others_editing(session, draft)
    people = people_by_id(session, [draft.author_id, *(one.author_id for one in others)])
    return {
        "draft": draft,
        "plan_row": plan_by_key(session, draft.plan_key),
        "base": version_if_any(session, draft.base_version_id),
        "in_force": version_in_force(session, draft.plan_key),
        "author": people.get(draft.author_id),
        "others": [(one, people.get(one.author_id)) for one in others],
        "may_edit": draft_reading.may_edit(draft, me()),
        "part": part,
        "tabs": tabs(draft),
        "last_change": draft_reading.last_change(session, draft),
        "second_person": needs_second_person(session),
        **context,
    }


def may_author(person: Person) -> bool:
    """Whether the person may make drafts of their own."""
    return not set(person.role_keys).isdisjoint(draft_reading.AUTHORS)


def told(finding: Finding) -> dict[str, Any]:
    """A finding as pages show it."""
    return {
        "severity": finding.severity,
        "file": finding.file,
        "element": finding.element,
        "text": finding_words.sentence(finding),
    }
