"""Drafts of plans: an author's own copy of a plan's files, saved as it is worked on.

A draft belongs to its author; others may read it, nobody else writes in it. Each save proves the
revision it was made from, keeps what it replaced (so that it can be undone) and is on record with
the hashes of the files it changed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, cast

from sqlalchemy import Table, delete, func, select, update
from sqlalchemy.orm import Session

from models.people import Person
from models.plans import Plan, PlanVersion
from models.studio import DraftChange, DraftFile, PlanDraft
from services import access, history
from services.actor import Actor
from services.draft_files import require_readable
from services.draft_reading import AUTHORS, files_of, get_draft, may_read
from services.errors import Refusal
from services.organisation import locked
from services.plan_folder import bundle_of
from services.rows import affected
from services.uow import UnitOfWork

#: Saves that can be undone, the newest; older ones are let go.
UNDO_STEPS: Final = 100

_DRAFTS = cast(Table, PlanDraft.__table__)


def open_draft(
    uow: UnitOfWork, plan_key: str, actor: Actor, now: datetime, *, version_id: int | None = None
) -> PlanDraft:
    """The author's open draft of the plan, or a new one made from the version (the one in force
    unless ``version_id`` says which). Raises Refusal ``not_your_role`` / ``read_only`` 403,
    ``plan_unknown`` 404, ``draft_locked`` 409 where theirs waits for a second person."""
    person = author(uow, actor)
    session = uow.session
    locked(session)  # two clicks at once are one draft
    standing = _standing(session, plan_key, person.id)
    if standing is not None:
        if standing.status == "submitted":
            raise Refusal("draft_locked", 409, draft=standing.id)
        return standing
    version = _version(session, plan_key, version_id)
    files = {file.name: file.content for file in version.files}
    return _new(uow, plan_key, files, version.id, actor, now, imported=False)


def import_draft(
    uow: UnitOfWork, files: Mapping[str, bytes], actor: Actor, now: datetime
) -> PlanDraft:
    """A new draft from files somebody uploaded (`services.plan_import` made a bundle's of them).
    Raises DeploymentError for files that cannot be read at all, Refusal ``draft_exists`` 409
    where the author has one of that plan under way, and as `open_draft`."""
    person = author(uow, actor)
    require_readable(files)
    key = str(bundle_of(files).manifest["key"])
    session = uow.session
    locked(session)
    standing = _standing(session, key, person.id)
    if standing is not None:
        raise Refusal("draft_exists", 409, draft=standing.id, plan=key)
    plan = session.get(Plan, key)
    base = plan.current_version_id if plan is not None else None
    return _new(uow, key, files, base, actor, now, imported=True)


def save_files(
    uow: UnitOfWork,
    draft_id: int,
    changes: Mapping[str, bytes | None],
    actor: Actor,
    now: datetime,
    *,
    revision: int | None = None,
    what: str = "",
) -> PlanDraft:
    """Save files by name (None takes one away) as one step that can be undone. ``what`` says in
    words what was changed. Files that are as they were are left out; a save of nothing writes
    nothing. Raises Refusal ``draft_unknown`` 404, ``not_your_draft`` 403, ``draft_locked``
    409, ``draft_moved`` 409 (``revision``, the one the change was made from, is not the draft's
    any more), and DeploymentError for a file that cannot be read at all."""
    draft = _mine(uow, draft_id, actor)
    if revision is not None and revision != draft.revision:
        raise Refusal("draft_moved", 409, revision=draft.revision)
    there = files_of(uow.session, draft)
    real = {name: body for name, body in changes.items() if there.get(name) != body}
    if not real:
        return draft
    given = {name: body for name, body in real.items() if body is not None}
    kept = {name: body for name, body in there.items() if name not in real}
    require_readable(given, beside=kept)
    moved = _move(uow, draft, now)
    for name, body in real.items():
        before = there.get(name)
        uow.session.add(
            DraftChange(
                draft_id=draft.id, revision=moved, name=name, content=before, what=what[:300],
                saved_at=now,
            )
        )  # fmt: skip
        _put(uow.session, draft, name, body, now)
    _forget_old(uow.session, draft.id, moved)
    _saved(uow, draft, real, actor, now, what=what)
    return draft


def undo(uow: UnitOfWork, draft_id: int, actor: Actor, now: datetime) -> tuple[PlanDraft, str]:
    """Take the newest save back; returns the draft and what that save was. Raises Refusal
    ``nothing_to_undo`` 409, and as `save_files`."""
    draft = _mine(uow, draft_id, actor)
    session = uow.session
    newest = session.scalar(
        select(func.max(DraftChange.revision)).where(DraftChange.draft_id == draft.id)
    )
    if newest is None:
        raise Refusal("nothing_to_undo", 409)
    rows = session.scalars(
        select(DraftChange).where(DraftChange.draft_id == draft.id, DraftChange.revision == newest)
    ).all()
    _move(uow, draft, now)
    before = {row.name: row.content for row in rows}
    what = rows[0].what
    for row in rows:
        _put(session, draft, row.name, row.content, now)
        session.delete(row)
    _saved(uow, draft, before, actor, now, what=what, undone=newest)
    return draft, what


def discard_draft(uow: UnitOfWork, draft_id: int, actor: Actor, now: datetime) -> None:
    """Give a draft up: its files are deleted, that there was one stays on record. Raises as
    `save_files`."""
    draft = _mine(uow, draft_id, actor)
    _move(uow, draft, now)
    draft.status = "discarded"
    empty(uow.session, draft)
    history.append(
        uow, "org.draft_discarded", actor=actor, occurred_at=now, now=now,
        payload={"plan": draft.plan_key, "draft": draft.id},
    )  # fmt: skip


def empty(session: Session, draft: PlanDraft) -> None:
    """Delete the files of a draft whose work is over, and the saves that made it."""
    for model in (DraftFile, DraftChange):
        session.execute(delete(model).where(model.draft_id == draft.id))


def author(uow: UnitOfWork, actor: Actor) -> Person:
    """The person behind an actor, who may write drafts. Raises Refusal ``not_your_role`` /
    ``read_only`` 403."""
    person = access.writer(uow.session, actor)
    access.require_role(person, *AUTHORS)
    return person


# ------------------------------------------------------------------------------ the parts


def _standing(session: Session, plan_key: str, person_id: int) -> PlanDraft | None:
    return session.scalar(
        select(PlanDraft).where(
            PlanDraft.plan_key == plan_key,
            PlanDraft.author_id == person_id,
            PlanDraft.status.in_(("open", "submitted")),
        )
    )


def _version(session: Session, plan_key: str, version_id: int | None) -> PlanVersion:
    plan = session.get(Plan, plan_key)
    wanted = version_id or (plan.current_version_id if plan is not None else None)
    found = session.get(PlanVersion, wanted) if wanted is not None else None
    if found is None or found.plan_key != plan_key:
        raise Refusal("plan_unknown", 404, plan=plan_key)
    return found


def _new(
    uow: UnitOfWork,
    plan_key: str,
    files: Mapping[str, bytes],
    base: int | None,
    actor: Actor,
    now: datetime,
    *,
    imported: bool,
) -> PlanDraft:
    assert actor.person_id is not None
    draft = PlanDraft(
        plan_key=plan_key, author_id=actor.person_id, base_version_id=base, revision=0,
        status="open", created_at=now, updated_at=now,
        files=[DraftFile(name=n, content=body, changed_at=now) for n, body in files.items()],
    )  # fmt: skip
    uow.session.add(draft)
    uow.session.flush()
    history.append(
        uow, "org.draft_opened", actor=actor, occurred_at=now, now=now,
        payload={"plan": plan_key, "draft": draft.id, "base": base, "files": len(files),
                 "imported": imported},
    )  # fmt: skip
    return draft


def _mine(uow: UnitOfWork, draft_id: int, actor: Actor) -> PlanDraft:
    person = access.writer(uow.session, actor)
    if not may_read(person):
        raise Refusal("draft_unknown", 404)
    draft = get_draft(uow.session, draft_id)
    access.require_role(person, *AUTHORS)
    if draft.author_id != person.id:
        raise Refusal("not_your_draft", 403)
    if draft.status != "open":
        raise Refusal("draft_locked", 409, draft=draft.id)
    return draft


def _move(uow: UnitOfWork, draft: PlanDraft, now: datetime) -> int:
    """Raise the revision, proving it is the one that was read, of a draft still open: one that
    was proposed meanwhile stays what was proposed."""
    moved = draft.revision + 1
    done = uow.session.execute(
        update(_DRAFTS)
        .where(
            _DRAFTS.c.id == draft.id,
            _DRAFTS.c.revision == draft.revision,
            _DRAFTS.c.status == "open",
        )
        .values(revision=moved, updated_at=now)
    )
    if affected(done) != 1:
        raise Refusal("draft_moved", 409, revision=moved)
    uow.session.refresh(draft)
    return moved


def _put(session: Session, draft: PlanDraft, name: str, body: bytes | None, now: datetime) -> None:
    row = session.get(DraftFile, (draft.id, name))
    if body is None:
        if row is not None:
            session.delete(row)
    elif row is None:
        session.add(DraftFile(draft_id=draft.id, name=name, content=body, changed_at=now))
    else:
        row.content, row.changed_at = body, now


def _forget_old(session: Session, draft_id: int, revision: int) -> None:
    session.flush()
    session.execute(
        delete(DraftChange).where(
            DraftChange.draft_id == draft_id, DraftChange.revision <= revision - UNDO_STEPS
        )
    )


def _saved(
    uow: UnitOfWork,
    draft: PlanDraft,
    files: Mapping[str, bytes | None],
    actor: Actor,
    now: datetime,
    *,
    what: str,
    undone: int | None = None,
) -> None:
    hashes = {
        name: hashlib.sha256(body).hexdigest() if body is not None else None
        for name, body in files.items()
    }
    payload: dict[str, Any] = {
        "plan": draft.plan_key, "draft": draft.id, "revision": draft.revision, "files": hashes,
        "what": what[:300],
    }  # fmt: skip
    if undone is not None:
        payload["undone"] = undone
    history.append(uow, "org.draft_saved", actor=actor, occurred_at=now, now=now, payload=payload)
