"""Drafts of plans, read: who may, their files, the bundle they make, who else works on a plan."""

from __future__ import annotations

from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.people import Person
from models.plans import PlanVersion
from models.studio import DraftChange, DraftFile, PlanDraft
from services import access
from services.errors import Refusal
from services.plan_folder import bundle_of
from workflows.bundle import Bundle

#: Who may write drafts, and who may read those of others.
AUTHORS: Final = (access.AUTHOR, access.ADMIN)
READERS: Final = (*AUTHORS, access.AUDITOR, "leader")


def get_draft(session: Session, draft_id: int) -> PlanDraft:
    """Raises Refusal ``draft_unknown`` 404; so is one that was discarded."""
    found = session.get(PlanDraft, draft_id)
    if found is None or found.status == "discarded":
        raise Refusal("draft_unknown", 404)
    return found


def read_draft(session: Session, draft_id: int, person: Person) -> PlanDraft:
    """A draft the person may read. Raises Refusal ``draft_unknown`` 404, also for those who may
    not: an outsider does not learn which there are."""
    found = get_draft(session, draft_id)
    if not may_read(person):
        raise Refusal("draft_unknown", 404)
    return found


def may_read(person: Person) -> bool:
    """Whether the person may look at drafts and proposals."""
    return person.active and not set(person.role_keys).isdisjoint(READERS)


def may_edit(draft: PlanDraft, person: Person) -> bool:
    """Whether the person may change this draft now."""
    return (
        person.active
        and draft.status == "open"
        and draft.author_id == person.id
        and not set(person.role_keys).isdisjoint(AUTHORS)
    )


def files_of(session: Session, draft: PlanDraft) -> dict[str, bytes]:
    """The draft's files by name, as last saved."""
    rows = session.execute(
        select(DraftFile.name, DraftFile.content)
        .where(DraftFile.draft_id == draft.id)
        .order_by(DraftFile.name)
    )
    return {row.name: row.content for row in rows}


def file_of(session: Session, draft: PlanDraft, name: str) -> bytes:
    """One file. Raises Refusal ``file_unknown`` 404."""
    row = session.get(DraftFile, (draft.id, name))
    if row is None:
        raise Refusal("file_unknown", 404)
    return row.content


def bundle_of_draft(session: Session, draft: PlanDraft) -> Bundle:
    """The draft as a bundle. Raises DeploymentError while its ``plan.toml`` cannot be read."""
    return bundle_of(files_of(session, draft))


def version_bundle(session: Session, version: PlanVersion) -> Bundle:
    """A deployed version as the bundle it was."""
    return Bundle({file.name: file.content for file in version.files}, version.manifest)


def others_editing(session: Session, draft: PlanDraft) -> list[PlanDraft]:
    """Drafts of the same plan by others that are under way, the newest first."""
    return list(
        session.scalars(
            select(PlanDraft)
            .where(
                PlanDraft.plan_key == draft.plan_key,
                PlanDraft.author_id != draft.author_id,
                PlanDraft.status.in_(("open", "submitted")),
            )
            .order_by(PlanDraft.updated_at.desc())
        )
    )


def drafts_under_way(session: Session) -> list[PlanDraft]:
    """All drafts open or waiting for a second person, the newest first."""
    return list(
        session.scalars(
            select(PlanDraft)
            .where(PlanDraft.status.in_(("open", "submitted")))
            .order_by(PlanDraft.updated_at.desc(), PlanDraft.id.desc())
        )
    )


def last_change(session: Session, draft: PlanDraft) -> DraftChange | None:
    """What `services.drafts.undo` would take back."""
    return session.scalar(
        select(DraftChange)
        .where(DraftChange.draft_id == draft.id)
        .order_by(DraftChange.revision.desc())
        .limit(1)
    )
