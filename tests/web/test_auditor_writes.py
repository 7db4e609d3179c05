"""Auditors read everything and change nothing: every address that writes, and every verb of the
services, whatever is added later."""

from __future__ import annotations

import hashlib
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

import services
from models.base import Base
from services.actor import Actor
from services.approvals import Decision
from services.errors import Refusal
from services.signals import Noticed
from services.statement_text import Parts
from services.uow import Database
from tests.integration.world import Made, World
from tests.web.conftest import Browser
from tests.web.public_case import address, public_made, real, the_case
from views.read_only import ALLOWED, AUDIT_ROOM, COMPUTED

__all__ = ["public_made"]
As = Callable[[str], Browser]
#: Signing in is on record in the organisation's chain, whoever does it.
SIGN_IN = frozenset({"history_event", "chain_head", "personal_value"})
#: Tables that one of the auditor's own writes may touch, beside the chain ``audit``. Everything
#: else must stay as it is.
MAY: Mapping[str, frozenset[str]] = {
    "auth.enter": SIGN_IN | {"login_throttle", "known_address"},
    "auth.sign_out": frozenset(),
    "auth.language": frozenset(),
    "demo.switch": SIGN_IN,
    "notifications.read": frozenset({"notification"}),
    **dict.fromkeys(COMPUTED, frozenset()),
    **dict.fromkeys(
        AUDIT_ROOM, frozenset({"unmasking", "saved_search", "export_job", "head_seal"})
    ),
}
#: What a bundle is signed with is made when it is first wanted, and that is the unit's own record.
KEY_MADE = frozenset({"history_event", "chain_head"})


@pytest.fixture
def made(public_made: Made) -> Made:
    return public_made


def state(db: Database) -> dict[str, str]:
    """A digest of each table's rows, but for those of the chains ``audit`` and ``heads``."""
    found = {}
    with db.engine.connect() as connection:
        for table in Base.metadata.sorted_tables:
            chain = next((c for c in ("chain", "event_chain") if c in table.c), "")
            where = f"where {chain} not in ('audit', 'heads')" if chain else ""
            rows = connection.execute(text(f'select * from "{table.name}" {where}')).all()
            lines = sorted(map(repr, rows))
            found[table.name] = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    return found


def changed(before: Mapping[str, str], after: Mapping[str, str]) -> set[str]:
    return {name for name, digest in after.items() if before[name] != digest}


def writes(app: Flask, there: dict[str, str]) -> Iterator[tuple[str, str, str]]:
    """(endpoint, method, address with what is really there) of everything that is not read."""
    for rule in app.url_map.iter_rules():
        for method in sorted((rule.methods or set()) - {"GET", "HEAD", "OPTIONS"}):
            yield rule.endpoint, method, address(rule.rule, there)


#: Fields that would be right, so that it is the person who is refused and not the form.
GOOD = {
    "reason": "核对报送时间", "resolution": "已处理", "note": "x", "to": "1", "channel_id": "1",
    "link": "https://weibo.com/lanpu/2", "party.method": "phone", "party.to_whom": "王",
    "party.reason": "x", "decision": "approve", "classified": "no", "text": "x", "of": "1",
    "minutes": "5", "given_by": "1", "plan": "t03", "role": "duty", "name": "x",
    "day": "2026-03-09",
    "occurred_at": "2026-03-10T09:00", "lift_reason": "x", "person_ids": "1", "comment": "x",
    "criterion_met": "true", "confirmed": "true", "kind": "progress", "title": "x", "known": "x",
    "unknown": "x", "doing": "x", "contact": "x", "next_word_at": "2026-03-11T09:00", "case": "1",
    "term": "permanent", "years": "10", "key": "x", "on": "true", "value": "x", "how": "print",
    "format": "csv", "username": "auditor", "locale": "zh", "id": "1",
}  # fmt: skip


def send(browser: Browser, method: str, path: str) -> int:
    if not browser.token:
        browser.get("/inbox")
    return browser.client.open(
        path,
        method=method,
        data=GOOD,
        headers={"X-CSRFToken": browser.token},
    ).status_code


@pytest.fixture
def there(world: World) -> dict[str, str]:
    """Also a draft of a plan, and a notice to the auditor."""
    return real(world) | {"draft_id": str(world.draft())}


def test_every_address_that_writes_refuses_an_auditor(
    app: Flask, as_: As, world: World, there: dict[str, str]
) -> None:
    auditor = as_("auditor")
    before, count = state(world.db), 0
    for endpoint, method, path in writes(app, there):
        if endpoint not in ALLOWED:
            assert send(auditor, method, path) == 403, (endpoint, path)
            count += 1
    assert count > 45
    assert changed(before, state(world.db)) == set()


def test_so_it_is_without_the_door(
    app: Flask, as_: As, world: World, there: dict[str, str]
) -> None:
    """The services refuse too: the same with `views.read_only` taken out."""
    hooks = app.before_request_funcs[None]
    door = [hook for hook in hooks if hook.__name__ == "auditors_only_read"]
    assert door
    hooks.remove(door[0])
    auditor, before, refused = as_("auditor"), state(world.db), 0
    for endpoint, method, path in writes(app, there):
        if endpoint not in ALLOWED:
            status = send(auditor, method, path)
            assert 400 <= status < 500, (endpoint, path, status)
            refused += status == 403
    assert refused > 30
    assert changed(before, state(world.db)) == set()


def test_what_an_auditor_may_write_is_a_closed_list(
    app: Flask, as_: As, world: World, there: dict[str, str]
) -> None:
    endpoints = {endpoint for endpoint, _method, _path in writes(app, there)}
    assert set(MAY) == ALLOWED <= endpoints
    before = state(world.db)
    for endpoint, method, path in writes(app, there):
        # Playing a draft takes two processes; what it does is seen in tests/web/test_studio_whatif.
        if endpoint not in ALLOWED or endpoint == "studio_whatif.runs":
            continue
        assert send(as_("auditor"), method, path) < 500, endpoint
        may = MAY[endpoint] | (KEY_MADE if endpoint == "proof.bundle" else frozenset())
        after = state(world.db)
        assert changed(before, after) <= may, endpoint
        before = after


def test_staff_are_not_kept_out(as_: As, world: World) -> None:
    """The door is for auditors alone, and for those who are nothing else."""
    duty = as_("duty")
    duty.get("/inbox")
    case = the_case(world)
    answer = duty.post(
        f"/cases/{case.id}/anchors/discovered_at",
        {"occurred_at": "2026-03-10T09:00", "reason": "报告单上是九点"},
    )
    assert answer.status_code == 303


# ------------------------------------------------------------------------------ services

#: Parts of other verbs, which have asked who it is before they come here; and what only Planroom,
#: the command line and the signing in do.
INNER = {
    "anchors.record_anchor", "approvals.decide", "audit_trail.record_opened", "deadlines.judge",
    "evidence.note", "files.attach", "heads.note_lodged", "heads.seal", "history.append",
    "incidents.raise_incidents", "incidents.resolve_open", "instances.record",
    "instances.retime_case", "instances.send_message", "instances.start_instance",
    "intents.store_intents", "organisation.ensure_roles", "organisation.found", "proof.note_check",
    "releases.release_statement", "signing.key_of", "signing.renew", "statements.start",
    "statement_versions.write_version", "step_events.write_cancelled",
    "step_events.write_decisions", "step_events.write_due_moved", "step_events.write_opened",
    "step_events.write_step", "switching.switch_person", "timer_rows.apply",
}  # fmt: skip
#: The audit room's own verbs: an auditor's, and nobody else's (`services.auditing`).
ROOM = {
    "evidence.make_bundle", "export_jobs.cancel", "export_jobs.request", "heads.lodge",
    "proof.check_case", "proof_portions.check_some", "unmasking.unmask", "unmasking.unmask_signal",
    "saved_searches.save",
    "saved_searches.remove", "saved_searches.record_search", "exceptions.record_file",
}  # fmt: skip
#: Theirs and the archive's: a case's package.
SHARED = {"archive_package.make_package"}


@cache
def verbs() -> dict[str, Callable[..., Any]]:
    """Every public function of the services that somebody does: it takes a unit of work (or the
    database) and an actor."""
    found: dict[str, Callable[..., Any]] = {}
    for module in pkgutil.iter_modules(services.__path__):
        here = importlib.import_module(f"services.{module.name}")
        for name, verb in inspect.getmembers(here, inspect.isfunction):
            takes = inspect.signature(verb).parameters
            if (
                verb.__module__ == here.__name__
                and not name.startswith("_")
                and "actor" in takes
                and {"uow", "db", "database"} & takes.keys()
            ):
                found[f"{module.name}.{name}"] = verb
    return found


def arguments(verb: Callable[..., Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Something for every parameter that has no default."""
    return {
        name: given[name]
        for name, one in inspect.signature(verb).parameters.items()
        if one.default is inspect.Parameter.empty and name not in {"uow", "db", "database"}
    }


def refusals(world: World, names: set[str], who: str, given: Mapping[str, Any]) -> dict[str, str]:
    """The verbs that do anything else than refuse this person, and what they did."""
    actor, wrong = Actor(world.people[who].id, who), {}
    for name in sorted(names):
        verb = verbs()[name]
        takes = inspect.signature(verb).parameters
        filled = {
            key: given.get(key)
            for key, one in takes.items()
            if one.default is inspect.Parameter.empty and key not in {"uow", "db", "database"}
        } | {"actor": actor}
        try:
            if "uow" in takes:
                world.db.run(partial(verb, **filled))
            else:
                verb(world.db, **filled)
            wrong[name] = "done"
        except Refusal as refusal:
            if refusal.status != 403:
                wrong[name] = refusal.code
        except Exception as error:
            wrong[name] = repr(error)
    return wrong


def test_every_verb_refuses_an_auditor(world: World, there: dict[str, str], tmp_path: Path) -> None:
    parts = Parts(title="x", known="x", contact="x")
    given: dict[str, Any] = {
        "now": world.now, "case_id": 1, "case_ids": [1], "task_id": there["task_id"],
        "statement_id": 1, "approval_id": 1, "release_id": 1, "signal_id": 2, "of": 1,
        "draft_id": int(there["draft_id"]), "reason": "一个够长的原因", "resolution": "x",
        "note": "x", "comment": "x", "name": "discovered_at", "name_en": "x",
        "occurred_at": world.now, "kind": "final", "digest": "0" * 64, "base_digest": "0" * 64,
        "parts": parts, "given": Decision("final", "approve", "0" * 64, oral_by=1),
        "link": "https://a.cn", "link_later": False, "channel_id": 1, "data_dir": tmp_path,
        "content": b"x", "data": {}, "to_person_id": 1, "recipient": "party", "plan_key": "t03",
        "title": "x", "summary": "x", "noticed": Noticed("x", "https://a.cn"), "uploads": [],
        "person_id": 1, "roles": ["duty"], "active": False, "password": "x" * 12,
        "username": "neu", "principal_id": 1, "deputy_id": 2, "role_key": "duty", "key": "x",
        "deputy_row_id": 1, "seconds": 60, "version_id": 1, "to_version_id": 1, "after": 0,
        "row": {"key": "x", "name": "x", "account": "x"}, "day": "2026-03-09", "how": "print",
    }  # fmt: skip
    known = set(verbs())
    assert not (INNER | ROOM | SHARED) - known, "no longer there"
    before = state(world.db)
    wrong = refusals(world, known - INNER - ROOM - SHARED, "auditor", given)
    assert not wrong, "\n".join(f"{name}: {what}" for name, what in wrong.items())
    # And what is the auditors' is nobody else's.
    wrong = refusals(world, ROOM, "duty", given)
    assert not wrong, "\n".join(f"{name}: {what}" for name, what in wrong.items())
    assert changed(before, state(world.db)) == set()
